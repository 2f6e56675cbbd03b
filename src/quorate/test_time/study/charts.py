"""The charts of a correction, and the numbers that each is drawn from, one row a point."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from quorate.figures import correction as figures
from quorate.figures.correction import AccuracyMark, GapCurve
from quorate.intervals import Estimate
from quorate.runs.result import Row
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.means import MeanOutcome
from quorate.test_time.study.measures import UNDEFINED
from quorate.test_time.study.wording import budget

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Of = Callable[[MeanOutcome], Estimate]


def per_class(mean: MeanOutcome) -> Estimate:
    """Return the gap closed by the change of each class."""
    return mean.measures.gap_closed


def label_free(mean: MeanOutcome) -> Estimate:
    """Return the gap closed by the best change that is the same for everyone."""
    best = mean.measures.best_label_free
    return UNDEFINED if best is None else best.gap_closed


CHANGES: dict[str, Of] = {"per class": per_class, "label-free": label_free}


def gap_rows(means: Sequence[MeanOutcome], shown: MeanOutcome) -> list[Row]:
    """Return gap closed by each collective, of the platform and surrogate shown."""
    return [
        _gap_row(one, change)
        for _, same in _by_budget(means, shown)
        for one in same
        for change in CHANGES
    ]


def gap_figure(means: Sequence[MeanOutcome], shown: MeanOutcome, norm: str) -> Figure:
    """Return gap closed by members and by pooled queries, a row of panels for each budget."""
    panels = []
    for epsilon, same in _by_budget(means, shown):
        curves = [
            _curve([one for one in same if one.queries == each], f"{each:,} queries a member")
            for each in dict.fromkeys(one.queries for one in same)
        ]
        if not math.isnan(label_free(shown).value):
            most = [one for one in same if one.queries == shown.queries]
            label = f"label-free, {shown.queries:,} queries a member"
            curves.append(_curve(most, label, label_free))
        panels.append((f"ε = {budget(epsilon, norm)}", curves))
    return figures.gap_figure(panels)


def _by_budget(
    means: Sequence[MeanOutcome], shown: MeanOutcome
) -> list[tuple[float, list[MeanOutcome]]]:
    """Return the collectives of the platform and surrogate shown, by ε."""
    same = [one for one in means if (one.platform, one.proxy) == (shown.platform, shown.proxy)]
    budgets = dict.fromkeys(one.epsilon for one in same)
    return [(epsilon, [one for one in same if one.epsilon == epsilon]) for epsilon in budgets]


def _curve(means: Sequence[MeanOutcome], label: str, of: Of = per_class) -> GapCurve:
    means = sorted(means, key=lambda one: one.members)

    def over(values: Callable[[MeanOutcome], float]) -> npt.NDArray[np.float64]:
        return np.array([float(values(one)) for one in means])

    return GapCurve(
        label,
        members=over(lambda one: one.members),
        pooled=over(lambda one: one.pooled),
        value=over(lambda one: of(one).value),
        low=over(lambda one: of(one).low),
        high=over(lambda one: of(one).high),
        free=of is label_free,
    )


def _gap_row(mean: MeanOutcome, change: str) -> Row:
    one = CHANGES[change](mean)
    names = ("platform", "proxy", "epsilon", "members", "queries", "pooled")
    row = {name: getattr(mean, name) for name in names}
    return row | {"change": change, "gap_closed": one.value, "low": one.low, "high": one.high}


def groups_rows(mean: MeanOutcome, subgroup: str) -> list[Row]:
    """Return the accuracies by group, the controls, and the platforms that adapt."""
    return [
        {
            "section": section,
            "label": mark.label,
            "before": mark.before,
            "value": mark.value,
            "low": mark.low,
            "high": mark.high,
        }
        for section, marks in _sections(mean, subgroup)
        for mark in marks
    ]


def groups_figure(mean: MeanOutcome, subgroup: str) -> Figure:
    """Return the same as a picture."""
    return figures.groups_figure(_sections(mean, subgroup))


def _sections(mean: MeanOutcome, subgroup: str) -> list[tuple[str, list[AccuracyMark]]]:
    measures, controls = mean.measures, mean.measures.controls
    before, after = measures.before.accuracy_by_group, measures.after.accuracy_by_group
    was = before[subgroup].value
    by_group = [_mark(group, one, before[group].value) for group, one in after.items()]
    real = [
        _mark(f"label-free {family}", one.accuracy, was, "free")
        for family, one in measures.label_free.items()
    ]
    real += [
        _mark("change of a wrong class", controls.wrong_class, was, "control"),
        _mark("random signs", controls.random_sign, was, "control"),
        _mark("force rate: the class is told", controls.force_rate, kind="force"),
    ]
    adapted = [_mark(name, one.after, one.before.value) for name, one in measures.adaptive.items()]
    sections = [("accuracy by group", by_group), (f"{subgroup}, how much is real", real)]
    return [*sections, *([(f"{subgroup}, platforms that adapt", adapted)] if adapted else [])]


def _mark(
    label: str, one: Estimate, before: float = math.nan, kind: Any = "accuracy"
) -> AccuracyMark:
    whole = math.isfinite(one.low) and math.isfinite(one.high)
    low, high = (one.low, one.high) if whole else (one.value, one.value)
    return AccuracyMark(label, one.value, low, high, before, kind)


def transfer_rows(means: Sequence[MeanOutcome], shown: MeanOutcome) -> list[Row]:
    """Return gap closed by each platform and surrogate, of the collective shown."""
    return [
        {**_gap_row(mean, change), "proxy_agreement": mean.measures.agreement.value}
        for mean in _of_collective(means, shown)
        for change in CHANGES
    ]


def transfer_figure(
    means: Sequence[MeanOutcome], shown: MeanOutcome, correction: Correction
) -> Figure:
    """Return what each platform does after each surrogate's change: a matrix of transferability."""
    platforms, proxies = correction.platforms, correction.proxies
    subgroup = correction.subgroup.label
    before, after, closed = np.full((3, len(platforms), len(proxies)), math.nan)  # 3 of (p, q)
    for mean in _of_collective(means, shown):
        at, measures = (platforms.index(mean.platform), proxies.index(mean.proxy)), mean.measures
        before[at] = measures.before.accuracy_by_group[subgroup].value
        after[at] = measures.after.accuracy_by_group[subgroup].value
        if measures.before.accuracy_gap.low > 0:  # there was one to close
            closed[at] = measures.gap_closed.value
    return figures.transfer_figure(platforms, proxies, before, after, closed)


def _of_collective(means: Sequence[MeanOutcome], shown: MeanOutcome) -> list[MeanOutcome]:
    asked = (shown.members, shown.queries, shown.epsilon)
    return [one for one in means if (one.members, one.queries, one.epsilon) == asked]
