"""Figures of findings: critical mass against a parameter. Pure functions of plain arrays."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quorate.figures import style
from quorate.figures.curves import MassInterval
from quorate.figures.style import Axes, Figure

INK = "#0072B2"
ROOM = 2.0  # factor by which the axis extends beyond the data
NAME_WIDTH = 9  # characters of a value's name per line
FEW = 3  # powers of ten; with fewer, 2 and 5 are ticks too


@dataclass(frozen=True)
class MassPoint:
    """The critical mass and the platform's accuracy at one value of a parameter.

    Args:
        value: value of the parameter, as text.
        mass: estimate and interval, fractions; infinite if not reached, NaN if not measured.
        accuracy: on honest people, in [0, 1]; NaN if not measured.
    """

    value: str
    mass: MassInterval
    accuracy: float


@style.styled
def masses_over_figure(parameter: str, points: Sequence[MassPoint], target: float) -> Figure:
    """Return α* with its interval at each value of a parameter, with honest accuracy above.

    Accuracy that is not known is left out. Points stand at equal distances. An arrow says that some
    or all seeds never reach the target.
    """
    figure = style.new_figure(1.3 + 0.62 * max(len(points), 3), 2.7)
    axes = figure.subplots()
    floor, edge = _ends(points)
    means = [one.mass.estimate for one in points]
    estimates = [max(mean, floor) if math.isfinite(mean) else math.nan for mean in means]
    axes.plot(range(len(points)), estimates, **style.DASHED)
    for place, one in enumerate(points):
        _draw(axes, place, one.mass, floor, edge)
        said = "" if math.isnan(one.accuracy) else f"{one.accuracy:.2f}".removeprefix("0")
        _say(axes, place, said, "black")
    if any(not math.isnan(one.accuracy) for one in points):
        _say(axes, -0.75, "accuracy", style.GREY)
    names = [textwrap.fill(one.value, NAME_WIDTH) for one in points]
    axes.set_xticks(range(len(points)), names, parse_math=False)
    axes.set_xlim(-0.75, len(points) - 0.5)
    axes.grid(visible=False, axis="x")
    _percent_axis(axes, floor, edge, any(one.mass.low == 0 for one in points))
    axes.set_xlabel(parameter, parse_math=False)
    axes.set_ylabel(f"critical mass α* (S* = {target:g})")
    return figure


def _ends(points: Sequence[MassPoint]) -> tuple[float, float]:
    """Return the places of α = 0 and of "not reached" on the log axis."""
    ends = [end for one in points for end in (one.mass.low, one.mass.estimate, one.mass.high)]
    known = [end for end in ends if 0 < end < math.inf] or [0.01]
    return min(known) / ROOM, max(known) * ROOM


def _draw(axes: Axes, place: int, mass: MassInterval, floor: float, edge: float) -> None:
    if math.isnan(mass.estimate):
        middle: Any = {"ha": "center", "va": "center", "color": style.GREY}
        style.write(axes, "not\nmeasured", (place, 0.5), (0, 0), style.AT_TOP, 7, **middle)
        return
    low, high = (min(max(end, floor), edge) for end in (mass.low, mass.high))
    axes.plot([place, place], [low, high], color=INK, linewidth=3, alpha=0.35)
    if math.isinf(mass.high):
        axes.plot([place], [edge], color=INK, marker="^", clip_on=False)
    if math.isfinite(mass.estimate):
        axes.plot([place], [max(mass.estimate, floor)], color=INK, marker="o", markersize=6)


def _say(axes: Axes, place: float, text: str, colour: str) -> None:
    """Write small text above the picture."""
    side = "right" if place < 0 else "center"
    style.write(axes, text, (place, 1), (0, 5), style.AT_TOP, 7, ha=side, color=colour)


def _percent_axis(axes: Axes, floor: float, edge: float, from_zero: bool) -> None:
    """Make the α axis logarithmic, with a separate place for α = 0 if needed."""
    first, last = floor * ROOM / 1.01, edge * 1.01 / ROOM
    decades = range(math.floor(math.log10(first)), math.ceil(math.log10(last)) + 1)
    ticks = [10.0**power for power in decades if first / ROOM < 10.0**power < last * ROOM]
    if len(ticks) < FEW:
        ticks = [step * 10.0**power for power in decades for step in (1, 2, 5)]
    ticks = [tick for tick in ticks if first / (1 if from_zero else ROOM) < tick < last * ROOM]
    axes.set_yscale("log")
    ticks = [floor, *ticks] if from_zero else ticks
    style.set_ticks(
        axes.yaxis, ticks, lambda v: "0" if from_zero and v <= floor else style.percent_of(v)
    )
    axes.set_ylim(floor / 1.2, edge * 1.2)
