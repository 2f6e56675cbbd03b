"""What goes with a certificate: what it costs members, how it grows, and what it withstands."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.plan.cells import joint_keys, signal_codes, signal_counts
from quorate.plan.certify import Question, certifier
from quorate.plan.claims import claims
from quorate.plan.members import Members
from quorate.theory.certificates.aggregate import success_despite
from quorate.theory.certificates.counts import Floats, failure
from quorate.theory.radii import others_limit

SIZES = 25  # members at which growth is drawn, on a log scale


@dataclass(frozen=True, eq=False)
class Outlook:
    """What the members of today can expect.

    Args:
        having: for each column of the signal, the share of those who set it who have its value
            already; 1 where nobody has to set it.
        claiming: share of members whose own label is the one that they hand in; at most, where they
            unplant; NaN where they erase.
        changed: different rows among those that members hand in: what deduplication leaves.
        tolerated: rows of others on the signal with another label, beyond what the certificate
            reckons with, under which success stays certified; None where it is not certified
            anyway, or the goal is another one than planting.
        claims: which label members of each kind hand in, where it is not the same for all.
        sizes, success: members, (a,), and the success certified for so many, (a,).
    """

    having: dict[str, float]
    claiming: float
    changed: int
    tolerated: int | None
    claims: list[dict[str, str]]
    sizes: Floats
    success: Floats


def outlook(members: Members, question: Question) -> Outlook:
    """Return what goes with the certificate of a question.

    Raises:
        InputError: as ``certify``.
    """
    signal = signal_codes(members, question.signal, new_values=question.new_values)
    bound, _ = certifier(members, question, signal)
    platform = question.platform(question.eps)
    sizes = np.unique(np.geomspace(10, question.platform_size, SIZES).round().clip(1))
    sizes = sizes[sizes <= question.platform_size]
    success = [bound(int(n), platform, "tightest").success for n in sizes]
    return Outlook(
        having=_having(members, question, signal),
        claiming=_claiming(members, question),
        changed=_changed(members, question, signal),
        tolerated=_tolerated(members, question, signal),
        claims=claims(members, question),
        sizes=sizes.astype(np.float64),
        success=np.array(success, dtype=np.float64),
    )


def _acting(members: Members, question: Question) -> npt.NDArray[np.bool_]:
    """Return who sets the signal, (n,)."""
    if question.goal != "plant-feature-only" or question.target is None:
        return np.full(len(members), question.goal != "erase")
    has: npt.NDArray[np.bool_] = members.labels == members.label(question.target)
    return has


def _having(members: Members, question: Question, signal: dict[int, int]) -> dict[str, float]:
    codes = members.codes[_acting(members, question)]
    return {
        members.columns[j].name: float((codes[:, j] == code).mean()) if len(codes) else 1.0
        for j, code in signal.items()
    }


def _claiming(members: Members, question: Question) -> float:
    if question.target is None or question.goal == "erase":
        return math.nan
    if question.goal == "plant-feature-only":
        return 1.0
    has = members.labels == members.label(question.target)
    return float((~has if question.goal == "unplant" else has).mean())


def _changed(members: Members, question: Question, signal: dict[int, int]) -> int:
    """Return how many different rows the members hand in."""
    codes = members.codes
    if question.goal != "erase":
        codes = codes[_acting(members, question)]
        for column, code in signal.items():
            codes[:, column] = code
    sizes = [int(codes[:, j].max(initial=0)) + 1 for j in range(codes.shape[1])]
    return len(np.unique(joint_keys(codes, sizes)))


def _tolerated(members: Members, question: Question, signal: dict[int, int]) -> int | None:
    """Return the most rows of others, beyond those reckoned with, that leave S* certified."""
    if question.goal != "plant" or question.target is None:
        return None
    counts = signal_counts(members, signal)
    platform, n = question.platform(question.eps), len(members)
    # As the certificate does it: one of three radii, and what is left for rows and for TV.
    share = failure(question.confidence) / 3 / (1 + (counts.distance_cells > 1))
    against = int(np.delete(counts.honest, members.label(question.target), axis=1).sum())
    reckoned = others_limit(against, n, platform.others(n), share)

    def certified(more: int) -> bool:
        return success_despite(counts, reckoned + more, platform, share) >= question.success

    if not certified(0):
        return None
    low, high = 0, n + 1  # as many rows as members outweigh all of them
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if certified(middle) else (low, middle)
    return low
