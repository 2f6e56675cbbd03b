"""Figures of participation: what acting brings, who responds, and what privacy does to it.

Pure functions of plain arrays; shapes: a sizes, p places, r rounds, b beliefs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from quorate.figures import style
from quorate.figures.style import Axes, Figure, Floats

Ends = Sequence[float]  # estimate, low, high
OF_ALL = "α, fraction of the platform's data held by those who act"


@style.styled
def regimes_figure(
    course: tuple[Floats, Floats, Floats, Floats],
    measured: tuple[Floats, Floats],
    cost: float,
    share: float,
    pays_from: float,
    stable: Floats,
    unstable: Floats,
) -> Figure:
    """Return what who acts and who stays out get over α, with the part in which joining pays.

    Args:
        course: α, S and the ends of its interval, (p,) each; 0 may be the first.
        measured: sizes and mean success, (a,) each.
        cost, share: k and γ.
        pays_from: α from which acting pays; inf for nowhere.
        stable, unstable: α of the equilibria and of the tipping points.
    """
    figure = style.new_figure(6.3, 3.8)
    axes = figure.subplots()
    sizes, success = course[:2]
    zero, largest = _place_of_zero(sizes), float(sizes[-1])
    if pays_from < largest:
        axes.axvspan(max(pays_from, zero), largest, color=style.colour(2), alpha=0.1, linewidth=0)
    _draw_gains(axes, 0, course, measured, 1.0, cost, "who acts: S − k")
    _draw_gains(axes, 1, course, measured, share, 0.0, "who stays out: γS")
    axes.axhline(0, color=style.GREY, linewidth=0.8)
    gains = np.interp(stable, sizes, success) - cost
    _mark_rests(axes, np.maximum(stable, zero), gains, largest, "black", "stays")
    gains = np.interp(unstable, sizes, success) - cost
    _mark_rests(axes, np.maximum(unstable, zero), gains, largest, "white", "tips")
    _name_regimes(axes, zero, pays_from, largest)
    _log_axis(axes, zero, largest)
    axes.set_xlabel(OF_ALL)
    axes.set_ylabel("what a person gets")
    return figure


def _draw_gains(
    axes: Axes,
    number: int,
    course: tuple[Floats, Floats, Floats, Floats],
    measured: tuple[Floats, Floats],
    part: float,
    paid: float,
    name: str,
) -> None:
    """Draw what a person gets of S who has this part of it and has paid so much."""
    (sizes, success, low, high), (alphas, mean) = course, measured
    zero, largest = _place_of_zero(sizes), float(sizes[-1])
    places, shade = np.maximum(sizes, zero), style.colour(number)
    bottom, top = part * low - paid, part * high - paid
    axes.fill_between(places, bottom, top, color=shade, alpha=0.15, linewidth=0)
    axes.plot(places, part * success - paid, color=shade, linestyle=style.dashes(number))
    axes.plot(np.maximum(alphas, zero), part * mean - paid, linestyle="", **style.look(number))
    end = (largest, part * float(success[-1]) - paid)
    style.write(axes, name, end, (-4, 6), size=9, ha="right", color=style.ink(number))


def _mark_rests(
    axes: Axes, places: Floats, gains: Floats, largest: float, fill: str, words: str
) -> None:
    """Mark where best responses rest, or where they tip."""
    dot: Any = {"marker": "o", "markersize": 8, "color": "black", "zorder": 5}
    for place, gain in zip(places, gains, strict=True):
        is_last = place >= largest
        axes.plot([place], [gain], mfc=fill, **dot)
        offset, side = ((-8, -14), "right") if is_last else ((7, -10), "left")
        style.write(axes, words, (place, gain), offset, ha=side)


def _name_regimes(axes: Axes, zero: float, pays_from: float, largest: float) -> None:
    """Say above the axes where joining pays and where it does not."""
    edge = min(max(pays_from, zero), largest)
    regimes = ((zero, edge, "does not pay"), (edge, largest, "joining pays"))
    for left, right, words in regimes:
        if right > left * 1.5:
            at = (math.sqrt(left * right), 1)
            style.write(axes, words, at, (0, 3), style.AT_TOP, 8, ha="center", color=style.GREY)


@style.styled
def responses_figure(courses: Sequence[tuple[float, Floats]], tips: Floats, network: str) -> Figure:
    """Return the share of those who may act that do, by round, from each start.

    Args:
        courses: the start, and shares by round, (r+1,).
        tips: shares at which it tips where everybody knows all.
        network: who sees whom.
    """
    figure = style.new_figure(6.3, 3.4)
    axes = figure.subplots()
    positive = np.concatenate([shares[shares > 0] for _, shares in courses])
    zero = float(positive.min()) / 3 if len(positive) else 1e-3
    last = max(len(shares) for _, shares in courses) - 1
    for number, (start, shares) in enumerate(courses):
        shown = np.append(shares, np.full(last + 1 - len(shares), shares[-1]))
        line: Any = {"linestyle": style.dashes(number), "markevery": [0], **style.look(number)}
        axes.plot(np.maximum(shown, zero), **line)
        beside: Any = {"ha": "right", "va": "center", "color": style.ink(number)}
        same = [one for one, _ in courses if max(one, zero) == max(start, zero)]
        if start == same[-1]:  # those too few to be told apart have one name
            named = f"{', '.join(map(style.percent_of, same))} begin"
            style.write(axes, named, (0, max(start, zero)), (-6, 0), **beside)
    for tip in tips:
        axes.axhline(max(float(tip), zero), color=style.GREY, linewidth=0.8, linestyle=":")
    axes.set_xlim(left=-0.18 * max(last, 1))  # room for the names
    _log_axis(axes, zero, 1.0, upright=True)
    axes.set_xlabel(f"round, network of acquaintances: {network}")
    axes.set_ylabel("of those who may act, do")
    return figure


@style.styled
def pledges_figure(
    beliefs: Floats, calls: Mapping[str, tuple[Floats, Floats]], threshold: float, belief: float
) -> Figure:
    """Return a member's gain, and the risk that acting does not pay, over the expected turnout.

    Args:
        beliefs: medians of the turnout, (b,).
        calls: by name of the call, what one who acts gets and the risk, (b,) each.
        threshold: α* that is pledged; inf for none.
        belief: the turnout that the tables speak of.
    """
    figure = style.new_figure(6.3, 4.4)
    gains, risks = figure.subplots(2, 1, sharex=True)
    for number, (name, (gain, risk)) in enumerate(calls.items()):
        line: Any = {
            "linestyle": style.dashes(number),
            "markevery": (number, 5),
            **style.look(number),
        }
        gains.plot(beliefs, gain, label=name, **line)
        risks.plot(beliefs, risk, label=name, **line)
    if beliefs[0] <= belief <= beliefs[-1]:
        _mark_turnout((gains, risks), belief, "expected", "-", belief < threshold)
    if beliefs[0] <= threshold <= beliefs[-1]:
        _mark_turnout((gains, risks), threshold, "α*", ":", threshold < belief)
    gains.axhline(0, color=style.GREY, linewidth=0.8)
    gains.set_ylabel("who acts gets")
    gains.legend(frameon=False, fontsize=7.5)
    risks.set_ylabel("acting does not pay")
    risks.set_ylim(-0.03, 1.03)
    _log_axis(risks, float(beliefs[0]) / 1.5, float(beliefs[-1]), zero_is_shown=False)
    risks.set_xlabel("how many are expected to answer the call, of the platform's people")
    return figure


def _mark_turnout(
    panels: Sequence[Axes], turnout: float, words: str, line: str, is_left: bool
) -> None:
    """Draw a vertical line through both panels, named on its left or right."""
    for axes in panels:
        axes.axvline(turnout, color=style.GREY, linewidth=0.8, linestyle=line)
    offset, side = ((-3, 0), "right") if is_left else ((3, 0), "left")
    style.write(panels[-1], words, (turnout, 0.3), offset, style.AT_TOP, ha=side, color=style.GREY)


@style.styled
def learners_figure(
    names: Sequence[str],
    sizes: Sequence[Ends],
    incentives: Sequence[Ends],
    largest: float,
    belief: float,
) -> Figure:
    """Return the least collective for which acting pays and the incentive, a row a learner.

    Args:
        names: names of the learners.
        sizes, incentives: estimate and the ends of its interval, each.
        largest: largest size measured; where none is enough, an arrow stands there.
        belief: the size at which the incentive is needed.
    """
    figure = style.new_figure(7.2, 1.2 + 0.32 * len(names))
    left, right = figure.subplots(1, 2, sharey=True)
    least = min([low for _, low, _ in sizes if 0 < low < math.inf], default=largest / 10)
    for row, (size, incentive) in enumerate(zip(sizes, incentives, strict=True)):
        low, high = (min(max(end, least), largest) for end in size[1:])
        left.plot([low, high], [row, row], color=style.colour(row), linewidth=3, alpha=0.35)
        beyond = math.isinf(size[0])
        place = largest if beyond else max(size[0], least)
        left.plot([place], [row], **style.look(row) | ({"marker": ">"} if beyond else {}))
        right.plot(incentive[1:], [row, row], color=style.colour(row), linewidth=3, alpha=0.35)
        right.plot([incentive[0]], [row], **style.look(row))
    left.set_yticks(range(len(names)), names)
    style.take_literally(left.get_yticklabels())
    left.set_ylim(len(names) - 0.5, -0.5)
    _log_axis(left, least / 1.5, largest, zero_is_shown=False)
    left.set_title("acting pays from α")
    right.set_title(f"incentive a member at α = {style.percent_of(belief)}")
    right.set_xlim(left=min(0.0, right.get_xlim()[0]))
    return figure


def _place_of_zero(sizes: Floats) -> float:
    """Return where α = 0 stands on the log axis."""
    return float(sizes[sizes > 0].min()) / 2


def _log_axis(
    axes: Axes, zero: float, largest: float, *, upright: bool = False, zero_is_shown: bool = True
) -> None:
    """Make an axis logarithmic in percent, with 0 at a place of its own at its beginning."""
    decades = [10.0**p for p in range(math.floor(math.log10(zero)), 1)]
    ticks = [t for t in decades if 1.4 * zero < t <= 1.01 * largest]
    axis = axes.yaxis if upright else axes.xaxis
    (axes.set_yscale if upright else axes.set_xscale)("log")
    ticks = [zero, *ticks] if zero_is_shown else ticks
    style.set_ticks(axis, ticks, lambda v: "0" if v <= zero else style.percent_of(v))
    (axes.set_ylim if upright else axes.set_xlim)(zero / 1.2, largest * 1.2)
