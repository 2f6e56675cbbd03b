"""The pictures of a sweep over the number of flips."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from quorate.figures.bias import (
    CategoryAxis,
    MeasureLines,
    PlatformPanel,
    StrategyLine,
    platforms_figure,
)
from quorate.figures.front import FrontLine, FrontPanel, front_figure
from quorate.figures.style import percent_of
from quorate.runs.result import Picture
from quorate.scenarios.bias.measured import platforms_alone
from quorate.scenarios.bias.result import ticks_of
from quorate.scenarios.bias.swept_numbers import SweptNumbers
from quorate.short_names import short_labels

HOW = "The ring is the number chosen on one half of them and scored on the other."


def draw_swept(result: SweptNumbers) -> dict[str, Picture]:
    """Return the lowest violation by α, violation by M, and error against violation."""
    drawn = {"lowest": _lowest(result)}
    if any(key[2] == result.at for key in result.by_flips):
        drawn |= {"flips": _by_flips(result), "front": _front(result)}
        if len(result.knowledge) > 1:
            drawn["knowledge"] = _knowledge(result)
    return drawn


def _lowest(result: SweptNumbers) -> Picture:
    alphas = sorted({0.0, *result.alphas})
    axis = CategoryAxis("α, fraction of the minority who act", alphas, ticks_of(alphas, apart=0.15))
    panels = []
    for learner, title in _titled(result):
        lines = []
        for name in ("equalised_odds", "error"):
            ways = []
            for number, label in enumerate(short_labels(result.strategies)):
                of = learner, result.strategies[number]
                threes = [result.numbers(*of, alpha, result.most_known)[name] for alpha in alphas]
                ways.append(StrategyLine(label, number, _band(threes)))
            lines.append(MeasureLines(ways, _levels(result, learner, name)))
        panels.append(PlatformPanel(title, lines))
    return Picture(
        platforms_figure(panels, ["equalised odds", "error"], axis),
        "Lowest equalised odds over the number of flips (0: both groups are treated alike), and "
        "the error there, against the fraction of the minority that acts. The number is chosen on "
        "one half of the people held out and scored on the other; shades are 95% intervals over "
        "seeds. Horizontal lines: what the platform could do itself.",
    )


def _by_flips(result: SweptNumbers) -> Picture:
    counts = sorted(result.flips)
    said = [
        str(count) if at % math.ceil(len(counts) / 7) == 0 else ""
        for at, count in enumerate(counts)
    ]
    axis = CategoryAxis(f"number of flips (α = {percent_of(result.at)})", counts, said)
    panels = []
    for learner, title in _titled(result):
        lines = []
        for name in ("equalised_odds", "error"):
            ways = [
                StrategyLine(label, number, _band([found[count][name] for count in counts]))
                for number, label, found in _sweeps(result, learner, result.most_known)
            ]
            lines.append(MeasureLines(ways, ()))
        panels.append(PlatformPanel(title, lines))
    return Picture(
        platforms_figure(panels, ["equalised odds", "error"], axis),
        "Equalised odds and error on all people held out, against the number of members who "
        f"relabel themselves, while {percent_of(result.at)} of the minority act; shades are 95% "
        "intervals over seeds.",
    )


def _front(result: SweptNumbers) -> Picture:
    panels = []
    for learner, title in _titled(result):
        lines = [
            _front_line(result, label, number, (learner, result.strategies[number]))
            for number, label, _ in _sweeps(result, learner, result.most_known)
        ]
        alone = [
            (name, one["error"][0], one["equalised_odds"][0])
            for name, one in platforms_alone(result.over_seeds, learner)
        ]
        panels.append(FrontPanel(title, lines, alone))
    return Picture(
        front_figure(panels),
        "Error against equalised odds on all people held out: a point a number of flips, while "
        f"{percent_of(result.at)} of the minority act. {HOW} Crosses: what the platform could do "
        "itself.",
    )


def _knowledge(result: SweptNumbers) -> Picture:
    panels = []
    for learner, title in _titled(result):
        for place, label in enumerate(short_labels(result.strategies)):
            of = learner, result.strategies[place]
            lines = [
                _front_line(result, f"{known} known", number, of, known)
                for number, known in enumerate(result.knowledge)
                if (*of, result.at, known) in result.by_flips
            ]
            if lines:
                panels.append(FrontPanel(f"{label}, {title}", lines))
    return Picture(
        front_figure(panels),
        "Error against equalised odds, by how many people of the majority are known to members. "
        f"{HOW}",
    )


def _front_line(
    result: SweptNumbers, label: str, number: int, of: tuple[str, str], known: str = ""
) -> FrontLine:
    known = known or result.most_known
    found = result.by_flips[(*of, result.at, known)]
    error, odds = (
        np.array([found[count][name][0] for count in sorted(found)])
        for name in ("error", "equalised_odds")
    )
    chosen = result.numbers(*of, result.at, known)
    return FrontLine(label, number, error, odds, (chosen["error"][0], chosen["equalised_odds"][0]))


def _sweeps(result: SweptNumbers, learner: str, known: str) -> list[tuple[int, str, Any]]:
    """Return number, label and numbers by M of each strategy that was swept."""
    labels = short_labels(result.strategies)
    keys = [(learner, strategy, result.at, known) for strategy in result.strategies]
    return [
        (number, labels[number], result.by_flips[key])
        for number, key in enumerate(keys)
        if key in result.by_flips
    ]


def _titled(result: SweptNumbers) -> list[tuple[str, str]]:
    return list(zip(result.learners, short_labels(result.learners), strict=True))


def _levels(result: SweptNumbers, learner: str, name: str) -> list[tuple[str, float]]:
    return [
        (alone, numbers[name][0]) for alone, numbers in platforms_alone(result.over_seeds, learner)
    ]


def _band(threes: Sequence[tuple[float, float, float]]) -> Any:
    values = np.array(threes).T  # (3, p)
    return values[0], values[1], values[2]
