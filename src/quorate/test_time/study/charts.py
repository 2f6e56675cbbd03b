"""The charts of a correction, and the numbers that each is drawn from, one row a point."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from quorate.figures import correction as figures
from quorate.figures.correction import AccuracyMark, GapCurve, TransferMatrix
from quorate.intervals import Estimate
from quorate.runs.result import Row
from quorate.test_time.study import effects, wording
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.effects import FREE, PER_CLASS
from quorate.test_time.study.means import MeanOutcome
from quorate.test_time.study.measures import UNDEFINED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Of = Callable[[MeanOutcome], Estimate]
LEAST_GAP = 0.05  # of accuracy: the share closed of a smaller one says next to nothing


def per_class(mean: MeanOutcome) -> Estimate:
    """Return the gap closed by the change of each class; undefined where there is none."""
    return mean.measures.gap_closed if mean.has_per_class else UNDEFINED


def label_free(mean: MeanOutcome) -> Estimate:
    """Return the gap closed by the best change that is the same for everyone."""
    best = mean.measures.best_label_free
    return UNDEFINED if best is None else best.gap_closed


CHANGES: dict[str, Of] = {FREE: label_free, PER_CLASS: per_class}  # in this order
TITLES = {FREE: "the same change for everyone", PER_CLASS: "a change for each class"}


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
    first, beside = FREE, PER_CLASS
    if math.isnan(label_free(shown).value) and not math.isnan(per_class(shown).value):
        first, beside = PER_CLASS, FREE
    panels = []
    for epsilon, same in _by_budget(means, shown):
        curves = []
        for each in dict.fromkeys(one.queries for one in same):
            label = f"{first}, {wording.counted(each, 'query')} a member"
            curves.append(_curve([one for one in same if one.queries == each], label, first))
        most = [one for one in same if one.queries == shown.queries]
        if not all(math.isnan(CHANGES[beside](one).value) for one in most):
            label = f"{beside}, {wording.counted(shown.queries, 'query')} a member"
            curves.append(_curve(most, label, beside, aside=True))
        panels.append((wording.at_most(epsilon, norm), curves))
    return figures.gap_figure(panels)


def equal_queries_rows(means: Sequence[MeanOutcome], shown: MeanOutcome) -> list[Row]:
    """Return gap closed by the label-free change of each way of search, on the platform shown."""
    return [
        _gap_row(one, FREE)
        for _, ways in _by_way(means, shown)
        for same in ways.values()
        for one in same
    ]


def equal_queries_figure(means: Sequence[MeanOutcome], shown: MeanOutcome, norm: str) -> Figure:
    """Return the same as a picture, a panel for each budget: which way wins at equal queries."""
    panels = []
    for epsilon, ways in _by_way(means, shown):
        curves = [
            replace(
                _curve(same, _way_in_words(proxy), FREE, proxy == wording.ITSELF),
                pooled=np.array([_budget_of_all(one) for one in _by_size(same)]),
            )
            for proxy, same in ways.items()
        ]
        panels.append((wording.at_most(epsilon, norm), curves))
    return figures.equal_queries_figure(panels)


def _budget_of_all(mean: MeanOutcome) -> float:
    """Return how many queries the members have together; 0 where none is asked."""
    return float(mean.members * mean.queries if mean.pooled else 0)


def _by_size(means: Sequence[MeanOutcome]) -> list[MeanOutcome]:
    return sorted(means, key=lambda one: (one.pooled, one.members))


def _way_in_words(proxy: str) -> str:
    if wording.searches(proxy) or proxy == wording.ITSELF:
        return f"by {wording.way(proxy)}"
    return f"with a proxy: {proxy}"


def _by_way(
    means: Sequence[MeanOutcome], shown: MeanOutcome
) -> list[tuple[float, dict[str, list[MeanOutcome]]]]:
    """Return what each surrogate, or each way without one, did on the platform shown, by ε."""
    same = [one for one in means if one.platform == shown.platform]
    found: dict[float, dict[str, list[MeanOutcome]]] = {}
    for one in same:
        found.setdefault(one.epsilon, {}).setdefault(one.proxy, []).append(one)
    return list(found.items())


def _by_budget(
    means: Sequence[MeanOutcome], shown: MeanOutcome
) -> list[tuple[float, list[MeanOutcome]]]:
    """Return the collectives of the platform and surrogate shown, by ε."""
    same = [one for one in means if (one.platform, one.proxy) == (shown.platform, shown.proxy)]
    budgets = dict.fromkeys(one.epsilon for one in same)
    return [(epsilon, [one for one in same if one.epsilon == epsilon]) for epsilon in budgets]


def _curve(means: Sequence[MeanOutcome], label: str, change: str, aside: bool = False) -> GapCurve:
    of = CHANGES[change]
    means = _by_size(means)

    def over(values: Callable[[MeanOutcome], float]) -> npt.NDArray[np.float64]:
        return np.array([float(values(one)) for one in means])

    return GapCurve(
        label,
        members=over(lambda one: one.members),
        pooled=over(lambda one: one.pooled),
        value=over(lambda one: of(one).value),
        low=over(lambda one: of(one).low),
        high=over(lambda one: of(one).high),
        aside=aside,
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
    per_class = _per_class_marks(mean, subgroup) if mean.has_per_class else []
    sections = [
        (f"{subgroup}, the same change for everyone", _free_marks(mean, subgroup)),
        ("everyone, with a change for each class", per_class),
        (f"{subgroup}, how much is real", _control_marks(mean, subgroup)),
    ]
    for change in CHANGES:
        marks = [
            _mark(name, one.after, one.before.value, "free" if change == FREE else "accuracy")
            for name, one in effects.adapted_by(mean, change).items()
        ]
        sections.append((f"{subgroup}, platforms that adapt, {change}", marks))
    return [(heading, marks) for heading, marks in sections if marks]


def _free_marks(mean: MeanOutcome, subgroup: str) -> list[AccuracyMark]:
    measures = mean.measures
    was = measures.before.accuracy_by_group[subgroup].value
    marks = [
        _mark(f"label-free {family}", one.accuracy, was, "free")
        for family, one in measures.label_free.items()
    ]
    best = measures.best_label_free
    if best is not None and best.outside is not None:
        others = measures.outside.accuracy.value
        marks.append(_mark("others, had they used it", best.outside, others, "control"))
    return marks


def _per_class_marks(mean: MeanOutcome, subgroup: str) -> list[AccuracyMark]:
    """Return the subgroup first, then the other groups."""
    before, after = (one.accuracy_by_group for one in (mean.measures.before, mean.measures.after))
    groups = [subgroup, *(group for group in after if group != subgroup)]
    return [_mark(group, after[group], before[group].value) for group in groups]


def _control_marks(mean: MeanOutcome, subgroup: str) -> list[AccuracyMark]:
    measures, controls = mean.measures, mean.measures.controls
    was = measures.before.accuracy_by_group[subgroup].value
    marks = []
    if measures.own_classifier is not None:
        marks.append(_mark("members' own classifier", measures.own_classifier, kind="control"))
    if mean.has_per_class:
        marks += [
            _mark("change of a wrong class", controls.wrong_class, was, "control"),
            _mark("random signs", controls.random_sign, was, "control"),
            _mark("force rate: the class is told", controls.force_rate, kind="force"),
        ]
    return marks


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
    same = _of_collective(means, shown)
    matrices = [_matrix(same, change, correction) for change in CHANGES]
    some = [one for one in matrices if not np.isnan(one.after).all()]
    return figures.transfer_figure(platforms, proxies, some or matrices[:1])


def _matrix(means: Sequence[MeanOutcome], change: str, correction: Correction) -> TransferMatrix:
    """Return the accuracies of the subgroup under a change, by platform and by surrogate."""
    platforms, proxies = correction.platforms, correction.proxies
    subgroup = correction.subgroup.label
    before, after, closed = np.full((3, len(platforms), len(proxies)), math.nan)  # 3 of (p, q)
    for mean in means:
        at, measures = (platforms.index(mean.platform), proxies.index(mean.proxy)), mean.measures
        accuracy = _accuracy_under(mean, change, subgroup)
        before[at] = measures.before.accuracy_by_group[subgroup].value
        after[at] = accuracy
        gap = measures.before.accuracy_gap
        if gap.low > 0 and gap.value >= LEAST_GAP:
            closed[at] = CHANGES[change](mean).value
    return TransferMatrix(TITLES[change], before, after, closed)


def _accuracy_under(mean: MeanOutcome, change: str, subgroup: str) -> float:
    best = mean.measures.best_label_free
    if change == FREE:
        return math.nan if best is None else best.accuracy.value
    return mean.measures.after.accuracy_by_group[subgroup].value if mean.has_per_class else math.nan


def _of_collective(means: Sequence[MeanOutcome], shown: MeanOutcome) -> list[MeanOutcome]:
    asked = (shown.members, shown.queries, shown.epsilon)
    return [one for one in means if (one.members, one.queries, one.epsilon) == asked]
