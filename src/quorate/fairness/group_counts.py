"""Counts by group and label, which every fairness measure is made of.

Shape letters: n people, m groups, k labels, r resamples. A bootstrap draws counts and never touches
the people again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.intervals import Floats
from quorate.table import Labels, Rng
from quorate.validate import at_least, in_interval

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class GroupCounts:
    """Counts by group and label in r tables, (r, m, k) each.

    Args:
        right, wrong: rows of the label that are, and are not, predicted to have it.
        chosen: rows that are predicted to have the label.
    """

    right: Counts
    wrong: Counts
    chosen: Counts

    @property
    def accuracy(self) -> Floats:
        """Accuracy of each group, (r, m)."""
        return np.asarray(self.right.sum(axis=2) / self.chosen.sum(axis=2))

    def true_positive_rate(self, labels: slice) -> Floats:
        """True positive rate of each group and label, (r, m, l); NaN if there are no rows."""
        right, wrong = self.right[..., labels], self.wrong[..., labels]
        return np.asarray(right / np.where(right + wrong > 0, right + wrong, np.nan))

    def selection_rate(self, labels: slice) -> Floats:
        """Selection rate of each group and label, (r, m, l)."""
        return np.asarray(self.chosen[..., labels] / self.chosen.sum(axis=2, keepdims=True))

    def measures(self, labels: slice) -> dict[str, Floats]:
        """Return the four measures of each table, (r,)."""
        accuracy = self.accuracy
        return {
            "accuracy_gap": span(accuracy),
            "worst_group_accuracy": accuracy.min(axis=1),
            "equal_opportunity_gap": mean_over_labels(span(self.true_positive_rate(labels))),
            "disparate_impact": mean_over_labels(ratio(self.selection_rate(labels))),
        }

    def resampled(self, resamples: int, rng: Rng) -> GroupCounts:
        """Return the counts after resampling people within each group, (resamples, m, k).

        Group sizes are kept but labels are not, as other people would have other labels: if they
        were kept, a platform without errors would have selection rates without noise. Right and
        wrong are drawn together and ``chosen`` separately, as no measure needs both.
        """
        k = self.chosen.shape[2]
        outcomes = resample(np.concatenate([self.right[0], self.wrong[0]], axis=1), resamples, rng)
        chosen = resample(self.chosen[0], resamples, rng)
        return GroupCounts(outcomes[..., :k], outcomes[..., k:], chosen)


def span(rates: Floats) -> Floats:
    """Return the highest minus the lowest rate over the groups."""
    return np.asarray(rates.max(axis=1) - rates.min(axis=1))


def ratio(rates: Floats) -> Floats:
    """Return the lowest over the highest rate over the groups, NaN for 0/0."""
    highest = rates.max(axis=1)
    return np.asarray(rates.min(axis=1) / np.where(highest > 0, highest, np.nan))


def mean_over_labels(values: Floats) -> Floats:
    """Return the mean over the last axis of defined values, NaN if there are none."""
    defined = ~np.isnan(values)
    counted = defined.sum(axis=-1)
    total = np.where(defined, values, 0).sum(axis=-1)
    return np.asarray(total / np.where(counted > 0, counted, np.nan))


def resample(counts: Counts, resamples: int, rng: Rng) -> Counts:
    """Return multinomial draws of each row of counts (m, c) at its total, (resamples, m, c)."""
    drawn = np.zeros((resamples, *counts.shape), dtype=np.int64)
    for row, have in enumerate(counts):
        cells = np.flatnonzero(have)  # what was not seen is never drawn
        total = have.sum()
        drawn[:, row, cells] = rng.multinomial(total, have[cells] / total, size=resamples)
    return drawn


def positive_labels(k: int, positive: int | None) -> slice:
    """Return the labels to treat as the positive one in turn."""
    if positive is None:
        return slice(k - 1, k) if k <= 2 else slice(0, k)
    in_interval("positive", positive, 0, k - 1, f"It is an index among the {k} labels.")
    return slice(positive, positive + 1)


def count_groups(
    y: Labels, predicted: Labels, group: Labels, groups: Sequence[str], k: int
) -> GroupCounts:
    """Return the counts of these people, (1, m, k) each.

    Raises:
        InputError: lengths disagree, an index is out of range, or a group has no rows.
    """
    at_least("k", k, 1, "It is the number of labels.")
    y, predicted, group = check_codes(y=y, predicted=predicted, group=group)
    m = len(groups)
    for name, codes, size in (("y", y, k), ("predicted", predicted, k), ("group", group, m)):
        if codes.min() < 0 or codes.max() >= size:
            raise InputError(
                f"Expected {name} in [0, {size - 1}], got {codes.min()} to {codes.max()}. "
                "Give indices, and name every label and group."
            )
    empty = [groups[g] for g, size in enumerate(np.bincount(group, minlength=m)) if size == 0]
    if empty:
        raise InputError(
            f"Expected people in every group, got none in {', '.join(map(str, empty))}. "
            "Leave out groups that nobody is in."
        )

    def table(cells: Labels) -> Counts:
        return np.bincount(cells, minlength=m * k).reshape(1, m, k)

    right = y == predicted  # (n,)
    of_label = group * k + y  # (n,)
    return GroupCounts(
        table(of_label[right]), table(of_label[~right]), table(group * k + predicted)
    )


def check_codes(**given: Labels) -> tuple[Labels, ...]:
    """Return integer arrays of equal length; raise InputError naming the one that is not."""
    arrays = {name: np.asarray(codes) for name, codes in given.items()}
    first = next(iter(arrays))
    for name, codes in arrays.items():
        if codes.ndim != 1 or codes.shape != arrays[first].shape:
            raise InputError(
                f"Expected one entry of {name} per person, got shape {codes.shape} where {first} "
                f"has {arrays[first].shape}. Give {name} the rows of {first}."
            )
        if not len(codes):
            raise InputError("Expected at least one person, got none. Measure on held-out people.")
        if codes.dtype.kind not in "iub":
            raise InputError(
                f"Expected integers for {name}, got {codes.dtype}. Give indices of the names."
            )
    return tuple(codes.astype(np.int64, copy=False) for codes in arrays.values())
