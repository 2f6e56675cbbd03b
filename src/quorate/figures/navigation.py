"""The figure of through-traffic over days, by schedule: a pure function of plain arrays.

Shapes: d days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.figures import style
from quorate.figures.style import Figure, Floats


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


@style.styled
def days_figure(schedules: Sequence[TrafficSeries]) -> Figure:
    """Return one panel a schedule: through-traffic over the days, as a share of what it was.

    Filled points are days with reports, hollow ones days without.
    """
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figure, panels = style.paired_panels(len(schedules), 3.1, 2.5, 0.5, sharex=True, sharey=True)
    for number, (axes, schedule) in enumerate(zip(panels, schedules, strict=True)):
        colour, left = style.COLOURS[number % len(style.COLOURS)], 1 - schedule.falls
        days = np.arange(1, len(left) + 1)
        fill = [colour if reported else "1" for reported in schedule.reported]
        axes.axhline(1, **style.DASHED)
        axes.plot(days, left, color=colour, linewidth=0.8)
        look: Any = {
            "marker": style.MARKERS[number % len(style.MARKERS)],
            "linewidths": 0.8,
            "zorder": 3,
        }
        axes.scatter(days, left, s=16, c=fill, edgecolors=colour, **look)
        axes.set_title(style.wrapped(schedule.name, 40), parse_math=False)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    panels[0].set_ylim(0, 1.05 * max(1.0, *(1 - one.falls.min() for one in schedules)))
    figure.supxlabel("day", fontsize=9)
    figure.supylabel("through-traffic, of what it was", fontsize=9)
    return figure
