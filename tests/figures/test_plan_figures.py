"""The plan's picture: what is on it, and where."""

import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from quorate.figures.plan import CertifiedCurve, MassForecast, plan_figure
from quorate.figures.style import render

MEMBERS = np.array([10.0, 100.0, 1000.0])
LINE = CertifiedCurve("certified", MEMBERS, np.array([-0.5, 0.4, 1.0]))
ENOUGH = MassForecast("sgd", 50.0, 20.0, 80.0)
NEVER = MassForecast("dp-sgd:epsilon=1", math.inf, 500.0, math.inf)
ALREADY = MassForecast("naive-bayes", 0.0, 0.0, 0.0)
FAILED = MassForecast("jtt", math.nan, math.nan, math.nan)


def draw(*forecasts: MassForecast, now: int = 200, target: float = 0.9, lines: int = 1) -> Figure:
    return plan_figure([LINE] * lines, forecasts, now, 1000, target)


def said(figure: Figure) -> dict[str, float]:
    """Return the height at which each text stands."""
    return {text.get_text(): text.xy[1] for axes in figure.axes for text in axes.texts}  # type: ignore[attr-defined]


def test_success_stands_where_the_numbers_say() -> None:
    (above,) = draw().axes
    certified, wanted, now = above.get_lines()
    assert np.asarray(certified.get_xdata()).tolist() == [10, 100, 1000]
    assert np.asarray(certified.get_ydata()).tolist() == [0, 0.4, 1.0]  # below 0 it says nothing
    assert list(wanted.get_ydata()) == [0.9, 0.9]
    assert list(now.get_xdata()) == [200, 200]
    assert above.get_xscale() == "log"
    assert above.get_xlabel() == "members, of 1,000 people on the platform"
    assert (above.get_title(loc="left"), above.get_ylabel()) == (
        "success that is certified, at least",
        "success",
    )
    assert above.get_legend() is None  # one line needs none


def test_several_lines_are_told_apart() -> None:
    (above,) = draw(lines=2).axes
    legend = above.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["certified", "certified"]
    first, second = above.get_lines()[:2]
    assert first.get_color() != second.get_color()
    assert first.get_linestyle() != second.get_linestyle()


def test_forecasts_stand_below_on_the_same_axis_of_people() -> None:
    figure = draw(ENOUGH, NEVER, ALREADY)
    above, below = figure.axes
    assert above.get_xlim() == below.get_xlim()
    assert [t.get_text() for t in below.get_yticklabels()] == [
        "sgd",
        "dp-sgd:epsilon=1",
        "naive-bayes",
    ]
    drawn = [
        (line.get_marker(), np.asarray(line.get_xdata()).tolist()) for line in below.get_lines()
    ]
    assert drawn[:2] == [("None", [20.0, 80.0]), ("o", [50.0])]
    assert drawn[2:4] == [("None", [500.0, 1000]), (">", [1000])]  # an arrow at everyone
    assert drawn[5] == ("o", [20.0])  # nobody at all stands at the left end: a log axis has no 0
    top, bottom = below.get_ylim()
    assert top > 2 > 0 > bottom  # the first learner stands on top
    assert below.get_xlabel()
    assert "in simulation" in below.get_title(loc="left")


def test_a_learner_that_failed_says_so() -> None:
    figure = draw(ENOUGH, FAILED)
    assert said(figure)["failed"] == 1  # in the second row
    assert len(figure.axes[1].get_lines()) == 3  # its interval, its point, and members now


@pytest.mark.parametrize(("now", "side"), [(20, "left"), (900, "right")])
def test_members_now_are_written_where_there_is_room(now: int, side: str) -> None:
    (above,) = draw(now=now).axes
    (text,) = [t for t in above.texts if t.get_text() == "members now"]
    assert text.get_horizontalalignment() == side


@pytest.mark.parametrize(("target", "below"), [(0.5, False), (0.9, True), (1.0, True)])
def test_what_is_wanted_is_written_inside(target: float, below: bool) -> None:
    (above,) = draw(target=target).axes
    (text,) = [t for t in above.texts if t.get_text() == f"wanted: {target:g}"]
    assert (text.xyann[1] < 0) is below  # type: ignore[attr-defined]


def test_the_same_plan_gives_the_same_bytes() -> None:
    figures = [draw(ENOUGH, NEVER, FAILED) for _ in range(2)]
    first, second = (render(figure, "svg") for figure in figures)
    assert first == second
    assert first.startswith(b"<?xml")
