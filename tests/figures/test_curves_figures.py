"""Figures: what is on them, and that equal data give equal bytes. Nobody's eyes are replaced."""

import io
import math
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from quorate.figures.curves import (
    BoundCurve,
    CurvePanel,
    LearnerCurve,
    curves_figure,
    masses_figure,
)
from quorate.figures.style import COLOURS, DASHES, MARKERS, SIGNS, render
from quorate.intervals import band
from quorate.studies.critical_mass.estimate import CriticalMass, critical_mass

Floats = npt.NDArray[np.float64]
GRID = [0.0, 0.01, 0.1, 1.0]


def line(
    label: str, alphas: npt.ArrayLike, success: npt.ArrayLike, target: float = 0.9
) -> LearnerCurve:
    alphas = np.asarray(alphas, dtype=float)
    values = np.asarray(success, dtype=float)
    mass = critical_mass(alphas, values, target)
    return LearnerCurve(label, alphas, band(values), band(np.full_like(values, 0.8)), mass)


def rising(label: str = "sgd") -> LearnerCurve:
    return line(label, GRID, [[0.1, 0.2], [0.5, 0.4], [0.95, 1.0], [1.0, 1.0]])


def panel(
    *lines: LearnerCurve, title: str = "digits, planting", bound: BoundCurve | None = None
) -> CurvePanel:
    return CurvePanel(title, 0.9, list(lines), [] if bound is None else [bound])


def test_curves_stand_where_the_numbers_say() -> None:
    figure = curves_figure([panel(rising())])
    success, accuracy, masses = figure.axes
    xs, ys = zip(*(drawn.get_data() for drawn in success.get_lines()[:2]), strict=True)
    assert xs[0].tolist() == [0.01, 0.1, 1.0]  # the positive sizes, joined
    assert ys[0] == pytest.approx([0.45, 0.975, 1.0], abs=1e-15)  # means of two; rounding
    assert ys[1] == pytest.approx([0.15], abs=1e-15)  # α = 0 stands apart, unjoined,
    assert 0 < xs[1][0] < 0.01  # left of the smallest size,
    assert xs[1][0] > success.get_xlim()[0]  # and in sight
    assert accuracy.get_lines()[0].get_ydata() == pytest.approx([0.8] * 3, abs=1e-15)
    points = [drawn.get_xdata() for drawn in masses.get_lines() if drawn.get_marker() == "o"]
    assert [list(x) for x in points] == [[0.1]]  # α* itself
    assert success.get_xscale() == accuracy.get_xscale() == masses.get_xscale() == "log"
    low, high = success.get_ylim()
    assert low < 0 < 1 < high  # S in [0, 1] is in sight, whatever was measured


def test_the_target_line_and_the_label_are_there() -> None:
    figure = curves_figure([panel(rising("group-dro"))])
    levels = [drawn.get_ydata() for drawn in figure.axes[0].get_lines()]
    assert any(list(y) == [0.9, 0.9] for y in levels)
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert "S* = 0.9" in texts
    assert "group-dro" in texts


def test_a_target_never_reached_is_an_arrow_and_no_point() -> None:
    never = line("dp-sgd", GRID, [[0.1], [0.2], [0.3], [0.4]])
    assert math.isinf(never.mass.estimate)
    masses = curves_figure([panel(never)]).axes[2]
    assert [drawn.get_marker() for drawn in masses.get_lines()] == ["None", ">"]
    arrow = masses.get_lines()[1].get_xdata()[0]
    assert arrow > 1.0  # beyond the largest size that was tried
    assert masses.get_lines()[0].get_xdata().tolist() == [1.0, arrow]  # from the bracket's low end


def test_a_learner_that_never_trained_leaves_the_others_in_peace() -> None:
    failed = line("sgd:learning_rate=1e30", GRID, np.full((4, 2), np.nan))
    figure = curves_figure([panel(rising(), failed)])
    alone = curves_figure([panel(rising())])
    for axes, before in zip(figure.axes, alone.axes, strict=True):
        assert axes.get_xlim() == before.get_xlim()
    assert render(figure, "svg").startswith(b"<?xml")


def test_the_bound_is_drawn_only_where_it_says_something() -> None:
    bound = BoundCurve(
        "planting", "bound", np.array([0.001, 0.01, 0.1]), np.array([-np.inf, -0.5, 0.6])
    )
    success = curves_figure([panel(rising(), bound=bound)]).axes[0]
    drawn = [line for line in success.get_lines() if line.get_label() == "bound"]
    assert drawn[0].get_ydata().tolist() == [0.6]
    legend = success.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["bound"]


@pytest.mark.parametrize(
    ("alphas", "success"),
    [
        ([0.0], [[0.1]]),  # the baseline alone
        ([0.0], [[1.0]]),  # reached without anyone
        ([0.0, 1e-6, 1.0], [[0.1], [0.5], [1.0]]),
        ([0.0, 0.03, 0.031], [[0.1], [0.5], [1.0]]),
        (GRID, np.full((4, 1), np.nan)),
        (GRID, [[np.nan], [0.5], [np.nan], [1.0]]),
    ],
)
def test_any_curve_can_be_drawn(alphas: npt.ArrayLike, success: npt.ArrayLike) -> None:
    one = line("sgd", alphas, success)
    for figure in (curves_figure([panel(one)]), masses_figure([one])):
        low, high = figure.axes[0].get_xlim()
        assert 0 < low < high < math.inf
    figure.draw_without_rendering()


def test_one_column_a_panel_and_one_row_a_learner() -> None:
    labels = [f"learner {i}" for i in range(9)]  # more than there are colours
    figure = curves_figure([panel(*map(rising, labels)), panel(rising(), title="gaussian")])
    assert len(figure.axes) == 6
    masses = figure.axes[2]  # axes go panel by panel: success, accuracy, α*
    assert {text.get_text() for text in masses.texts} == set(labels)
    looks = [
        (drawn.get_color(), str(drawn._unscaled_dash_pattern), drawn.get_marker())
        for drawn in figure.axes[0].get_lines()
        if drawn.get_label().startswith("_child") and len(drawn.get_xdata()) == 3
    ]
    assert len(looks) == 9
    assert looks[0][0] == looks[len(COLOURS)][0]  # colours come round
    assert looks[0][1] != looks[len(COLOURS)][1]  # but then the dashes differ
    assert len({look[1:] for look in looks}) == 9  # in grey, dashes and markers tell them apart
    assert len({look[1] for look in looks[:4]}) == 4  # and of four, the dashes alone
    assert masses.get_ylim()[0] > masses.get_ylim()[1]  # the first learner on top


def test_masses_alone() -> None:
    figure = masses_figure([rising("a"), rising("b")])
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["a", "b"]


def test_equal_data_give_equal_bytes_and_pictures_are_whole() -> None:
    one, other = (render(curves_figure([panel(rising())]), "svg") for _ in range(2))
    assert one == other
    assert ET.fromstring(one).tag.endswith("svg")
    assert b"dc:date" not in one  # a date would make equal data unequal
    first, second = (render(masses_figure([rising()]), "png") for _ in range(2))
    assert first == second
    whole, again = (render(curves_figure([panel(rising())]), "pdf") for _ in range(2))
    assert whole == again
    assert whole.startswith(b"%PDF")
    assert b"CreationDate" not in whole
    assert max(map(len, (one, first, whole))) < 200_000
    width, height = Image.open(io.BytesIO(first)).size
    assert width > 900
    assert height > 150


def test_labels_are_drawn_as_they_are_written() -> None:
    """A file's path may hold dollar signs: they are no formula."""
    labels = ["$", "a$_b$", r"$\frac$", "x_1^2", r"\alpha", "50% & <b>", "table:path=a\\b.csv"]
    figure = curves_figure([panel(*map(rising, labels), title=r"costs $\in$ $")])
    figure.draw_without_rendering()
    texts = [text for axes in figure.axes for text in (*axes.texts, axes.title, axes._left_title)]
    written = [text for text in texts if text.get_text() in (*labels, r"costs $\in$ $")]
    assert len(written) == len(labels) + 1  # the learners' rows and the panel's title
    assert not any(text.get_parse_math() for text in written)


def names_at_curves(axes: Any) -> list[Any]:
    return [text for text in axes.texts if text.get_text()[0] in SIGNS]


STUDIES = {
    "alike": [[[0.1], [0.5], [0.95], [1.0]]] * 5,
    "spread": [[[0.1], [s], [s + 0.1], [1.0]] for s in (0.1, 0.3, 0.5, 0.7, 0.85)],
    "flat": [[[s]] * 4 for s in (0.0, 0.02, 0.9, 0.98, 1.0)],
    "partly measured": [[[np.nan], [0.5], [np.nan], [1.0]], [[0.2], [np.nan], [np.nan], [np.nan]]],
    "many": [[[0.1], [0.1 * i], [0.5 + 0.05 * i], [1.0]] for i in range(9)],
}


@pytest.mark.parametrize("curves", STUDIES.values(), ids=STUDIES)
def test_every_curve_has_its_name_beside_it_and_no_names_meet(curves: list[npt.ArrayLike]) -> None:
    lines = [
        line(f"dp-sgd:epsilon={i},max_grad_norm=0.1,batch_size=128,n={i}", GRID, success)
        for i, success in enumerate(curves)
    ]
    bound = BoundCurve(
        "planting", "bound", np.array([0.001, 0.01, 0.1]), np.array([-np.inf, -0.5, 0.6])
    )
    figure = curves_figure([panel(*lines, bound=bound)])
    success = figure.axes[0]
    assert [text.get_text().replace("\n", " ") for text in names_at_curves(success)] == [
        f"{SIGNS[i % len(SIGNS)]} dp-sgd epsilon={i}, n={i}" for i in range(len(lines))
    ]
    for dpi in (72, 160):  # of vectors, and of pixels
        figure.set_dpi(dpi)
        figure.draw_without_rendering()
        room = success.get_window_extent()
        boxes = [text.get_window_extent() for text in success.texts]
        for i, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[i + 1 :])
            assert room.x0 <= box.x0
            assert room.y0 <= box.y0
            assert max(box.x1 - room.x1, box.y1 - room.y1) <= 0


def test_names_stand_beside_the_curves_of_every_panel() -> None:
    figure = curves_figure([panel(rising("a"), rising("b")), panel(rising("c"), title="gaussian")])
    names = [[text.get_text() for text in names_at_curves(axes)] for axes in figure.axes[::3]]
    assert names == [["● a", "■ b"], ["● c"]]


def test_what_was_never_measured_has_no_curve_to_name() -> None:
    failed = line("jtt", GRID, np.full((4, 2), np.nan))
    figure = curves_figure([panel(rising(), failed)])
    assert [text.get_text() for text in names_at_curves(figure.axes[0])] == ["● sgd"]
    assert "jtt: every training failed" in [text.get_text() for text in figure.axes[2].texts]


def test_many_lines_can_be_told_apart_in_grey() -> None:
    """36 lines until marker and dashes come round together, 63 until marker and colour do."""
    assert len(SIGNS) == len(MARKERS) == len(set(MARKERS))
    assert len({(i % len(MARKERS), i % len(DASHES)) for i in range(36)}) == 36
    assert len({(i % len(MARKERS), i % len(COLOURS)) for i in range(63)}) == 63


def test_an_estimate_of_zero_is_in_sight() -> None:
    at_once = line("sgd", GRID, [[0.95], [0.95], [1.0], [1.0]])
    assert at_once.mass == CriticalMass(0.9, 0.0, 0.0, 0.0, 0.0, 1.0, 1)
    masses = curves_figure([panel(at_once)]).axes[2]
    low, high = masses.get_xlim()
    for drawn in masses.get_lines():
        assert ((low < drawn.get_xdata()) & (drawn.get_xdata() < high)).all()
