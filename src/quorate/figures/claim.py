"""A small picture of a verdict: how clearly each statement of a claim is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.figures import style
from quorate.figures.style import Figure

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
    drawn: dict[tuple[str, str], list[tuple[float, float]]] = {}  # middles, by colour and marker
    place = 0.0
    for name, points in parts:
        axes.text(-MOST - 1.6, -place, name, ha="right", va="center", fontsize=8, parse_math=False)
        for point in points:
            marker, middle = ("x", _unsized(point)) if point.clear is None else ("o", point.clear)
            look = COLOURS.get(point.verdict, OPEN), marker
            drawn.setdefault(look, []).append((max(-MOST, min(MOST, middle)), -place))
            place += 1
        place += 0.4
    # One line for all intervals of a colour, with gaps between them: a file of half the size.
    for (colour, marker), middles in drawn.items():
        x, y = np.array(middles).T
        axes.plot(x, y, color=colour, marker=marker, markersize=4, linestyle="none", clip_on=False)
        if marker == "o":
            ends = np.column_stack([x - 1, x + 1, np.full_like(x, np.nan)]).ravel()
            how: Any = {"linewidth": 2, "alpha": 0.5, "clip_on": False, "zorder": 1.9}
            axes.plot(ends, np.repeat(y, 3), color=colour, **how)
    axes.axvline(0, color="black", linewidth=1)
    axes.set_xlim(-MOST - 1.3, MOST + 1.3)
    axes.set_ylim(-place + 0.6, 0.8)
    axes.set_yticks([])
    axes.set_xticks([-MOST / 2, MOST / 2], ["against", "for"], fontsize=8)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    return figure


def _unsized(point: StatementPoint) -> float:
    """Return where a statement without a distance stands: against the claim, or at the limit."""
    return -1.5 if point.verdict == "does not hold" else 0.0
