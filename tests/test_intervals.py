"""Intervals of rates by hand, against SciPy, and against every outcome there is."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from quorate.errors import InputError
from quorate.intervals import exact_limits, exact_rate, rate_difference


def test_exact_limits_by_hand() -> None:
    # All of three: the least rate r at which that has a chance of 2.5% is r³ = .025. One of two:
    # 1 − (1 − r)² = .025 below, and 1 − r² = .025 above.
    assert exact_rate(3, 3).low == pytest.approx(0.025 ** (1 / 3), abs=1e-12)
    assert exact_rate(3, 3).high == 1
    found = exact_rate(1, 2)
    assert (found.value, found.low) == (0.5, pytest.approx(1 - 0.975**0.5, abs=1e-12))
    assert found.high == pytest.approx(0.975**0.5, abs=1e-12)


@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0.5, 0.999))
def test_exact_limits_are_scipys(n: int, share: float, level: float) -> None:
    successes = round(share * n)
    found = exact_rate(successes, n, level)
    theirs = binomtest(successes, n).proportion_ci(level, method="exact")
    # Theirs are roots, found to 1e-12; ours are quantiles.
    assert found.low == pytest.approx(theirs.low, abs=1e-9)
    assert found.high == pytest.approx(theirs.high, abs=1e-9)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_exact_limits_without_trials_are_no_limits() -> None:
    low, high = exact_limits([0, 0], [0, 4], 0.025)
    assert (low[0], high[0]) == (0, 1)
    assert high[1] == pytest.approx(1 - 0.025**0.25, abs=1e-12)


@pytest.mark.parametrize("n", [1, 5, 8, 12, 30, 100])
def test_a_rate_is_covered_whatever_it_is(n: int) -> None:
    """Every outcome with its probability, at a thousand rates: nothing is simulated."""
    rates, x = np.linspace(0, 1, 1001)[:, None], np.arange(n + 1)
    low, high = exact_limits(x, n, 0.025)
    held = (low <= rates) & (rates <= high)
    assert (binom.pmf(x, n, rates) * held).sum(axis=1).min() >= 0.95


def test_bad_numbers_are_named() -> None:
    with pytest.raises(InputError, match="n=0 to be at least 1"):
        exact_rate(0, 0)
    with pytest.raises(InputError, match=r"successes=5 in \[0, 4\]"):
        exact_rate(5, 4)
    with pytest.raises(InputError, match="level=0"):
        exact_rate(1, 4, level=0)


def test_the_interval_of_a_difference_covers_it() -> None:
    """Simulated; few people and rates near 1 among them, where Wilson's limits do not suffice."""
    rng = np.random.default_rng(3)
    some = ((0.5, 0.5, 50, 80), (0.95, 0.9, 100, 60), (0.99, 0.7, 60, 200), (1, 0.97, 8, 12))
    for p, q, m, n in some:
        found = [
            rate_difference(exact_rate(int(a), m), exact_rate(int(b), n))
            for a, b in zip(rng.binomial(m, p, 2000), rng.binomial(n, q, 2000), strict=True)
        ]
        assert np.mean([one.low <= p - q <= one.high for one in found]) > 0.93


@pytest.mark.parametrize("sizes", [(3, 3), (5, 5), (5, 8), (30, 30)], ids=str)
def test_differences_of_few_people_are_covered_whatever_the_rates_are(
    sizes: tuple[int, int],
) -> None:
    """Every outcome with its probability: rates near 0 and 1 were covered .926."""
    m, n = sizes
    x, y = np.arange(m + 1), np.arange(n + 1)
    found = [[rate_difference(exact_rate(a, m), exact_rate(b, n)) for b in y] for a in x]
    low = np.array([[one.low for one in row] for row in found])
    high = np.array([[one.high for one in row] for row in found])
    assert low.min() >= -1
    assert high.max() <= 1
    for p, q in itertools.product(np.linspace(0.01, 0.99, 50), repeat=2):
        chances = np.outer(binom.pmf(x, m, p), binom.pmf(y, n, q))
        held = (low <= p - q + 1e-12) & (p - q - 1e-12 <= high)  # of an end that is the truth
        assert chances[held].sum() >= 0.93, (p, q)
