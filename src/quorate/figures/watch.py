"""The figure of success over time: a confidence sequence for each period, beside the target.

Pure functions of plain numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quorate.figures import style
from quorate.figures.style import Figure


@dataclass(frozen=True)
class Stretch:
    """One period: numbers of outcomes, the share of successes so far, and the interval's limits.

    Args:
        outcomes: numbers of the outcomes, ascending, (t,).
        success, low, high: after each of them, (t,) each.
        changed: numbers of the outcomes between which success changed and this was seen; None for
            no change.
    """

    outcomes: Sequence[float]
    success: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    changed: tuple[float, float] | None


@style.styled
def watch_figure(stretches: Sequence[Stretch], target: float) -> Figure:
    """Return success over the outcomes: a line and a band for each period."""
    figure = style.new_figure(6.3, 3.4)
    axes = figure.subplots()
    for one in stretches:
        axes.fill_between(one.outcomes, one.low, one.high, color=style.colour(0), alpha=0.2, lw=0)
        axes.plot(one.outcomes, one.success, color=style.colour(0))
        if one.changed is not None:
            axes.axvspan(*one.changed, color=style.colour(1), alpha=0.25, lw=0)
    axes.axhline(target, **style.DASHED)
    style.write(axes, "target", (1, target), (-2, 3), ("axes fraction", "data"), ha="right")
    axes.set_ylim(0, 1.03)
    axes.set_xlim(left=min(1, *stretches[0].outcomes))
    axes.yaxis.set_major_formatter(lambda value, _: style.percent_of(value))
    axes.set_xlabel("outcomes reported, in order")
    axes.set_ylabel("success")
    return figure
