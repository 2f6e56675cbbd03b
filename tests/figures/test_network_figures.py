"""The traffic map: bands on the right, as wide as flows, and what has changed."""

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from quorate.figures.network import network_figure, round_below
from quorate.figures.style import COLOURS, render

# A street to the east and back, and one on to the north.
PLACES = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]])
ENDS = np.array([[0, 1], [1, 0], [1, 2]])
INSIDE = np.array([False, True, True])
WIDEST = 0.2  # 2% of 10, less than 35% of the median length 10


def draw(before: list[float], after: list[float], **given: Any) -> Figure:
    arrays = np.array(before), np.array(after)
    return network_figure(PLACES, ENDS, *arrays, INSIDE, **given)


def bands(axes: Axes) -> list[Any]:
    """The corners of each band, tail, head and back, but for those of the key, which come last."""
    groups = [one for one in axes.collections if isinstance(one, PolyCollection)]
    return [path.vertices[:4].tolist() for group in groups for path in group.get_paths()]


def said(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_each_direction_is_a_band_on_its_right_as_wide_as_its_flow() -> None:
    before, after, _ = draw([100, 50, 0], [100, 25, 100]).axes
    east, west, north, key = bands(before)
    assert np.array(east) == pytest.approx(np.array([[0, 0], [10, 0], [10, -WIDEST], [0, -WIDEST]]))
    assert np.array(west) == pytest.approx(
        np.array([[10, 0], [0, 0], [0, WIDEST / 2], [10, WIDEST / 2]])
    )
    assert np.array(north)[:, 0] == pytest.approx(10)  # no flow, no width
    assert bands(after)[1][2] == pytest.approx([0, WIDEST / 4])  # on the scale of the first map
    assert key[2][1] - key[1][1] == pytest.approx(WIDEST)
    assert said(before)[0] == "100 vehicles"
    shades = next(one for one in before.collections if isinstance(one, PolyCollection))
    assert [to_hex(colour) for colour in shades.get_facecolor()[:2]] == ["#000000", "#4f4f4f"]


def test_gains_are_solid_and_losses_hollow_on_a_scale_of_their_own() -> None:
    change = draw([100, 50, 80], [100, 60, 60], unit="vehicles/h").axes[2]
    lost, gained = [one for one in change.collections if isinstance(one, PolyCollection)][:2]
    for group, face, edge in ((lost, "#ffffff", COLOURS[0]), (gained, COLOURS[1], COLOURS[1])):
        assert len(group.get_paths()) == 1
        assert to_hex(group.get_facecolor()[0]) == face.lower()
        assert to_hex(group.get_edgecolor()[0]) == edge.lower()
    assert lost.get_paths()[0].vertices[2] == pytest.approx([10 + WIDEST, 10])  # 20, the most
    assert gained.get_paths()[0].vertices[2] == pytest.approx([0, WIDEST / 2])  # 10 of 20
    assert said(change)[:2] == ["+20 vehicles/h", "−20 vehicles/h"]


def test_without_a_change_it_says_so() -> None:
    change = draw([100, 50, 80], [100, 50.1, 80]).axes[2]  # 0.1 of 100 is a rounding of the search
    assert said(change)[0] == "no change"
    assert not any(len(band) for band in bands(change))


def test_no_traffic_at_all_can_be_drawn() -> None:
    assert render(draw([0, 0, 0], [0, 0, 0]), "svg").startswith(b"<?xml")


def test_the_neighbourhood_has_a_ground_and_bold_numbers() -> None:
    for axes in draw([1, 1, 1], [1, 1, 1]).axes:
        ground, streets = [one for one in axes.collections if isinstance(one, LineCollection)]
        assert [one.tolist() for one in ground.get_segments()] == [[[10, 0], [10, 10]]]
        assert len(streets.get_segments()) == 2
        discs = next(one for one in axes.collections if isinstance(one, PathCollection))
        assert discs.get_offsets().tolist() == [[10, 0], [10, 10]]
        numbers = {text.get_text(): text.get_fontweight() for text in axes.texts[-3:]}
        assert numbers == {"1": "normal", "2": "bold", "3": "bold"}


def test_a_dense_map_has_no_numbers_and_two_drawings_are_the_same_bytes() -> None:
    places = np.column_stack([np.arange(100.0), np.arange(100.0) % 7])
    ends = np.column_stack([np.arange(99), np.arange(1, 100)])
    inside = np.arange(100) < 3

    def drawn() -> Figure:
        return network_figure(places, ends, np.ones(99), np.arange(99.0), inside)

    assert all(len(axes.texts) <= 2 for axes in drawn().axes)  # the key's
    assert render(drawn(), "svg") == render(drawn(), "svg")


def test_titles_are_as_given() -> None:
    figure = draw([1, 1, 1], [2, 1, 1], titles=("honest", "reported", "difference"))
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "honest",
        "reported",
        "difference",
    ]


def test_round_numbers() -> None:
    for value, expected in ((1, 1), (9.99, 5), (0.02, 0.02), (23180, 20000), (199, 100)):
        assert round_below(value) == pytest.approx(expected, rel=1e-12)  # powers of ten as floats
