"""Figures of effective sizes and what they predict. Pure functions of plain arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.figures import style
from quorate.figures.style import Axes, Figure, Floats


@style.styled
def effective_figure(panels: Sequence[tuple[str, Floats, Floats]]) -> Figure:
    """Return effective size over size by epoch, two panels in a row.

    Each has a title, sizes (a,), and α_eff per size and epoch, (a, T).
    """
    figure, parts = style.paired_panels(len(panels), 5.9, 3.2)
    for axes, (title, alphas, effective) in zip(parts, panels, strict=True):
        _draw_effective(axes, alphas, effective)
        axes.set_title(style.wrapped(title), parse_math=False)
    return figure


def _draw_effective(axes: Axes, alphas: Floats, effective: Floats) -> None:
    """Draw one line per size, darker for larger ones, with the size at its end."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    epochs = np.arange(1, effective.shape[1] + 1)
    positive = np.flatnonzero(alphas > 0)
    shades = np.linspace(0.65, 0.0, len(positive))
    axes.axhline(1, **style.DASHED)
    for shade, number in zip(shades, positive, strict=True):
        look: Any = {"color": str(shade), "marker": style.MARKERS[number % len(style.MARKERS)]}
        axes.plot(
            epochs, effective[number] / alphas[number], markevery=max(1, len(epochs) // 10), **look
        )
        last = np.flatnonzero(~np.isnan(effective[number]))
        if len(last):
            end = (epochs[last[-1]], effective[number, last[-1]] / alphas[number])
            text: Any = {"size": 7, "va": "center", "color": look["color"]}
            style.write(axes, f"{100 * alphas[number]:.3g}%", end, (5, 0), **text)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}×"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0.5, len(epochs) * 1.12 + 0.5)
    axes.set_xlabel("epoch")
    axes.set_ylabel("α_eff / α")


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
        _draw_predictions(axes, points)
        axes.set_title(style.wrapped(title, 56), parse_math=False)
    return figure


def _draw_predictions(axes: Axes, points: Sequence[PredictedMass]) -> None:
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
