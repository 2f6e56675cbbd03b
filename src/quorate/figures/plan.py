"""Figures of plans: certified success and forecasts. Pure functions of plain arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.figures import style
from quorate.figures.style import Figure, Floats


@dataclass(frozen=True, eq=False)
class CertifiedCurve:
    """Certified success by the number of members.

    Args:
        label: name of the line.
        members: n, (a,), increasing.
        success: the bound, (a,); vacuous below 0.
    """

    label: str
    members: Floats
    success: Floats


@dataclass(frozen=True)
class MassForecast:
    """A learner's simulated critical mass in people, with its interval; inf if none suffices."""

    learner: str
    people: float
    low: float
    high: float


@style.styled
def plan_figure(
    lines: Sequence[CertifiedCurve],
    forecasts: Sequence[MassForecast],
    now: int,
    size: int,
    target: float,
) -> Figure:
    """Return certified success over members with forecasts below it, on one axis of people.

    Without forecasts, simulated critical masses, the lower part is left out.
    """
    tall = 0.28 * len(forecasts) + 0.5 if forecasts else 0.0
    figure = style.new_figure(7.2, 3.4 + tall)
    heights = [3.0, tall] if forecasts else [3.0]
    shape: Any = {"sharex": True, "squeeze": False, "height_ratios": heights}
    parts = figure.subplots(len(heights), 1, **shape)[:, 0]
    _draw_certified(parts[0], lines, target)
    if forecasts:
        _draw_forecasts(parts[1], forecasts, size)
    for axes in parts:
        axes.axvline(now, color=style.GREY, linewidth=0.8)
    late = now > size**0.8  # near the end, where there is no room on the right
    offset, side = ((-3, 3), "right") if late else ((3, 3), "left")
    apart: Any = {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.8}, "zorder": 4}
    look: Any = {"size": 9, "ha": side, "color": style.GREY, **apart}
    style.write(parts[0], "members now", (now, 0.06), offset, **look)
    parts[-1].set_xscale("log")
    parts[-1].set_xlabel(f"members, of {size:,} people on the platform")
    return figure


def _draw_certified(axes: Any, lines: Sequence[CertifiedCurve], target: float) -> None:
    """Draw certified success over members, with the target."""
    for i, line in enumerate(lines):
        look: Any = {"color": style.colour(i), "linestyle": style.dashes(i), "label": line.label}
        axes.plot(line.members, np.maximum(line.success, 0), **look)
    axes.axhline(target, color=style.GREY, linewidth=0.8, linestyle=":")
    offset = (0, 3 if target < 0.9 else -11)
    style.write(
        axes, f"wanted: {target:g}", (0.01, target), offset, style.AT_LEFT, 9, color=style.GREY
    )
    axes.set_ylim(-0.02, 1.05)
    axes.set_ylabel("success")
    axes.set_title("success that is certified, at least")
    if len(lines) > 1:
        axes.legend(frameon=False, loc="center left")


def _draw_forecasts(axes: Any, forecasts: Sequence[MassForecast], size: int) -> None:
    """Draw one row per learner: its critical mass with its interval."""
    least = max(1.0, min((f.low for f in forecasts if 0 < f.low < math.inf), default=1.0))
    for row, found in enumerate(forecasts):
        low, high = max(found.low, least), min(found.high, size)
        if math.isnan(found.people):
            style.write(
                axes, "failed", (0.5, row), (0, 0), style.AT_LEFT, 9, va="center", color=style.GREY
            )
            continue
        axes.plot([low, high], [row, row], color=style.COLOURS[0])
        if math.isinf(found.people):
            axes.plot([size], [row], marker=">", color=style.COLOURS[0], clip_on=False)
        else:
            axes.plot(
                [max(found.people, least)], [row], marker=style.MARKERS[0], color=style.COLOURS[0]
            )
    axes.set_yticks(range(len(forecasts)), [f.learner for f in forecasts])
    style.take_literally(axes.get_yticklabels())
    axes.set_ylim(len(forecasts) - 0.5, -0.5)
    axes.set_title("members that were enough in simulation, with 95% intervals")
