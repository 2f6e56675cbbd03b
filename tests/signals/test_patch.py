"""A square of pixels set to one value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.signals.patch import CORNERS, Patch
from quorate.table import Column, Table


def images(n: int = 1, c: int = 1, h: int = 3, w: int = 4) -> Table:
    """n images of zeros."""
    return Table(np.zeros((n, c, h, w), np.float32), np.zeros(n, np.int64), ("cat",))


@pytest.mark.parametrize(
    ("place", "rows"),
    [
        ("top-left", ["##..", "##..", "...."]),
        ("top-right", ["..##", "..##", "...."]),
        ("bottom-left", ["....", "##..", "##.."]),
        ("bottom-right", ["....", "..##", "..##"]),
        ("centre", [".##.", ".##.", "...."]),  # one row of three is left over: it stands above
        ("0x1", [".##.", ".##.", "...."]),
        ("1x2", ["....", "..##", "..##"]),
    ],
)
def test_the_patch_stands_in_its_place(place: str, rows: list[str]) -> None:
    planted = Patch(size=2, place=place).plant(images())
    assert ["".join(".#"[int(v)] for v in row) for row in planted[0, 0]] == rows


def test_every_channel_and_person_is_marked_and_the_rest_is_kept() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((3, 2, 4, 4), dtype=np.float32)
    people = Table(x.copy(), np.zeros(3, np.int64), ("cat",))
    planted = Patch(size=1, place="2x3", value=0.25).plant(people)
    assert (planted[:, :, 2, 3] == 0.25).all()
    changed = planted != x
    changed[:, :, 2, 3] = False
    assert not changed.any()
    assert people.x.tolist() == x.tolist()
    assert planted.dtype == np.float32


def test_the_whole_image_can_be_a_patch() -> None:
    assert (Patch(size=3).plant(images(h=3, w=3)) == 1).all()


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 7), st.data())
def test_planting_agrees_with_a_loop_over_pixels(
    h: int, w: int, size: int, data: st.DataObject
) -> None:
    row, column = data.draw(st.integers(0, h)), data.draw(st.integers(0, w))
    x = np.random.default_rng(0).random((2, 1, h, w), dtype=np.float32)
    people = Table(x, np.zeros(2, np.int64), ("cat",))
    patch = Patch(size=size, place=f"{row}x{column}", value=0.5)
    if row + size > h or column + size > w:
        with pytest.raises(InputError, match="Expected a patch inside the"):
            patch.plant(people)
        return
    expected = [
        [
            [
                0.5 if row <= i < row + size and column <= j < column + size else x[n, 0, i, j]
                for j in range(w)
            ]
            for i in range(h)
        ]
        for n in range(2)
    ]
    planted = patch.plant(people)
    assert planted[:, 0].tolist() == expected


@given(st.sampled_from(CORNERS), st.integers(1, 4), st.floats(0, 1), st.integers(4, 7))
def test_planting_twice_changes_nothing_more(
    place: str, size: int, value: float, side: int
) -> None:
    patch = Patch(size, place, value)
    people = images(n=2, h=side, w=side + 1)
    once = patch.plant(people)
    assert once.sum() == pytest.approx(2 * size**2 * np.float32(value), abs=1e-4)  # float32 sums
    twice = patch.plant(Table(once, people.y, people.classes))
    assert twice.tolist() == once.tolist()


def test_nobody_can_be_marked() -> None:
    assert Patch(size=1).plant(images(n=0)).shape == (0, 1, 3, 4)


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (
            Patch(size=4),
            r"inside the 3x4 image, got size=4\. Use a smaller size",
        ),
        (
            Patch(size=2, place="2x0"),
            r"inside the 3x4 image, got size=2 with its first pixel at 2x0",
        ),
        (
            Patch(size=2, place="0x3"),
            r"inside the 3x4 image, got size=2 with its first pixel at 0x3",
        ),
        (Patch(size=1, place="0x4"), r"got size=1 with its first pixel at 0x4"),
    ],
)
def test_a_patch_outside_the_image_is_answered(patch: Patch, message: str) -> None:
    with pytest.raises(InputError, match=message):
        patch.plant(images())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"size": 0}, r"Expected size=0 to be at least 1\. A patch has at least one pixel"),
        ({"value": 1.5}, r"Expected value=1\.5 in \[0, 1\]\. Divide 8-bit pixel values by 255"),
        ({"value": -0.1}, r"Expected value=-0\.1 in \[0, 1\]"),
        ({"value": float("nan")}, r"Expected value=nan in \[0, 1\]"),
        (
            {"place": "middle"},
            r"Expected place to be one of top-left, .*, got 'middle'\. Write place",
        ),
        ({"place": "-1x0"}, r"or ROWxCOLUMN, got '-1x0'"),
        ({"place": "1x"}, r"or ROWxCOLUMN, got '1x'"),
        ({"place": "1x2x3"}, r"or ROWxCOLUMN, got '1x2x3'"),
    ],
)
def test_a_wrong_parameter_is_answered(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Patch(**parameters)  # type: ignore[arg-type]


def test_a_table_has_no_pixels() -> None:
    x, y = np.zeros((1, 2), np.float32), np.zeros(1, np.int64)
    named = Table(x, y, ("no",), columns=(Column("age", 0), Column("income", 1)))
    message = (
        r"got a table with columns age, income\. Name the columns to set instead: signal=colum"
    )
    with pytest.raises(InputError, match=message):
        Patch().plant(named)
    with pytest.raises(InputError, match=r"for the signal 'patch', got a table\. Name the columns"):
        Patch().plant(Table(x, y, ("no",)))
