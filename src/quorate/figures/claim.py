"""A small picture of a verdict: how clearly each statement of a claim is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quorate.figures import style
from quorate.figures.style import Axes, Figure

MOST = 4.0  # widths of an interval; what is clearer stands at the edge
FOR, AGAINST, OPEN = "#009E73", "#D55E00", style.GREY
COLOURS = {"holds": FOR, "does not hold": AGAINST}


@dataclass(frozen=True)
class StatementPoint:
    """A statement, as it is drawn.

    Args:
        verdict: holds, does not hold or undecided.
        clear: distance from the limit in widths of the interval, positive on the claim's side;
            None where there is no such number.
    """

    verdict: str
    clear: float | None


@style.styled
def verdict_figure(parts: Sequence[tuple[str, Sequence[StatementPoint]]]) -> Figure:
    """Return intervals beside the line that decides: right of it the claim holds, left it does not.

    Every statement is drawn in the unit of its own interval, which reaches one unit to either side.

    Args:
        parts: a short name of each condition, and its statements.
    """
    rows = sum(max(1, len(points)) for _, points in parts)
    figure = style.new_figure(2.4, 0.35 + 0.16 * rows)
    axes = figure.subplots()
    place = 0.0
    for name, points in parts:
        axes.text(-MOST - 1.6, -place, name, ha="right", va="center", fontsize=8, parse_math=False)
        for point in points:
            _draw(axes, -place, point)
            place += 1
        place += 0.4
    axes.axvline(0, color="black", linewidth=1)
    axes.set_xlim(-MOST - 1.3, MOST + 1.3)
    axes.set_ylim(-place + 0.6, 0.8)
    axes.set_yticks([])
    axes.set_xticks([-MOST / 2, MOST / 2], ["against", "for"], fontsize=8)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    return figure


def _draw(axes: Axes, place: float, point: StatementPoint) -> None:
    colour = COLOURS.get(point.verdict, OPEN)
    if point.clear is None:
        middle = -1.5 if point.verdict == "does not hold" else 0.0
        axes.plot([middle], [place], color=colour, marker="x", markersize=4)
        return
    middle = max(-MOST, min(MOST, point.clear))
    axes.plot([middle - 1, middle + 1], [place, place], color=colour, linewidth=2, alpha=0.5)
    axes.plot([middle], [place], color=colour, marker="o", markersize=4)
