"""The figure of predicted critical masses against measured ones. Pure functions of plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quorate.figures import style
from quorate.figures.style import Axes, Figure


@dataclass(frozen=True)
class PredictedMass:
    """One critical mass of a family of learners, measured, and predicted in two ways; not NaN."""

    family: str
    measured: float
    by_effective: float
    by_alpha: float


@style.styled
def predictions_figure(worlds: Mapping[str, Sequence[PredictedMass]]) -> Figure:
    """Return predicted against measured critical masses, a panel a world; two panels a row."""
    figure, parts = style.paired_panels(len(worlds), 4.2, 3.9)
    for axes, (title, points) in zip(parts, worlds.items(), strict=True):
        _draw(axes, points)
        axes.set_title(style.wrapped(title, 56), parse_math=False)
    return figure


def _draw(axes: Axes, points: Sequence[PredictedMass]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    given = [v for p in points for v in (p.measured, p.by_effective, p.by_alpha)]
    known = [value for value in given if not math.isnan(value)]
    ends = [min(known) / 1.3, max(known) * 1.3]
    axes.plot(ends, ends, color=style.GREY, linewidth=0.8, linestyle=(0, (4, 2)))
    families = list(dict.fromkeys(point.family for point in points))
    for number, family in enumerate(families):
        some = [point for point in points if point.family == family]
        measured = [point.measured for point in some]
        dots: Any = {"linestyle": "", **style.look(number)}
        axes.plot(measured, [point.by_alpha for point in some], markerfacecolor="white", **dots)
        axes.plot(measured, [point.by_effective for point in some], label=family, **dots)
    axes.legend(
        fontsize=7.5, frameon=False, labelcolor=[style.ink(i) for i in range(len(families))]
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: style.percent_of(value)))
    axes.set_xlabel("measured α*")
    axes.set_ylabel("predicted: filled by α_eff, hollow by α")
