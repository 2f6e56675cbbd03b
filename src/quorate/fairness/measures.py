"""Fairness measures of a model's predictions, as in fairlearn and checked against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from quorate.fairness.group_counts import count_groups, positive_labels
from quorate.intervals import Floats
from quorate.plain import finite_or_none
from quorate.table import Labels


@dataclass(frozen=True)
class Fairness:
    """How differently groups are treated; all values in [0, 1], NaN if undefined.

    Args:
        accuracy_by_group: accuracy by the groups' names.
        accuracy: accuracy of everyone.
        accuracy_gap: highest minus lowest accuracy of a group.
        worst_group_accuracy: lowest accuracy of a group.
        equal_opportunity_gap: highest minus lowest true positive rate of a group.
        disparate_impact: lowest over highest selection rate of a group; 1 if all are equal.
    """

    accuracy_by_group: dict[str, float]
    accuracy: float
    accuracy_gap: float
    worst_group_accuracy: float
    equal_opportunity_gap: float
    disparate_impact: float

    def to_json(self) -> dict[str, Any]:
        """Return plain data, None for what is undefined."""
        of_groups = {name: finite_or_none(value) for name, value in self.accuracy_by_group.items()}
        rest = {f.name: finite_or_none(getattr(self, f.name)) for f in fields(self)[1:]}
        return {"accuracy_by_group": of_groups, **rest}


def measure(
    y: Labels,
    predicted: Labels,
    group: Labels,
    groups: Sequence[str],
    k: int,
    positive: int | None = None,
    sample_weight: Floats | None = None,
) -> Fairness:
    """Return how differently the groups are treated.

    With a positive label, the measures are fairlearn's ``equal_opportunity_difference`` and
    ``demographic_parity_ratio``. Without one, and with more than two labels, each label is taken as
    positive in turn, and both measures are means over labels. They are not those of the worst
    label, because with many labels and few rows of each, some label is always missed by chance.
    Even the mean gap is too high by about the noise of one label's rates, and the mean ratio too
    low, which ``measure_intervals`` takes into account.

    A label counts towards the equal-opportunity gap if every group has rows of it (fairlearn sets
    the rate of a group without any to 0), and towards the disparate impact if anyone at all is
    predicted to have it. If no label counts, the measure is NaN.

    Args:
        y, predicted: indices of the true and the predicted labels among k, (n,).
        group: index of each person's group among ``groups``, (n,).
        groups: the m group names.
        k: number of labels.
        positive: the favourable label; None means the last of two labels, or each of more in turn.
        sample_weight: how much each person counts, 0 or more, as in fairlearn, (n,); None for 1.

    >>> import numpy as np
    >>> y, predicted = np.array([1, 1, 0, 1, 1, 0]), np.array([1, 0, 0, 1, 1, 0])
    >>> found = measure(y, predicted, np.array([0, 0, 0, 1, 1, 1]), ("a", "b"), k=2)
    >>> found.equal_opportunity_gap, found.disparate_impact
    (0.5, 0.5)

    Raises:
        InputError: lengths disagree, an index is out of range, a weight is not a number of 0 or
            more, or a group has no rows or no weight.
    """
    tables = count_groups(y, predicted, group, groups, k, sample_weight)
    accuracy, values = tables.accuracy[0], tables.measures(positive_labels(k, positive))
    return Fairness(
        accuracy_by_group=dict(zip(groups, accuracy.tolist(), strict=True)),
        **{name: float(value[0]) for name, value in values.items()},
    )
