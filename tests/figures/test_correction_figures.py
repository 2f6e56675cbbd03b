"""Figures of corrections: what stands where, and that pictures are shown dot by dot."""

import io
import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from quorate.figures.correction import (
    SIDE,
    AccuracyMark,
    GapCurve,
    TransferMatrix,
    equal_queries_figure,
    gap_figure,
    groups_figure,
    sheet_figure,
    transfer_figure,
)
from quorate.figures.style import render


def trace(value: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, **more) -> GapCurve:
    sizes = np.array([20.0, 50.0])
    ends = (np.asarray(one, dtype=float) for one in (value, low, high))
    return GapCurve("5 queries a member", sizes, 5 * sizes, *ends, **more)


def test_gap_closed_stands_over_members_and_over_pooled_queries() -> None:
    figure = gap_figure([("ε = 8/255", [trace([0.25, 0.5], [0.0, 0.4], [0.5, 0.6])])])
    left, right = figure.axes
    (line,) = [one for one in left.get_lines() if one.get_label() == "5 queries a member"]
    assert line.get_xdata().tolist() == [20, 50]
    assert line.get_ydata().tolist() == [0.25, 0.5]
    assert right.get_lines()[2].get_xdata().tolist() == [100, 250]
    assert left.get_xscale() == right.get_xscale() == "log"
    assert left.get_title(loc="left") == "ε = 8/255"
    levels = [one.get_ydata() for one in left.get_lines()[:2]]
    assert [list(y) for y in levels] == [[0, 0], [1, 1]]  # nothing changed, and no gap left
    low, high = left.get_ylim()
    assert low < 0 < 1 < high


def test_an_interval_without_bound_ends_in_an_arrow_and_does_not_stretch_the_axis() -> None:
    wide = trace([0.5, 2.0], [-math.inf, 1.0], [0.75, 400.0])
    figure = gap_figure([("", [wide])])
    low, high = figure.axes[0].get_ylim()
    assert (low, high) == pytest.approx((-0.8, 2.8), abs=1e-12)  # 40% of 0 to 2; rounding
    arrows = {one.get_marker(): one for one in figure.axes[0].get_lines()}
    assert arrows["v"].get_xdata().tolist() == [20]
    assert arrows["^"].get_xdata().tolist() == [50]
    assert render(figure, "png")  # warnings are errors: it can be laid out


def test_what_is_not_defined_is_left_out() -> None:
    nothing = [math.nan, math.nan]
    figure = gap_figure([("", [trace([math.nan, 0.5], [math.nan, 0.4], [math.nan, 0.6])])])
    assert figure.axes[0].get_lines()[2].get_xdata().tolist() == [50]
    assert render(gap_figure([("", [trace(nothing, nothing, nothing)])]), "png")


def test_ways_are_compared_at_equal_queries_a_panel_for_each_budget() -> None:
    proxy = trace([0.25, 0.5], [0.0, 0.4], [0.5, 0.6])
    searched = GapCurve("by searching", *np.array([[9.0], [400.0], [0.7], [0.6], [0.8]]))
    figure = equal_queries_figure([("ε = 8/255", [proxy]), ("no budget", [proxy, searched])])
    left, right = figure.axes
    assert (left.get_title(loc="left"), right.get_title(loc="left")) == ("ε = 8/255", "no budget")
    assert right.get_xscale() == "log"
    drawn = {one.get_label(): one for one in right.get_lines()}
    assert drawn["5 queries a member"].get_xdata().tolist() == [100, 250]
    assert drawn["by searching"].get_xdata() == pytest.approx([400], rel=0.05)  # set aside a bit
    assert drawn["by searching"].get_ydata().tolist() == [0.7]
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == ["5 queries a member", "by searching"]  # each way once
    assert render(figure, "png")


def test_groups_are_hollow_before_and_filled_after() -> None:
    marks = [
        AccuracyMark("low-light", 0.75, 0.5, 1.0, 0.25),
        AccuracyMark("force", 0.5, 0.4, 0.6, kind="force"),
    ]
    figure = groups_figure([("accuracy $by$ group", marks)])
    (axes,) = figure.axes
    drawn = [(*one.get_xdata(), one.get_markerfacecolor()) for one in axes.get_lines()]
    assert [one for one in drawn if one[0] == 0.25 and one[-1] == "white"]
    assert [one for one in drawn if one[0] == 0.75 and one[-1] != "white"]
    assert (0.5, 1.0) in {one[:2] for one in drawn}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["low-light", "force"]
    assert render(figure, "png")


LONG = "fine-tuned:pretrained=efficientnet-lite0,learner=(sgd:model=logistic,epochs=30)"
OWN = "my_package.platforms:OurDeployedContentModerationClassifier"


@pytest.mark.parametrize(
    "names",
    [
        [LONG, "cnn:epochs=10", "cnn:epochs=10+resnet:epochs=20,learning_rate=0.001"],
        [OWN],
        [OWN, "W" * 70],
        ["https://platform.example/v1/" + "m" * 40, "cnn"],
    ],
)
def test_long_names_of_platforms_and_surrogates_stay_in_the_picture(names: list[str]) -> None:
    """They take several lines, and lie neither on each other nor on the edge."""
    matrix = TransferMatrix("for each class", *np.zeros((3, len(names), len(names))))
    figure = transfer_figure(names, names, [matrix])
    figure.draw_without_rendering()
    axes, edges = figure.axes[0], figure.bbox
    assert axes.bbox.width > 0.9 * len(names) * figure.dpi  # the numbers have room
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [one.get_text().replace("\n", "") for one in labels] == names
        boxes = [one.get_window_extent() for one in labels]
        assert all(edges.x0 <= box.x0 and box.x1 <= edges.x1 for box in boxes)
        assert all(edges.y0 <= box.y0 and box.y1 <= edges.y1 for box in boxes)
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_transfer_has_a_number_in_every_place() -> None:
    before = np.array([[0.5, math.nan], [0.25, 0.75]])
    after = np.array([[0.75, math.nan], [0.5, 0.5]])
    closed = np.array([[1.25, math.nan], [math.nan, -0.1]])
    matrix = TransferMatrix("the same for everyone", before, after, closed)
    per_class = TransferMatrix("for each class", before, before, closed)
    figure = transfer_figure(["mlp", "cnn"], ["cnn", "cnn+resnet"], [matrix, per_class])
    titles = [axes.get_title(loc="left") for axes in figure.axes[:2]]
    assert titles == ["the same for everyone", "for each class"]
    shown = [text.get_text() for text in figure.axes[0].texts]
    assert shown == [
        "0.50 → 0.75\ngap closed 1.25",
        "–",
        "0.25 → 0.50",  # there was no gap to close
        "0.75 → 0.50\ngap closed -0.10",
    ]
    (image,) = figure.axes[0].get_images()
    gained = image.get_array().filled(math.nan)
    np.testing.assert_array_equal(gained, [[0.25, math.nan], [0.25, -0.25]])
    assert render(figure, "png")


@pytest.mark.parametrize(("c", "side", "times"), [(1, 8, 14), (3, 32, 4), (3, 112, 1)])
def test_a_picture_is_shown_dot_by_dot_at_true_scale(c: int, side: int, times: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (c, side, side), dtype=np.uint8)
    sheet = Image.open(io.BytesIO(render(sheet_figure([("", [("", picture)])]), "png")))
    dots = np.asarray(sheet.convert("RGB"))  # (h, w, 3)
    assert times * side <= SIDE * 1.2
    across = slice(16, 16 + times * side)  # after the margin, below the gap
    found = dots[dots.shape[0] - 10 - times * side : dots.shape[0] - 10, across]
    expected = np.broadcast_to(picture, (3, side, side)).transpose(1, 2, 0)
    assert (found == expected.repeat(times, 0).repeat(times, 1)).all()


def test_a_large_picture_is_thinned_out() -> None:
    picture = np.zeros((3, 600, 300), dtype=np.uint8)
    figure = sheet_figure([("0", [("before", picture), ("after", picture)])])
    assert (figure.get_size_inches() * figure.dpi).max() < 1000
    (first, _) = figure.axes
    assert first.get_images()[0].get_array().shape == (200, 100, 3)  # every third
