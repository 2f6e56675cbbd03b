"""The figure of an audit: how few people move a model, by each attack and behind each defence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from quorate.figures import style
from quorate.figures.style import Figure


@dataclass(frozen=True)
class Line:
    """One collective: people with an interval; inf where not even everyone may be enough.

    Args:
        label: what it does, or what it acts against.
        estimate, low, high: people.
        is_defended: whether it acts against a defence.
    """

    label: str
    estimate: float
    low: float
    high: float
    is_defended: bool = False


@style.styled
def collectives_figure(attacks: Sequence[Line], behind: Sequence[Line], size: int) -> Figure:
    """Return one line a collective on a logarithmic axis of people.

    Args:
        attacks: against the model as it is, at least one; NaN where nothing was measured.
        behind: the smallest one, against the model behind defences.
        size: people on the platform.
    """
    lines = [*attacks, *behind]
    figure = style.new_figure(6.4, 0.9 + 0.28 * len(lines))
    axes = figure.subplots()
    for place, one in enumerate(lines):
        if math.isnan(one.estimate):
            continue
        number = int(one.is_defended)
        colour, marker = style.colour(number), style.MARKERS[number]
        low, high = max(one.low, 0.5), min(one.high, size)
        axes.plot([low, high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
        if math.isinf(one.high):
            axes.plot([size], [place], marker=">", color=colour, markersize=6, clip_on=False)
        if math.isfinite(one.estimate):
            axes.plot([max(one.estimate, 0.5)], [place], marker=marker, color=colour, markersize=6)
    axes.set_xscale("log")
    axes.set_xlim(0.45, size)
    axes.set_yticks(range(len(lines)), [one.label for one in lines], parse_math=False)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    ticks = [10.0**power for power in range(math.floor(math.log10(max(size, 1))) + 1)]
    style.set_ticks(axes.xaxis, ticks, lambda value: f"{value:,.0f}")
    axes.set_xlabel(f"people, of {size:,}")
    return figure
