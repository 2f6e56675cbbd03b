"""Figures of curves S(α): success, honest accuracy and critical mass of each learner.

Pure functions of plain arrays; shapes: a sizes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from quorate.figures import alpha_axis, style
from quorate.figures.alpha_axis import Band
from quorate.figures.direct_labels import LabelSpot, place_labels
from quorate.figures.style import Axes, Figure, Floats
from quorate.short_names import short_labels

_BOUND_DASHES: tuple[Any, ...] = ((0, (4, 2)), (0, (1, 1)))


class MassInterval(Protocol):
    """A critical mass with its interval."""

    @property
    def estimate(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


@dataclass(frozen=True, eq=False)
class LearnerCurve:
    """One learner's success and honest accuracy over sizes, and its critical mass.

    A ``label`` that ``is_name`` is the user's own: it is drawn as it is, and not shortened.
    """

    label: str
    alphas: Floats
    success: Band
    accuracy: Band
    mass: MassInterval
    is_name: bool = False


@dataclass(frozen=True, eq=False)
class BoundCurve:
    """A lower bound on success from theory, over its own sizes."""

    name: str
    label: str
    alphas: Floats
    values: Floats


@dataclass(eq=False)
class CurvePanel:
    """The curves of one population, strategy and goal."""

    title: str
    target: float
    lines: list[LearnerCurve] = field(default_factory=list)
    bounds: list[BoundCurve] = field(default_factory=list)


@style.styled
def curves_figure(panels: Sequence[CurvePanel]) -> Figure:
    """Return S(α), honest accuracy, and α* with its interval, two panels in a row."""
    most = max(len(panel.lines) for panel in panels)
    heights = [2.9, 1.4, 0.3 + 0.29 * most]
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = style.new_figure(5.9 * columns + 0.4, (sum(heights) + 0.6) * rows)
    parts = figure.subfigures(rows, columns, squeeze=False).flat
    drawn = []
    for part, panel in zip(parts, panels, strict=False):
        success, accuracy, masses = part.subplots(
            3, 1, sharex=True, gridspec_kw={"height_ratios": heights}
        )
        zero = alpha_axis.place_of_zero(panel.lines)
        _draw_success(success, panel, zero)
        alpha_axis.draw_bands(accuracy, panel.lines, zero, lambda line: line.accuracy)
        accuracy.set_ylabel("accuracy on\nhonest people")
        _draw_masses(masses, panel.lines, zero)
        alpha_axis.set_alpha_axis(masses, panel.lines, zero)
        masses.set_xlabel("α, fraction of the platform's data held by the collective")
        masses.set_ylabel("α*")
        drawn.append((success, panel, zero))
    figure.draw_without_rendering()  # fixes all positions, which labels need
    for success, panel, zero in drawn:
        _label_curves(success, panel, zero, figure.dpi)
    return figure


@style.styled
def masses_figure(lines: Sequence[LearnerCurve]) -> Figure:
    """Return the critical masses alone, one row per learner."""
    figure = style.new_figure(5.9, 0.8 + 0.3 * len(lines))
    axes = figure.subplots()
    zero = alpha_axis.place_of_zero(lines)
    _draw_masses(axes, lines, zero)
    alpha_axis.set_alpha_axis(axes, lines, zero)
    axes.set_xlabel("critical mass α*")
    return figure


@style.styled
def search_figure(
    title: str,
    line: LearnerCurve,
    points: tuple[Floats, Floats],
    fitted: Floats | None,
    target: float,
) -> Figure:
    """Return what a search measured: each training, the fitted curve, S*, and α*'s interval.

    Args:
        title: title of the figure.
        line: the learner, its sizes (a,), and its critical mass.
        points: α and S of each training, (p,) each.
        fitted: the fitted curve at the line's sizes, (a,), or None.
        target: S*.
    """
    figure = style.new_figure(6.3, 4.1)
    success, mass = figure.subplots(2, 1, sharex=True, height_ratios=[2.9, 0.6])
    zero, (alphas, values) = alpha_axis.place_of_zero([line]), points
    low, high = line.mass.low or zero, min(line.mass.high, alpha_axis.largest_alpha([line]) * 1.25)
    if not math.isnan(line.mass.estimate):
        success.axvspan(low, high or zero, color=style.colour(0), alpha=0.12, linewidth=0)
    if fitted is not None:
        positive = line.alphas > 0
        success.plot(line.alphas[positive], fitted[positive], color=style.colour(0))
    dots: Any = {"color": "black", "linestyle": "", "marker": "o", "alpha": 0.6}
    success.plot(np.where(alphas > 0, alphas, zero), values, markerfacecolor="none", **dots)
    _draw_target(success, target)
    success.set_ylim(-0.03, 1.05)
    success.set_ylabel("success S(α)")
    success.set_title(style.wrapped(title), parse_math=False)
    _draw_masses(mass, [line], zero)
    alpha_axis.set_alpha_axis(mass, [line], zero)
    mass.set_xlabel("α, fraction of the platform's data held by the collective")
    mass.set_ylabel("α*")
    return figure


def _draw_success(axes: Axes, panel: CurvePanel, zero: float) -> None:
    alpha_axis.draw_bands(axes, panel.lines, zero, lambda line: line.success)
    _draw_target(axes, panel.target)
    for number, line in enumerate(panel.lines):
        if math.isfinite(line.mass.estimate):
            at = line.mass.estimate or zero
            thin: Any = {"linewidth": 0.8, "alpha": 0.6, "linestyle": (0, (1, 2))}
            axes.plot([at, at], [0, panel.target], color=style.colour(number), **thin)
    for number, bound in enumerate(panel.bounds):
        shown = bound.values > 0  # a bound at or below 0 is vacuous
        dashed: Any = {"color": "black", "linewidth": 1, "linestyle": _BOUND_DASHES[number % 2]}
        axes.plot(bound.alphas[shown], bound.values[shown], label=bound.label, **dashed)
    if panel.bounds:
        slim: Any = {"borderpad": 0, "fontsize": 7, "frameon": False, "handlelength": 2.6}
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), **slim)
    axes.set_ylim(-0.03, 1.05)
    axes.set_ylabel("success S(α)")
    pad = 6 + 10 * len(panel.bounds)
    axes.set_title(style.wrapped(panel.title), pad=pad, parse_math=False)  # a path may hold dollars


def _label_curves(axes: Axes, panel: CurvePanel, zero: float, dpi: float) -> None:
    """Write each line's marker and name beside its curve, over no other label.

    A line that was never measured has no label; its row below says so.
    """
    taken = [text.get_window_extent().extents for text in axes.texts]
    short = iter(short_labels([line.label for line in panel.lines if not line.is_name]))
    named = [line.label if line.is_name else next(short) for line in panel.lines]
    curves, sizes, looks, others = [], [], [], []
    for number, (line, name) in enumerate(zip(panel.lines, named, strict=True)):
        measured = ~np.isnan(line.success[0])
        if not measured.any():
            continue
        points = _dots(axes, np.where(line.alphas > 0, line.alphas, zero), line.success[0])
        joined = measured & (line.alphas > 0)
        curves.append(points[joined if joined.any() else measured])
        others.append(points[measured & ~joined])
        looks.append(_label_look(number, name))
        sizes.append(_label_size(axes, looks[-1]))
    for bound in panel.bounds:
        others.append(_dots(axes, bound.alphas, bound.values)[bound.values > 0])
    others.append(_dots(axes, np.array(axes.get_xlim()), np.full(2, panel.target)))
    spots = place_labels(curves, sizes, axes.bbox.extents, taken, others)
    for spot, shown in zip(spots, looks, strict=True):
        _write_label(axes, spot, shown, 72 / dpi)


def _label_look(number: int, name: str) -> dict[str, Any]:
    return {
        "text": style.wrapped(f"{style.SIGNS[number % len(style.SIGNS)]} {name}", 30),
        "color": style.ink(number),
        "fontsize": 7,
        "parse_math": False,
        "multialignment": "left",
        "bbox": {"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.5},
    }


def _label_size(axes: Axes, label: Any) -> tuple[float, float]:
    """Return a label's width and height in dots."""
    measure = axes.annotate(xy=(0.5, 0.5), xycoords="axes fraction", **label)
    box = measure.get_window_extent()
    measure.remove()
    return box.width, box.height


def _write_label(axes: Axes, spot: LabelSpot, label: Any, points_a_dot: float) -> None:
    """Write a label at its spot, with a line to its curve if that is far."""
    place = axes.transData.inverted().transform(spot.at)
    aside = ((spot.x - spot.at[0]) * points_a_dot, (spot.y - spot.at[1]) * points_a_dot)
    arrow: Any = {"arrowstyle": "-", "color": label["color"], "linewidth": 0.5}
    arrow |= {"shrinkA": 0, "shrinkB": 0}
    middle: Any = {"ha": "center", "va": "center", "in_layout": False, **label}
    middle["arrowprops"] = arrow if spot.far else None
    axes.annotate(xy=tuple(place), xytext=aside, textcoords="offset points", **middle)


def _dots(axes: Axes, alphas: Floats, values: Floats) -> Floats:
    """Return the positions of a curve's points in the picture, in dots, (p, 2)."""
    return np.asarray(axes.transData.transform(np.column_stack([alphas, values])))


def _draw_target(axes: Axes, target: float) -> None:
    axes.axhline(target, **style.DASHED)
    style.write(axes, f"S* = {target:g}", (0, target), (3, 2), style.AT_LEFT, color=style.GREY)


def _draw_masses(axes: Axes, lines: Sequence[LearnerCurve], zero: float) -> None:
    """Draw one row per learner: estimate and interval, with an arrow if it exceeds the grid."""
    edge = alpha_axis.largest_alpha(lines) * 1.25
    for row, line in enumerate(lines):
        shade, mass = style.colour(row), line.mass
        measured = not math.isnan(mass.estimate)
        if measured:
            low, high = (min(end, edge) if end > 0 else zero for end in (mass.low, mass.high))
            axes.plot([low, high], [row, row], color=shade, linewidth=3, alpha=0.35)
        if math.isinf(mass.high):
            axes.plot([edge], [row], color=shade, marker=">", clip_on=False)
        if math.isfinite(mass.estimate):
            axes.plot([mass.estimate or zero], [row], markersize=6, **style.look(row))
        label = line.label if measured else f"{line.label}: every training failed"
        style.write(axes, label, (0, row), (3, 4), style.AT_LEFT, color=style.ink(row))
    axes.set_yticks([])
    axes.set_ylim(len(lines) - 0.5, -0.8)
    axes.spines["left"].set_visible(False)
