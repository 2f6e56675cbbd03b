"""The share of an accuracy gap that a change of the pictures closes, with its interval.

Shape letters: n people, r draws. Cells are never right, right after, right before and always right.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from quorate.errors import InputError
from quorate.fairness.group_counts import check_codes
from quorate.fairness.weights import check_weights, effective
from quorate.intervals import Estimate, Floats, check_level
from quorate.table import Labels, Rng
from quorate.validate import MOST_ROUNDS, at_least

BEFORE, AFTER = np.array([0.0, 0, 1, 1]), np.array([0.0, 1, 0, 1])  # who is right in each cell
HALVINGS = 60  # of the bracket of an end, to float64's precision
FARTHEST = 2.0**40  # an end beyond it is none


def gap_closed(
    y: Labels,
    before: Labels,
    after: Labels,
    group: Labels,
    subgroup: int,
    *,
    draws: int = 1000,
    level: float = 0.95,
    sample_weight: Floats | None = None,
    rng: Rng,
) -> Estimate:
    """Return the share of the accuracy gap between a subgroup and the others that was closed.

    1 − gap after/gap before, a gap being the others' accuracy minus the subgroup's: 0 if nothing
    changed, 1 if the gap is gone, above 1 if it is reversed, below 0 if it grew.

    A share c is in the interval unless D = gap after − (1 − c)·gap before surely is not 0. Before
    and after are measured on the same people, so D is the difference of two means over people, of
    what each adds: right after − (1 − c)·right before. Each group's mean is limited by drawing the
    weights of its people from Dirichlet's law, with one person more who adds the most, or the
    least, that anyone can. With two outcomes these are exact limits. Whatever changed for nobody
    adds no noise but that person's. Sources: Gaffke 2005 (Mathematics in economics and related
    areas, Magdeburg) and Learned-Miller, Thomas 2019, arXiv:1905.06208 (limits of a mean); Fieller
    1954 (ratios by testing each). Together derived, and simulated: see
    docs/explanation/fairness-intervals.md.

    Where the sample has no gap before, there is nothing to close: the value is NaN. There, and
    where the gap before is not significant, any share may be true: the interval is unbounded.

    Args:
        y, before, after: indices of the true labels and of both predictions, (n,).
        group: index of each person's group, (n,).
        subgroup: the index of the group served badly; everyone else is "others".
        draws: number of draws of weights.
        level: confidence level, in (0, 1).
        sample_weight: how much each person counts, 0 or more, (n,); None for 1. Weighted people
            are taken for as many as they are worth (``weights.effective``).

    >>> y, person = np.ones(80, dtype=int), np.arange(80)
    >>> group = person % 2
    >>> before, after = np.where(group, 1, person > 40), np.where(group, 1, person > 9)
    >>> found = gap_closed(y, before, after, group, 0, rng=np.random.default_rng(0))
    >>> round(found.value, 4), 0.4 < found.low < 0.6, found.high < 1.2
    (0.7619, True, True)

    Raises:
        InputError: lengths disagree, the subgroup or its complement is empty, a weight is not a
            number of 0 or more, or draws or level are out of range.
    """
    at_least("draws", draws, 1, "A thousand are usual.", most=MOST_ROUNDS)
    check_level(level)
    y, before, after, group = check_codes(y=y, before=before, after=after, group=group)
    weights = check_weights(sample_weight, len(y))
    cells = 2 * (before == y) + (after == y)  # (n,)
    parts = []
    for inside, who in ((group == subgroup, "the subgroup"), (group != subgroup, "the others")):
        of_group = None if weights is None else weights[inside]
        if not inside.any() or (of_group is not None and not of_group.any()):
            raise InputError(
                f"Expected people in group {subgroup} and outside it, got nobody among {who}. "
                "Give the index of a group that is not everyone."
            )
        parts.append(_cells(cells[inside], of_group))
    was, became = (
        float(parts[1] @ right / parts[1].sum() - parts[0] @ right / parts[0].sum())
        for right in (BEFORE, AFTER)
    )
    if was <= 0:
        return Estimate(math.nan, -math.inf, math.inf)
    value = 1 - became / was
    drawn = [_Drawn.of(part, draws, rng) for part in parts]
    low, high = _ends(drawn[0], drawn[1], value, (1 - level) / 2)
    return Estimate(value, low, high)


def _cells(cells: Labels, weights: Floats | None) -> Floats:
    """Return how many people are in each cell, (4,); weighted ones as many as they are worth."""
    counts = np.bincount(cells, weights=weights, minlength=4).astype(np.float64)
    if weights is None:
        return counts
    squares = np.bincount(cells, weights=weights**2, minlength=4)
    rows = [
        effective(*(each[right == one].sum() for each in (counts, squares) for one in (1, 0)))
        for right in (BEFORE, AFTER)
    ]
    return np.asarray(counts / counts.sum() * min(rows))


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Weights of a group's cells, (r, 4), and of one person more, (r,), which sum to 1."""

    cells: Floats
    more: Floats

    @classmethod
    def of(cls, counts: Floats, draws: int, rng: Rng) -> _Drawn:
        """Return weights of Dirichlet's law: gamma variates over their sum."""
        gammas = rng.standard_gamma(np.append(counts, 1.0), size=(draws, 5))
        shares = gammas / gammas.sum(axis=1, keepdims=True)
        return cls(shares[:, :4], shares[:, 4])

    def high(self, adds: Floats) -> Floats:
        """Return the mean of what people add, (4,), with the most of it once more, (r,)."""
        return np.asarray(self.cells @ adds + self.more * adds.max())

    def low(self, adds: Floats) -> Floats:
        """Return the mean with the least once more, (r,)."""
        return np.asarray(self.cells @ adds + self.more * adds.min())


def _ends(subgroup: _Drawn, others: _Drawn, value: float, tail: float) -> tuple[float, float]:
    """Return the ends of the shares of which D may be 0."""
    rank = math.floor(tail * (len(subgroup.more) - 1))  # the quantile that lies further out
    gap = np.sort(others.low(BEFORE) - subgroup.high(BEFORE))[rank]
    if gap <= 0:  # there may be no gap to close
        return -math.inf, math.inf

    def too_small(share: float) -> bool:
        adds = AFTER - (1 - share) * BEFORE
        return bool(np.sort(others.high(adds) - subgroup.low(adds))[-1 - rank] < 0)

    def too_large(share: float) -> bool:
        adds = AFTER - (1 - share) * BEFORE
        return bool(np.sort(others.low(adds) - subgroup.high(adds))[rank] > 0)

    return _last(too_small, value, -1.0), _last(too_large, value, 1.0)


def _last(outside: Callable[[float], bool], value: float, direction: float) -> float:
    """Return the last share in a direction from the value that is not outside, by bisection."""
    near, step = value, 1.0
    while not outside(value + direction * step):
        near, step = value + direction * step, 2 * step
        if step > FARTHEST:
            return direction * math.inf
    far = value + direction * step
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        near, far = (near, middle) if outside(middle) else (middle, far)
    return near
