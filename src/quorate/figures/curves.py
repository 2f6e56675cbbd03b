"""Figures of curves S(α): success, honest accuracy and critical mass of each learner.

Pure functions of plain arrays; shapes: a sizes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

from quorate.figures import alpha_axis, style
from quorate.figures.alpha_axis import Band
from quorate.figures.direct_labels import LabelSpot, place_labels
from quorate.figures.style import Axes, Figure, Floats
from quorate.short_names import short_labels

Part = Literal["success", "accuracy", "critical-mass"]
"""A panel of the figure of curves."""
PARTS: tuple[Part, ...] = ("success", "accuracy", "critical-mass")
PANEL_WIDTH = 5.9  # inches, of one panel where nothing else is asked for
NARROW, WIDE = 3.3, 6.0  # inches: a column of a paper; from where on two panels stand side by side
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
def curves_figure(
    panels: Sequence[CurvePanel],
    parts: Sequence[Part] = PARTS,
    width: float | None = None,
) -> Figure:
    """Return S(α), honest accuracy, and α* with its interval, two panels in a row.

    Args:
        panels: one for each population, strategy and goal.
        parts: which of "success", "accuracy" and "critical-mass" each panel has.
        width: of the figure in inches, as a paper asks for; by default as large as is needed.
    """
    most = max(len(panel.lines) for panel in panels)
    columns = min(2, len(panels)) if width is None or width >= WIDE else 1
    each = PANEL_WIDTH if width is None else width / columns
    heights = [_height(part, most, each) for part in parts]
    rows = math.ceil(len(panels) / columns)
    total = PANEL_WIDTH * columns + 0.4 if width is None else width
    with style.for_width(each):
        figure = style.new_figure(total, (sum(heights) + 0.6) * rows)
        places = figure.subfigures(rows, columns, squeeze=False).flat
        drawn = []
        for place, panel in zip(places, panels, strict=False):
            found = place.subplots(
                len(parts), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
            )[:, 0]
            for part, axes in zip(parts, found, strict=True):
                _draw_part(axes, panel, part, each)
                drawn.append((axes, panel, part))
            _set_title(found[0], panel, each)
            _set_alpha_axis(found[-1], panel, each)
        figure.draw_without_rendering()  # fixes all positions, which labels need
        for axes, panel, part in drawn:
            _label_part(axes, panel, part, parts, figure.dpi)
    return figure


def draw_curves(axes: Axes, panel: CurvePanel, part: Part) -> None:
    """Draw one part of a panel into axes of somebody else's figure, who gives them a title."""
    figure = style.figure_of(axes)
    with style.in_style():
        width = axes.get_window_extent().width / figure.dpi
        _draw_part(axes, panel, part, width)
        _set_alpha_axis(axes, panel, NARROW)
        figure.draw_without_rendering()
        _label_part(axes, panel, part, (part,), figure.dpi)


def draw_masses(axes: Axes, lines: Sequence[LearnerCurve]) -> None:
    """Draw critical masses alone, one row per learner, into axes of somebody else's figure."""
    with style.in_style():
        zero = alpha_axis.place_of_zero(lines)
        _draw_masses(axes, lines, zero)
        alpha_axis.set_alpha_axis(axes, lines, zero)
        axes.set_xlabel("critical mass α*")


@style.styled
def masses_figure(lines: Sequence[LearnerCurve]) -> Figure:
    """Return the critical masses alone, one row per learner."""
    figure = style.new_figure(5.9, 0.8 + 0.3 * len(lines))
    draw_masses(figure.subplots(), lines)
    return figure


def _height(part: Part, most: int, width: float) -> float:
    """Return the height of a part in inches, in a panel of so many lines and such a width."""
    if part == "critical-mass":
        return 0.3 + 0.29 * most
    full = {"success": 2.9, "accuracy": 1.4}[part]
    return full if width >= PANEL_WIDTH else max(1.1, full * (0.3 + 0.7 * width / PANEL_WIDTH))


def _draw_part(axes: Axes, panel: CurvePanel, part: Part, width: float) -> None:
    zero = alpha_axis.place_of_zero(panel.lines)
    if part == "success":
        _draw_success(axes, panel, zero, width)
    elif part == "accuracy":
        alpha_axis.draw_bands(axes, panel.lines, zero, lambda line: line.accuracy)
        axes.set_ylabel("accuracy on\nhonest people")
    else:
        _draw_masses(axes, panel.lines, zero)
        axes.set_ylabel("α*")


def _set_title(axes: Axes, panel: CurvePanel, width: float) -> None:
    """Write the title above the bounds' legend; a path in it may hold dollars."""
    legend = axes.get_legend()
    lines = sum(one.get_text().count("\n") + 1 for one in legend.get_texts()) if legend else 0
    pad = 6 + (10 if width >= PANEL_WIDTH else 8) * lines
    title, letters = panel.title, 72
    if width < PANEL_WIDTH:  # in smaller letters, and in lines that end at a comma
        title, letters = re.sub(",(?! )", ", ", title), round(10 * width)
    axes.set_title(style.wrapped(title, letters), pad=pad, parse_math=False)


def _set_alpha_axis(axes: Axes, panel: CurvePanel, width: float) -> None:
    alpha_axis.set_alpha_axis(axes, panel.lines, alpha_axis.place_of_zero(panel.lines))
    said = "α, fraction of the platform's data held by the collective"
    axes.set_xlabel(style.wrapped(said, 36) if width < WIDE / 2 + 1 else said)


def _label_part(
    axes: Axes, panel: CurvePanel, part: Part, parts: Sequence[Part], dpi: float
) -> None:
    """Name the curves beside those of success, or where there are none, of accuracy."""
    named = "success" if "success" in parts else "accuracy"
    if part == named:
        zero = alpha_axis.place_of_zero(panel.lines)
        _label_curves(axes, panel, zero, dpi, part)


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


def _draw_success(axes: Axes, panel: CurvePanel, zero: float, width: float) -> None:
    alpha_axis.draw_bands(axes, panel.lines, zero, lambda line: line.success)
    if math.isfinite(panel.target):
        _draw_target(axes, panel.target)
    for number, line in enumerate(panel.lines):
        if math.isfinite(line.mass.estimate):
            at = line.mass.estimate or zero
            thin: Any = {"linewidth": 0.8, "alpha": 0.6, "linestyle": (0, (1, 2))}
            axes.plot([at, at], [0, panel.target], color=style.colour(number), **thin)
    for number, bound in enumerate(panel.bounds):
        shown = bound.values > 0  # a bound at or below 0 is vacuous
        dashed: Any = {"color": "black", "linewidth": 1, "linestyle": _BOUND_DASHES[number % 2]}
        label = bound.label if width >= PANEL_WIDTH else style.wrapped(bound.label, 34)
        axes.plot(bound.alphas[shown], bound.values[shown], label=label, **dashed)
    if panel.bounds:
        slim: Any = {"borderpad": 0, "fontsize": 7, "frameon": False, "handlelength": 2.6}
        if width < PANEL_WIDTH:
            slim |= {"fontsize": 6, "handlelength": 1.6}
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), **slim)
    axes.set_ylim(-0.03, 1.05)
    axes.set_ylabel("success S(α)")


def _label_curves(axes: Axes, panel: CurvePanel, zero: float, dpi: float, part: Part) -> None:
    """Write each line's marker and name beside its curve, over no other label.

    A line that was never measured has no label; its row below says so.
    """
    taken = [text.get_window_extent().extents for text in axes.texts]
    short = iter(short_labels([line.label for line in panel.lines if not line.is_name]))
    named = [line.label if line.is_name else next(short) for line in panel.lines]
    curves, sizes, looks, others = [], [], [], []
    for number, (line, name) in enumerate(zip(panel.lines, named, strict=True)):
        mean = line.success[0] if part == "success" else line.accuracy[0]
        measured = ~np.isnan(mean)
        if not measured.any():
            continue
        points = _dots(axes, np.where(line.alphas > 0, line.alphas, zero), mean)
        joined = measured & (line.alphas > 0)
        curves.append(points[joined if joined.any() else measured])
        others.append(points[measured & ~joined])
        looks.append(_label_look(number, name))
        sizes.append(_label_size(axes, looks[-1]))
    if part == "success":
        for bound in panel.bounds:
            others.append(_dots(axes, bound.alphas, bound.values)[bound.values > 0])
        if math.isfinite(panel.target):
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
