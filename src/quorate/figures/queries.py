"""How queries are drawn: everyone alone beside pools. Pure functions of plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.figures.style import COLOURS, DASHES, GREY, MARKERS, STYLE, Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST = 100_000  # people of a subgroup


@dataclass(frozen=True, eq=False)
class AttackCurve:
    """What everyone alone may do.

    Args:
        label: of the attack.
        queries, corrected: queries of one person, (a,), and the share of the misread that is
            corrected within so many; empty where nobody is misread.
        per_member: mean queries of a member of the subgroup, misread or not.
        low, high: ends of its interval.
    """

    label: str
    queries: Floats
    corrected: Floats
    per_member: float
    low: float
    high: float


def queries_figure(
    alone: Sequence[AttackCurve], pools: Sequence[tuple[str, float, float]]
) -> Figure:
    """Return the share corrected by queries of one's own, and queries per person of the subgroup.

    Args:
        alone: attacks.
        pools: of each its label, its queries in all, and the share it corrects.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10.6, 4.2))
        left, right = figure.subplots(1, 2)
        people = np.geomspace(1, LARGEST, 101)
        for i, one in enumerate(alone):
            look: Any = {"color": COLOURS[i % len(COLOURS)], "label": one.label}
            marker = MARKERS[i % len(MARKERS)]
            left.plot(one.queries, one.corrected, marker=marker, markevery=5, **look)
            level = np.full_like(people, one.per_member)
            right.plot(people, level, marker=marker, markevery=20, **look)
            right.fill_between(
                people, one.low, one.high, color=look["color"], alpha=0.15, linewidth=0
            )
        for i, (label, queries, corrected) in enumerate(pools):
            shade = str(0.6 * i / max(1, len(pools)))
            dash = DASHES[1 + i % (len(DASHES) - 1)]
            left.axhline(corrected, color=shade, linestyle=dash, linewidth=1)
            right.plot(people, queries / people, color=shade, linestyle=dash, label=label)
        if not any(len(one.queries) for one in alone):
            left.set_xlim(1, 10)  # nobody is misread: no curve says how far
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
        right.legend(
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            fontsize=7.5,
            frameon=False,
            labelcolor=GREY if not pools else None,
        )
        return figure
