"""Figures of the effective size of a collective. Pure functions of plain arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from quorate.figures.style import GREY, MARKERS, STYLE, Floats, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def effective_figure(panels: Sequence[tuple[str, Floats, Floats]]) -> Figure:
    """Return effective size over size by epoch, two panels in a row.

    Args:
        panels: each learner's title, sizes (a,), and α_eff per size and epoch, (a, T).
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        columns = min(2, len(panels))
        rows = math.ceil(len(panels) / columns)
        figure = Figure(figsize=(5.9 * columns + 0.4, 3.2 * rows))
        parts = figure.subplots(rows, columns, squeeze=False).flat
        for axes, (title, alphas, effective) in zip(parts, panels, strict=False):
            _draw_effective(axes, alphas, effective)
            axes.set_title(wrapped(title), parse_math=False)
        for axes in list(parts)[len(panels) :]:
            axes.set_visible(False)
        return figure


def _draw_effective(axes: Axes, alphas: Floats, effective: Floats) -> None:
    """Draw one line per size, darker for larger ones, with the size at its end."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    epochs = np.arange(1, effective.shape[1] + 1)
    positive = np.flatnonzero(alphas > 0)
    shades = np.linspace(0.65, 0.0, len(positive))
    axes.axhline(1, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)))
    for shade, number in zip(shades, positive, strict=True):
        look: Any = {"color": str(shade), "marker": MARKERS[number % len(MARKERS)]}
        axes.plot(epochs, effective[number] / alphas[number], markevery=_every(epochs), **look)
        last = np.flatnonzero(~np.isnan(effective[number]))
        if len(last):
            end = (epochs[last[-1]], effective[number, last[-1]] / alphas[number])
            text: Any = {"va": "center", "fontsize": 7, "color": look["color"]}
            label, offset = f"{100 * alphas[number]:.3g}%", (5, 0)
            axes.annotate(label, end, xytext=offset, textcoords="offset points", **text)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}×"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0.5, len(epochs) * 1.12 + 0.5)
    axes.set_xlabel("epoch")
    axes.set_ylabel("α_eff / α")


def _every(epochs: npt.NDArray[np.int_]) -> int:
    return max(1, len(epochs) // 10)
