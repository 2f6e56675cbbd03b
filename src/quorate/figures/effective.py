"""Figures of the effective size of a collective. Pure functions of plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from quorate.figures import style
from quorate.figures.style import Axes, Figure, Floats


@style.styled
def effective_figure(panels: Sequence[tuple[str, Floats, Floats]]) -> Figure:
    """Return effective size over size by epoch, two panels in a row.

    Each has a title, sizes (a,), and α_eff per size and epoch, (a, T).
    """
    figure, parts = style.paired_panels(len(panels), 5.9, 3.2)
    for axes, (title, alphas, effective) in zip(parts, panels, strict=True):
        _draw_effective(axes, alphas, effective)
        axes.set_title(style.wrapped(title), parse_math=False)
    return figure


def _draw_effective(axes: Axes, alphas: Floats, effective: Floats) -> None:
    """Draw one line per size, darker for larger ones, with the size at its end."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    epochs = np.arange(1, effective.shape[1] + 1)
    positive = np.flatnonzero(alphas > 0)
    shades = np.linspace(0.65, 0.0, len(positive))
    axes.axhline(1, **style.DASHED)
    for shade, number in zip(shades, positive, strict=True):
        look: Any = {"color": str(shade), "marker": style.MARKERS[number % len(style.MARKERS)]}
        axes.plot(
            epochs, effective[number] / alphas[number], markevery=max(1, len(epochs) // 10), **look
        )
        last = np.flatnonzero(~np.isnan(effective[number]))
        if len(last):
            end = (epochs[last[-1]], effective[number, last[-1]] / alphas[number])
            text: Any = {"size": 7, "va": "center", "color": look["color"]}
            style.write(axes, f"{100 * alphas[number]:.3g}%", end, (5, 0), **text)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}×"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0.5, len(epochs) * 1.12 + 0.5)
    axes.set_xlabel("epoch")
    axes.set_ylabel("α_eff / α")
