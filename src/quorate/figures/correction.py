"""Figures of corrections at test time. Pure functions of plain arrays.

Shape letters: a sizes, c h w image axes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from quorate.figures import style
from quorate.figures.style import Axes, Figure, Floats

Pixels = npt.NDArray[np.uint8]
ASIDE = "#555555"  # of what stands beside the change that is shown first
DPI = 160  # of rendered figures
SIDE = 112  # of a picture on a sheet, in dots, roughly
MOST_GAINED = 0.6  # accuracy gained at the end of the colour scale
LETTER = 0.11  # inches of a letter beside a picture, at most
LINE = 16  # height of a caption's line, in dots
LARGEST = 256  # pixels of a side that are shown


@dataclass(frozen=True, eq=False)
class GapCurve:
    """Gap closed over collective sizes for one query budget per member; NaN if undefined.

    Args:
        label: the query budget per member.
        members, pooled: number of members, and of answered queries in all, (a,).
        value, low, high: gap closed and the ends of its interval, (a,); ends may be infinite.
        aside: whether the change stands beside the one that is shown first: dashed and grey.
    """

    label: str
    members: Floats
    pooled: Floats
    value: Floats
    low: Floats
    high: Floats
    aside: bool = False


@dataclass(frozen=True)
class AccuracyMark:
    """One accuracy of a group, or a control, with its interval.

    Args:
        label: name of the accuracy.
        value, low, high: in [0, 1].
        before: the same people's accuracy before the change; NaN if there is none.
        kind: an accuracy, that of the label-free change, a control, or a force rate, which is no
            accuracy.
    """

    label: str
    value: float
    low: float
    high: float
    before: float = math.nan
    kind: Literal["accuracy", "free", "control", "force"] = "accuracy"


# --------------------------------------------------------------------------------------- gap closed


@style.styled
def gap_figure(panels: Sequence[tuple[str, Sequence[GapCurve]]]) -> Figure:
    """Return gap closed over members and over pooled queries, one row of panels each."""
    limits = _limits([trace for _, traces in panels for trace in traces])
    figure = style.new_figure(7.6, 2.5 * len(panels) + 0.5)
    grid = figure.subplots(len(panels), 2, sharey=True, sharex="col", squeeze=False)
    for (title, traces), (left, right) in zip(panels, grid, strict=True):
        for axes, xs in ((left, "members"), (right, "pooled")):
            if not any((getattr(trace, xs) > 0).any() for trace in traces):
                axes.set_visible(False)  # nothing was asked
                continue
            _draw_levels(axes)
            for number, trace in enumerate(traces):
                _draw_trace(axes, trace, getattr(trace, xs), number, limits)
            axes.set_ylim(limits)
            _sizes_axis(axes, np.concatenate([getattr(trace, xs) for trace in traces]))
        left.set_title(title, parse_math=False)
        left.set_ylabel("gap closed")
    grid[-1][0].set_xlabel("members")
    grid[-1][1].set_xlabel("queries pooled in all")
    handles, labels = grid[0][0].get_legend_handles_labels()
    key: Any = {"loc": "outside upper center", "ncols": 3, "frameon": False, "fontsize": 8}
    figure.legend(handles, labels, **key)
    return figure


@style.styled
def equal_queries_figure(panels: Sequence[tuple[str, Sequence[GapCurve]]]) -> Figure:
    """Return gap closed over pooled queries, a panel for each budget: one curve a way of search.

    A way that asks nothing is a level, of its largest collective.
    """
    limits = _limits([trace for _, traces in panels for trace in traces])
    width = 3.6 if len(panels) > 1 else 6.8
    figure, axes_of = style.paired_panels(len(panels), width, 3.0, sharey=True)
    for (title, traces), axes in zip(panels, axes_of, strict=True):
        _draw_levels(axes)
        for number, trace in enumerate(traces):
            if (trace.pooled > 0).all():
                _draw_trace(axes, trace, trace.pooled, number, limits)
            else:  # it asks nothing: a level
                look: Any = {"color": ASIDE, "linestyle": (0, (4, 2)), "linewidth": 1.2}
                axes.axhline(trace.value[-1], label=trace.label, **look)
        axes.set_ylim(limits)
        asked = [trace.pooled for trace in traces if (trace.pooled > 0).all()]
        if asked:
            _sizes_axis(axes, np.concatenate(asked))
        axes.set_title(title, parse_math=False)
        axes.set_xlabel("queries that all members have together")
    axes_of[0].set_ylabel("gap closed, label-free")
    handles: dict[str, Any] = {}
    for axes in axes_of:
        handles |= {text: one for one, text in zip(*axes.get_legend_handles_labels(), strict=True)}
    key: Any = {"loc": "outside upper center", "ncols": 1, "frameon": False, "fontsize": 8}
    figure.legend(list(handles.values()), list(handles), **key)
    return figure


def _limits(traces: Sequence[GapCurve]) -> tuple[float, float]:
    """Return the limits of the axis: all values, 0 and 1, and a part of the intervals."""
    values = np.concatenate([trace.value[np.isfinite(trace.value)] for trace in traces])
    low, high = float(values.min(initial=0)), float(values.max(initial=1))
    room = 0.4 * (high - low)
    ends = [[t.low, t.high] for t in traces if np.isfinite(t.value).any()]
    reach = np.concatenate([np.ravel(pair) for pair in ends]) if ends else np.empty(0)
    reach = reach[~np.isnan(reach)]
    room_below = min(room, max(0.1, low - float(reach.min(initial=low)) + 0.05))
    room_above = min(room, max(0.1, float(reach.max(initial=high)) - high + 0.05))
    return low - room_below, high + room_above


def _draw_levels(axes: Axes) -> None:
    """Draw the levels of no change and of a closed gap."""
    for level, text in ((0, "nothing changed"), (1, "gap is gone")):
        axes.axhline(level, **style.DASHED)
        style.write(axes, text, (0, level), (3, 2), style.AT_LEFT, 6.5, color=style.GREY)


def _draw_trace(
    axes: Axes, trace: GapCurve, xs: Floats, number: int, limits: tuple[float, float]
) -> None:
    """Draw a curve with whiskers, each curve slightly to the right of the one before.

    A whisker that leaves the panel ends in an arrow.
    """
    colour = ASIDE if trace.aside else style.COLOURS[number % len(style.COLOURS)]
    look: Any = {
        "color": colour,
        "marker": "x" if trace.aside else style.MARKERS[number % len(style.MARKERS)],
    }
    dashes: Any = (0, (4, 2)) if trace.aside else "-"
    shown = np.isfinite(trace.value)
    aside = max(1.015, float(xs.max() / xs.min()) ** 0.012) ** number
    xs, low, high = xs[shown] * aside, trace.low[shown], trace.high[shown]
    axes.plot(xs, trace.value[shown], label=trace.label, linestyle=dashes, **look)
    bottom, top = np.maximum(low, limits[0]), np.minimum(high, limits[1])
    if len(xs) > 1:
        axes.fill_between(xs, bottom, top, color=colour, alpha=0.08, linewidth=0)
    axes.vlines(xs, bottom, top, color=colour, linewidth=0.9, alpha=0.7)
    for out, end, marker in ((low < limits[0], bottom, "v"), (high > limits[1], top, "^")):
        if out.any():
            arrows: Any = {"color": colour, "marker": marker, "markersize": 4, "linestyle": ""}
            axes.plot(xs[out], end[out], **arrows, clip_on=False)


def _sizes_axis(axes: Axes, sizes: Floats) -> None:
    """Make an axis of whole sizes logarithmic, with the measured sizes as ticks."""
    tried = sorted(set(sizes.tolist()))
    spread = tried[-1] / tried[0]
    ticks = tried[:1]
    for size in tried[1:]:
        if size >= ticks[-1] * max(1.35, spread**0.14):  # closer ticks would overlap
            ticks.append(size)
    axes.set_xscale("log")
    style.set_ticks(axes.xaxis, ticks, lambda v: f"{v:,.0f}")
    axes.set_xlim(tried[0] / (1.35 * spread**0.3), tried[-1] * 1.1 * spread**0.06)


# ------------------------------------------------------------------------------------------- groups


@style.styled
def groups_figure(sections: Sequence[tuple[str, Sequence[AccuracyMark]]]) -> Figure:
    """Return accuracies and controls, one row each: hollow before, filled after."""
    lines = sum(len(marks) + 1 for _, marks in sections)
    figure = style.new_figure(7.2, 0.24 * lines + 0.7)
    axes = figure.subplots()
    names, at = [], 0
    for heading, marks in sections:
        style.write(axes, heading, (0, at), (3, 0), style.AT_LEFT, va="center", color=style.GREY)
        for place, mark in enumerate(marks, at + 1):
            _draw_mark(axes, mark, place)
            names.append((place, mark.label))
        at += len(marks) + 1
    axes.set_yticks([place for place, _ in names], [name for _, name in names])
    style.take_literally(axes.get_yticklabels())
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(at - 0.4, -0.6)
    axes.set_xlim(-0.02, 1.02)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("fraction of people (hollow: before; filled: after; bars: 95%)")
    return figure


def _draw_mark(axes: Axes, mark: AccuracyMark, at: float) -> None:
    colour = {
        "accuracy": style.COLOURS[0],
        "free": style.COLOURS[1],
        "control": ASIDE,
        "force": "black",
    }
    marker = {"accuracy": "o", "free": "s", "control": "D", "force": "X"}[mark.kind]
    look: Any = {"color": colour[mark.kind], "marker": marker, "markersize": 5.5}
    if math.isfinite(mark.value):
        low, high = max(mark.low, 0.0), min(mark.high, 1.0)
        axes.plot([low, high], [at, at], color=look["color"], linewidth=3.5, alpha=0.3)
        axes.plot([mark.value], [at], **look, linestyle="")
    if math.isfinite(mark.before):
        if math.isfinite(mark.value):
            line = {"arrowstyle": "-", "color": look["color"], "linewidth": 1}
            axes.annotate("", (mark.value, at), (mark.before, at), arrowprops=line)
        axes.plot([mark.before], [at], **look, markerfacecolor="white", linestyle="")


# ----------------------------------------------------------------------------------------- transfer


@dataclass(frozen=True, eq=False)
class TransferMatrix:
    """What each platform (rows) does after each surrogate's change (columns).

    Args:
        title: which change it is.
        before, after: the subgroup's accuracy, (rows, columns); NaN if not measured.
        closed: gap closed, (rows, columns); NaN if meaningless.
    """

    title: str
    before: Floats
    after: Floats
    closed: Floats


@style.styled
def transfer_figure(
    rows: Sequence[str], columns: Sequence[str], matrices: Sequence[TransferMatrix]
) -> Figure:
    """Return transferability matrices, one below another: platforms (rows) by surrogates (columns).

    Shades show the accuracy gained. Gap closed is written below, where it is a number.

    Args:
        rows, columns: platforms and surrogate models.
        matrices: of each change.
    """
    rows, columns = ([style.broken(name) for name in names] for names in (rows, columns))
    lines, below = (max(1 + name.count("\n") for name in names) for names in (rows, columns))
    height = (max(0.75, 0.2 * lines) * len(rows) + 0.35) * len(matrices) + 0.7 + 0.2 * below
    longest, beside = (
        max(len(line) for name in names for line in name.split("\n")) for names in (columns, rows)
    )
    width = max(1.5, LETTER * longest) * len(columns) + LETTER * beside + 1.6
    figure = style.new_figure(width, height)
    places = figure.subplots(len(matrices), squeeze=False, sharex=True)[:, 0]
    scale: Any = {"cmap": "Blues", "vmin": 0, "vmax": MOST_GAINED}
    for matrix, axes in zip(matrices, places, strict=True):
        shown = axes.imshow(
            np.ma.masked_invalid(matrix.after - matrix.before), aspect="auto", **scale
        )
        _write_matrix(axes, matrix)
        axes.grid(visible=False)
        axes.set_title(matrix.title, parse_math=False)
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(rows)), rows)
        style.take_literally([*axes.get_xticklabels(), *axes.get_yticklabels()])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_ylabel("platform")
    places[-1].set_xlabel("surrogate model")
    bar = figure.colorbar(shown, ax=places, extend="both")
    bar.set_label("accuracy gained by the subgroup")
    return figure


def _write_matrix(axes: Axes, matrix: TransferMatrix) -> None:
    """Write the numbers of each platform and surrogate into their place."""
    for (row, column), gain in np.ndenumerate(matrix.after - matrix.before):
        share = matrix.closed[row, column]
        colour = "white" if gain > 0.6 * MOST_GAINED else "black"
        change = f"{matrix.before[row, column]:.2f} → {matrix.after[row, column]:.2f}"
        lines = ["–" if math.isnan(gain) else change]
        lines += [] if math.isnan(share) else [f"gap closed {share:.2f}"]
        text = "\n".join(lines)
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)


# ----------------------------------------------------------------------------------------- pictures


@style.styled
def sheet_figure(rows: Sequence[tuple[str, Sequence[tuple[str, Pixels]]]]) -> Figure:
    """Return pictures in rows, each pixel a whole number of dots, without smoothing.

    Args:
        rows: a name, and captions with their pictures, (c, h, w) each, all of one shape. Pictures
            above 256 pixels are shown with every second pixel, or fewer.
    """
    every = math.ceil(max(rows[0][1][0][1].shape[1:]) / LARGEST)
    h, w = (math.ceil(size / every) for size in rows[0][1][0][1].shape[1:])
    times = max(1, round(SIDE / max(h, w)))
    tall, wide, gap = h * times, w * times, 10
    left = 16 + 11 * max(len(name) for name, _ in rows)
    above = [_room([caption for caption, _ in pictures]) for _, pictures in rows]
    width = left + max(len(pictures) for _, pictures in rows) * (wide + gap)
    height = gap + sum(above) + len(rows) * (tall + gap)
    figure = style.new_figure(width / DPI, height / DPI)
    figure.set_layout_engine("none")  # every picture has a fixed place
    bottom = height
    for (name, pictures), room in zip(rows, above, strict=True):
        bottom -= room + tall + gap
        middle = (bottom + tall / 2) / height
        figure.text((left - 8) / width, middle, name, ha="right", va="center", fontsize=7)
        for place, (caption, picture) in enumerate(pictures):
            x, over = left + place * (wide + gap), (bottom + tall + 5) / height
            figure.text((x + wide / 2) / width, over, caption, ha="center", fontsize=6.5)
            box = (x / width, bottom / height, wide / width, tall / height)
            some = picture[:, ::every, ::every]
            _draw_picture(figure, box, some.repeat(times, 1).repeat(times, 2))
    style.take_literally(figure.texts)
    return figure


def _room(captions: Sequence[str]) -> int:
    """Return the dots above pictures that their captions take, of one line or several."""
    lines = max(len(caption.splitlines()) for caption in captions)
    return 8 + LINE * lines if lines else 0


def _draw_picture(figure: Figure, box: tuple[float, float, float, float], picture: Pixels) -> None:
    """Draw a picture (c, h, w), one dot per value; as grey unless it has 3 channels."""
    axes = figure.add_axes(box)
    axes.set_axis_off()
    if len(picture) != 3:
        picture = np.rint(picture.mean(0, keepdims=True)).astype(np.uint8).repeat(3, 0)
    axes.imshow(picture.transpose(1, 2, 0), interpolation="nearest", aspect="auto")
