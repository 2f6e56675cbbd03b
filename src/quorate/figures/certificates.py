"""Figures of certificates: certified and achieved success. Pure functions of plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.figures import style
from quorate.figures.style import Axes, Figure


@dataclass(frozen=True)
class CertifiedPanel:
    """Success over the number of members, of one label.

    Args:
        title: of the panel.
        members: numbers of members, (a,).
        certified: lower bounds by what certifies them, None where there is none, (a,) each.
        achieved: success, (a,).
    """

    title: str
    members: Sequence[int]
    certified: Mapping[str, Sequence[float | None]]
    achieved: Sequence[float]


@style.styled
def certificates_figure(panels: Sequence[CertifiedPanel]) -> Figure:
    """Return certified and achieved success over members, a panel a label; two panels a row."""
    figure, parts = style.paired_panels(len(panels), 4.2, 2.7, sharey=True)
    for number, (axes, panel) in enumerate(zip(parts, panels, strict=True)):
        _draw(axes, panel)
        axes.set_title(style.wrapped(panel.title, 56), parse_math=False)
        axes.set_xlabel("members" if number >= len(panels) - 2 else "")
        if number % 2 == 0:
            axes.set_ylabel("success")
    if parts:
        handles, names = parts[0].get_legend_handles_labels()
        look: Any = {"fontsize": 7.5, "frameon": False, "ncol": len(names)}
        figure.legend(handles, names, loc="outside upper center", **look)
    return figure


def _draw(axes: Axes, panel: CertifiedPanel) -> None:
    from matplotlib.ticker import FuncFormatter

    axes.plot(panel.members, panel.achieved, color=style.GREY, linewidth=4, alpha=0.35,
              label="achieved")  # fmt: skip
    for number, (name, success) in enumerate(panel.certified.items()):
        known = [np.nan if one is None else max(one, 0.0) for one in success]
        axes.plot(panel.members, known, label=name, **style.look(number))
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
