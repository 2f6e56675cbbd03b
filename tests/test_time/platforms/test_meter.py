"""A hard budget of queries per person, between an attack and the platform."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_platform import LinearPlatform

from quorate.errors import InputError, PlatformError, QuotaError
from quorate.test_time.platforms.answers import PartialError
from quorate.test_time.platforms.meter import Meter
from quorate.test_time.platforms.platform import Answers


def platform() -> LinearPlatform:
    return LinearPlatform([[[1, 1]]], threshold=100)


def images(*levels: int) -> np.ndarray:
    """One image of two equal pixels per level."""
    return np.repeat(np.array(levels, np.uint8), 2).reshape(-1, 1, 1, 2)


def test_each_row_is_a_query_of_one_person() -> None:
    below = platform()
    meter = Meter(below, 3, ["ann", "bob"])
    answers = meter.ask(images(50, 51, 200), np.array([0, 1, 0]))
    assert answers.labels.tolist() == [0, 1, 1]
    assert meter.used.tolist() == [2, 1]
    assert meter.left.tolist() == [1, 2]
    assert below.counts == {"ann": 2, "bob": 1}
    assert below.asked_by("ann") == [[50, 50], [200, 200]]


def test_nobody_asks_more_than_their_budget() -> None:
    below = platform()
    meter = Meter(below, 2, ["ann", "bob"])
    meter.ask(images(1), np.array([1]))
    with pytest.raises(QuotaError, match=r"'bob' to ask at most 1 more of 2 queries, got 2\. Ask"):
        meter.ask(images(1, 2, 3), np.array([0, 1, 1]))
    assert meter.used.tolist() == [0, 1]  # nothing of it was asked
    assert below.counts == {"bob": 1}
    meter.ask(images(1, 2, 3), np.array([0, 0, 1]))
    assert meter.left.tolist() == [0, 0]


def test_what_the_platform_refuses_is_not_counted() -> None:
    meter = Meter(platform(), 2, ["ann"])
    with pytest.raises(InputError, match="Expected 8-bit images"):
        meter.ask(images(1).astype(np.float32), np.array([0]))
    assert meter.used.tolist() == [0]


def test_counts_are_copies() -> None:
    meter = Meter(platform(), 2, ["ann"])
    meter.used[0] = 7
    assert meter.used.tolist() == [0]


@pytest.mark.parametrize(
    ("error", "used"),
    [
        (PlatformError("Expected an answer, got 500."), [2, 1]),
        (KeyboardInterrupt(), [2, 1]),
        (
            PartialError(
                "Expected it all.",
                np.array([True, False, False]),
                Answers(np.array([1])),
                np.array([False, False, True]),
            ),
            [1, 1],
        ),
    ],
)
def test_what_a_platform_may_have_counted_is_used(error: BaseException, used: list[int]) -> None:
    """Ann asks the first row and the last, which the platform surely did not count at the end."""

    class Failing(LinearPlatform):
        def ask(self, x: np.ndarray, keys: Sequence[str]) -> Answers:
            raise error

    meter = Meter(Failing([[[1, 1]]], threshold=100), 2, ["ann", "bob"])
    with pytest.raises(type(error)):
        meter.ask(images(1, 2, 3), np.array([0, 1, 0]))
    assert meter.used.tolist() == used


@given(st.integers(1, 5), st.lists(st.lists(st.integers(0, 3), max_size=6), max_size=8))
def test_the_count_is_the_platforms(budget: int, rounds: list[list[int]]) -> None:
    below, keys = platform(), ["a", "b", "c", "d"]
    meter = Meter(below, budget, keys)
    for who in rounds:
        over = any(who.count(i) + meter.used[i] > budget for i in range(4))
        if over:
            with pytest.raises(QuotaError):
                meter.ask(images(*who), np.array(who, np.int64))
        else:
            meter.ask(images(*who), np.array(who, np.int64))
        assert meter.used.tolist() == [below.counts[key] for key in keys]
        assert (meter.used <= budget).all()


@pytest.mark.parametrize(
    ("budget", "keys", "message"),
    [
        (0, ["a"], r"Expected budget=0 to be at least 1\. Give each person"),
        (1.5, ["a"], r"whole number of queries, got budget=1\.5"),
        (1, ["a", "b", "a"], r"a key of their own for each person, got 'a' more than once"),
    ],
)
def test_what_cannot_be_metered_is_answered(budget: int, keys: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Meter(platform(), budget, keys)
