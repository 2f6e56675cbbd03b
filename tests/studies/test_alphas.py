"""Grids of collective sizes, as they are written on the command line, in a file or in Python."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.studies.alphas import parse_alphas

fractions = st.floats(0, 1)


@pytest.mark.parametrize(
    ("grid", "sizes"),
    [
        ("0.01:1:3", (0, 0.01, 0.1, 1)),
        ("0.0003:0.03:3", (0, 0.0003, 0.003, 0.03)),
        ("0.1:0.1:1", (0, 0.1)),
        ("0.1:0.4:1", (0, 0.1)),  # one size: the grid's beginning
        ("0.25:1:2", (0, 0.25, 1)),
        ("1e-3:1e-1:3", (0, 0.001, 0.01, 0.1)),
        ("0.1,0.02", (0, 0.02, 0.1)),
        (" 0.1 , 0.02 ", (0, 0.02, 0.1)),
        ("0.1,0.1,0", (0, 0.1)),
        ("0", (0,)),
        ("1", (0, 1)),
        (0.5, (0, 0.5)),
        (1, (0, 1)),
        ([], (0,)),
        ([0.5, 0.25], (0, 0.25, 0.5)),
        (["0.5", 0.25], (0, 0.25, 0.5)),
        (np.array([0.5, 0.25]), (0, 0.25, 0.5)),
        ((a / 4 for a in range(5)), (0, 0.25, 0.5, 0.75, 1)),
    ],
)
def test_sizes_by_hand(grid, sizes: tuple[float, ...]) -> None:
    found = parse_alphas(grid)
    assert found == sizes
    assert all(type(size) is float for size in found)  # plain data: they go into JSON


@pytest.mark.parametrize(
    "grid",
    [
        "0.1:1",
        "0.1:1:3:4",
        "0.1:1:2.5",
        "0.1:1:0",
        "0.1:1:-1",
        "0.1:1:inf",
        "0.1:1:nan",
        "0.1:1:1e9",
        "0:1:3",
        "-0.1:1:3",
        "0.5:0.1:3",
        "0.1:1.5:3",
        "nan:1:3",
        "0.1:nan:3",
        "a:b:c",
        "0.1:1:",
        "",
        "a",
        "0.1,",
        "0.1;0.2",
        "1.2",
        "-0.1",
        "nan",
        "inf",
        1.2,
        -0.1,
        math.nan,
        [0.1, 2.0],
        [0.1, "much"],
        [None],
        [[0.1]],
        ["0.1:1:3"],
    ],
)
def test_what_is_no_grid_is_refused_with_a_way_out(grid) -> None:
    with pytest.raises(InputError, match=r"^Expected .*\. .*"):
        parse_alphas(grid)


@given(st.lists(fractions))
def test_sizes_are_sorted_distinct_and_begin_at_zero(sizes: list[float]) -> None:
    found = parse_alphas(sizes)
    assert found[0] == 0
    assert list(found) == sorted(set(found))
    assert set(found) == {0.0, *sizes}
    assert parse_alphas(found) == found


@given(st.lists(fractions, min_size=1))
def test_text_and_numbers_mean_the_same(sizes: list[float]) -> None:
    assert parse_alphas(",".join(map(repr, sizes))) == parse_alphas(sizes)


@given(st.floats(1e-6, 1), st.floats(1e-6, 1), st.integers(2, 30))
def test_a_log_grid_has_equal_ratios(one: float, other: float, count: int) -> None:
    low, high = sorted((one, other))
    found = parse_alphas(f"{low!r}:{high!r}:{count}")[1:]
    if high / low < 1.001:
        return  # sizes that round to the same are one size
    assert len(found) == count
    wanted = [low * (high / low) ** (i / (count - 1)) for i in range(count)]
    # Rounded to 6 digits: half a unit of the sixth, at most 5e-6 of the number.
    assert found == pytest.approx(wanted, rel=5.1e-6)
    assert max(found) <= 1
