"""Figures of membership inference over the size α. Pure functions of plain arrays.

Shapes: a sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.figures.alpha_axis import (
    Band,
    draw_bands,
    largest_alpha,
    place_of_zero,
    set_alpha_axis,
)
from quorate.figures.style import GREY, STYLE, Floats, colour, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class MeasureCurve:
    """One measure over sizes: its label, sizes (a,), and its mean with the ends of its interval."""

    label: str
    alphas: Floats
    values: Band


def inference_figure(
    title: str,
    honest: Sequence[MeasureCurve],
    members: Sequence[MeasureCurve],
    beside: Sequence[MeasureCurve],
) -> Figure:
    """Return the AUC of membership inference over α, beside other measures.

    Args:
        title: title of the figure.
        honest, members: AUC for honest people and for members.
        beside: rates in [0, 1], such as success and accuracy.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 3.2))
        figure.suptitle(wrapped(title), x=0.01, ha="left", fontsize=9, parse_math=False)
        parts = figure.subplots(1, 3)
        zero = place_of_zero(honest)
        for axes, traces in zip(parts, (honest, members, beside), strict=True):
            draw_bands(axes, traces, zero, lambda trace: trace.values)
            for number, trace in enumerate(traces):  # a band at a single size is invisible
                at = np.where(trace.alphas > 0, trace.alphas, zero)
                axes.vlines(at, *trace.values[1:], color=colour(number), linewidth=0.9, alpha=0.5)
            _label_ends(axes, traces, zero)
            set_alpha_axis(axes, honest, zero)
            axes.set_xticks([a or zero for a in honest[0].alphas])  # few: each is N trainings
            axes.set_xlim(right=largest_alpha(honest) * 6)  # room for the labels
            axes.set_xlabel("α, fraction who act")
        for axes, who in zip(parts[:2], ("honest people", "members"), strict=True):
            axes.axhline(0.5, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)))
            above: Any = {"xytext": (0, 2), "textcoords": "offset points", "ha": "right"}
            above |= {"xycoords": ("axes fraction", "data"), "color": GREY, "fontsize": 7.5}
            axes.annotate("a coin", (1, 0.5), **above)
            axes.set_ylim(min(0.4, axes.get_ylim()[0]), 1.02)
            axes.set_ylabel("AUC of membership inference")
            axes.set_title(who)
        parts[2].set_ylim(-0.03, 1.05)
        parts[2].set_title("what else was measured")
        return figure


def _label_ends(axes: Axes, traces: Sequence[MeasureCurve], zero: float) -> None:
    """Write each curve's label at its end: below the lowest curve, above the others."""
    ends = []
    for number, trace in enumerate(traces):
        mean = trace.values[0]
        ends += [(mean[at], number, at) for at in np.flatnonzero(~np.isnan(mean))[-1:]]
    for height, number, at in ends:
        low = len(ends) > 1 and height == min(ends)[0] and number == min(ends)[1]
        axes.annotate(
            traces[number].label,
            (traces[number].alphas[at] or zero, height),
            xytext=(6, -2 if low else 2),
            textcoords="offset points",
            va="top" if low else "bottom",
            color=colour(number),
            fontsize=7.5,
        )
