"""How results are drawn: one style, readable in grey, fit for a paper.

Pure functions of plain arrays; shapes: a sizes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from quorate.figures.direct_labels import place_labels, short_labels
from quorate.figures.style import (
    GREY,
    MARKERS,
    SIGNS,
    STYLE,
    Floats,
    colour,
    dashes,
    ink,
    percent_of,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Band = tuple[Floats, Floats, Floats]  # mean, low, high; (a,) each
_BOUND_DASHES: tuple[Any, ...] = ((0, (4, 2)), (0, (1, 1)))


class MassInterval(Protocol):
    """A critical mass, as far as drawing goes."""

    @property
    def estimate(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


@dataclass(frozen=True, eq=False)
class LearnerCurve:
    """One learner: success and honest accuracy over the sizes, and its critical mass."""

    label: str
    alphas: Floats
    success: Band
    accuracy: Band
    mass: MassInterval


@dataclass(frozen=True, eq=False)
class BoundCurve:
    """A lower bound on success from theory, over sizes of its own."""

    name: str
    label: str
    alphas: Floats
    values: Floats


class HasAlphas(Protocol):
    """What is drawn over sizes."""

    @property
    def alphas(self) -> Floats: ...


@dataclass(frozen=True, eq=False)
class MeasureCurve:
    """One measure over the sizes: its label, sizes (a,), and mean with the ends of its interval."""

    label: str
    alphas: Floats
    values: Band


@dataclass(eq=False)
class CurvePanel:
    """The lines that share one population, strategy and goal."""

    title: str
    target: float
    lines: list[LearnerCurve] = field(default_factory=list)
    bounds: list[BoundCurve] = field(default_factory=list)


def curves_figure(panels: Sequence[CurvePanel]) -> Figure:
    """Return S(α), honest accuracy, and α* with its interval; panels stand two in a row."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        most = max(len(panel.lines) for panel in panels)
        heights = [2.9, 1.4, 0.3 + 0.29 * most]
        columns = min(2, len(panels))
        rows = math.ceil(len(panels) / columns)
        figure = Figure(figsize=(5.9 * columns + 0.4, (sum(heights) + 0.6) * rows))
        parts = figure.subfigures(rows, columns, squeeze=False).flat
        drawn = []
        for part, panel in zip(parts, panels, strict=False):
            success, accuracy, masses = part.subplots(
                3, 1, sharex=True, gridspec_kw={"height_ratios": heights}
            )
            zero = _zero_place(panel.lines)
            _draw_success(success, panel, zero)
            _draw_bands(accuracy, panel.lines, zero, lambda line: line.accuracy)
            accuracy.set_ylabel("accuracy on\nhonest people")
            _draw_masses(masses, panel.lines, zero)
            _alpha_axis(masses, panel.lines, zero)
            masses.set_xlabel("α, fraction of the platform's data held by the collective")
            masses.set_ylabel("α*")
            drawn.append((success, panel, zero))
        figure.draw_without_rendering()  # from here on it is known where everything stands
        for success, panel, zero in drawn:
            _label_curves(success, panel, zero, figure.dpi)
        return figure


def masses_figure(lines: Sequence[LearnerCurve]) -> Figure:
    """Return the critical masses alone, one row a learner."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.9, 0.8 + 0.3 * len(lines)))
        axes = figure.subplots()
        zero = _zero_place(lines)
        _draw_masses(axes, lines, zero)
        _alpha_axis(axes, lines, zero)
        axes.set_xlabel("critical mass α*")
        return figure


def search_figure(
    title: str,
    line: LearnerCurve,
    points: tuple[Floats, Floats],
    fitted: Floats | None,
    target: float,
) -> Figure:
    """Return what a search measured: each training, the fitted curve, S*, and α*'s interval.

    Args:
        title: of the figure.
        line: the learner, its sizes (a,), the curve fitted at them, and its critical mass.
        points: α and S of each training, (p,) each.
        fitted: S of the fitted curve at the line's sizes, (a,); None where there is none.
        target: S*.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.3, 4.1))
        success, mass = figure.subplots(2, 1, sharex=True, height_ratios=[2.9, 0.6])
        zero, (alphas, values) = _zero_place([line]), points
        low, high = line.mass.low or zero, min(line.mass.high, _largest([line]) * 1.25)
        if not math.isnan(line.mass.estimate):
            success.axvspan(low, high or zero, color=colour(0), alpha=0.12, linewidth=0)
        if fitted is not None:
            positive = line.alphas > 0
            success.plot(line.alphas[positive], fitted[positive], color=colour(0))
        look: Any = {"color": "black", "linestyle": "", "marker": "o", "alpha": 0.6}
        success.plot(np.where(alphas > 0, alphas, zero), values, markerfacecolor="none", **look)
        _draw_target(success, target)
        success.set_ylim(-0.03, 1.05)
        success.set_ylabel("success S(α)")
        success.set_title(wrapped(title), parse_math=False)
        _draw_masses(mass, [line], zero)
        _alpha_axis(mass, [line], zero)
        mass.set_xlabel("α, fraction of the platform's data held by the collective")
        mass.set_ylabel("α*")
        return figure


def inference_figure(
    title: str,
    honest: Sequence[MeasureCurve],
    members: Sequence[MeasureCurve],
    beside: Sequence[MeasureCurve],
) -> Figure:
    """Return how well membership can be inferred over α, of whom, and what else was measured.

    Args:
        title: of the figure.
        honest, members: AUC, of honest people and of members.
        beside: rates in [0, 1], such as success and accuracy.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 3.2))
        figure.suptitle(wrapped(title), x=0.01, ha="left", fontsize=9, parse_math=False)
        parts = figure.subplots(1, 3)
        zero = _zero_place(honest)
        for axes, traces in zip(parts, (honest, members, beside), strict=True):
            _draw_bands(axes, traces, zero, lambda trace: trace.values)
            for number, trace in enumerate(traces):  # a band of one size cannot be seen
                at = np.where(trace.alphas > 0, trace.alphas, zero)
                axes.vlines(at, *trace.values[1:], color=colour(number), linewidth=0.9, alpha=0.5)
            _label_ends(axes, traces, zero)
            _alpha_axis(axes, honest, zero)
            axes.set_xticks([a or zero for a in honest[0].alphas])  # few: each is N trainings
            axes.set_xlim(right=_largest(honest) * 6)  # room for the labels
            axes.set_xlabel("α, fraction who act")
        for axes, who in zip(parts[:2], ("honest people", "members"), strict=True):
            axes.axhline(0.5, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)))
            axes.annotate(
                "a coin", (1, 0.5), xycoords=("axes fraction", "data"), xytext=(0, 2),
                textcoords="offset points", color=GREY, fontsize=7.5, ha="right",
            )  # fmt: skip
            axes.set_ylim(min(0.4, axes.get_ylim()[0]), 1.02)
            axes.set_ylabel("AUC of membership inference")
            axes.set_title(who)
        parts[2].set_ylim(-0.03, 1.05)
        parts[2].set_title("what else was measured")
        return figure


def _label_ends(axes: Axes, traces: Sequence[MeasureCurve], zero: float) -> None:
    """Write each trace's label at its end: the lowest one's below, the others' above."""
    ends = []
    for number, trace in enumerate(traces):
        mean = trace.values[0]
        ends += [(mean[at], number, at) for at in np.flatnonzero(~np.isnan(mean))[-1:]]
    for height, number, at in ends:
        low = len(ends) > 1 and height == min(ends)[0] and number == min(ends)[1]
        axes.annotate(
            traces[number].label, (traces[number].alphas[at] or zero, height),
            xytext=(6, -2 if low else 2), textcoords="offset points", va="top" if low else "bottom",
            color=colour(number), fontsize=7.5,
        )  # fmt: skip


def _draw_success(axes: Axes, panel: CurvePanel, zero: float) -> None:
    _draw_bands(axes, panel.lines, zero, lambda line: line.success)
    _draw_target(axes, panel.target)
    for number, line in enumerate(panel.lines):
        if math.isfinite(line.mass.estimate):
            at = line.mass.estimate or zero
            axes.plot(
                [at, at], [0, panel.target], color=colour(number), linewidth=0.8, alpha=0.6,
                linestyle=(0, (1, 2)),
            )  # fmt: skip
    for number, bound in enumerate(panel.bounds):
        shown = bound.values > 0  # a bound at or below 0 says nothing
        axes.plot(
            bound.alphas[shown], bound.values[shown],
            color="black", linewidth=1, linestyle=_BOUND_DASHES[number % 2], label=bound.label,
        )  # fmt: skip
    if panel.bounds:
        axes.legend(
            loc="lower right", bbox_to_anchor=(1, 1), borderpad=0, fontsize=7, frameon=False,
            handlelength=2.6,
        )  # fmt: skip
    axes.set_ylim(-0.03, 1.05)
    axes.set_ylabel("success S(α)")
    pad = 6 + 10 * len(panel.bounds)
    axes.set_title(wrapped(panel.title), pad=pad, parse_math=False)  # a path may hold dollars


def _label_curves(axes: Axes, panel: CurvePanel, zero: float, dpi: float) -> None:
    """Write each line's marker and name beside its curve, over no other label.

    A line that was never measured has none: its row below says so.
    """
    taken = [text.get_window_extent().extents for text in axes.texts]
    named = short_labels([line.label for line in panel.lines])
    curves, sizes, looks, others = [], [], [], []
    for number, (line, name) in enumerate(zip(panel.lines, named, strict=True)):
        measured = ~np.isnan(line.success[0])
        if not measured.any():
            continue
        points = _dots(axes, np.where(line.alphas > 0, line.alphas, zero), line.success[0])
        joined = measured & (line.alphas > 0)
        curves.append(points[joined if joined.any() else measured])
        others.append(points[measured & ~joined])
        look: Any = {
            "text": wrapped(f"{SIGNS[number % len(SIGNS)]} {name}", 30),
            "color": ink(number),
            "fontsize": 7,
            "parse_math": False,
            "multialignment": "left",
            "bbox": {"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.5},
        }
        measure = axes.annotate(xy=(0.5, 0.5), xycoords="axes fraction", **look)
        box = measure.get_window_extent()
        measure.remove()
        sizes.append((box.width, box.height))
        looks.append(look)
    points_a_dot = 72 / dpi
    for bound in panel.bounds:
        others.append(_dots(axes, bound.alphas, bound.values)[bound.values > 0])
    others.append(_dots(axes, np.array(axes.get_xlim()), np.full(2, panel.target)))
    spots = place_labels(curves, sizes, axes.bbox.extents, taken, others)
    for spot, look in zip(spots, looks, strict=True):
        line_to_it: Any = {"arrowstyle": "-", "color": look["color"], "linewidth": 0.5}
        x, y = axes.transData.inverted().transform(spot.at)
        axes.annotate(
            xy=(x, y),
            xytext=((spot.x - spot.at[0]) * points_a_dot, (spot.y - spot.at[1]) * points_a_dot),
            textcoords="offset points",
            ha="center",
            va="center",
            arrowprops={**line_to_it, "shrinkA": 0, "shrinkB": 0} if spot.far else None,
            in_layout=False,
            **look,
        )


def _dots(axes: Axes, alphas: Floats, values: Floats) -> Floats:
    """Return where points of a curve stand in the picture, in dots, (p, 2)."""
    return np.asarray(axes.transData.transform(np.column_stack([alphas, values])))


def _draw_target(axes: Axes, target: float) -> None:
    axes.axhline(target, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)))
    axes.annotate(
        f"S* = {target:g}",
        (0, target),
        xycoords=("axes fraction", "data"),
        xytext=(3, 2),
        textcoords="offset points",
        color=GREY,
        fontsize=7.5,
    )


def _draw_bands(axes: Axes, lines: Sequence[HasAlphas], zero: float, of: Any) -> None:
    for number, line in enumerate(lines):
        mean, low, high = of(line)
        alphas = np.where(line.alphas > 0, line.alphas, zero)
        look: Any = {"color": colour(number), "marker": MARKERS[number % len(MARKERS)]}
        axes.fill_between(alphas, low, high, color=look["color"], alpha=0.15, linewidth=0)
        positive = line.alphas > 0
        axes.plot(alphas[positive], mean[positive], linestyle=dashes(number), **look)
        axes.plot(alphas[~positive], mean[~positive], linestyle="", **look)


def _draw_masses(axes: Axes, lines: Sequence[LearnerCurve], zero: float) -> None:
    """Draw one row a learner: estimate and interval; an arrow where it runs past the grid."""
    edge = _largest(lines) * 1.25
    for row, line in enumerate(lines):
        shade, mass = colour(row), line.mass
        measured = not math.isnan(mass.estimate)
        if measured:
            low, high = (min(end, edge) if end > 0 else zero for end in (mass.low, mass.high))
            axes.plot([low, high], [row, row], color=shade, linewidth=3, alpha=0.35)
        if math.isinf(mass.high):
            axes.plot([edge], [row], color=shade, marker=">", clip_on=False)
        if math.isfinite(mass.estimate):
            look: Any = {"color": shade, "marker": MARKERS[row % len(MARKERS)]}
            axes.plot([mass.estimate or zero], [row], markersize=6, **look)
        label = line.label if measured else f"{line.label}: every training failed"
        axes.annotate(
            label, (0, row), xycoords=("axes fraction", "data"), xytext=(3, 4),
            textcoords="offset points", color=ink(row), fontsize=7.5, parse_math=False,
        )  # fmt: skip
    axes.set_yticks([])
    axes.set_ylim(len(lines) - 0.5, -0.8)
    axes.spines["left"].set_visible(False)


def _alpha_axis(axes: Axes, lines: Sequence[HasAlphas], zero: float) -> None:
    """Make the α axis logarithmic, with α = 0 at a place of its own on the left."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    smallest, largest = _smallest(lines), _largest(lines)
    axes.set_xscale("log")
    decades = range(math.floor(math.log10(smallest)), math.ceil(math.log10(largest)) + 1)
    ticks = [10.0**p for p in decades if smallest / 1.5 <= 10.0**p <= largest * 1.5]
    if len(ticks) < 3:
        ticks = [t * 10.0**p for p in decades for t in (1, 2, 5)]
        ticks = [t for t in ticks if smallest / 1.1 <= t <= largest * 1.1]
    axes.xaxis.set_major_locator(FixedLocator([zero, *ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: "0" if v <= zero else percent_of(v)))
    axes.set_xlim(zero / 1.25, largest * 1.35)


def _smallest(lines: Sequence[HasAlphas]) -> float:
    positive = np.concatenate([line.alphas[line.alphas > 0] for line in lines])
    return float(positive.min()) if len(positive) else 0.1


def _largest(lines: Sequence[HasAlphas]) -> float:
    return max(_smallest(lines), *(float(line.alphas.max()) for line in lines))


def _zero_place(lines: Sequence[HasAlphas]) -> float:
    """Return where α = 0 stands on the log axis."""
    spread = max(_largest(lines) / _smallest(lines), 10.0)
    return float(_smallest(lines) / spread**0.12)
