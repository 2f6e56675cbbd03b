"""The share of an accuracy gap that a change of the pictures closes, with its interval."""

from __future__ import annotations

import math

import numpy as np

from quorate.errors import InputError
from quorate.fairness.group_counts import Counts, check_codes, resample
from quorate.fairness.intervals import check_resampling
from quorate.intervals import Estimate, Floats
from quorate.table import Labels, Mask, Rng


def gap_closed(
    y: Labels,
    before: Labels,
    after: Labels,
    group: Labels,
    subgroup: int,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    rng: Rng,
) -> Estimate:
    """Return the share of the accuracy gap between a subgroup and the others that was closed.

    1 − gap after/gap before, a gap being the others' accuracy minus the subgroup's: 0 if nothing
    changed, 1 if the gap is gone, above 1 if it is reversed, below 0 if it grew. Before and after
    are measured on the same people, who are resampled together, so whatever changed for nobody adds
    no noise.

    If the subgroup was served no worse before, there is no gap to close and everything is NaN. A
    resample without a gap before could be anything: it counts as −∞ for the lower end and +∞ for
    the upper, so the interval is unbounded if the gap before is not significant.

    Args:
        y, before, after: indices of the true labels and of both predictions, (n,).
        group: index of each person's group, (n,).
        subgroup: the index of the group served badly; everyone else is "others".
        resamples, level: as in ``measure_intervals``.

    >>> y, group = np.ones(8, dtype=int), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> before, after = np.array([0, 0, 0, 1, 1, 1, 1, 1]), np.array([0, 1, 1, 1, 1, 1, 1, 1])
    >>> round(gap_closed(y, before, after, group, 0, rng=np.random.default_rng(0)).value, 4)
    0.6667

    Raises:
        InputError: lengths disagree, the subgroup or its complement is empty, or resamples or level
            are out of range.
    """
    check_resampling(resamples, level)
    y, before, after, group = check_codes(y=y, before=before, after=after, group=group)
    counts = _paired(before == y, after == y, group == subgroup)
    if not counts.sum(axis=1).all():
        lacking = "the subgroup" if not counts[0].any() else "the others"
        raise InputError(
            f"Expected people in group {subgroup} and outside it, got nobody among {lacking}. "
            "Give the index of a group that is not everyone."
        )
    was, became = (float(gap[0]) for gap in _gaps(counts[None]))
    if was <= 0:
        return Estimate(math.nan, math.nan, math.nan)
    was_again, became_again = _gaps(resample(counts, resamples, rng))
    gap = was_again > 0  # (r,)
    closed = 1 - became_again / np.where(gap, was_again, 1)  # (r,)
    tail = (1 - level) / 2
    rank = math.floor(tail * (resamples - 1))
    low = np.sort(np.where(gap, closed, -np.inf))[rank]
    high = np.sort(np.where(gap, closed, np.inf))[resamples - 1 - rank]
    return Estimate(1 - became / was, float(low), float(high))


def _paired(before: Mask, after: Mask, inside: Mask) -> Counts:
    """Return counts of being right before and after, (2, 4): the subgroup and the others."""
    cells = 2 * before.astype(np.int64) + after  # (n,): 0 never, 1 after, 2 before, 3 always right
    return np.stack([np.bincount(cells[who], minlength=4) for who in (inside, ~inside)])


def _gaps(counts: Counts) -> tuple[Floats, Floats]:
    """Return the others' accuracy minus the subgroup's, before and after, (r,), of (r, 2, 4)."""
    sizes = counts.sum(axis=2)  # (r, 2)
    before = counts[..., [2, 3]].sum(axis=2) / sizes  # (r, 2)
    after = counts[..., [1, 3]].sum(axis=2) / sizes  # (r, 2)
    return before[:, 1] - before[:, 0], after[:, 1] - after[:, 0]
