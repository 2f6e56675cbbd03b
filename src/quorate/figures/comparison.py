"""Figures of comparisons: differences with their intervals, one a line.

Pure functions of plain numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quorate.figures import style
from quorate.figures.style import Figure


@dataclass(frozen=True)
class Difference:
    """One difference: its label, its value, its interval alone, and that for all together."""

    label: str
    value: float
    low: float
    high: float
    together_low: float
    together_high: float


@style.styled
def differences_figure(differences: Sequence[Difference]) -> Figure:
    """Return one line a difference, from the top down, beside a line at 0."""
    figure = style.new_figure(6.3, 0.9 + 0.42 * len(differences))
    axes = figure.subplots()
    places = [len(differences) - number for number in range(len(differences))]
    for place, one in zip(places, differences, strict=True):
        axes.plot([one.together_low, one.together_high], [place] * 2, color=style.colour(0), lw=0.8)
        axes.plot([one.low, one.high], [place] * 2, color=style.colour(0), lw=2.6)
        axes.plot([one.value], [place], color=style.colour(0), marker="o")
    axes.axvline(0, color="black", lw=0.8)
    axes.set_yticks(places, [style.wrapped(one.label, 44) for one in differences])
    style.take_literally(axes.get_yticklabels())
    axes.set_xlabel("difference from the first run")
    return figure
