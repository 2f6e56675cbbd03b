"""Figures of several collectives: success over two sizes. Pure functions of plain arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.figures import style
from quorate.figures.style import Axes, Figure, Floats

Ends = tuple[float, float, float]  # an estimate, and the ends of its interval
DARK = 0.6  # success from which letters on the cell are white
LEVELS = ((0.5, (0, (1, 1))), (0.9, "-"))  # of success, and the dashes of the line there


@dataclass(frozen=True, eq=False)
class SuccessSurface:
    """Success of one collective at every pair of sizes.

    Args:
        title: name of the collective.
        success: S by α₁, by α₂, (a, a); NaN where nothing was measured.
        predicted: S that theory predicts, (a, a); None where it predicts nothing.
        sure: S that it can be sure of without knowing what others plan, (a, a); None if unknown.
    """

    title: str
    success: Floats
    predicted: Floats | None = None
    sure: Floats | None = None


@style.styled
def surfaces_figure(
    title: str, surfaces: Sequence[SuccessSurface], sizes: Sequence[float]
) -> Figure:
    """Return success as shades with numbers, one panel a collective.

    Lines stand where success is .5 (dotted) and .9, a dashed one around the cells where theory
    predicts half or more, and one of dots around those where half or more is sure.
    """
    side = max(0.44 * len(sizes), 1.5)  # the name of an axis is as long
    wide = max(side + 1.1, 2.6)  # of a panel with its numbers: a title needs room
    titles = [style.wrapped(one.title, min(40, int(13 * (wide - 0.8)))) for one in surfaces]
    tall = side + 1.35 + 0.15 * max(1 + one.count("\n") for one in titles)
    figure = style.new_figure(wide * len(surfaces), tall)
    above = style.wrapped(title, 40 * len(surfaces))
    figure.suptitle(above, fontsize=10, x=0.01, ha="left", parse_math=False)
    (parts,) = figure.subplots(1, len(surfaces), squeeze=False)
    for axes, surface, named in zip(parts, surfaces, titles, strict=True):
        _draw_surface(axes, surface, sizes)
        axes.set_title(named, parse_math=False, fontsize=8)
    return figure


def _draw_surface(axes: Axes, surface: SuccessSurface, sizes: Sequence[float]) -> None:
    places = np.arange(len(sizes))
    success = surface.success
    image = axes.imshow(success, origin="lower", cmap="Blues", vmin=0, vmax=1.15, aspect="equal")
    shades = np.asarray(image.to_rgba(success))  # (a, a, 4)
    for (i, j), value in np.ndenumerate(success):
        said = "–" if math.isnan(value) else f"{value:.2f}".removeprefix("0")
        shade = "white" if value >= DARK else "black"
        behind: Any = {"facecolor": tuple(shades[i, j]), "edgecolor": "none", "pad": 0.5}
        middle: Any = {"ha": "center", "va": "center", "fontsize": 8, "zorder": 4}
        axes.text(j, i, said, color=shade, bbox=behind, **middle)
    if min(success.shape) > 1 and not np.isnan(success).any():
        for level, dash in LEVELS:
            if success.min() < level < success.max():
                line: Any = {"colors": "black", "linewidths": 1.1, "linestyles": [dash]}
                axes.contour(places, places, success, [level], **line)
    if surface.predicted is not None:
        _outline(axes, surface.predicted >= 0.5, 1, (0, (3, 1.2)))
    if surface.sure is not None:
        _outline(axes, surface.sure >= 0.5, 2, (0, (0.8, 0.8)))
    axes.set_xticks(places, [style.percent_of(size) for size in sizes])
    axes.set_yticks(places, [style.percent_of(size) for size in sizes])
    axes.set_xlabel("size of collective 2, α₂")
    axes.set_ylabel("size of collective 1, α₁")
    axes.grid(visible=False)


def _outline(axes: Axes, inside: Any, number: int, dashes: Any) -> None:
    """Draw the edges between cells that are inside and cells that are not."""
    line: Any = {"color": style.COLOURS[number], "linewidth": 2.2, "linestyle": dashes}
    rows, columns = inside.shape
    for i in range(rows):
        for j in range(columns):
            if i + 1 < rows and inside[i, j] != inside[i + 1, j]:
                axes.plot([j - 0.5, j + 0.5], [i + 0.5, i + 0.5], **line)
            if j + 1 < columns and inside[i, j] != inside[i, j + 1]:
                axes.plot([j + 0.5, j + 0.5], [i - 0.5, i + 0.5], **line)


@style.styled
def masses_figure(
    lines: Sequence[tuple[str, Sequence[Ends]]], sizes: Sequence[float], target: float
) -> Figure:
    """Return the critical mass of one collective against the size of the other.

    Args:
        lines: name of each case, and at each size the estimate and the ends of its interval:
            infinite where never reached, NaN where not measured.
        sizes: sizes of the other collective, (a,).
        target: S*.
    """
    from matplotlib.lines import Line2D

    figure = style.new_figure(7.4, 3.2)
    axes = figure.subplots()
    edge = 1.12 * max(sizes) or 1.0
    for number, (_, masses) in enumerate(lines):
        _draw_masses(axes, number, len(lines), masses, edge)
    axes.axhline(edge, color=style.GREY, linewidth=0.6)
    ticks = [tick for tick in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5) if tick < 0.97 * edge]
    axes.set_yticks([*ticks, edge], [*map(style.percent_of, ticks), "not reached"])
    axes.set_ylim(0, 1.08 * edge)
    axes.set_xticks(range(len(sizes)), [style.percent_of(size) for size in sizes])
    axes.set_xlabel("size of collective 2, α₂")
    axes.set_ylabel(f"critical mass of collective 1 (S* = {target:g})")
    handles = [
        Line2D([], [], linestyle=style.dashes(n), **style.look(n)) for n in range(len(lines))
    ]
    names = [style.wrapped(name, 32) for name, _ in lines]
    beside: Any = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
    legend = axes.legend(handles, names, fontsize=8, frameon=False, **beside)
    style.take_literally(legend.get_texts())
    return figure


def _draw_masses(axes: Axes, number: int, of: int, masses: Sequence[Ends], edge: float) -> None:
    """Draw one line with its intervals, beside those of the other lines."""
    at = np.arange(len(masses)) + 0.12 * (number - (of - 1) / 2)
    values = np.array(masses, dtype=np.float64).clip(max=edge)  # (a, 3)
    axes.plot(at, values[:, 0], linestyle=style.dashes(number), **style.look(number))
    axes.vlines(at, values[:, 1], values[:, 2], linewidth=3, alpha=0.3, color=style.colour(number))
