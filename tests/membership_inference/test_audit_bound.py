"""The lower bound on ε: by hand, against a naive one, and its coverage by simulation."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.membership_inference.audit_bound import audit_bounds, lower_bound, p_value
from quorate.table import Mask, Rng

Scores = np.ndarray
Mechanism = Callable[[Mask, float, float, Rng], Scores]


def naive(m: int, r: int, v: int, epsilon: float, delta: float) -> float:
    """Theorem 5.2 of arXiv:2305.08846, sum by sum."""
    q = math.exp(epsilon) / (1 + math.exp(epsilon))
    mass = [math.comb(r, w) * q**w * (1 - q) ** (r - w) for w in range(r + 1)]
    likely = sum(mass[w] for w in range(r + 1) if w >= v)
    worst = max(sum(mass[w] for w in range(r + 1) if v > w >= v - i) / i for i in range(1, m + 1))
    return min(1.0, likely + 2 * m * delta * worst)


@given(st.data())
def test_as_the_theorem_has_it(data: st.DataObject) -> None:
    m = data.draw(st.integers(1, 30))
    r = data.draw(st.integers(0, m))
    v = data.draw(st.integers(0, r))
    epsilon, delta = data.draw(st.floats(0, 6)), data.draw(st.floats(0, 0.3))
    # sums of at most 30 terms that are at most 1
    assert p_value(m, r, v, epsilon, delta) == pytest.approx(
        naive(m, r, v, epsilon, delta), abs=1e-12
    )


def test_by_hand() -> None:
    """Ten coins, all guessed: 2⁻¹⁰ without privacy lost; 10/(1 + e^ε) at ε: q¹⁰ = .05."""
    assert p_value(10, 10, 10, 0, 0) == pytest.approx(2**-10)
    q = 0.05**0.1
    assert lower_bound(10, 10, 10, 0) == pytest.approx(math.log(q / (1 - q)), abs=1e-4)
    assert lower_bound(10, 10, 10, 0) <= math.log(q / (1 - q))
    # 1,000 coins, all right, δ = 1e-5: the second term is 2·1000·1e-5·max_i P[W ≥ 1000 − i, not
    # all]/i, at i = 1 about .02·P[W = 999]; it lowers the bound by little
    all_right = lower_bound(1000, 1000, 1000, 0)
    assert all_right - 0.2 < lower_bound(1000, 1000, 1000, 1e-5) < all_right
    assert lower_bound(1000, 1000, 1000, 0.5) == 0  # δ alone explains it


@given(st.integers(1, 200), st.data())
def test_more_is_shown_by_more_right_guesses_and_less_by_a_larger_delta(
    m: int, data: st.DataObject
) -> None:
    r = data.draw(st.integers(1, m))
    v = data.draw(st.integers(0, r - 1))
    # each bound is rounded down to 1e-4
    assert lower_bound(m, r, v, 1e-6) <= lower_bound(m, r, v + 1, 1e-6) + 1e-4
    assert lower_bound(m, r, v + 1, 1e-3) <= lower_bound(m, r, v + 1, 1e-6) + 1e-4
    assert lower_bound(m, r, v, 0, confidence=0.99) <= lower_bound(m, r, v, 0) + 1e-4


def randomised_response(coins: Mask, epsilon: float, delta: float, rng: Rng) -> Scores:
    """Tells each coin rightly with probability e^ε/(1 + e^ε): exactly (ε, 0)."""
    told = rng.random(len(coins)) < 1 / (1 + math.exp(-epsilon))
    return np.where(coins == told, 1.0, 0.0)


def some_named(coins: Mask, epsilon: float, delta: float, rng: Rng) -> Scores:
    """Names each coin with probability δ, and else answers as above: exactly (ε, δ)."""
    scores = randomised_response(coins, epsilon, delta, rng)
    named = rng.random(len(coins)) < delta
    scores[named] = np.where(coins, 2.0, -1.0)[named]
    return scores


def all_named(coins: Mask, epsilon: float, delta: float, rng: Rng) -> Scores:
    """Names every coin at once with probability δ, and else answers as above: (ε, δ)."""
    if rng.random() < delta:
        return np.where(coins, 2.0, -1.0)
    return randomised_response(coins, epsilon, delta, rng)


@pytest.mark.parametrize(
    ("mechanism", "epsilon", "delta"),
    [
        *((randomised_response, epsilon, 0.0) for epsilon in (0.0, 0.5, 1.0, 3.0)),
        *((some_named, epsilon, delta) for epsilon in (0.0, 1.0) for delta in (1e-3, 0.03)),
        *((all_named, epsilon, delta) for epsilon in (0.0, 1.0) for delta in (1e-3, 0.03)),
    ],
)
def test_the_bound_holds_as_often_as_it_says(
    mechanism: Mechanism, epsilon: float, delta: float
) -> None:
    """Over coins and draws, for the largest of the bounds that are tried, at 95% confidence."""
    rng = np.random.default_rng(5)
    holds = 0
    for _ in range(1000):
        coins = rng.random(100) < 0.5
        scores = mechanism(coins, epsilon, delta, rng)
        bounds = audit_bounds(scores, coins, delta, 0.95, rng)
        holds += max(one.epsilon for one in bounds) <= epsilon
    assert holds >= 950


def test_much_is_shown_where_much_is_lost() -> None:
    rng = np.random.default_rng(6)
    for epsilon in (1.0, 3.0):
        coins = rng.random(2000) < 0.5
        scores = randomised_response(coins, epsilon, 0, rng)
        found = max(one.epsilon for one in audit_bounds(scores, coins, 0, 0.95, rng))
        assert 0.75 * epsilon < found <= epsilon


def test_the_surest_are_guessed_first_and_ties_are_broken_by_chance() -> None:
    coins = np.array([True] * 10 + [False] * 10)
    scores = np.where(coins, 1.0, -1.0) * np.arange(20, 0, -1)
    every = audit_bounds(scores, coins, 0, 0.95, np.random.default_rng(0), shares=(0.1, 0.5, 1))
    assert [(one.guesses, one.right) for one in every] == [(2, 2), (10, 10), (20, 20)]
    flat = [
        audit_bounds(np.zeros(20), coins, 0, 0.95, np.random.default_rng(i), shares=(1,))[0].right
        for i in range(200)
    ]
    assert 9 < np.mean(flat) < 11  # by chance half of 20; its standard error is .16


def test_numbers_that_cannot_be_are_refused() -> None:
    with pytest.raises(InputError, match="at most as many right guesses as guesses"):
        p_value(10, 5, 6, 1, 0)
    with pytest.raises(InputError, match="Expected delta=2"):
        lower_bound(10, 5, 5, 2)
    with pytest.raises(InputError, match="Expected confidence=1"):
        lower_bound(10, 5, 5, 0, 1.0)
    with pytest.raises(InputError, match="Expected epsilon=-1"):
        p_value(10, 5, 5, -1, 0)
