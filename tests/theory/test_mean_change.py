"""Changes of the probability of success: against loops, exactly, and how often falsely seen."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.theory.mean_change import Change, first_change, times_to_look


def forecast_probability(outcomes: Sequence[int]) -> float:
    """Return the probability that Krichevsky and Trofimov's forecasts give, one by one."""
    found, successes = 1.0, 0
    for number, x in enumerate(outcomes):
        forecast = (successes + 0.5) / (number + 1)
        found *= forecast if x else 1 - forecast
        successes += x
    return found


def mixture(outcomes: Sequence[int]) -> float:
    """Return the numerator of E_t: what who believes in one change says of the outcomes."""
    t = len(outcomes)
    found = forecast_probability(outcomes) / math.log(math.e + t - 1)
    for j in range(1, t):
        weight = 1 / math.log(math.e + j - 1) - 1 / math.log(math.e + j)
        before, after = outcomes[:j], outcomes[j:]
        found += weight * forecast_probability(before) * forecast_probability(after)
    return found


def e_value(outcomes: Sequence[int]) -> float:
    t, s = len(outcomes), sum(outcomes)
    return mixture(outcomes) / ((s / t) ** s * (1 - s / t) ** (t - s))


@pytest.mark.parametrize("seed", range(6))
def test_a_change_is_seen_when_the_e_value_comes_to_one_over_delta(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after = rng.permutation([0.1, 0.9]) if seed else (0.5, 0.5)
    outcomes = [int(rng.random() < (before if i < 40 else after)) for i in range(80)]
    for delta in (0.5, 0.05):
        seen = (t for t in range(1, 81) if e_value(outcomes[:t]) >= 1 / delta)
        found = first_change(outcomes, delta)
        assert (found.seen if found else None) == next(seen, None)
    assert (found is None) == (seed == 0)


def test_the_e_value_is_exact() -> None:
    outcomes = [1] * 12 + [0] * 4
    values = [e_value(outcomes[:t]) for t in range(1, 17)]
    assert max(values) == values[-1] > 1
    delta = 1 / values[-1]
    at_least = first_change(outcomes, delta * (1 + 1e-9))  # rounding of sums of logs is far below
    assert at_least is not None
    assert at_least.seen == 16
    assert first_change(outcomes, delta * (1 - 1e-9)) is None


@pytest.mark.parametrize("t", [1, 2, 9])
def test_the_believer_says_a_probability(t: int) -> None:
    # Over all sequences it adds up to 1: the ratio to any p's likelihood is a martingale from 1.
    everything = itertools.product((0, 1), repeat=t)
    assert sum(map(mixture, everything)) == pytest.approx(1, abs=1e-12)


def test_the_expected_e_value_is_below_one_whatever_the_probability() -> None:
    for p in (0.02, 0.3, 0.5, 0.9):
        expected = 0.0
        for outcomes in itertools.product((0, 1), repeat=10):
            s = sum(outcomes)
            expected += p**s * (1 - p) ** (10 - s) * e_value(outcomes)
        assert expected <= 1


@pytest.mark.parametrize("p", [0.02, 0.5, 0.9])
def test_without_a_change_one_is_seen_seldom(p: float) -> None:
    rng = np.random.default_rng(3)
    seen = [first_change(rng.random(500) < p, delta=0.3) is not None for _ in range(100)]
    assert np.mean(seen) <= 0.3


def test_falls_and_rises_are_seen_and_dated() -> None:
    rng = np.random.default_rng(8)
    delays, off = [], []
    for before, after in [(0.8, 0.5), (0.5, 0.8)] * 20:
        outcomes = np.concatenate([rng.random(500) < before, rng.random(600) < after])
        found = first_change(outcomes, 0.05)
        assert found is not None
        assert found.is_fall == (after < before)
        assert found.rate_before == pytest.approx(before, abs=0.1)
        delays.append(found.seen - 500)
        off.append(found.before - 500)
    assert min(delays) > 0
    assert np.median(delays) < 110  # the how-to says about 80
    assert np.median(np.abs(off)) < 20


def test_by_hand_and_what_comes_later_takes_nothing_back() -> None:
    outcomes = [1] * 20 + [0] * 20
    found = first_change(outcomes, 0.05)
    assert found == Change(before=20, seen=25, rate_before=1.0, rate_after=0.0)
    for more in ([], [1] * 500):
        assert first_change([*outcomes[:25], *more], 0.05) == found
    assert first_change(outcomes[:24], 0.05) is None
    assert first_change([], 0.05) is None


def test_all_times_are_looked_at_and_then_fewer() -> None:
    assert times_to_look(3).tolist() == [1, 2, 3]
    assert times_to_look(0).tolist() == []
    assert times_to_look(5000).tolist() == [
        *range(1, 1024),
        *range(1024, 2048, 2),
        *range(2048, 4096, 4),
        *range(4096, 5001, 8),
    ]
    late = np.concatenate([np.ones(20_000), np.zeros(200)])
    found = first_change(late, 0.05)
    assert found is not None
    assert abs(found.before - 20_000) <= 32
    assert found.seen - 20_000 <= 64


def test_mistakes() -> None:
    with pytest.raises(InputError, match="Expected outcomes 0 or 1"):
        first_change([0.5], 0.05)
    with pytest.raises(InputError, match=r"Expected delta=1 in \(0, 1\)"):
        first_change([1], 1)
