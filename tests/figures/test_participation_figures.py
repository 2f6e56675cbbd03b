"""Pictures of participation hold what they are given."""

import math

import numpy as np

from quorate.figures.participation import (
    learners_figure,
    pledges_figure,
    regimes_figure,
    responses_figure,
)
from quorate.figures.style import render

SIZES = np.array([0.0, 0.01, 0.1, 0.3])
SUCCESS = np.array([0.1, 0.2, 0.8, 1.0])


def words(figure) -> set[str]:
    return {text.get_text() for axes in figure.axes for text in axes.texts}


def test_regimes_are_shaded_and_named() -> None:
    band = (SIZES, SUCCESS, SUCCESS - 0.05, SUCCESS)
    figure = regimes_figure(
        band, (SIZES, SUCCESS), 0.1, 0.5, 0.01, np.array([0.0, 0.3]), np.array([0.01])
    )
    assert {"does not pay", "joining pays", "stays", "tips"} <= words(figure)
    curves = [line.get_ydata() for line in figure.axes[0].lines]
    assert any(np.allclose(curve, SUCCESS - 0.1) for curve in curves if len(curve) == 4)
    assert any(np.allclose(curve, SUCCESS / 2) for curve in curves if len(curve) == 4)
    never = regimes_figure(
        band, (SIZES, SUCCESS), 0.9, 0.5, math.inf, np.array([0.0]), np.array([])
    )
    assert "joining pays" not in words(never)
    assert render(figure, "png") == render(figure, "png")


def test_every_start_has_its_line_and_its_name() -> None:
    courses = [(0.0, np.zeros(1)), (0.1, np.array([0.1, 0.4, 1.0]))]
    figure = responses_figure(courses, np.array([0.05]), "ring")
    assert {"0% begin", "10% begin"} <= words(figure)
    assert figure.axes[0].lines[1].get_ydata().tolist() == [0.1, 0.4, 1.0]
    assert responses_figure([(0.0, np.zeros(1))], np.array([]), "ring").axes  # nobody, ever


def test_ways_of_acting_stand_over_each_other() -> None:
    beliefs = np.geomspace(0.001, 0.1, 5)
    ways = {"act at once": (beliefs, 1 - beliefs), "pledge": (beliefs * 2, beliefs * 0)}
    gains, risks = pledges_figure(beliefs, ways, 0.02, 0.01).axes
    assert gains.lines[1].get_ydata().tolist() == (beliefs * 2).tolist()
    assert risks.lines[1].get_ydata().tolist() == [0.0] * 5
    assert pledges_figure(beliefs, ways, math.inf, 0.01).axes


def test_a_size_that_is_nowhere_is_an_arrow() -> None:
    never = (math.inf, 0.2, math.inf)
    left, right = learners_figure(
        ["a", "b $x$"], [(0.01, 0.005, 0.02), never], [(0.0, 0.0, 0.1), (0.1, 0.1, 0.1)], 0.3, 0.001
    ).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["a", "b $x$"]
    assert ">" in [line.get_marker() for line in left.lines]
    assert right.get_title(loc="left") == "incentive a member at α = 0.1%"
