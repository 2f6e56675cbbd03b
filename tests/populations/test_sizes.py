"""How many people are drawn, and who is held out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.populations.sizes import split_at_random, subsample, subsample_both
from quorate.table import Split, Table


def people(n: int) -> Table:
    """n people with their own number as their feature."""
    return Table(np.arange(n, dtype=np.float32)[:, None], np.zeros(n, np.int64), ("no",))


def numbers(table: Table) -> list[float]:
    return table.x[:, 0].tolist()


@given(st.integers(2, 200), st.floats(0.01, 0.99), st.integers(0, 2**32), st.data())
def test_a_split_parts_everyone_once(
    n: int, held_out: float, seed: int, data: st.DataObject
) -> None:
    out = round(held_out * n)
    if not 0 < out < n:
        with pytest.raises(InputError, match="Expected people on both sides of the split, got"):
            split_at_random(people(n), None, held_out, np.random.default_rng(seed))
        return
    whole = split_at_random(people(n), None, held_out, np.random.default_rng(seed))
    assert (len(whole.train), len(whole.held_out)) == (n - out, out)
    assert sorted(numbers(whole.train) + numbers(whole.held_out)) == list(range(n))
    # Fewer people to learn from leave the same people held out.
    fewer = data.draw(st.integers(1, n - out))
    part = split_at_random(people(n), fewer, held_out, np.random.default_rng(seed))
    assert numbers(part.train) == numbers(whole.train)[:fewer]
    assert numbers(part.held_out) == numbers(whole.held_out)


def test_everyone_is_held_out_equally_often() -> None:
    rng = np.random.default_rng(0)
    times = np.zeros(10)
    for _ in range(2000):
        held_out = split_at_random(people(10), None, 0.3, rng).held_out
        times[held_out.x[:, 0].astype(int)] += 1
    # each is held out 600 times with standard deviation √(2000·0.3·0.7) = 20.5: six of them
    assert (abs(times - 600) < 123).all()


@given(st.integers(1, 100), st.integers(0, 2**32), st.data())
def test_a_subsample_draws_different_people(n: int, seed: int, data: st.DataObject) -> None:
    few = data.draw(st.integers(1, n))
    drawn = numbers(subsample(people(n), few, np.random.default_rng(seed), "n"))
    assert len(set(drawn)) == few
    assert set(drawn) <= set(range(n))


def test_everyone_stays_in_order_and_is_not_copied() -> None:
    everyone = people(5)
    assert subsample(everyone, None, np.random.default_rng(0), "n") is everyone


def test_both_sides_are_drawn_from_their_own() -> None:
    split = Split(people(5), people(3))
    rng = np.random.default_rng(0)
    assert subsample_both(split, None, None, rng).held_out is split.held_out
    drawn = subsample_both(split, 4, 2, rng)
    assert (len(drawn.train), len(drawn.held_out)) == (4, 2)
    assert set(numbers(drawn.held_out)) <= {0, 1, 2}
    with pytest.raises(InputError, match="Expected held_out=4 between 1 and the 3 people"):
        subsample_both(split, 5, 4, rng)


@pytest.mark.parametrize("n", [0, -1, 6])
def test_more_or_fewer_people_than_there_are(n: int) -> None:
    message = rf"Expected held_out={n} between 1 and the 5 people there are\. Leave held_out out to"
    with pytest.raises(InputError, match=message):
        subsample(people(5), n, np.random.default_rng(0), "held_out")
