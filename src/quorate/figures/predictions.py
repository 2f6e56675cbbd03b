"""The figure of predicted critical masses against measured ones. Pure functions of plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quorate.figures.style import GREY, MARKERS, STYLE, colour, ink, percent_of, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class PredictedMass:
    """One critical mass of a family of learners, measured, and predicted in two ways; not NaN."""

    family: str
    measured: float
    by_effective: float
    by_alpha: float


def predictions_figure(worlds: Mapping[str, Sequence[PredictedMass]]) -> Figure:
    """Return predicted against measured critical masses, a panel a world; two panels a row."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        columns = min(2, max(1, len(worlds)))
        rows = max(1, math.ceil(len(worlds) / columns))
        figure = Figure(figsize=(4.2 * columns + 0.4, 3.9 * rows))
        parts = figure.subplots(rows, columns, squeeze=False).flat
        for axes, (title, points) in zip(parts, worlds.items(), strict=False):
            _draw(axes, points)
            axes.set_title(wrapped(title, 56), parse_math=False)
        for axes in list(parts)[len(worlds) :]:
            axes.set_visible(False)
        return figure


def _draw(axes: Axes, points: Sequence[PredictedMass]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    known = [
        value
        for point in points
        for value in (point.measured, point.by_effective, point.by_alpha)
        if not math.isnan(value)
    ]
    ends = [min(known) / 1.3, max(known) * 1.3]
    axes.plot(ends, ends, color=GREY, linewidth=0.8, linestyle=(0, (4, 2)))
    families = list(dict.fromkeys(point.family for point in points))
    for number, family in enumerate(families):
        marker = MARKERS[number % len(MARKERS)]
        look: Any = {"linestyle": "", "marker": marker, "color": colour(number)}
        some = [point for point in points if point.family == family]
        measured = [point.measured for point in some]
        by_alpha = [point.by_alpha for point in some]
        by_effective = [point.by_effective for point in some]
        axes.plot(measured, by_alpha, markerfacecolor="white", **look)
        axes.plot(measured, by_effective, label=family, **look)
    axes.legend(fontsize=7.5, frameon=False, labelcolor=[ink(i) for i in range(len(families))])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: percent_of(value)))
    axes.set_xlabel("measured α*")
    axes.set_ylabel("predicted: filled by α_eff, hollow by α")
