"""Error against violation: a panel per platform, a line per strategy through its numbers of flips.

Pure functions of plain arrays; shapes: M numbers of flips.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from quorate.figures import style
from quorate.figures.style import Figure, Floats

ACROSS = 3  # largest number of panels in a row


@dataclass(frozen=True, eq=False)
class FrontLine:
    """One strategy's line: error and violation for each M, (M,) each, and the chosen M's own."""

    label: str
    number: int
    error: Floats
    violation: Floats
    chosen: tuple[float, float]


@dataclass(frozen=True, eq=False)
class FrontPanel:
    """One panel: its title, its lines, and points beside them by name."""

    title: str
    lines: Sequence[FrontLine]
    points: Sequence[tuple[str, float, float]] = ()


@style.styled
def front_figure(panels: Sequence[FrontPanel]) -> Figure:
    """Return one panel each, up to three in a row; the chosen M is a large ring."""
    rows = math.ceil(len(panels) / ACROSS)
    columns = math.ceil(len(panels) / rows)
    figure = style.new_figure(3.4 * columns, 3.2 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, panel in zip(grid.flat, panels, strict=False):
        axes.set_title(style.wrapped(panel.title, 44), parse_math=False)
        for line in panel.lines:
            look = style.look(line.number)
            dashes = style.dashes(line.number)
            axes.plot(line.error, line.violation, linestyle=dashes, label=line.label, **look)
            ring = {"facecolors": "none", "edgecolors": style.colour(line.number), "zorder": 5}
            axes.scatter(*([end] for end in line.chosen), s=90, linewidths=1.5, **ring)
        for name, error, violation in panel.points:
            axes.scatter([error], [violation], marker="x", color=style.GREY, s=25)
            axes.annotate(name, (error, violation), fontsize=6.5, color=style.GREY)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("error")
        axes.set_ylabel("equalised odds")
        axes.legend(fontsize=6.5, frameon=False)
    return figure
