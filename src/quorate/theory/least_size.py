"""The exact critical mass on a finite law: the size above which the worst platform is beaten.

What overturning costs is known at each value as a function of the size α: margins that are lines
in α, or the least of several lines. The worst case at one size is a knapsack (``worst_case``). Over
all sizes it is solved by steps from one losing set to the next, each in closed form, without a
search over α. Status of all here: derived, see docs/explanation/theory.md.

Shapes: v feature values, j lines each.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.theory.finite import DIGITS
from quorate.theory.suboptimality import Floats, Reading, suboptimality_constant
from quorate.theory.worst_case import EXACT, SLACK, best_subset
from quorate.validate import all_in_interval

STEPS = 1000  # far more than any law needed
NUDGE = 1e-13  # of α: how far above a size its prices are read, so that ties are past


@dataclass(frozen=True, eq=False)
class Lines:
    """The margin at each value over α: min_j (at_zero + α·slope), as far as it stays.

    What counts at α is the least margin from α up to ``most``: a value that more members would lose
    again is not won. If margins are concave in α, as they are here, that is the lesser of the
    margin at α and the margin at ``most``.

    Args:
        at_zero, slope: of each line, (v, j).
        most: the largest α that there is room for, in [0, 1].
    """

    at_zero: Floats
    slope: Floats
    most: float = 1.0

    def at(self, alpha: npt.ArrayLike) -> Floats:
        """Return the margins that last from α on, (..., v).

        >>> lines = Lines(np.array([[-0.1, 0.5]]), np.array([[1.0, -0.2]]))
        >>> lines.at([0.0, 0.2, 0.9]).round(3).tolist()
        [[-0.1], [0.1], [0.3]]
        """
        sizes = np.asarray(alpha, dtype=np.float64)[..., None, None]
        now = (self.at_zero + sizes * self.slope).min(axis=-1)
        return np.asarray(np.minimum(now, self._in_the_end))

    def now(self, alpha: npt.ArrayLike) -> Floats:
        """Return the margins at α alone, (..., v); within rounding of 0 they are 0.

        >>> Lines(np.array([[-0.1, 0.5]]), np.array([[1.0, -0.2]])).now([0.1, 0.2]).tolist()
        [[0.0], [0.1]]
        """
        sizes = np.asarray(alpha, dtype=np.float64)[..., None, None]
        found = (self.at_zero + sizes * self.slope).min(axis=-1)
        scale = (abs(self.at_zero) + sizes * abs(self.slope)).max(axis=-1)
        return np.asarray(np.where(abs(found) <= DIGITS * scale, 0.0, found))

    @functools.cached_property
    def _in_the_end(self) -> Floats:
        return np.asarray((self.at_zero + self.most * self.slope).min(axis=-1))

    def bends(self, low: float, high: float) -> Floats:
        """Return the sizes from low to high between which all margins, cut at 0, are straight.

        >>> Lines(np.array([[-0.1, 0.5]]), np.array([[1.0, -0.2]])).bends(0.0, 1.0).tolist()
        [0.0, 0.1, 0.4, 0.5, 1.0]
        """
        flat = np.zeros((len(self.at_zero), 1))
        starts = np.concatenate([self.at_zero, self._in_the_end[:, None], flat], axis=1)
        slopes = np.concatenate([self.slope, flat, flat], axis=1)
        one, two = _each_two(starts.shape[1])
        fall, rise = starts[:, one] - starts[:, two], slopes[:, two] - slopes[:, one]
        where = np.divide(fall, rise, out=np.full(fall.shape, np.inf), where=rise != 0)
        inside = where[(where > low) & (where < high)]
        return np.unique(np.concatenate([[low], inside, [high]]))


@functools.cache
def _each_two(n: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the indices of each two of n lines."""
    one, two = np.triu_indices(n, 1)
    return one, two


def least_size(
    target: float, lines: Lines, carried: Floats, fixed: float, growing: float = 0.0
) -> float:
    """Return α*, above which no platform within the budget takes S below ``target``.

    The platform can overturn the values B for which Σ_{x∈B} max(0, margin) ≤ fixed + growing·α, and
    α* is the largest α at which some B with more than 1 − S* of the people is within it. From a
    size at which the cheapest such B is within the budget, the next size is where B leaves it. No
    set comes twice, so that it ends. A budget that grows with α is taken at its largest first and
    lowered with α, from above.

    Args:
        target: S*, in [0, 1].
        lines: the margins over α.
        carried: P_0{g = x}, (v,).
        fixed, growing: the budget at α = 0, and what each member adds to it; at least 0.

    Returns:
        A fraction in [0, ``lines.most``], exact up to 30 undecided values, beyond which it is
        sufficient; inf if even the largest size does not suffice. It is an infimum: at α* itself a
        tie goes against the collective.

    >>> lines = Lines(np.array([[-0.1], [-0.1]]), np.array([[0.6], [0.6]]))
    >>> people = np.array([0.5, 0.5])
    >>> round(least_size(1.0, lines, people, fixed=0.05), 12)  # each alone must cost more
    0.25
    >>> round(least_size(0.5, lines, people, fixed=0.05), 12)  # both together must
    0.208333333333
    """
    if target <= SLACK:
        return 0.0
    if growing == 0:
        return _least_for(target, lines, carried, fixed)
    size = lines.most
    for _ in range(STEPS):
        lower = _least_for(target, lines, carried, fixed + growing * size)
        if not lower < size * (1 - NUDGE):
            return min(lower, size) if lower < np.inf or size < lines.most else np.inf
        size = lower
    return size


def worst_case_critical_mass(
    target: npt.ArrayLike,
    without: Floats,
    with_everyone: Floats,
    carried: Floats,
    eps: npt.ArrayLike = 0.0,
    reading: Reading = "tv",
) -> Floats:
    """Return α*, above which ``worst_case_success`` is at least ``target``, (...).

    The exact critical mass against the worst ε-suboptimal platform, as ``exact_critical_mass`` is
    at ε = 0. That one grants the platform its whole budget at each value, and so may ask for more.

    Args:
        target: S*, in [0, 1], (...).
        without, with_everyone: the margins at α = 0 and at α = 1, (..., v).
        carried: P_0{g = x}, (..., v).
        eps, reading: as in ``suboptimality_constant``, (...).

    Returns:
        A fraction in [0, 1]; inf if even α = 1 does not suffice.

    >>> m0, m1, people = np.array([-0.1, -0.1]), np.array([0.5, 0.5]), np.array([0.5, 0.5])
    >>> worst_case_critical_mass([0.5, 1.0], m0, m1, people, eps=0.025).round(4).tolist()
    [0.2083, 0.25]

    Raises:
        InputError: an argument is out of range, or the reading is unknown.
    """
    target = all_in_interval("target", target, 0, 1, "It is a success rate.")
    c = np.asarray(suboptimality_constant(eps, reading))
    leading = np.broadcast_shapes(target.shape, c.shape, without.shape[:-1], carried.shape[:-1])
    v = without.shape[-1]
    rows = (
        np.broadcast_to(target, leading).ravel(),
        np.broadcast_to(without, (*leading, v)).reshape(-1, v),
        np.broadcast_to(with_everyone, (*leading, v)).reshape(-1, v),
        np.broadcast_to(carried, (*leading, v)).reshape(-1, v),
        np.broadcast_to(c, leading).ravel(),
    )
    found = [
        least_size(float(one), Lines(m0[:, None], (m1 - m0)[:, None]), people, float(budget))
        for one, m0, m1, people, budget in zip(*rows, strict=True)
    ]
    return np.array(found).reshape(leading)[()]


def _least_for(target: float, lines: Lines, carried: Floats, budget: float) -> float:
    """Return α* for a budget that does not depend on α."""
    if _cheapest(lines.at(lines.most), carried, target, budget) is not None:
        return np.inf
    size = 0.0
    for _ in range(STEPS):
        above = size + NUDGE * max(size, lines.most * NUDGE)
        lost = _cheapest(lines.at(above), carried, target, budget)
        if lost is None:
            return size
        further = _leaves(lines, lost, above, budget * (1 + SLACK))
        if further <= size:
            return size
        size = further
    return np.inf  # never met: no size is said to be enough that was not seen to be


def _cheapest(margins: Floats, carried: Floats, target: float, budget: float) -> Floats | None:
    """Return the cheapest values to lose if S shall stay below the target, (v,), parts in [0, 1].

    None if the budget does not suffice. Keeping is a knapsack, too: as much of the price as
    possible, of less people than the target.
    """
    limit = budget * (1 + SLACK)
    room = target - SLACK - carried[margins > limit].sum()  # people who may be kept beside those
    if room <= 0:
        return None
    lost = ((margins <= limit) & (carried > 0)).astype(np.float64)
    open_ = np.flatnonzero((margins > 0) & (margins <= limit) & (carried > 0))
    prices, weights = margins[open_], carried[open_]
    if len(open_) > EXACT:
        order = np.argsort(-prices / weights, kind="stable")
        before = weights[order].cumsum() - weights[order]
        lost[open_[order]] = 1 - ((room - before) / weights[order]).clip(0, 1)
    elif len(open_):
        lost[open_[best_subset(weights, prices, np.nextafter(room, -1))]] = 0.0
    return lost if (lost[open_] * prices).sum() <= limit else None


def _leaves(lines: Lines, lost: Floats, low: float, budget: float) -> float:
    """Return the largest size up to which all that is lost, (v,), costs no more than the budget."""
    some = lost > 0
    part_of, parts = Lines(lines.at_zero[some], lines.slope[some], lines.most), lost[some]

    def over(size: float) -> float:
        return float(np.maximum(part_of.at(size), 0.0) @ parts) - budget

    def rounding(size: float) -> float:
        scale = (abs(part_of.at_zero) + size * abs(part_of.slope)).max(axis=1)
        return float(DIGITS * (scale @ parts))

    bends = part_of.bends(low, lines.most)
    within, past = 0, len(bends)  # costs never fall with α: the first bend past the budget
    while past - within > 1:
        middle = (within + past) // 2
        size = float(bends[middle])
        within, past = (within, middle) if over(size) > rounding(size) else (middle, past)
    if past == len(bends):
        return lines.most
    below, above = (over(float(bends[i])) for i in (within, past))
    return float(bends[within] + (bends[past] - bends[within]) * (-below / (above - below)))
