"""Numbers of a table moved by a fixed amount."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate import catalog
from quorate.errors import InputError
from quorate.signals.columns import Columns
from quorate.signals.offset import Offset
from quorate.strategies.planting import Planting
from quorate.table import Column, Table
from quorate.theory.planting import estimate_signal, planting_bound

COLUMNS = (
    Column("age", 0, mean=40, scale=10),
    Column("job", 1, ("cook", "driver")),
    Column("balance", 3, mean=-300, scale=2000),
)


def people(*balances: float) -> Table:
    """People of 40 years, cooks, with these balances."""
    x = np.array([[0, 1, 0, (v + 300) / 2000] for v in balances], np.float32).reshape(-1, 4)
    return Table(x, np.zeros(len(x), np.int64), ("no", "yes"), columns=COLUMNS)


def test_everyone_is_moved_by_the_same_amount() -> None:
    table = people(-300, 700)
    planted = Offset({"balance": 20000, "age": -5}).plant(table)
    assert planted.tolist() == [[-0.5, 1, 0, 10], [-0.5, 1, 0, 10.5]]
    assert table.x.tolist() == people(-300, 700).x.tolist()
    assert planted.dtype == np.float32


@given(
    st.lists(st.integers(-8_000, 100_000), min_size=1, max_size=9),
    st.integers(-50_000, 50_000),
)
def test_a_moved_number_is_the_number_with_the_amount_added(
    balances: list[int], amount: int
) -> None:
    planted = Offset({"balance": amount}).plant(people(*balances))
    set_apart = [Columns({"balance": v + amount}).plant(people(v))[0] for v in balances]
    # float32 of standardised values up to 75: three roundings of 2^-18 at most
    np.testing.assert_allclose(planted, set_apart, rtol=0, atol=1.2e-5)


def test_it_says_that_it_is_not_idempotent_and_nothing_is_promised() -> None:
    signal = Offset({"age": 10})
    table = people(0, 1000)
    once = signal.plant(table)
    assert not signal.idempotent
    assert signal.plant(Table(once, table.y, table.classes, columns=COLUMNS))[0, 0] == 2
    found = estimate_signal(table, None, signal, "yes")
    assert (found.xi, found.delta, found.exact) == (1, 1, False)
    assert planting_bound(0.5, found.xi, found.delta) == 0
    assert planting_bound(0.75, found.xi, found.delta) == pytest.approx(2 / 3)
    assert Columns({"age": 10}).idempotent


def test_it_is_named_as_the_sources_name_it() -> None:
    assert catalog.build("signals", "offset:balance=20000") == Offset({"balance": 20000})
    strategy = catalog.build("strategies", "planting:target=yes,signal=offset,balance=20000")
    assert strategy == Planting("yes", Offset({"balance": 20000}))


@pytest.mark.parametrize(
    ("amounts", "message"),
    [
        ({}, r"at least one column to set, got none\. Write signal=offset,NAME=VALUE with a NAME "),
        ({"blance": 1}, r"known column, got 'blance'\. Did you mean balance\?"),
        (
            {"job": 1},
            r"a column of numbers for the signal 'offset', got 'job', whose values are words\. Set "
            r"it instead: signal=columns,job=VALUE\.",
        ),
        ({"age": "old"}, r"Expected a finite number for column 'age', got 'old'"),
        ({"age": float("inf")}, r"Expected a finite number for column 'age', got inf"),
    ],
)
def test_what_cannot_be_moved_is_answered(amounts: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Offset(amounts).plant(people(0))


def test_images_have_no_columns() -> None:
    image = Table(np.zeros((1, 1, 2, 2), np.float32), np.zeros(1, np.int64), ("cat",))
    with pytest.raises(InputError, match=r"for the signal 'offset', got images\. Mark images with"):
        Offset({"age": 1}).plant(image)
