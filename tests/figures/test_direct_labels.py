"""Where labels stand: over no other, in the room, nearest to their own curve."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.figures.direct_labels import BETWEEN, FAR, LabelSpot, place_labels
from quorate.short_names import short_labels

ROOM = (0.0, 0.0, 500.0, 290.0)  # as large as a panel
SIZE = (110.0, 24.0)


def box(spot: LabelSpot, size: tuple[float, float] = SIZE) -> tuple[float, float, float, float]:
    return (
        spot.x - size[0] / 2,
        spot.y - size[1] / 2,
        spot.x + size[0] / 2,
        spot.y + size[1] / 2,
    )


def apart(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]


def rising(middle: float, steep: float) -> np.ndarray:
    """An S-shaped curve over the room, as success is."""
    x = np.linspace(20, 480, 9)
    return np.column_stack([x, 10 + 270 / (1 + np.exp(-(x - middle) / steep))])


@settings(max_examples=12)
@given(st.lists(st.tuples(st.floats(50, 450), st.floats(5, 80)), min_size=1, max_size=8))
def test_labels_meet_nobody_and_stay_in_the_room(shapes: list[tuple[float, float]]) -> None:
    curves = [rising(*shape) for shape in shapes]
    taken = (4.0, 240.0, 60.0, 255.0)
    boxes = [box(spot) for spot in place_labels(curves, [SIZE] * len(curves), ROOM, [taken])]
    for one, other in itertools.combinations([*boxes, taken], 2):
        assert apart(one, other)
    for left, bottom, right, top in boxes:
        assert min(left, bottom) >= BETWEEN - 1e-9  # rounding
        assert right <= ROOM[2] - BETWEEN + 1e-9
        assert top <= ROOM[3] - BETWEEN + 1e-9


def test_what_is_spoken_of_is_on_the_own_curve() -> None:
    curves = [rising(100, 20), rising(300, 20)]
    for curve, spot in zip(curves, place_labels(curves, [SIZE] * 2, ROOM), strict=True):
        on = np.interp(spot.at[0], curve[:, 0], curve[:, 1])
        assert spot.at[1] == pytest.approx(on, abs=1e-6)  # rounding


def test_a_label_is_nearer_to_its_own_curve_than_to_others() -> None:
    curves = [rising(100, 20), rising(230, 20), rising(360, 20)]
    dense = [np.column_stack([x := np.linspace(20, 480, 2000), np.interp(x, *c.T)]) for c in curves]
    for number, spot in enumerate(place_labels(curves, [(50.0, 12.0)] * 3, ROOM)):
        left, bottom, right, top = box(spot, (50.0, 12.0))
        away = [
            np.hypot(
                np.maximum(0, np.maximum(left - points[:, 0], points[:, 0] - right)),
                np.maximum(0, np.maximum(bottom - points[:, 1], points[:, 1] - top)),
            ).min()
            for points in dense
        ]
        assert int(np.argmin(away)) == number
        assert away[number] > 0  # it covers nothing
        assert not spot.far


def test_curves_one_upon_the_other_have_labels_all_the_same() -> None:
    spots = place_labels([rising(250, 20)] * 5, [SIZE] * 5, ROOM)
    assert all(apart(box(a), box(b)) for a, b in itertools.combinations(spots, 2))
    assert sum(spot.far for spot in spots) < 5


def test_lines_of_no_label_are_not_covered_where_there_is_a_choice() -> None:
    curve = np.array([[20.0, 145.0], [480.0, 145.0]])
    above = np.array([[20.0, 160.0], [480.0, 160.0]])
    (spot,) = place_labels([curve], [SIZE], ROOM, lines=[above])
    assert box(spot)[3] < 145
    (spot,) = place_labels([curve], [SIZE], ROOM, lines=[2 * curve - above])
    assert box(spot)[1] > 145


def test_a_point_alone_and_a_label_that_has_no_room() -> None:
    (spot,) = place_labels([np.array([[250.0, 145.0]])], [SIZE], ROOM)
    assert spot.at == (250.0, 145.0)
    assert abs(spot.x - 250) <= SIZE[0] / 2 + FAR
    assert len(place_labels([rising(250, 20)] * 60, [SIZE] * 60, ROOM)) == 60  # crowded, but there


@pytest.mark.parametrize(
    ("labels", "short"),
    [
        (["sgd:epochs=5"], ["sgd"]),
        (["sgd", "sgd:model=logistic"], ["sgd", "sgd model=logistic"]),
        (["a:x=1,y=2", "a:x=1,y=3", "b:z=1"], ["a y=2", "a y=3", "b"]),
        (
            ["k:in=(a:x=1,y=2),n=3", "k:in=(a:x=1,y=3),n=3"],
            ["k in=(a:x=1,y=2)", "k in=(a:x=1,y=3)"],
        ),
        (["$", "a$_b$", "50% & <b>"], ["$", "a$_b$", "50% & <b>"]),
        (["a:x=1", "a"], ["a x=1", "a"]),
        (["a:x=1,y=2", "a:y=2,x=1"], ["a:x=1,y=2", "a:y=2,x=1"]),  # told apart by order alone
        (["a", "a"], ["a", "a"]),
    ],
)
def test_short_labels_say_what_differs(labels: list[str], short: list[str]) -> None:
    assert short_labels(labels) == short
