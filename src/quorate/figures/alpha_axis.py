"""Common parts of figures over the size α: the α axis, and curves with intervals.

Shapes: a sizes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from quorate.figures.style import Axes, Floats, colour, dashes, look, percent_of, set_ticks

Band = tuple[Floats, Floats, Floats]  # mean, low, high; (a,) each


@dataclass(frozen=True, eq=False)
class MeasureCurve:
    """One measure over sizes: its label, sizes (a,), and its mean with the ends of its interval."""

    label: str
    alphas: Floats
    values: Band


class HasAlphas(Protocol):
    """Anything drawn over sizes."""

    @property
    def alphas(self) -> Floats: ...


def draw_bands(axes: Axes, lines: Sequence[HasAlphas], zero: float, of: Any) -> None:
    """Draw the band that ``of`` returns for each line: its mean and interval."""
    for number, line in enumerate(lines):
        mean, low, high = of(line)
        alphas = np.where(line.alphas > 0, line.alphas, zero)
        axes.fill_between(alphas, low, high, color=colour(number), alpha=0.15, linewidth=0)
        positive = line.alphas > 0
        axes.plot(alphas[positive], mean[positive], linestyle=dashes(number), **look(number))
        axes.plot(alphas[~positive], mean[~positive], linestyle="", **look(number))


def set_alpha_axis(axes: Axes, lines: Sequence[HasAlphas], zero: float) -> None:
    """Make the α axis logarithmic, with a separate place for α = 0 on the left."""
    smallest, largest = smallest_alpha(lines), largest_alpha(lines)
    axes.set_xscale("log")
    decades = range(math.floor(math.log10(smallest)), math.ceil(math.log10(largest)) + 1)
    ticks = [10.0**p for p in decades if smallest / 1.5 <= 10.0**p <= largest * 1.5]
    if len(ticks) < 3:
        ticks = [t * 10.0**p for p in decades for t in (1, 2, 5)]
        ticks = [t for t in ticks if smallest / 1.1 <= t <= largest * 1.1]
    set_ticks(axes.xaxis, [zero, *ticks], lambda v: "0" if v <= zero else percent_of(v))
    axes.set_xlim(zero / 1.25, largest * 1.35)


def smallest_alpha(lines: Sequence[HasAlphas]) -> float:
    """Return the smallest positive size of all lines; 0.1 if there is none."""
    positive = np.concatenate([line.alphas[line.alphas > 0] for line in lines])
    return float(positive.min()) if len(positive) else 0.1


def largest_alpha(lines: Sequence[HasAlphas]) -> float:
    """Return the largest size of all lines."""
    return max(smallest_alpha(lines), *(float(line.alphas.max()) for line in lines))


def place_of_zero(lines: Sequence[HasAlphas]) -> float:
    """Return the place of α = 0 on the log axis."""
    spread = max(largest_alpha(lines) / smallest_alpha(lines), 10.0)
    return float(smallest_alpha(lines) / spread**0.12)
