"""What members can do to hide an attribute, worked by hand."""

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.strategies.attribute.aggregating import aggregating
from quorate.strategies.attribute.cancelling import cancelling
from quorate.strategies.attribute.contrary import contrary
from quorate.strategies.attribute.drawing import drawn
from quorate.strategies.attribute.listing import CLAIMS, FEATURES, read_way
from quorate.strategies.attribute.randomised import randomised
from quorate.strategies.attribute.swapping import swapping
from quorate.table import Column

AGE, CITY = Column("age", 0), Column("city", 1, ("x", "y"))
POOL = np.array([[10, 1, 0], [20, 0, 1], [60, 0, 1]], dtype=np.float32)
ROWS = np.array([[1, 1, 0], [2, 1, 0], [3, 0, 1], [4, 0, 1]], dtype=np.float32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_swapped_columns_come_from_one_person_and_the_others_stay() -> None:
    both = swapping(ROWS, POOL, [AGE, CITY], rng())
    # default_rng(0).integers(3, size=4) is 2, 1, 1, 0
    assert both.tolist() == [[60, 0, 1], [20, 0, 1], [20, 0, 1], [10, 1, 0]]
    age = swapping(ROWS, POOL, [AGE], rng())
    assert age[:, 0].tolist() == [60, 20, 20, 10]
    assert age[:, 1:].tolist() == ROWS[:, 1:].tolist()
    assert ROWS[0].tolist() == [1, 1, 0]


def test_aggregated_columns_hold_the_mean_or_the_mode() -> None:
    found = aggregating(ROWS, POOL, [AGE, CITY], rng())
    assert found.tolist() == [[30, 0, 1]] * 4  # (10 + 20 + 60)/3; y is the more frequent city
    assert aggregating(ROWS, POOL, [CITY], rng())[:, 0].tolist() == [1, 2, 3, 4]


def test_one_value_is_drawn_a_row() -> None:
    sure = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], dtype=np.float64)
    assert drawn(sure, rng()).tolist() == [2, 0, 1]
    # 6 standard deviations of a mean of 30,000 draws: √(.25/30000) = .0029
    often = drawn(np.tile([0.2, 0.5, 0.3], (30_000, 1)), rng())
    assert np.abs(np.bincount(often) / 30_000 - [0.2, 0.5, 0.3]).max() < 6 * 0.0029


def test_claims_by_hand() -> None:
    q, base = np.array([[0.9, 0.1], [0.2, 0.8], [0.55, 0.45]]), np.array([0.6, 0.4])
    # q/π: 1.5 and .25; .33 and 2; .92 and 1.125
    assert contrary(q, base, 0.5, rng()).tolist() == [1, 0, 0]
    # r = (π − q/4)/(3/4): (.5, .5), (.733, .267), (.617, .383), of the value 0
    many = np.repeat(q, 20_000, axis=0)
    shares = (cancelling(many, base, 0.75, rng()) == 0).reshape(3, -1).mean(axis=1)
    # 6 standard deviations of a mean of 20,000 draws: √(.25/20000) = .0036
    assert np.abs(shares - [0.5, 0.55 / 0.75, 0.4625 / 0.75]).max() < 6 * 0.0036
    shares = (randomised(many, base, 0.75, rng()) == 0).reshape(3, -1).mean(axis=1)
    assert np.abs(shares - 0.6).max() < 6 * 0.0036


def test_a_small_collective_claims_what_is_lacking() -> None:
    # r = (.5 − .8·(.9, .1))/.2 = (−1.1, 2.1): all claim the second value
    few = cancelling(np.tile([0.9, 0.1], (50, 1)), np.array([0.5, 0.5]), 0.2, rng())
    assert few.tolist() == [1] * 50


def test_ways_are_read() -> None:
    both = read_way("swapping+cancelling")
    assert (both.features, both.claim, both.divided) == (swapping, cancelling, False)
    assert read_way("cancelling+swapping") == both
    divided = read_way("cancelling/swapping")
    assert (divided.features, divided.claim, divided.divided) == (swapping, cancelling, True)
    assert read_way("aggregating").claim is None
    assert read_way("contrary").features is None


@pytest.mark.parametrize("name", [*FEATURES, *CLAIMS])
def test_every_way_says_what_it_is(name: str) -> None:
    function = {**FEATURES, **CLAIMS}[name]
    assert function.__name__ == name
    assert (function.__doc__ or "").startswith("Return ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("swaping", r"Expected a known way to hide an attribute, got 'swaping'.*mean swapping"),
        ("swapping+aggregating", "Expected at most one of swapping, aggregating and one of"),
        ("contrary+randomised", "Keep one of each"),
        ("swapping/cancelling", "as in swapping.cancelling or cancelling/swapping"),
        ("", "Expected a known way"),
    ],
)
def test_a_way_that_is_none_is_answered(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_way(text)
