"""Confidence intervals of fairness measures, by exact limits of the rates they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from quorate.fairness.group_counts import GroupCounts, count_groups, positive_labels
from quorate.fairness.limits import Ends, lowest, mean_gap, mean_ratio
from quorate.intervals import Floats, check_level, exact_limits
from quorate.table import Labels


class MeasureEnds(NamedTuple):
    """The ends of a measure's interval, and in words what they cannot say."""

    low: float
    high: float
    note: str = ""


def measure_intervals(
    y: Labels,
    predicted: Labels,
    group: Labels,
    groups: Sequence[str],
    k: int,
    *,
    level: float = 0.95,
    positive: int | None = None,
    sample_weight: Floats | None = None,
) -> dict[str, MeasureEnds]:
    """Return the ends of the interval of every measure, by the measure's name.

    Nothing is resampled: a group in which everyone is right has no noise to resample, but few rows.
    Each rate has exact limits (Clopper, Pearson), two rates are joined by the method of variance
    estimates recovery, and t = (1 − level)/2. The groups with the highest and the lowest rate are
    not known, so a gap's upper end is the greatest upper limit of any two groups, and can only be
    wrong where that of the right two is. Its lower end may be wrong for any two, so each of the
    m(m − 1) ordered pairs is held to its part of t. The disparate impact is a ratio likewise, and
    the worst accuracy a minimum. Several labels are averaged about centres that noise does not move
    (``limits.mean_gap``). Status: derived, and simulated in docs/explanation/fairness-intervals.md:
    there, at 95% it covered at least 95.5% of the time in every setting with two labels.

    Args:
        y, predicted, group, groups, k, positive, sample_weight: as in ``measure``. Weighted rates
            are taken for those of as many rows as they are worth (``weights.effective``).
        level: confidence level, in (0, 1).

    Returns:
        The ends, in [0, 1] and around the measure. Where the measure is undefined, they say what
        can be known, [0, 1] if nothing is, and the note says why. It also says which labels a mean
        leaves out.

    >>> y, predicted = np.array([1, 1, 0, 1, 1, 0]), np.array([1, 0, 0, 1, 1, 0])
    >>> ends = measure_intervals(y, predicted, np.array([0, 0, 0, 1, 1, 1]), ("a", "b"), k=2)
    >>> low, high, note = ends["accuracy_gap"]  # six people say next to nothing
    >>> round(low, 4), round(high, 4), note
    (0.0, 0.9057, '')

    Raises:
        InputError: as ``measure``; or the level is out of range.
    """
    check_level(level)
    tables = count_groups(y, predicted, group, groups, k, sample_weight)
    labels = positive_labels(k, positive)
    notes = _notes(tables, labels, groups)
    return {
        name: MeasureEnds(float(low[0]), float(high[0]), notes.get(name, ""))
        for name, (low, high) in measure_ends(tables, labels, groups, level).items()
    }


def measure_ends(
    tables: GroupCounts, labels: slice, groups: Sequence[str], level: float
) -> dict[str, Ends]:
    """Return the ends of every measure of r tables, (r,) each, as ``measure_intervals``."""
    tail = (1 - level) / 2
    accuracy, everyone = tables.accuracy_trials(), tables.everyone_trials()
    each = accuracy.exact(tail)  # (r, m)
    ends: dict[str, Ends] = {"accuracy": exact_limits(everyone.hits, everyone.rows, tail)}
    for place, name in enumerate(groups):
        ends[f"accuracy[{name}]"] = each.low[:, place], each.high[:, place]
    one = accuracy.hits[:, None], accuracy.rows[:, None]  # as of one label, (r, 1, m)
    ends["accuracy_gap"] = mean_gap(type(accuracy)(*one), tail)
    ends["worst_group_accuracy"] = lowest(accuracy, tail)
    ends["equal_opportunity_gap"] = mean_gap(tables.opportunity_trials(labels), tail)
    ends["disparate_impact"] = mean_ratio(tables.selection_trials(labels), tail)
    for name, value in tables.measures(labels).items():
        low, high = ends[name]
        ends[name] = np.fmin(low, value), np.fmax(high, value)  # fmin: an undefined one is left out
    return ends


def _notes(tables: GroupCounts, labels: slice, groups: Sequence[str]) -> dict[str, str]:
    """Return what intervals cannot say, by the measure's name."""
    rows = tables.opportunity_trials(labels).rows[0]  # (l, m)
    chosen = tables.selection_trials(labels).hits[0]  # (l, m)
    lacking = [
        str(name) for name, has in zip(groups, (rows > 0).all(axis=0), strict=True) if not has
    ]
    found = {}
    if lacking:
        where = lacking[0] if len(lacking) == 1 else f"one of the groups {', '.join(lacking)}"
        found["equal_opportunity_gap"] = _left_out(
            int((rows == 0).any(axis=1).sum()),
            len(rows),
            f"nobody measured in {where} has",
            "the true positive rate there may be anything",
        )
    if not chosen.any(axis=1).all():
        found["disparate_impact"] = _left_out(
            int((~chosen.any(axis=1)).sum()),
            len(rows),
            "nobody measured is given",
            "the ratio of two rates of 0 may be anything",
        )
    return found


def _left_out(out: int, of: int, why: str, so: str) -> str:
    """Return in a sentence which labels do not count, and what that leaves open."""
    if of == 1:
        return f"Not defined, as {why} the label: {so}."
    if out == of:
        return f"Not defined, as each of the {of} labels is one that {why}: {so}."
    return f"{out} of {of} labels are left out, each one that {why}."
