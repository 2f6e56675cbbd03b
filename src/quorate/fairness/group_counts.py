"""Counts by group and label, which every fairness measure is made of.

Shape letters: n people, m groups, k labels, r tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from quorate.errors import InputError
from quorate.fairness.limits import Trials
from quorate.fairness.weights import check_weights, effective
from quorate.intervals import Floats
from quorate.table import Labels
from quorate.validate import at_least, in_interval


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums of weights by group and label in r tables, (r, m, k) each.

    Args:
        right, wrong: of rows of the label that are, and are not, predicted to have it.
        chosen: of rows that are predicted to have the label.
    """

    right: Floats
    wrong: Floats
    chosen: Floats


@dataclass(frozen=True, eq=False)
class GroupCounts:
    """Counts by group and label in r tables; weighted rows count by their weights.

    Args:
        counts: number of rows, or the sum of their weights.
        squares: sum of the squared weights; None where each row counts as one.
    """

    counts: Sums
    squares: Sums | None = None

    @property
    def accuracy(self) -> Floats:
        """Accuracy of each group, (r, m)."""
        of = self.counts
        return np.asarray(of.right.sum(axis=2) / of.chosen.sum(axis=2))

    def true_positive_rate(self, labels: slice) -> Floats:
        """True positive rate of each group and label, (r, m, l); NaN if there are no rows."""
        right, wrong = self.counts.right[..., labels], self.counts.wrong[..., labels]
        return np.asarray(right / np.where(right + wrong > 0, right + wrong, np.nan))

    def selection_rate(self, labels: slice) -> Floats:
        """Selection rate of each group and label, (r, m, l)."""
        chosen = self.counts.chosen
        return np.asarray(chosen[..., labels] / chosen.sum(axis=2, keepdims=True))

    def measures(self, labels: slice) -> dict[str, Floats]:
        """Return the measures of each table, (r,)."""
        accuracy, of = self.accuracy, self.counts
        return {
            "accuracy": of.right.sum(axis=(1, 2)) / of.chosen.sum(axis=(1, 2)),
            "accuracy_gap": span(accuracy),
            "worst_group_accuracy": accuracy.min(axis=1),
            "equal_opportunity_gap": mean_over_labels(span(self.true_positive_rate(labels))),
            "disparate_impact": mean_over_labels(ratio(self.selection_rate(labels))),
        }

    # ------------------------------------------------------------- what rates are measured on

    def accuracy_trials(self) -> Trials:
        """Return what the accuracy of each group is measured on, (r, m)."""
        return self._trials(lambda of: (of.right.sum(axis=2), of.wrong.sum(axis=2)))

    def everyone_trials(self) -> Trials:
        """Return what the accuracy of everyone is measured on, (r,)."""
        return self._trials(lambda of: (of.right.sum(axis=(1, 2)), of.wrong.sum(axis=(1, 2))))

    def opportunity_trials(self, labels: slice) -> Trials:
        """Return what true positive rates are measured on, (r, l, m)."""
        return self._trials(lambda of: (_last(of.right, labels), _last(of.wrong, labels)))

    def selection_trials(self, labels: slice) -> Trials:
        """Return what selection rates are measured on, (r, l, m)."""

        def split(of: Sums) -> tuple[Floats, Floats]:
            chosen = _last(of.chosen, labels)
            return chosen, of.chosen.sum(axis=2)[:, None, :] - chosen

        return self._trials(split)

    def _trials(self, split: Callable[[Sums], tuple[Floats, Floats]]) -> Trials:
        """Return what rates are measured on, given how hits and misses are summed."""
        hits, misses = split(self.counts)
        if self.squares is None:
            return Trials(hits, hits + misses)
        rows = effective(hits, misses, *split(self.squares))
        total = np.where(hits + misses > 0, hits + misses, 1)
        return Trials(hits / total * rows, rows)


def _last(sums: Floats, labels: slice) -> Floats:
    """Return sums of some labels with the groups last, (r, l, m)."""
    return np.moveaxis(sums[..., labels], 1, 2)


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


def positive_labels(k: int, positive: int | None) -> slice:
    """Return the labels to treat as the positive one in turn."""
    if positive is None:
        return slice(k - 1, k) if k <= 2 else slice(0, k)
    in_interval("positive", positive, 0, k - 1, f"It is an index among the {k} labels.")
    return slice(positive, positive + 1)


def count_groups(
    y: Labels,
    predicted: Labels,
    group: Labels,
    groups: Sequence[str],
    k: int,
    sample_weight: Floats | None = None,
) -> GroupCounts:
    """Return the counts of these people, (1, m, k) each.

    Raises:
        InputError: lengths disagree, an index is out of range, a weight is not a number of 0 or
            more, or a group has no rows or no weight.
    """
    at_least("k", k, 1, "It is the number of labels.")
    y, predicted, group = check_codes(y=y, predicted=predicted, group=group)
    weights = check_weights(sample_weight, len(y))
    m = len(groups)
    for name, codes, size in (("y", y, k), ("predicted", predicted, k), ("group", group, m)):
        if codes.min() < 0 or codes.max() >= size:
            raise InputError(
                f"Expected {name} in [0, {size - 1}], got {codes.min()} to {codes.max()}. "
                "Give indices, and name every label and group."
            )
    weighed = np.bincount(group, weights=weights, minlength=m)
    empty = [groups[g] for g, size in enumerate(weighed) if size == 0]
    if empty:
        what = "people" if weights is None else "people of a weight above 0"
        raise InputError(
            f"Expected {what} in every group, got none in {', '.join(map(str, empty))}. "
            "Leave out groups that nobody is in."
        )
    right = y == predicted  # (n,)
    of_label, of_predicted = group * k + y, group * k + predicted  # (n,)

    def sums(each: Floats | None) -> Sums:
        def table(cells: Labels, rows: slice | np.ndarray = slice(None)) -> Floats:
            given = None if each is None else each[rows]
            found = np.bincount(cells[rows], weights=given, minlength=m * k)
            return found.reshape(1, m, k).astype(np.float64)

        return Sums(table(of_label, right), table(of_label, ~right), table(of_predicted))

    return GroupCounts(sums(weights), None if weights is None else sums(weights**2))


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
