"""Figures of attribute privacy: what the platform infers, and the costs, over sizes.

Pure functions of plain arrays; shapes: a sizes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.figures import style
from quorate.figures.alpha_axis import MeasureCurve
from quorate.figures.style import Axes, Figure

TITLES = (
    "advantage of inferring the attribute",
    "useful accuracy lost",
    "AUC of membership inference",
)
Name = tuple[str, float, float, int | None]  # a label, the end of its line, and its number
LETTER = 0.1  # height of a label, as a share of the panel's


@dataclass(frozen=True, eq=False)
class StrategyCurves:
    """The curves of one strategy.

    Args:
        label: name of the strategy.
        alone: advantage over someone who does the same alone; NaN if not measured.
        advantage, lost, membership: curves of everyone, then of members.
    """

    label: str
    alone: float
    advantage: tuple[MeasureCurve, ...]
    lost: tuple[MeasureCurve, ...]
    membership: tuple[MeasureCurve, ...]


@style.styled
def privacy_figure(ways: Sequence[StrategyCurves], margin: float) -> Figure:
    """Return one row of panels per strategy: advantage, useful accuracy lost, membership AUC.

    A grey band shows the advantages within the margin: nothing is inferred.
    """
    figure = style.new_figure(9.0, 0.5 + 1.9 * len(ways))
    rows = figure.subplots(len(ways), 3, sharex=True, sharey="col", squeeze=False)
    for way, (advantage, lost, membership) in zip(ways, rows, strict=True):
        advantage.axhspan(-margin, margin, color="#dddddd", linewidth=0)
        if not math.isnan(way.alone):
            _line(advantage, way.alone, 1.2, (0, (1, 1.5)))
        _draw(advantage, way.advantage)
        _draw(lost, way.lost)
        _draw(membership, way.membership)
        _line(lost, 0, 0.8, "-")
        _line(membership, 0.5, 0.8, (0, (2, 2)))
        advantage.set_ylabel(way.label.replace("+", " +\n"), parse_math=False)
    for axes, title in zip(rows[0], TITLES, strict=True):
        axes.set_title(title)
    for axes in rows[-1]:
        axes.set_xlabel("α, fraction who act")
    figure.draw_without_rendering()  # fixes the limits, which labels need
    for way, row in zip(ways, rows, strict=True):
        for axes, curves in zip(row, (way.advantage, way.lost, way.membership), strict=True):
            named: list[Name] = [(c.label, *_end(c), n) for n, c in enumerate(curves)]
            if axes is row[0] and not math.isnan(way.alone):
                named.append(("a lone member", 1.0, way.alone, None))
            _name(axes, named)
    return figure


def _line(axes: Axes, height: float, width: float, dash: Any) -> None:
    """Draw a level over all sizes, leaving room for names."""
    axes.plot([0, 1], [height, height], color=style.GREY, linewidth=width, linestyle=dash)


def _draw(axes: Axes, curves: Sequence[MeasureCurve]) -> None:
    for number, curve in enumerate(curves):
        shade = style.colour(number)
        axes.fill_between(curve.alphas, *curve.values[1:], color=shade, alpha=0.15, linewidth=0)
        axes.plot(
            curve.alphas, curve.values[0], linestyle=style.dashes(number), **style.look(number)
        )
    if all(np.isnan(curve.values[0]).all() for curve in curves):
        middle: Any = {"size": 7, "ha": "center", "color": style.GREY}
        style.write(axes, "not measured", (0.33, 0.6), (0, 0), "axes fraction", **middle)
    axes.set_xlim(-0.03, 1.5)  # room for the names
    style.set_ticks(axes.xaxis, [0, 0.25, 0.5, 0.75, 1], style.percent_of)


def _end(curve: MeasureCurve) -> tuple[float, float]:
    """Return the last measured point; NaN if there is none."""
    measured = np.flatnonzero(~np.isnan(curve.values[0]))
    if not len(measured):
        return math.nan, math.nan
    return float(curve.alphas[measured[-1]]), float(curve.values[0][measured[-1]])


def _name(axes: Axes, named: Sequence[Name]) -> None:
    """Write names beside the ends of lines, without overlap."""
    bottom, top = axes.get_ylim()
    apart = LETTER * (top - bottom)
    shown = sorted((one for one in named if not math.isnan(one[2])), key=lambda one: one[2])
    heights: list[float] = []
    for _, _, height, _ in shown:
        heights.append(max(height, heights[-1] + apart) if heights else max(height, bottom))
    over = max(0.0, heights[-1] - top) if heights else 0.0
    for (label, at, _, number), height in zip(shown, heights, strict=True):
        shade = style.GREY if number is None else style.ink(number)
        beside: Any = {"size": 7, "va": "center", "annotation_clip": False}
        style.write(axes, label, (max(at, 1.0), height - over), (3, 0), color=shade, **beside)
