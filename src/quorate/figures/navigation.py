"""The figure of through-traffic over days, by schedule: a pure function of plain arrays.

Shapes: d days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.figures.style import COLOURS, GREY, MARKERS, STYLE, Floats, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 3.1, 2.5  # inches of one panel


@dataclass(frozen=True, eq=False)
class TrafficSeries:
    """Through-traffic under one schedule of reports.

    Args:
        name: name of the schedule.
        falls: relative fall of through-traffic on each day, mean over seeds, (d,).
        reported: whether each day has reports, (d,).
    """

    name: str
    falls: Floats
    reported: Sequence[bool]


def days_figure(schedules: Sequence[TrafficSeries]) -> Figure:
    """Return one panel a schedule: through-traffic over the days, as a share of what it was.

    Filled points are days with reports, hollow ones days without.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    with mpl.rc_context(STYLE):
        columns = min(2, len(schedules))
        rows = -(-len(schedules) // columns)
        figure = Figure(figsize=(WIDTH * columns + 0.5, HEIGHT * rows))
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for number, (axes, schedule) in enumerate(zip(panels, schedules, strict=False)):
            colour, left = COLOURS[number % len(COLOURS)], 1 - schedule.falls
            days = np.arange(1, len(left) + 1)
            fill = [colour if reported else "1" for reported in schedule.reported]
            axes.axhline(1, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)))
            axes.plot(days, left, color=colour, linewidth=0.8)
            look: Any = {"marker": MARKERS[number % len(MARKERS)], "linewidths": 0.8, "zorder": 3}
            axes.scatter(days, left, s=16, c=fill, edgecolors=colour, **look)
            axes.set_title(wrapped(schedule.name, 40), parse_math=False)
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        panels[0].set_ylim(0, 1.05 * max(1.0, *(1 - one.falls.min() for one in schedules)))
        for axes in panels[len(schedules) :]:
            axes.set_visible(False)
        figure.supxlabel("day", fontsize=9)
        figure.supylabel("through-traffic, of what it was", fontsize=9)
        return figure
