"""What is drawn of several collectives: numbers in cells, lines where success and theory turn."""

import math

import numpy as np
import pytest

from quorate.figures.collectives import SuccessSurface, masses_figure, surfaces_figure
from quorate.figures.style import render

SUCCESS = np.array([[0.1, 0.0, 0.0], [0.95, 0.6, 0.2], [1.0, 0.9, math.nan]])
SAID = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0]])


def test_every_cell_says_its_number_and_theory_has_an_outline() -> None:
    figure = surfaces_figure(
        "same signal",
        [SuccessSurface("one", SUCCESS, SAID), SuccessSurface("two", SUCCESS)],
        [0, 0.1, 0.3],
    )
    one, two = figure.axes
    said = {(text.get_position(), text.get_text()) for text in one.texts}
    assert ((0, 0), ".10") in said
    assert ((0, 1), ".95") in said  # α₁ upwards, α₂ to the right
    assert ((1, 1), ".60") in said
    assert ((2, 2), "–") in said
    ends = [np.asarray(line.get_xydata()) for line in one.lines]
    edges = {tuple((float(x), float(y)) for x, y in end) for end in ends}
    # Between (0, 0) and (1, 0), (1, 0) and (1, 1), (1, 1) and (2, 1), (2, 1) and (2, 2).
    assert edges == {
        ((-0.5, 0.5), (0.5, 0.5)),
        ((0.5, 0.5), (0.5, 1.5)),
        ((0.5, 1.5), (1.5, 1.5)),
        ((1.5, 1.5), (1.5, 2.5)),
    }
    assert not two.lines
    assert [tick.get_text() for tick in one.get_xticklabels()] == ["0%", "10%", "30%"]


@pytest.mark.parametrize(("floor", "lines"), [(0.0, 2), (0.6, 1), (0.95, 0)])
def test_lines_stand_where_success_passes_them(floor: float, lines: int) -> None:
    values = np.linspace(floor, 1, 9).reshape(3, 3)
    (axes,) = surfaces_figure("", [SuccessSurface("one", values)], [0, 0.1, 0.3]).axes
    contours = [c for c in axes.collections if c.get_paths() and len(c.get_paths()[0])]
    assert len(contours) == lines


def test_one_size_is_drawn() -> None:
    assert render(surfaces_figure("", [SuccessSurface("one", np.ones((1, 1)))], [0.1]), "png")


def test_what_is_never_reached_stands_at_the_top() -> None:
    masses = [(0.1, 0.03, 0.1), (math.inf, 0.3, math.inf), (math.nan, math.nan, math.nan)]
    figure = masses_figure([("apart", masses), ("one $signal", masses)], [0, 0.1, 0.3], 0.9)
    (axes,) = figure.axes
    drawn = np.asarray(axes.lines[0].get_ydata(), dtype=np.float64)
    edge = 1.12 * 0.3
    assert drawn[:2] == pytest.approx([0.1, edge], rel=1e-12)  # a product
    assert math.isnan(drawn[2])
    assert "not reached" in [tick.get_text() for tick in axes.get_yticklabels()]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["apart", "one $signal"]
    assert render(figure, "svg") == render(figure, "svg")
