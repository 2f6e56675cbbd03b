"""Figures of query costs: attacks by single people beside pooled queries, from plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.figures import style
from quorate.figures.style import Axes, Figure, Floats

LARGEST = 100_000  # people in a subgroup


@dataclass(frozen=True, eq=False)
class AttackCurve:
    """A query-based attack (evasion) that each person runs alone.

    Args:
        label: name of the attack.
        queries, corrected: queries of one person, (a,), and the share of misclassified people
            corrected within so many; empty if nobody is misclassified.
        per_member: mean queries per member of the subgroup, misclassified or not.
        low, high: ends of its interval.
    """

    label: str
    queries: Floats
    corrected: Floats
    per_member: float
    low: float
    high: float


@style.styled
def queries_figure(
    alone: Sequence[AttackCurve], pools: Sequence[tuple[str, float, float]]
) -> Figure:
    """Return the share corrected by one's own queries, and queries per person of the subgroup.

    Each pool has a label, its total queries, and the share that it corrected.
    """
    from matplotlib.ticker import FuncFormatter

    figure = style.new_figure(10.6, 4.2)
    left, right = figure.subplots(1, 2)
    people = np.geomspace(1, LARGEST, 101)
    for number, one in enumerate(alone):
        _draw_alone(left, right, number, one, people)
    for i, (label, queries, corrected) in enumerate(pools):
        shade = str(0.6 * i / max(1, len(pools)))
        dash = style.DASHES[1 + i % (len(style.DASHES) - 1)]
        left.axhline(corrected, color=shade, linestyle=dash, linewidth=1)
        right.plot(people, queries / people, color=shade, linestyle=dash, label=label)
    if not any(len(one.queries) for one in alone):
        left.set_xlim(1, 10)  # nobody is misclassified: no curve sets the limits
    left.set_xscale("log")
    left.set_ylim(-0.03, 1.05)
    left.set_xlabel("queries of one person")
    left.set_ylabel("share of the misread that is corrected")
    right.set_xscale("log")
    right.set_yscale("log")
    right.set_ylim(bottom=0.5)
    right.set_xlabel("people in the subgroup")
    right.set_ylabel("queries in all, per person of it")
    for axis in (left.xaxis, right.xaxis, right.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    key: Any = {"fontsize": 7.5, "frameon": False, "labelcolor": None if pools else style.GREY}
    right.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), **key)
    return figure


def _draw_alone(left: Axes, right: Axes, number: int, one: AttackCurve, people: Floats) -> None:
    """Draw one attack: the share corrected by its queries, and its queries per person."""
    line = {"label": one.label, **style.look(number)}
    left.plot(one.queries, one.corrected, markevery=5, **line)
    right.plot(people, np.full_like(people, one.per_member), markevery=20, **line)
    right.fill_between(
        people, one.low, one.high, color=style.colour(number), alpha=0.15, linewidth=0
    )
