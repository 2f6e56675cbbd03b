"""Common parts of figures over the size α: the α axis, and curves with intervals.

Shapes: a sizes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from quorate.figures.style import MARKERS, Floats, colour, dashes, percent_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Band = tuple[Floats, Floats, Floats]  # mean, low, high; (a,) each


class HasAlphas(Protocol):
    """Anything drawn over sizes."""

    @property
    def alphas(self) -> Floats: ...


def draw_bands(axes: Axes, lines: Sequence[HasAlphas], zero: float, of: Any) -> None:
    """Draw the band that ``of`` returns for each line: its mean and interval."""
    for number, line in enumerate(lines):
        mean, low, high = of(line)
        alphas = np.where(line.alphas > 0, line.alphas, zero)
        look: Any = {"color": colour(number), "marker": MARKERS[number % len(MARKERS)]}
        axes.fill_between(alphas, low, high, color=look["color"], alpha=0.15, linewidth=0)
        positive = line.alphas > 0
        axes.plot(alphas[positive], mean[positive], linestyle=dashes(number), **look)
        axes.plot(alphas[~positive], mean[~positive], linestyle="", **look)


def set_alpha_axis(axes: Axes, lines: Sequence[HasAlphas], zero: float) -> None:
    """Make the α axis logarithmic, with a separate place for α = 0 on the left."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    smallest, largest = smallest_alpha(lines), largest_alpha(lines)
    axes.set_xscale("log")
    decades = range(math.floor(math.log10(smallest)), math.ceil(math.log10(largest)) + 1)
    ticks = [10.0**p for p in decades if smallest / 1.5 <= 10.0**p <= largest * 1.5]
    if len(ticks) < 3:
        ticks = [t * 10.0**p for p in decades for t in (1, 2, 5)]
        ticks = [t for t in ticks if smallest / 1.1 <= t <= largest * 1.1]
    axes.xaxis.set_major_locator(FixedLocator([zero, *ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: "0" if v <= zero else percent_of(v)))
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
