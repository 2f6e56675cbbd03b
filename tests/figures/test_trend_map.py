"""A map of trends: what stands in which cell."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.colors import to_rgb

from quorate.figures.style import render
from quorate.figures.trend_map import MapCell, trend_map_figure


def place_of(text: Any) -> Any:
    return text.xy


ROWS = [
    ("fixed", [MapCell(0.01, 0.9), MapCell(0.02, 0.8, 1), MapCell(0.3, 0.5, 1, "≥")]),
    ("tuned", [MapCell(0.01, 0.9), MapCell(0.005, 0.9, -1), MapCell(math.nan, math.nan)]),
]


def test_every_cell_says_its_mass_and_accuracy() -> None:
    (axes,) = trend_map_figure(["10", "1", "0.1"], ROWS, 0.9).axes
    said = [(text.get_text(), place_of(text)) for text in axes.texts]
    in_cells = [text for text, _ in said if text.endswith("%") or text == "–"]
    assert in_cells == ["1%", "2%", "≥ 30%", "1%", "0.5%", "–"]
    assert [text for text, _ in said if text.startswith(".")] == [".90", ".80", ".50", ".90", ".90"]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["10", "1", "0.1"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["fixed", "tuned"]
    assert "S* = 0.9" in axes.get_xlabel()


def test_marks_stand_between_the_cells_that_differ() -> None:
    (axes,) = trend_map_figure(["10", "1", "0.1"], ROWS, 0.9).axes
    marks = [(text.get_text(), place_of(text)) for text in axes.texts if text.get_text() in "▲▼"]
    assert marks == [("▲", (0.5, 0)), ("▲", (1.5, 0)), ("▼", (0.5, 1))]


def test_colours_go_by_the_ratio_to_the_first_place() -> None:
    """White at first; twice as many half way to the strongest orange, half as many to blue."""
    (axes,) = trend_map_figure(["10", "1", "0.1"], ROWS, 0.9).axes
    colours: list[Any] = [patch.get_facecolor()[:3] for patch in axes.patches]
    assert colours[0] == colours[3] == colours[5] == (1, 1, 1)
    orange, blue = to_rgb("#D55E00"), to_rgb("#0072B2")
    for got, end, strength in (
        (colours[1], orange, 0.325),
        (colours[2], orange, 0.65),
        (colours[4], blue, 0.325),
    ):
        assert all(
            math.isclose(part, 1 - strength * (1 - wanted))
            for part, wanted in zip(got, end, strict=True)
        )


def test_equal_maps_are_equal_files() -> None:
    one, other = (render(trend_map_figure(["a", "b", "c"], ROWS, 0.9), "svg") for _ in range(2))
    assert one == other
