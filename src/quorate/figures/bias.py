"""Figures of how platforms treat groups: a panel per platform, a line per strategy.

Pure functions of plain arrays; shapes: p places on the horizontal axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.figures import style
from quorate.figures.alpha_axis import Band
from quorate.figures.style import Axes, Figure, Floats

ACROSS = 3  # largest number of panels in a row
LETTERS = 6.5  # points: font size of labels
LINES_APART = 1.25  # font heights from one label to the next


@dataclass(frozen=True, eq=False)
class StrategyLine:
    """One strategy's line: its name, and a measure with its interval, (p,) each."""

    label: str
    number: int
    values: Band


@dataclass(frozen=True, eq=False)
class MeasureLines:
    """The lines of one measure on one platform, and levels that do not depend on the axis."""

    ways: Sequence[StrategyLine]
    levels: Sequence[tuple[str, float]]


@dataclass(frozen=True, eq=False)
class PlatformPanel:
    """One platform's panel: its title, and its measures from the top down."""

    title: str
    measures: Sequence[MeasureLines]


@dataclass(frozen=True)
class CategoryAxis:
    """The horizontal axis: its label, and the places and labels of its ticks."""

    label: str
    places: Sequence[float]
    ticks: Sequence[str]

    @property
    def width(self) -> float:
        """How far apart its ends are; 1 where there is one place alone."""
        return max(self.places) - min(self.places) or 1


@style.styled
def platforms_figure(
    platforms: Sequence[PlatformPanel], names: Sequence[str], axis: CategoryAxis
) -> Figure:
    """Return one panel per platform, up to three in a row, with measures from the top down."""
    rows = math.ceil(len(platforms) / ACROSS)
    columns = math.ceil(len(platforms) / rows)
    heights = [2.6, *[1.5] * (len(names) - 1)]
    figure = style.new_figure(3.7 * columns, (sum(heights) + 0.5) * rows)
    parts = figure.subfigures(rows, columns, squeeze=False).flat
    drawn = []
    for part, platform in zip(parts, platforms, strict=False):
        axes = part.subplots(len(names), 1, sharex=True, squeeze=False, height_ratios=heights)
        axes[0, 0].set_title(style.wrapped(platform.title, 48), parse_math=False)
        for one, measured, name in zip(axes[:, 0], platform.measures, names, strict=True):
            _draw(one, measured, axis, bottom=0.0 if one is axes[0, 0] else None)
            one.set_ylabel(name)
            drawn.append((one, measured))
        axes[-1, 0].set_xlabel(axis.label)
    figure.draw_without_rendering()  # fixes all positions, which labels need
    for one, measured in drawn:
        _label(one, measured, axis)
    return figure


def _draw(axes: Axes, measured: MeasureLines, axis: CategoryAxis, bottom: float | None) -> None:
    for way in measured.ways:
        mean, low, high = way.values
        low, high = np.maximum(low, 0), np.minimum(high, 1)  # rates
        shade = style.colour(way.number)
        axes.fill_between(axis.places, low, high, color=shade, alpha=0.1, linewidth=0)
        axes.plot(axis.places, mean, linestyle=style.dashes(way.number), **style.look(way.number))
    for number, (_, level) in enumerate(measured.levels):
        dash: Any = (0, (2 + 3 * number, 2))
        ends = [min(axis.places), max(axis.places)]
        axes.plot(ends, [level] * 2, color=style.GREY, linewidth=0.9, linestyle=dash)
    axes.set_xticks(list(axis.places), list(axis.ticks), fontsize=7)
    axes.set_xlim(min(axis.places) - 0.03 * axis.width, max(axis.places) + 0.52 * axis.width)
    least, most = _span(measured)
    room = most - least
    axes.set_ylim(least - 0.15 * room if bottom is None else bottom, most + 0.2 * room)


def _span(measured: MeasureLines) -> tuple[float, float]:
    """Return the lowest and highest mean or level; bands of few seeds may leave the panel."""
    means = [way.values[0] for way in measured.ways]
    values = np.concatenate([*means, np.array([level for _, level in measured.levels])])
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return low, max(high, low + 0.01)


def _label(axes: Axes, measured: MeasureLines, axis: CategoryAxis) -> None:
    """Write each name to the right of its line's end, as near as other names allow."""
    low, high = axes.get_ylim()
    apart = (high - low) * LETTERS * LINES_APART / (72 * axes.bbox.height / axes.figure.dpi)
    ends: list[tuple[float, str, Any]] = []
    for way in measured.ways:
        said = np.flatnonzero(~np.isnan(way.values[0]))
        if len(said):
            ends.append((float(way.values[0][said[-1]]), way.label, style.ink(way.number)))
    ends += [(at, label, "#333333") for label, at in measured.levels if not math.isnan(at)]
    ends.sort(key=lambda end: end[0])
    places = spread(np.array([end[0] for end in ends]), apart, low + apart / 2, high - apart / 2)
    right, room = max(axis.places), 0.06 * axis.width
    for (value, text, shade), place in zip(ends, places, strict=True):
        line: Any = {"color": shade, "linewidth": 0.5, "clip_on": False}
        axes.plot([right, right + room], [value, place], **line)
        font: Any = {"color": shade, "fontsize": LETTERS, "va": "center", "parse_math": False}
        axes.text(right + 1.2 * room, place, text, **font)


def spread(values: Floats, apart: float, low: float, high: float) -> Floats:
    """Return places near sorted values, at least ``apart`` from each other, within limits.

    >>> spread(np.array([0.0, 0.1, 2.0]), 1.0, 0.0, 10.0)
    array([0., 1., 2.])
    """
    places = np.array(values, dtype=np.float64)
    for at in range(len(places)):
        places[at] = max(places[at], low if at == 0 else places[at - 1] + apart)
    for at in range(len(places) - 1, -1, -1):
        places[at] = min(places[at], high if at == len(places) - 1 else places[at + 1] - apart)
    return places
