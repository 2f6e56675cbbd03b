"""Critical mass against a parameter: what is on the picture, and where."""

import math
from typing import Any

import pytest

from quorate.figures.finding import MassPoint, masses_over_figure
from quorate.figures.style import render
from quorate.studies.critical_mass.estimate import CriticalMass


def at(value: str, estimate: float, low: float, high: float, accuracy: float = 0.9) -> MassPoint:
    return MassPoint(value, CriticalMass(0.9, estimate, low, high, low, 1.0, 5), accuracy)


EPSILONS = [
    at("0.3", math.inf, 0.3, math.inf, 0.524),
    at("1", 0.05, 0.03, 0.06, 0.9),
    at("10", 0.004, 0.003, math.inf, 0.94),
    at("none", 0.003, 0.001, 0.004, 1.0),
]


def points(axes: Any, marker: str) -> list[tuple[float, float]]:
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in axes.get_lines()
        if line.get_marker() == marker
    ]


def test_estimates_stand_in_the_order_given() -> None:
    (axes,) = masses_over_figure("ε", EPSILONS, 0.9).axes
    assert points(axes, "o") == [(1, 0.05), (2, 0.004), (3, 0.003)]
    bars = [line.get_ydata() for line in axes.get_lines() if line.get_linewidth() == 3]
    assert [list(bar) for bar in bars[1::2]] == [[0.03, 0.06], [0.001, 0.004]]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0.3", "1", "10", "none"]
    assert axes.get_xlabel() == "ε"
    assert "S* = 0.9" in axes.get_ylabel()
    assert axes.get_yscale() == "log"


def test_what_is_not_reached_is_an_arrow_above_everything() -> None:
    (axes,) = masses_over_figure("ε", EPSILONS, 0.9).axes
    (never, edge), (some, same) = points(axes, "^")
    assert (never, some) == (0, 2)
    assert edge == same
    assert 0.3 < edge < axes.get_ylim()[1]


def test_accuracy_stands_above_each() -> None:
    (axes,) = masses_over_figure("ε", EPSILONS, 0.9).axes
    said = {text.get_text(): text.xy for text in axes.texts}
    assert said[".52"] == (0, 1)
    assert said["1.00"] == (3, 1)
    assert "accuracy" in said


def test_zero_has_a_place_of_its_own_only_where_it_is_needed() -> None:
    for low, zero in ((0.0, True), (0.002, False)):
        figure = masses_over_figure("C", [at("a", 0.01, low, 0.02), at("b", low, low, low)], 0.9)
        figure.draw_without_rendering()
        (axes,) = figure.axes
        ticks = dict(
            zip([t.get_text() for t in axes.get_yticklabels()], axes.get_yticks(), strict=True)
        )
        assert ("0" in ticks) == zero
        if zero:
            assert points(axes, "o")[1] == (1, ticks["0"])
            assert ticks["0"] < 0.01
            assert "0.5%" not in ticks  # what lies between 0 and the smallest is no scale
        low_end, high_end = axes.get_ylim()
        assert all(low_end < y < high_end for _, y in points(axes, "o"))


def test_what_was_not_measured_is_said() -> None:
    nothing = at("b", math.nan, math.nan, math.nan, math.nan)
    (axes,) = masses_over_figure("x", [nothing], 0.9).axes
    texts = [text.get_text() for text in axes.texts]
    assert "not\nmeasured" in texts
    assert "nan" not in "".join(texts)
    assert points(axes, "o") == []


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_equal_data_give_equal_bytes_and_small_files(kind: Any) -> None:
    one, other = (render(masses_over_figure("ε", EPSILONS, 0.9), kind) for _ in range(2))
    assert one == other
    assert len(one) < 100_000


def test_texts_do_not_meet() -> None:
    many = [at(f"{i}.5", 0.01 * (i + 1), 0.005, 0.2) for i in range(9)]
    figure = masses_over_figure("noise multiplier", many, 0.9)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    texts = [*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels(), axes.xaxis.label]
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


def test_words_are_drawn_as_they_are_written() -> None:
    figure = masses_over_figure("$x", [at("a$_b$", 0.1, 0.05, 0.2)], 0.9)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert [text.get_parse_math() for text in (*axes.get_xticklabels(), axes.xaxis.label)] == [
        False,
        False,
    ]
