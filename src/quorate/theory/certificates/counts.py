"""Certificates: the counts they are computed from, the assumed platform, and the result."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.theory.suboptimality import Reading, suboptimality_constant
from quorate.validate import at_least, in_interval, unknown

Floats = npt.NDArray[np.float64]
Radius = Literal["hoeffding", "bernstein", "aggregate", "exact", "tightest"]
Status = Literal["published", "derived"]
ENDLESS = 10**301  # cells: more than any number of people can tell apart
LARGEST = 10**10  # people on a platform: beyond, sums of log-factorials lose their last digits


@dataclass(frozen=True, eq=False)
class SignalCounts:
    """Counts of the members' own rows in the m signalled cells that were seen.

    A cell is one value x of all columns that the platform learns from. Cells of X* in which nobody
    was counted are left out, but their number matters: the prediction there is unknown.

    Args:
        honest: members whose own row is in cell x with label y, (m, k), before anyone acts.
        planted: members whose changed row is in cell x with the planted label, (m,).
        members: n, the sum of ``moved``.
        signal_cells: |X*|, of which m were seen; a whole number however large.
        moved: members whom the signal sends to cell x, g(x′) = x, (m,), which weigh success. By
            default ``planted``, if everyone carries the signal.
        open_ended: whether X* may have further cells that nobody was seen in; what happens there
            is never certified.

    Raises:
        InputError: shapes disagree, a count is negative, or the counts do not add up.
    """

    honest: Floats
    planted: Floats
    members: int
    signal_cells: int
    moved: Floats | None = None
    open_ended: bool = False

    def __post_init__(self) -> None:
        honest = np.asarray(self.honest, dtype=np.float64)
        planted = np.asarray(self.planted, dtype=np.float64)
        moved = planted if self.moved is None else np.asarray(self.moved, dtype=np.float64)
        if honest.ndim != 2 or planted.shape != honest.shape[:1] or moved.shape != planted.shape:
            raise InputError(
                f"Expected honest counts of shape (m, k) and one planted and one moved count per "
                f"cell, got {honest.shape}, {planted.shape} and {moved.shape}. Count them over "
                "the same cells."
            )
        if honest.shape[1] < 2:
            raise InputError(
                "Expected at least 2 labels, got 1. One label leaves nothing to change."
            )
        least = min((float(a.min()) for a in (honest, planted, moved) if a.size), default=0.0)
        if not least >= 0:
            raise InputError(f"Expected counts, got {least:g} among them. Count people.")
        at_least("members", self.members, 1, "Count at least one member.", most=LARGEST)
        close = 1e-9 * self.members  # scaled counts add up to n but for rounding
        most = max(honest.sum(), planted.sum())
        if most > self.members + close or abs(moved.sum() - self.members) > close:
            raise InputError(
                f"Expected at most members={self.members} people in the cells and all of them "
                f"moved, got {honest.sum():g} honest, {planted.sum():g} planted and "
                f"{moved.sum():g} moved. Each member has one row, and g sends it to one cell."
            )
        if self.signal_cells < len(honest):
            raise InputError(
                f"Expected signal_cells={self.signal_cells} to be at least the {len(honest)} cells "
                "that were seen. Give |X*|, the product of the alphabets of the other columns."
            )
        for name, value in (("honest", honest), ("planted", planted), ("moved", moved)):
            object.__setattr__(self, name, value)

    @property
    def k(self) -> int:
        """Number of labels."""
        return int(self.honest.shape[1])

    @property
    def all_seen(self) -> bool:
        """Whether every cell of X* was seen."""
        return not self.open_ended and self.signal_cells <= len(self.planted)

    @property
    def distance_cells(self) -> int:
        """Cells over which the members may differ from everyone."""
        return ENDLESS if self.open_ended else self.signal_cells

    @property
    def weights(self) -> Floats:
        """Members whom the signal sends to each cell, (m,)."""
        assert self.moved is not None
        return self.moved

    def scaled(self, members: int) -> SignalCounts:
        """Return the counts of n′ members if further ones were like these."""
        by = members / self.members
        return SignalCounts(
            self.honest * by,
            self.planted * by,
            members,
            self.signal_cells,
            self.weights * by,
            self.open_ended,
        )


@dataclass(frozen=True)
class AssumedPlatform:
    """What is known or assumed of the platform that receives the members' rows.

    Args:
        size: N, all rows that it learns from, the members' included.
        eps: how far from optimal its classifier may be for these N rows, in [0, 1).
        reading: as in ``suboptimality_constant``.
        test_size: number of test people on whom success is measured; None means the success
            P₀{f(g(x)) = y*} among everyone.
        gamma: Γ, at least 1: how unlike the members the others may be. The odds that another's row
            speaks against the planted label are at most Γ times a member's, and the odds that it
            has the planted label at least 1/Γ times; at 1 they are alike. (Rosenbaum's
            sensitivity parameter, here for who joins.)

    Raises:
        InputError: a value is out of range.
    """

    size: int
    eps: float = 0.0
    reading: Reading = "tv"
    test_size: int | None = None
    gamma: float = 1.0

    def __post_init__(self) -> None:
        at_least(
            "size", self.size, 1, "Count all people whom the platform learns from.", most=LARGEST
        )
        if self.size > LARGEST:
            raise InputError(
                f"Expected a platform size of at most {LARGEST:,}, got {self.size:,}. Count people."
            )
        if self.test_size is not None:
            at_least(
                "test_size",
                self.test_size,
                1,
                "Leave it out for success among everyone.",
                most=LARGEST,
            )
        at_least("gamma", self.gamma, 1, "At 1, others are like the members.")
        suboptimality_constant(self.eps, self.reading)

    @property
    def slack(self) -> float:
        """c·N: the lead in rows that the classifier may overturn."""
        return float(suboptimality_constant(self.eps, self.reading)) * self.size

    def others(self, members: int) -> int:
        """Return N − n.

        Raises:
            InputError: there are more members than people.
        """
        if members > self.size:
            raise InputError(
                f"Expected at least as many people on the platform as members, got a platform size "
                f"of {self.size} and {members} members. Members count among the platform's people."
            )
        return self.size - members


@dataclass(frozen=True)
class Certificate:
    """A lower bound on success that holds with the stated confidence.

    Args:
        success: the bound, not clipped; vacuous at or below 0.
        confidence: 1 − δ, over the draw of all honest rows.
        radius: how the bound was reached; "tightest" names the radius that gave it.
        members, platform_size: n and N.
        status: "published" or "derived".
        won: which of the seen cells are certified one by one; None if only a number of people is.
        notes: caveats.
    """

    success: float
    confidence: float
    radius: str
    members: int
    platform_size: int
    status: Status
    won: tuple[bool, ...] | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, with None for a bound of -inf, as JSON knows no infinity."""
        plain = {key: value for key, value in vars(self).items() if key != "won"}
        plain["success"] = self.success if math.isfinite(self.success) else None
        plain["won_cells"] = None if self.won is None else sum(self.won)
        plain["notes"] = list(self.notes)
        return plain


def log_inverse_share(confidence: float, events: int) -> float:
    """Return log(1/δ̃) for δ̃ = δ/events, for any number of events.

    >>> log_inverse_share(0.95, 1) == math.log(20), log_inverse_share(0.95, 10**400) > 900
    (True, True)
    """
    return math.log(events) - math.log(failure(confidence))


def failure(confidence: float) -> float:
    """Return δ = 1 − confidence, without the subtraction's rounding error.

    >>> failure(0.95)
    0.05

    Raises:
        InputError: the confidence is not in (0, 1).
    """
    fix = "Use a confidence such as 0.95."
    in_interval("confidence", confidence, 0, 1, fix, open_low=True, open_high=True)
    return round(1 - confidence, 15) or 1 - confidence


def check_radius(radius: str, valid: tuple[str, ...] = get_args(Radius)) -> None:
    """Raise InputError unless the radius is valid."""
    if radius not in valid:
        raise unknown("radius", radius, valid)


def check_label(name: str, label: int, k: int) -> None:
    """Raise InputError unless ``label`` is one of 0 .. k−1."""
    if not 0 <= label < k:
        raise InputError(
            f"Expected {name}={label} to be the index of one of {k} labels, 0 to {k - 1}. Count "
            "labels from 0."
        )
