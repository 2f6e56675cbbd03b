"""A monotone curve through measured success, beside pooling by hand; between sizes and back."""

import math

import numpy as np
import pytest

from quorate.scenarios.participation.monotone_curve import (
    find_crossing,
    fit_monotone,
    interpolate,
    success_by_actors,
)


def pooled(values: list[float]) -> list[float]:
    """Return the nearest curve that does not fall, by pooling neighbours that fall."""
    blocks = [[v, 1] for v in values]
    i = 0
    while i < len(blocks) - 1:
        if blocks[i][0] > blocks[i + 1][0] + 1e-15:
            (a, m), (b, n) = blocks[i], blocks.pop(i + 1)
            blocks[i] = [(a * m + b * n) / (m + n), m + n]
            i = max(i - 1, 0)
        else:
            i += 1
    return [v for v, n in blocks for _ in range(n)]


def test_the_fit_is_that_of_pooling_neighbours() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        values = rng.random((int(rng.integers(1, 12)), 3))
        fitted = fit_monotone(values)
        for column in range(3):
            assert fitted[:, column].tolist() == pytest.approx(
                pooled(values[:, column].tolist()), abs=1e-12
            )


def test_between_sizes_and_back() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        a = int(rng.integers(2, 8))
        alphas = np.sort(rng.random(a)) * 0.9 + 0.05
        if rng.random() < 0.5:
            alphas[0] = 0.0
        curve = np.sort(rng.random(a))
        for level in rng.random(5):
            (found,) = find_crossing(alphas, curve[:, None], level)
            if level > curve[-1]:
                assert math.isinf(found)
            elif level < curve[0]:
                assert found == pytest.approx(alphas[0], rel=1e-12)
            else:
                assert interpolate(alphas, curve, found) == pytest.approx(level, abs=1e-9)
    # At 1% .4, at 4% .8: in the middle of their logarithms .6; half of 1% is half of .4.
    alphas, curve = np.array([0.0, 0.01, 0.04]), np.array([0.0, 0.4, 0.8])
    found_curve = success_by_actors(alphas, curve, people=200, may_act=8)
    assert found_curve[[0, 1, 2, 4, 8]] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8], abs=1e-12)


def test_no_success_is_past_one_by_rounding() -> None:
    """Sums of 0.1, 1 and 1 have means of 1.0000000000000002, which the game refused."""
    assert fit_monotone([[0.1], [1.0], [1.0]]).max() == 1
    rng = np.random.default_rng(0)
    for _ in range(300):
        values = np.sort(rng.integers(0, 21, (5, 2)) / 20, axis=0)
        values[-2:] = 1
        assert fit_monotone(values).max() <= 1
