"""How the critical mass moves along curves that a claim names, as pictures."""

from __future__ import annotations

from collections.abc import Iterable

from quorate.figures.finding import MassPoint, masses_over_figure
from quorate.findings.judging import Statement
from quorate.findings.measures import CurveMeasures, Selection
from quorate.runs.result import Picture

CAPTION = (
    "The critical mass α* along the curves that the claim names, with its 95% interval, below the "
    "honest accuracy of each. An arrow says that some or all seeds never reach the target."
)


def draw_trends(statements: Iterable[Statement], measures: CurveMeasures) -> dict[str, Picture]:
    """Return a picture of each trend of α* that is claimed: trend, or trend_1 and so on."""
    trends = [
        (one.expectation.along, one.expectation.target or measures.curves.target)
        for one in statements
        if one.expectation.measure == "critical-mass" and one.expectation.along
    ]
    figures = [
        masses_over_figure("", [_point(measures, of, target) for of in along], target)
        for along, target in trends
    ]
    return {
        "trend" if len(figures) == 1 else f"trend_{number}": Picture(figure, CAPTION)
        for number, figure in enumerate(figures, start=1)
    }


def _point(measures: CurveMeasures, of: Selection, target: float) -> MassPoint:
    """Return the critical mass of a curve and the platform's honest accuracy."""
    curve = measures.curve(of)
    name = of if isinstance(of, str) else next(iter(of))
    return MassPoint(name, curve.critical_mass(target), float(curve.means()[1][0]))
