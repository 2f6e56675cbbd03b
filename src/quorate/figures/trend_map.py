"""One map of several trends: rows are trends, columns the places along them. Plain data in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quorate.figures import style
from quorate.figures.style import Axes, Figure

WIDEST = 4.0  # the factor from which on colours are at their strongest
MARKS = {1: "▲", -1: "▼", 0: ""}
CELL, ROW, NAMES = 0.82, 0.52, 1.9  # inches
ROW_WIDTH = 28  # characters of a row's name per line


@dataclass(frozen=True)
class MapCell:
    """What was measured at one place of one trend.

    Args:
        mass: α*, a fraction; NaN if not measured.
        accuracy: on honest people, in [0, 1]; NaN if not measured.
        bound: "≤" or "≥" where some seeds lie past the sizes measured, else empty.
        step: 1 if α* is surely larger than at the place before, −1 if surely smaller, else 0.
    """

    mass: float
    accuracy: float
    step: int = 0
    bound: str = ""


@style.styled
def trend_map_figure(
    places: Sequence[str], rows: Sequence[tuple[str, Sequence[MapCell]]], target: float
) -> Figure:
    """Return α* at each place of each trend, coloured by its ratio to that at the first place.

    A triangle between two cells says that α* is larger, or smaller, than at the place before.
    Honest accuracy stands in small print.

    Args:
        places: what the columns are called.
        rows: what each trend is called, and its cells.
        target: S*.
    """
    figure = style.new_figure(NAMES + CELL * len(places), 0.75 + ROW * len(rows))
    axes = figure.subplots()
    for down, (_, cells) in enumerate(rows):
        for across, cell in enumerate(cells):
            _draw(axes, across, down, cell, cells[0].mass)
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xticks(range(len(places)), places, parse_math=False)
    names = [style.wrapped(name, ROW_WIDTH) for name, _ in rows]
    axes.set_yticks(range(len(rows)), names, parse_math=False)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.set_frame_on(False)
    axes.set_xlabel(f"critical mass α* (S* = {target:g}); in small print, honest accuracy")
    return figure


def _draw(axes: Axes, across: int, down: int, cell: MapCell, first: float) -> None:
    from matplotlib.patches import Rectangle

    ratio = _log_ratio(cell.mass, first)
    axes.add_patch(
        Rectangle((across - 0.48, down - 0.46), 0.96, 0.92, color=_colour(ratio), linewidth=0)
    )
    said = "–" if math.isnan(cell.mass) else f"{cell.bound} {100 * cell.mass:.2g}%".strip()
    middle: Any = {"ha": "center", "va": "center"}
    style.write(axes, said, (across, down - 0.14), size=8.5, **middle)
    if not math.isnan(cell.accuracy):
        small = f"{cell.accuracy:.2f}".removeprefix("0")
        style.write(axes, small, (across, down + 0.26), size=6.5, color=style.GREY, **middle)
    if cell.step:
        style.write(axes, MARKS[cell.step], (across - 0.5, down), size=8, **middle)


def _log_ratio(mass: float, first: float) -> float:
    """Return log(α*/α* at the first place) in units of the widest factor, in [−1, 1]."""
    if math.isnan(mass) or math.isnan(first):
        return 0.0
    return max(-1.0, min(1.0, math.log(mass / first) / math.log(WIDEST)))


def _colour(ratio: float) -> tuple[float, float, float]:
    """Return white for no change, the more orange the more members are asked for, else blue."""
    from matplotlib.colors import to_rgb

    end = to_rgb(style.COLOURS[1] if ratio > 0 else style.COLOURS[0])
    strength = 0.65 * abs(ratio)
    red, green, blue = (1 - strength * (1 - part) for part in end)
    return red, green, blue
