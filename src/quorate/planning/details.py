"""Details of a plan: its costs, its growth with members, and what its certificate tolerates."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from quorate.planning.cells import joint_keys, signal_codes
from quorate.planning.certify import Objective, certifier
from quorate.planning.claims import list_claims
from quorate.planning.members import Members
from quorate.planning.reach import Reach, find_reach
from quorate.planning.rehearsal_rows import written_signal
from quorate.theory.certificates.counts import AssumedPlatform, Floats

SIZES = 25  # numbers of members at which growth is drawn, on a log scale


@dataclass(frozen=True, eq=False)
class PlanDetails:
    """What a plan costs its members today, what it tolerates, and how success grows.

    Args:
        having: for each column of the signal, the share of acting members who already have its
            value; 1 if nobody acts.
        claiming: share of members whose own label is the one that they hand in; an upper limit for
            unplanting, NaN for erasing.
        changed: number of distinct rows that members hand in, which deduplication leaves.
        tolerated: number of further rows of others, with the signal and another label, under which
            success stays certified; None if it is not certified or the goal is not planting.
        claims: the label that each kind of member hands in, if it differs.
        sizes, success: numbers of members, (a,), and the success certified for each, (a,).
        reach: the largest success in reach; None if none is, whatever the number of members.
        sets: what members write to set the signal, by column: a number in place of its bin.
    """

    having: dict[str, float]
    claiming: float
    changed: int
    tolerated: int | None
    claims: list[dict[str, str]]
    sizes: Floats
    success: Floats
    reach: Reach | None = None
    sets: dict[str, str] = field(default_factory=dict)


def plan_details(members: Members, objective: Objective) -> PlanDetails:
    """Return the details of the plan for an objective.

    Raises:
        InputError: as ``certify``.
    """
    signal = signal_codes(members, objective.signal, new_values=objective.new_values)
    bound, against = certifier(members, objective, signal)
    platform = objective.platform(objective.eps)

    def success_of(n: int) -> float:
        return bound(n, platform, "tightest").success

    sizes = np.unique(np.geomspace(10, objective.platform_size, SIZES).round().clip(1))
    sizes = sizes[sizes <= objective.platform_size]
    success = np.array([success_of(int(n)) for n in sizes], dtype=np.float64)
    counted = (against, len(members))
    return PlanDetails(
        having=_having(members, objective, signal),
        claiming=_claiming(members, objective),
        changed=_changed(members, objective, signal),
        tolerated=_tolerated(members, objective, signal),
        claims=list_claims(members, objective),
        sizes=sizes.astype(np.float64),
        success=success,
        reach=find_reach(success_of, sizes, success, objective.platform_size, counted),
        sets=written_signal(members, objective),
    )


def _acting(members: Members, objective: Objective) -> npt.NDArray[np.bool_]:
    """Return who sets the signal, (n,)."""
    if objective.goal != "plant-feature-only" or objective.target is None:
        return np.full(len(members), objective.goal != "erase")
    has: npt.NDArray[np.bool_] = members.labels == members.label(objective.target)
    return has


def _having(members: Members, objective: Objective, signal: dict[int, int]) -> dict[str, float]:
    codes = members.codes[_acting(members, objective)]
    return {
        members.columns[j].name: float((codes[:, j] == code).mean()) if len(codes) else 1.0
        for j, code in signal.items()
    }


def _claiming(members: Members, objective: Objective) -> float:
    if objective.target is None or objective.goal == "erase":
        return math.nan
    if objective.goal == "plant-feature-only":
        return 1.0
    has = members.labels == members.label(objective.target)
    return float((~has if objective.goal == "unplant" else has).mean())


def _changed(members: Members, objective: Objective, signal: dict[int, int]) -> int:
    """Return the number of distinct rows that the members hand in."""
    codes = members.codes
    if objective.goal != "erase":
        codes = codes[_acting(members, objective)]
        for column, code in signal.items():
            codes[:, column] = code
    sizes = [int(codes[:, j].max(initial=0)) + 1 for j in range(codes.shape[1])]
    return len(np.unique(joint_keys(codes, sizes)))


def _tolerated(members: Members, objective: Objective, signal: dict[int, int]) -> int | None:
    """Return the largest number of further rows of others that leave S* certified."""
    if objective.goal != "plant" or objective.target is None:
        return None
    bound, _ = certifier(members, objective, signal)
    n, size = len(members), objective.platform_size
    slack = objective.platform(objective.eps).slack

    def certified(more: int) -> bool:
        """Return whether S* is certified if others hand in so many rows beyond those reckoned."""
        worse = AssumedPlatform(size, min((slack + more) / (2 * size), 0.5))  # c·N = slack + more
        return bound(n, worse, "tightest").success >= objective.success

    if not certified(0):
        return None
    low, high = 0, n + 1  # more rows than members outweigh all of them
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if certified(middle) else (low, middle)
    return low
