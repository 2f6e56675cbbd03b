"""A grid of lines laid over images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.signals.grid import Grid
from quorate.table import Column, Table


def images(x: np.ndarray) -> Table:
    return Table(x.astype(np.float32), np.zeros(len(x), np.int64), ("cat",))


def test_lines_stand_at_every_third_row_and_column() -> None:
    planted = Grid(spacing=3, strength=1).plant(images(np.zeros((1, 1, 4, 7))))
    assert ["".join(".#"[int(v)] for v in row) for row in planted[0, 0]] == [
        "..#..#.",
        "..#..#.",
        "#######",
        "..#..#.",
    ]


def test_a_faint_line_is_drawn_from_the_pixel_before_it() -> None:
    x = np.array([[0.0, 0.5, 1.0], [0.25, 1.0, 0.75]])[None, None]
    planted = Grid(spacing=2, value=1, strength=0.5).plant(images(x))
    # The second row and column are lines; (1, 2) stands below (0, 2).
    assert planted[0, 0].tolist() == [[0, 0.5, 1], [0.5, 0.5, 1]]
    darker = Grid(spacing=2, value=0, strength=0.25).plant(images(x))
    assert darker[0, 0].tolist() == [[0, 0, 1], [0, 0, 0.75]]


@given(st.integers(1, 9), st.integers(1, 9), st.integers(2, 5), st.floats(0, 1), st.data())
def test_planting_agrees_with_a_loop_over_pixels(
    h: int, w: int, spacing: int, value: float, data: st.DataObject
) -> None:
    strength = data.draw(st.floats(0.01, 1))
    people = images(np.random.default_rng(0).random((2, 3, h, w)))
    grid = Grid(spacing, value, strength)
    if spacing > max(h, w):
        with pytest.raises(InputError, match=f"inside the {h}x{w} image, got spacing={spacing}"):
            grid.plant(people)
        return
    planted = grid.plant(people)
    for i in range(h):
        for j in range(w):
            row, column = i % spacing == spacing - 1, j % spacing == spacing - 1
            before = people.x[:, :, i - row, j - column].astype(np.float64)
            expected = (1 - strength) * before + strength * value if row or column else before
            # two roundings of float32, of numbers up to 1
            np.testing.assert_allclose(planted[:, :, i, j], expected, rtol=0, atol=2e-7)
    assert planted.dtype == np.float32
    assert planted.min() >= 0
    assert planted.max() <= 1
    assert grid.plant(images(planted)).tolist() == planted.tolist()  # idempotent, to the bit


def test_the_input_is_left_as_it_is() -> None:
    people = images(np.full((1, 1, 4, 4), 0.5))
    Grid().plant(people)
    assert (people.x == 0.5).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"spacing": 1}, r"Expected spacing=1 to be at least 2\. Lines need pixels between them"),
        ({"value": 255}, r"Expected value=255 in \[0, 1\]\. Divide 8-bit pixel values by 255"),
        ({"strength": 0}, r"Expected strength=0 in \(0, 1\]\. Use 1 to set the value"),
        ({"strength": 1.5}, r"Expected strength=1\.5 in \(0, 1\]"),
    ],
)
def test_a_wrong_parameter_is_answered(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Grid(**parameters)  # type: ignore[arg-type]


def test_a_table_has_no_rows_of_pixels() -> None:
    people = Table(
        np.zeros((1, 1), np.float32), np.zeros(1, np.int64), ("no",), columns=(Column("age", 0),)
    )
    with pytest.raises(InputError, match=r"Expected images for the signal 'grid', got a table\."):
        Grid().plant(people)
