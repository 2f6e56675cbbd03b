"""Levels near the target: a naive isotonic fit beside it, plateaus, falls, and no lucky seed."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.studies.critical_mass.levels import (
    USUAL,
    Levels,
    fallen_back,
    isotonic,
    levels_of,
    quantiles,
)

Points = list[tuple[int, int, float]]
INF = math.inf


def flat(level: float, sizes: range) -> Points:
    """One training a seed at each size, all at one level."""
    return [(size, size, level) for size in sizes]


def levels(points: Points) -> Levels:
    found = levels_of(points, 0.9)
    assert found is not None
    return found


def naive_isotonic(values: list[float], weights: list[float]) -> list[float]:
    """The largest of the smallest weighted means: fᵢ = max over a ≤ i of min over b ≥ i."""

    def mean(a: int, b: int) -> float:
        total = sum(weights[a : b + 1])
        return (
            sum(v * w for v, w in zip(values[a : b + 1], weights[a : b + 1], strict=True)) / total
        )

    n = len(values)
    return [max(min(mean(a, b) for b in range(i, n)) for a in range(i + 1)) for i in range(n)]


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0.1, 3)), max_size=8))
def test_isotonic_is_that_of_means(pairs: list[tuple[float, float]]) -> None:
    values, weights = [v for v, _ in pairs], [w for _, w in pairs]
    found = isotonic(np.array(values), np.array(weights))
    # Sums in another order: only rounding differs.
    np.testing.assert_allclose(found, naive_isotonic(values, weights), atol=1e-12)


@given(st.lists(st.floats(-0.025, 0.025), min_size=1, max_size=7))
def test_costs_are_those_of_constrained_fits(values: list[float]) -> None:
    """Without a training far from the target none is left out: the likelihood ratio itself."""
    found = levels([(size + 1, size, 0.9 + value) for size, value in enumerate(values)])
    y = np.array([0.9 + value for value in values]) - 0.9
    ones = np.ones(len(y))
    squares = []
    for place in range(len(y) + 1):
        below = np.minimum(isotonic(y[:place], ones[:place]), 0)
        above = np.maximum(isotonic(y[place:], ones[place:]), 0)
        squares.append(((y - np.concatenate([below, above])) ** 2).sum())
    free = ((y - isotonic(y, ones)) ** 2).sum()
    assert min(squares) == pytest.approx(free, abs=1e-12)  # one of them is the free fit
    # Only rounding differs, over a noise of at least .01.
    np.testing.assert_allclose(found.cost, (np.array(squares) - free) / found.noise**2, atol=1e-7)


def test_a_plateau_below_the_target_lies_below_the_crossing() -> None:
    found = levels([(1, 0, 0.1), *flat(0.88, range(10, 30)), (40, 1, 1.0), (50, 2, 1.0)])
    low, high = found.ends()
    assert low >= 28
    assert high >= 40
    assert found.noise < USUAL


def test_a_ceiling_below_the_target_is_never_left() -> None:
    low, high = levels([(1, 0, 0.1), *flat(0.88, range(10, 30))]).ends()
    assert (low, high) == (28, INF)  # the last training alone decides nothing


def test_a_plateau_above_the_target_lies_above_the_crossing() -> None:
    low, high = levels([(1, 0, 0.1), (2, 1, 0.1), *flat(0.92, range(10, 30))]).ends()
    assert (low, high) == (1, 11)  # two trainings below, and each could be one odd seed's


def test_a_level_at_the_target_leaves_all_of_its_sizes_open() -> None:
    points = [(size, size, 0.905 - 0.01 * (size % 2)) for size in range(10, 30)]
    found = levels([(1, 0, 0.1), (2, 1, 0.1), *points])
    assert found.plateau(9, INF) == (2, INF)


def test_few_trainings_do_not_make_a_plateau() -> None:
    found = levels([(1, 0, 0.1), *flat(0.9, range(10, 13))])
    assert found.plateau(*found.ends()) is None


@pytest.mark.parametrize("lucky", [0.99, 1.0])
def test_no_one_seed_decides(lucky: float) -> None:
    points = [(1, 0, 0.1), *flat(0.885, range(10, 20)), (20, 99, lucky)]
    assert levels(points).ends()[1] == INF
    assert levels([*points, (21, 98, lucky), (22, 97, lucky)]).ends()[1] <= 22


def test_yes_or_no_says_nothing_of_levels() -> None:
    assert levels_of([(size, size, float(size > 20)) for size in range(10, 30)], 0.9) is None


def test_a_fall_is_seen_by_runs_of_seeds() -> None:
    up, down = flat(0.96, range(10, 15)), flat(0.86, range(50, 55))
    assert fallen_back([*up, *down], 0.9) == 51  # four of them lie within 51 to 54
    assert fallen_back([*down, (10, 1, 0.96)], 0.9) == -1  # one is no run
    assert fallen_back(up, 0.9) == -1
    rising = [(size, size, y) for size, y in [(3, 0.5), (4, 0.6), (5, 0.7), (6, 0.8)]]
    assert fallen_back([*rising, *up], 0.9) == -1


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 9), st.floats(0, 1)), min_size=1, max_size=20
    )
)
def test_any_points_give_ordered_ends_and_sizes(points: Points) -> None:
    assert fallen_back(points, 0.9) <= 60
    found = levels_of(points, 0.9)
    if found is None:
        return
    low, high = found.ends()
    assert 0 <= low <= high
    assert found.cost.min() == pytest.approx(0, abs=1e-12)
    sizes = quantiles(found, 60, np.linspace(0.1, 0.9, 5))
    assert all(a <= b for a, b in itertools.pairwise(sizes))
    assert 0 <= sizes[0] <= sizes[-1] <= 60
