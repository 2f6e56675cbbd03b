"""Figures of membership inference over the size α. Pure functions of plain arrays.

Shapes: a sizes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quorate.figures import alpha_axis, style
from quorate.figures.alpha_axis import MeasureCurve
from quorate.figures.style import Axes, Figure


@style.styled
def inference_figure(
    title: str,
    honest: Sequence[MeasureCurve],
    members: Sequence[MeasureCurve],
    beside: Sequence[MeasureCurve],
) -> Figure:
    """Return the AUC of membership inference over α, beside other rates in [0, 1]."""
    figure = style.new_figure(9.6, 3.2)
    figure.suptitle(style.wrapped(title), x=0.01, ha="left", fontsize=9, parse_math=False)
    parts = figure.subplots(1, 3)
    zero = alpha_axis.place_of_zero(honest)
    for axes, traces in zip(parts, (honest, members, beside), strict=True):
        alpha_axis.draw_bands(axes, traces, zero, lambda trace: trace.values)
        for number, trace in enumerate(traces):  # a band at a single size is invisible
            at = np.where(trace.alphas > 0, trace.alphas, zero)
            axes.vlines(at, *trace.values[1:], color=style.colour(number), linewidth=0.9, alpha=0.5)
        _label_ends(axes, traces, zero)
        alpha_axis.set_alpha_axis(axes, honest, zero)
        axes.set_xticks([a or zero for a in honest[0].alphas])  # few: each is N trainings
        axes.set_xlim(right=alpha_axis.largest_alpha(honest) * 6)  # room for the labels
        axes.set_xlabel("α, fraction who act")
    for axes, who in zip(parts[:2], ("honest people", "members"), strict=True):
        axes.axhline(0.5, **style.DASHED)
        style.write(axes, "a coin", (1, 0.5), (0, 2), style.AT_LEFT, ha="right", color=style.GREY)
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
        place, side = (traces[number].alphas[at] or zero, height), "top" if low else "bottom"
        offset = (6, -2 if low else 2)
        style.write(axes, traces[number].label, place, offset, va=side, color=style.colour(number))
