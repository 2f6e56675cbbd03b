"""How the critical mass moves along curves that a claim names, as pictures."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quorate.figures.finding import MassPoint, masses_over_figure
from quorate.figures.trend_map import MapCell, trend_map_figure
from quorate.findings.expectation import Expectation
from quorate.findings.judging import Statement
from quorate.findings.measures import CurveMeasures, Selection
from quorate.findings.samples import Sample, combined
from quorate.runs.result import Picture

if TYPE_CHECKING:
    from quorate.figures.style import Figure

CAPTION = (
    "The critical mass α* along the curves that the claim names, with its 95% interval, below the "
    "honest accuracy of each. An arrow says that some or all seeds never reach the target."
)
MAP_CAPTION = (
    "The critical mass α* along each trend that the claim names, interpolated between measured "
    "sizes for each seed, with the honest accuracy in small print. Orange: more members are needed "
    "than at the first place of the row; blue: fewer. ▲ and ▼: more, or fewer, than at the place "
    "before, at 95% over all steps of the row together; no mark where that is open."
)
FEWEST = 3  # trends that are drawn as one map
COMMA = ", "  # before it the place, after it the row: "C = 1, tuned"


@dataclass(frozen=True)
class Trend:
    """A trend of α* that is claimed, and how it is to be called.

    Args:
        along: its curves.
        target: S*.
        name: of its row in a map.
    """

    along: tuple[Selection, ...]
    target: float
    name: str

    @property
    def places(self) -> tuple[str, ...]:
        """What its places are called: the names of its curves up to the first comma."""
        return tuple(_called(of).split(COMMA)[0] for of in self.along)


def draw_trends(statements: Iterable[Statement], measures: CurveMeasures) -> dict[str, Picture]:
    """Return a picture of each trend of α* that is claimed: trend, or trend_1 and so on.

    Three trends or more along the same places are one picture: trend_map.
    """
    trends = _trends([one.expectation for one in statements], measures)
    mapped = _mapped(trends)
    pictures = {}
    if mapped:
        pictures["trend_map"] = Picture(_map(mapped, measures), MAP_CAPTION)
    alone = [one for one in trends if not _part_of(one, mapped)]
    for number, one in enumerate(alone, start=1):
        points = [_point(measures, of, one.target) for of in one.along]
        figure = masses_over_figure("", points, one.target)
        name = "trend" if len(alone) == 1 else f"trend_{number}"
        pictures[name] = Picture(figure, CAPTION)
    return pictures


def _trends(expectations: Iterable[Expectation], measures: CurveMeasures) -> list[Trend]:
    return [
        Trend(one.along, one.target or measures.curves.target, one.where or _row(one.along))
        for one in expectations
        if one.measure == "critical-mass" and one.along
    ]


def _mapped(trends: Sequence[Trend]) -> list[Trend]:
    """Return the trends of one map: those along the places that most share, if enough do."""
    places = [one.places for one in trends]
    most = max(places, key=places.count, default=())
    found: list[Trend] = []
    for one in trends:
        if one.places == most and all(one.along != other.along for other in found):
            found.append(one)
    same = len({one.target for one in found}) == 1
    return found if len(found) >= FEWEST and same else []


def _part_of(trend: Trend, mapped: Sequence[Trend]) -> bool:
    """Whether a map shows a trend: as a row, or as neighbours in one."""
    along = trend.along
    return any(
        one.along[start : start + len(along)] == along and one.target == trend.target
        for one in mapped
        for start in range(len(one.along))
    )


def _map(trends: Sequence[Trend], measures: CurveMeasures) -> Figure:
    rows = [(one.name, _cells(one, measures)) for one in trends]
    return trend_map_figure(trends[0].places, rows, trends[0].target)


def _cells(trend: Trend, measures: CurveMeasures) -> list[MapCell]:
    """Return the cells of a row, each with its step from the one before, paired by seed."""
    accuracies = [_point(measures, of, trend.target).accuracy for of in trend.along]
    samples = [measures.sample("critical-mass", of, None, trend.target) for of in trend.along]
    confidence = 1 - 0.05 / (len(samples) - 1)
    steps = [0]
    for before, after in itertools.pairwise(samples):
        found = combined([after, before], [1, -1], confidence)
        steps.append(int(found.low > 1) - int(found.high < 1))
    return [
        MapCell(_mass(one), accuracy, step, _bound(one))
        for accuracy, step, one in zip(accuracies, steps, samples, strict=True)
    ]


def _mass(sample: Sample) -> float:
    """Return the mean over seeds of each seed's own α*, which lies between measured sizes."""
    measured = sample.values[~np.isnan(sample.values)]
    return float(np.exp(measured.mean())) if len(measured) else math.nan


def _bound(sample: Sample) -> str:
    """Return ≤ or ≥ where some seeds lie past the sizes that were measured."""
    if sample.at_most is not None and sample.at_most.any():
        return "≤"
    return "≥" if sample.at_least is not None and sample.at_least.any() else ""


def _row(along: Sequence[Selection]) -> str:
    """Return what the names of a trend's curves say after the place, where most agree."""
    rests = [_called(of).partition(COMMA)[2] for of in along]
    return max(rests, key=rests.count)


def _called(of: Selection) -> str:
    return of if isinstance(of, str) else next(iter(of))


def _point(measures: CurveMeasures, of: Selection, target: float) -> MassPoint:
    """Return the critical mass of a curve and the platform's honest accuracy."""
    curve = measures.curve(of)
    return MassPoint(_called(of), curve.critical_mass(target), float(curve.means()[1][0]))
