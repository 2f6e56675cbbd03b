"""Named columns of a table set to fixed values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.signals.columns import Columns
from quorate.table import Column, Table

COLUMNS = (
    Column("age", 0, mean=40.0, scale=10.0),
    Column("job", 1, ("cook", "driver", "nurse")),
    Column("income", 4, mean=0.0, scale=1000.0),
)


def people(n: int = 2) -> Table:
    """n people aged 40, cooks, without income."""
    x = np.zeros((n, 5), np.float32)  # (n, d)
    x[:, 1] = 1
    return Table(x, np.zeros(n, np.int64), ("no",), columns=COLUMNS)


@pytest.mark.parametrize(
    ("values", "row"),
    [
        ({"age": 45}, [0.5, 1, 0, 0, 0]),
        ({"age": "35"}, [-0.5, 1, 0, 0, 0]),
        ({"job": "nurse"}, [0, 0, 0, 1, 0]),
        ({"job": "driver", "income": 2500}, [0, 0, 1, 0, 2.5]),
        ({"age": 40, "job": "cook", "income": 0}, [0, 1, 0, 0, 0]),
    ],
)
def test_columns_are_set_on_the_scale_of_the_file(
    values: dict[str, object], row: list[float]
) -> None:
    table = people()
    planted = Columns(values).plant(table)
    assert planted.tolist() == [row, row]
    assert table.x.tolist() == people().x.tolist()
    assert planted.dtype == np.float32


@given(
    st.dictionaries(st.sampled_from(["age", "income"]), st.integers(-1000, 1000), min_size=1),
    st.none() | st.sampled_from(["cook", "driver", "nurse"]),
    st.integers(0, 2**32),
)
def test_planting_agrees_with_a_loop_and_can_be_repeated(
    numbers: dict[str, int], job: str | None, seed: int
) -> None:
    table = people(3)
    table.x[:] = np.random.default_rng(seed).random((3, 5))
    signal = Columns(numbers if job is None else {**numbers, "job": job})
    expected = [
        [
            (numbers["age"] - 40) / 10 if "age" in numbers else row[0],
            *(row[1:4] if job is None else [job == one for one in ("cook", "driver", "nurse")]),
            numbers["income"] / 1000 if "income" in numbers else row[4],
        ]
        for row in table.x.tolist()
    ]
    planted = signal.plant(table)
    assert planted.tolist() == np.float32(expected).tolist()
    again = signal.plant(Table(planted, table.y, table.classes, columns=COLUMNS))
    assert again.tolist() == planted.tolist()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {},
            r"Expected at least one column to set, got none\. Write signal=columns,NAME=VALUE with "
            r"a NAME among: age, job, income\.",
        ),
        ({"aeg": 1}, r"known column, got 'aeg'\. Did you mean age\? Known: age, income, job\."),
        (
            {"job": "nurze"},
            r"value of column 'job', got 'nurze'\. Did you mean nurse\? Known: cook",
        ),
        ({"age": "old"}, r"Expected a finite number for column 'age', got 'old'\. Give a value on"),
        ({"age": float("inf")}, r"Expected a finite number for column 'age', got inf"),
    ],
)
def test_an_unknown_column_or_value_is_answered(values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Columns(values).plant(people())


def test_images_and_unnamed_features_have_no_columns() -> None:
    y = np.zeros(1, np.int64)
    image = Table(np.zeros((1, 1, 2, 2), np.float32), y, ("cat",))
    with pytest.raises(
        InputError, match=r"for the signal 'columns', got images\. Mark images with a p"
    ):
        Columns({"age": 1}).plant(image)
    unnamed = Table(np.zeros((1, 2), np.float32), y, ("no",))
    with pytest.raises(InputError, match="Expected a table with named columns"):
        Columns({"age": 1}).plant(unnamed)
