"""Intervals of differences: against scipy, by hand, and their coverage by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from quorate.comparison.differences import mass_difference, mean_difference, search_difference
from quorate.intervals import Estimate


@pytest.mark.parametrize(("seeds", "level"), [(2, 0.95), (5, 0.95), (9, 0.999)])
def test_as_scipy_has_it(seeds: int, level: float) -> None:
    rng = np.random.default_rng(seeds)
    first, second = rng.normal(size=(2, seeds))
    found = mean_difference(first, second, level)
    ends = stats.ttest_rel(second, first).confidence_interval(level)
    assert found.value == pytest.approx((second - first).mean())
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high))


def test_one_pair_has_no_interval() -> None:
    assert mean_difference([0.25], [0.75]) == Estimate(0.5, -math.inf, math.inf)


def test_what_pairs_share_cancels() -> None:
    luck = np.array([0.0, 10.0, -5.0, 3.0])  # of each seed's people, in both runs
    first, second = luck + np.array([0.1, 0.2, 0.1, 0.2]), luck + 0.3
    found = mean_difference(first, second)
    assert found.value == pytest.approx(0.15)
    assert found.high - found.low < 0.2


def test_intervals_of_means_cover() -> None:
    """95% of intervals hold the truth, with few seeds, and people's luck that both runs share."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(2000):
        luck = rng.normal(0, 1, 5)
        noise = rng.normal(0, 0.3, (2, 5))
        found = mean_difference(luck + noise[0], luck + 0.2 + noise[1])
        held += found.low <= 0.2 <= found.high
    assert 0.935 < held / 2000 < 0.965  # three standard errors of 0.95


def test_masses_by_hand() -> None:
    grid = np.array([0.0, 0.1, 0.2, 0.4])
    early = np.array([[0, 0], [1, 1], [1, 1], [1, 1.0]])
    never = np.zeros((4, 2))
    found = mass_difference((grid, grid), (early, never), 0.9)
    assert (found.first, found.second) == (0.1, math.inf)
    # The first lies in (0, 0.1]; the second above 0.4: at least 0.3 apart.
    assert found.difference.low == pytest.approx(0.3)
    assert found.difference.value == found.difference.high == math.inf
    both = mass_difference((grid, grid), (never, never), 0.9)
    assert math.isnan(both.difference.value)
    assert (both.difference.low, both.difference.high) == (-math.inf, math.inf)


def test_intervals_of_masses_cover() -> None:
    """Differences of α* are held in 95% or more: the spacing of the grid is covered too."""
    rng = np.random.default_rng(1)
    grid = np.concatenate([[0.0], np.geomspace(0.01, 0.5, 9)])
    truth = np.array([0.06, 0.11])  # α*, where success crosses 0.5 on average
    held, tried = 0, 300
    for _ in range(tried):
        luck = rng.normal(0, 0.15, 5)  # of the seeds, in both runs
        curves = []
        for at in truth:
            moved = (
                np.log(np.maximum(grid, 1e-9))[:, None] - np.log(at) - luck - rng.normal(0, 0.1, 5)
            )
            curves.append(1 / (1 + np.exp(-4 * moved)))  # (a, s)
        found = mass_difference((grid, grid), (curves[0], curves[1]), 0.5)
        held += found.difference.low <= truth[1] - truth[0] <= found.difference.high
    assert held / tried > 0.93  # 0.95, less two standard errors


def test_searches_by_their_intervals() -> None:
    found = search_difference(Estimate(0.1, 0.07, 0.13), Estimate(0.3, 0.26, 0.34))
    # Both are symmetric: √(0.03² + 0.04²) = 0.05 to each side.
    assert vars(found.difference) == pytest.approx({"value": 0.2, "low": 0.15, "high": 0.25})
    never = search_difference(Estimate(0.1, 0.07, 0.13), Estimate(math.inf, 0.5, math.inf))
    assert (never.difference.low, never.difference.high) == (0.37, math.inf)
