"""Confidence sequences: by hand, against the bets themselves, and how often they hold the truth."""

import itertools
import math

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.intervals import exact_rate
from quorate.theory.confidence_sequence import confidence_sequence


def test_by_hand() -> None:
    # After one success the capital against m is B(3/2, 1/2)/π/m = 1/(2m): below 1/δ for m > δ/2.
    # After two it is (1/2)(3/4)/m² = 3/(8m²): for m > √(3δ/8). A failure mirrors a success.
    low, high = confidence_sequence([1, 1], delta=0.1)
    assert low == pytest.approx([0.05, math.sqrt(0.0375)], abs=1e-12)  # 45 halvings of [0, 1]
    assert high.tolist() == [1, 1]
    below, above = confidence_sequence([0, 0], delta=0.1)
    assert below.tolist() == [0, 0]
    assert above == pytest.approx(1 - low, abs=1e-12)


def inside_by_betting(outcomes: list[float], m: float, delta: float) -> bool:
    """Whether who bets against the mean m has never come to 1/δ, bet by bet."""
    capital, successes = 1.0, 0.0
    for number, x in enumerate(outcomes):
        forecast = (successes + 0.5) / (number + 1)
        capital *= 1 + (forecast - m) / (m * (1 - m)) * (x - m)
        successes += x
        if capital >= 1 / delta:
            return False
    return True


@pytest.mark.parametrize(("rate", "delta"), [(0.5, 0.05), (0.9, 0.2), (0.05, 0.01), (0.7, 0.5)])
def test_it_holds_the_means_against_which_no_bettor_grew_rich(rate: float, delta: float) -> None:
    outcomes = (np.random.default_rng(7).random(120) < rate).astype(float).tolist()
    low, high = confidence_sequence(outcomes, delta)
    for n, m in itertools.product((1, 10, 60, 120), np.linspace(0.0037, 0.9951, 150)):
        assert inside_by_betting(outcomes[:n], m, delta) == (low[n - 1] < m < high[n - 1])


RUNS, LENGTH = 500, 400


@pytest.mark.parametrize("mean", [0.03, 0.5, 0.9])
def test_the_mean_is_inside_at_all_times(mean: float) -> None:
    delta = 0.2
    x = np.random.default_rng(11).random((RUNS, LENGTH)) < mean
    low, high = confidence_sequence(x, delta)
    # Who stops at the worst time sees a miss if there is one at any time. Limits only close in, so
    # that a miss remains to the end.
    missed = float(((low > mean) | (high < mean)).any(axis=1).mean())
    assert missed == float(((low[:, -1] > mean) | (high[:, -1] < mean)).mean())
    # Three standard deviations of a rate over the runs.
    assert missed <= delta + 3 * math.sqrt(delta * (1 - delta) / RUNS)
    assert missed >= 0.03  # nor is it right for being wide


def test_a_fixed_interval_looked_at_all_the_time_would_fail_here() -> None:
    n = np.arange(1, LENGTH + 1)
    means = np.cumsum(np.random.default_rng(11).random((RUNS, LENGTH)) < 0.3, axis=1) / n
    away = np.abs(means - 0.3) > 1.2816 * np.sqrt(0.3 * 0.7 / n)
    assert away[:, 30:].any(axis=1).mean() > 0.4  # δ = 0.2


@pytest.mark.parametrize("law", ["uniform", "triangle"])
def test_means_of_fractions_are_inside_too(law: str) -> None:
    rng = np.random.default_rng(5)
    x = rng.random((400, 300)) if law == "uniform" else rng.triangular(0, 0.1, 1, (400, 300))
    mean = 0.5 if law == "uniform" else 1.1 / 3
    low, high = confidence_sequence(x, 0.2)
    assert ((low > mean) | (high < mean)).any(axis=1).mean() <= 0.2


@pytest.mark.parametrize("successes", [500, 800, 950])
def test_it_is_not_needlessly_wide(successes: int) -> None:
    # Successes spread evenly, so that no run of luck narrows it. The how-to says 1.6, with luck in
    # it: the intersection of intervals of wandering means is narrower.
    outcomes = np.diff(np.floor(np.arange(1001) * successes / 1000 + 1e-9))
    low, high = confidence_sequence(outcomes, 0.05)
    once = exact_rate(successes, 1000)
    ratio = (high[-1] - low[-1]) / (once.high - once.low)
    assert 1.5 < ratio < 1.9


def test_limits_only_close_in_and_hold_no_mean_where_means_drift() -> None:
    low, high = confidence_sequence([1] * 50 + [0] * 400, 0.05)
    assert (np.diff(low) >= 0).all()
    assert (np.diff(high) <= 0).all()
    assert low[-1] > high[-1]


def test_mistakes() -> None:
    with pytest.raises(InputError, match=r"Expected delta=0 in \(0, 1\)"):
        confidence_sequence([1], 0)
    with pytest.raises(InputError, match="outcomes"):
        confidence_sequence([0, 2], 0.05)
