"""Confidence intervals of fairness measures, by a bootstrap of counts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from quorate.fairness.group_counts import (
    GroupCounts,
    count_groups,
    mean_over_labels,
    positive_labels,
    ratio,
    span,
)
from quorate.intervals import Floats, check_level, wilson
from quorate.table import Labels, Rng
from quorate.validate import MOST_ROUNDS, at_least

Interval = tuple[float, float]
AT_ONCE = 2**21  # counts of one kind that are held in memory


def measure_intervals(
    y: Labels,
    predicted: Labels,
    group: Labels,
    groups: Sequence[str],
    k: int,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    rng: Rng,
    positive: int | None = None,
) -> dict[str, Interval]:
    """Return the ends of the interval of every measure, by the measure's name.

    Accuracies, ``accuracy`` and ``accuracy[NAME]`` of each group, are rates and get ``wilson``
    intervals. The four measures M are bootstrapped within groups. Plain percentiles would be wrong:
    noise opens gaps, and resampling opens them once more, so without a true gap they hardly ever
    cover the truth. Let θ be the groups' rates and θ* a resample's. A gap M is convex, so M(θ*) is
    biased upwards (Jensen), and its percentile is the upper end. By the triangle inequality,
    M(θ̂) ≤ M(θ) + M(θ̂ − θ), so the lower end is the percentile of M(θ̂) − M(θ* − θ̂). The worst
    accuracy is minus such a measure, and the disparate impact one in the logarithms of the rates,
    so their ends swap. Coverage is ``level`` in large samples, and more with many groups or labels.
    Status: derived.

    Args:
        y, predicted, group, groups, k, positive: as in ``measure``.
        resamples: number of bootstrap resamples.
        level: confidence level, in (0, 1).

    Returns:
        The ends, in [0, 1] and around the measure; NaN if the measure is undefined. A group whose
        resamples are all equal (all are right, or nobody is selected) contributes no noise.

    Raises:
        InputError: as ``measure``; or resamples or level are out of range.
    """
    check_resampling(resamples, level)
    tables, labels = count_groups(y, predicted, group, groups, k), positive_labels(k, positive)
    tail = (1 - level) / 2
    right, sizes = tables.right[0].sum(axis=1), tables.chosen[0].sum(axis=1)  # (m,), (m,)
    rates = {"accuracy": wilson(int(right.sum()), int(sizes.sum()), level)} | {
        f"accuracy[{name}]": wilson(int(a), int(b), level)
        for name, a, b in zip(groups, right, sizes, strict=True)
    }
    found = {name: (rate.low, rate.high) for name, rate in rates.items()}
    ends = _resampled_ends(tables, labels, resamples, rng)
    for name, (value,) in tables.measures(labels).items():
        lows, highs = ends[name]
        low, high = _quantile(lows, tail), _quantile(highs, 1 - tail)
        found[name] = (max(0.0, min(low, float(value))), min(1.0, max(high, float(value))))
        if math.isnan(value):
            found[name] = (math.nan, math.nan)
    return found


def _resampled_ends(
    tables: GroupCounts, labels: slice, resamples: int, rng: Rng
) -> dict[str, tuple[Floats, Floats]]:
    """Return the values whose quantiles are the lower and upper ends, (resamples,) each."""
    most = max(1, AT_ONCE // tables.chosen.size)
    parts = [
        _ends(tables, tables.resampled(min(most, resamples - done), rng), labels)
        for done in range(0, resamples, most)
    ]
    return {
        name: (
            np.concatenate([part[name][0] for part in parts]),
            np.concatenate([part[name][1] for part in parts]),
        )
        for name in parts[0]
    }


def _ends(seen: GroupCounts, drawn: GroupCounts, labels: slice) -> dict[str, tuple[Floats, Floats]]:
    """Return M(θ*), and M(θ̂) minus the gap M(θ* − θ̂) of the noise."""
    value, again = seen.measures(labels), drawn.measures(labels)
    noise = drawn.accuracy - seen.accuracy  # (r, m)
    of_labels = drawn.true_positive_rate(labels) - seen.true_positive_rate(labels)  # (r, m, l)
    # log θ* − log θ̂ with half a row more, or one resample without a selection is infinitely far off
    growth = (drawn.chosen[..., labels] + 0.5) / (seen.chosen[..., labels] + 0.5)  # (r, m, l)
    impact = ratio(seen.selection_rate(labels)) / ratio(growth)  # (r, l)
    opportunity = value["equal_opportunity_gap"] - mean_over_labels(span(of_labels))
    return {
        "accuracy_gap": (value["accuracy_gap"] - span(noise), again["accuracy_gap"]),
        "worst_group_accuracy": (
            again["worst_group_accuracy"],
            value["worst_group_accuracy"] - noise.min(axis=1),
        ),
        "equal_opportunity_gap": (opportunity, again["equal_opportunity_gap"]),
        "disparate_impact": (again["disparate_impact"], mean_over_labels(impact)),
    }


def _quantile(values: Floats, fraction: float) -> float:
    """Return the quantile of defined values, NaN if there are none."""
    defined = values[~np.isnan(values)]
    return float(np.quantile(defined, fraction)) if len(defined) else math.nan


def check_resampling(resamples: int, level: float) -> None:
    """Raise InputError unless there is a resample, and the level is in (0, 1)."""
    at_least("resamples", resamples, 1, "A thousand are usual.", most=MOST_ROUNDS)
    check_level(level)
