"""Differences between runs with intervals: of what was measured, and of critical masses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.intervals import (
    CONFIDENCE,
    Estimate,
    Floats,
    joined_distance,
    mean_over_seeds,
    resampled_means,
)
from quorate.studies.critical_mass.estimate import brackets, order_statistic


@dataclass(frozen=True)
class MassDifference:
    """The critical masses of two curves, and by how much the second is larger.

    Args:
        first, second: α* of each; inf where the target is never reached.
        difference: second − first, with its interval; NaN where neither reaches the target.
        seeds: how many seeds both share; 0 for two searches.
    """

    first: float
    second: float
    difference: Estimate
    seeds: int


def mean_difference(
    first: npt.ArrayLike, second: npt.ArrayLike, confidence: float = CONFIDENCE
) -> Estimate:
    """Return the mean of second − first over pairs, with Student's interval.

    mean(d) ± t_{(1+c)/2, s−1}·sd(d)/√s. What all pairs share, such as a lucky draw of people, is in
    both and cancels. The ends are infinite with a single pair, which tells of no spread.

    Args:
        first, second: what was measured, by seed, (s,) each.
        confidence: of the interval, in (0, 1).

    >>> found = mean_difference([0.1, 0.2, 0.3], [0.2, 0.4, 0.6])
    >>> round(found.value, 12), round(found.low, 4), round(found.high, 4)
    (0.2, -0.0484, 0.4484)
    """
    from scipy.special import stdtrit

    each = np.asarray(second, dtype=np.float64) - np.asarray(first, dtype=np.float64)  # (s,)
    if len(each) < 2:
        value = float(each[0]) if len(each) else math.nan
        return Estimate(value, -math.inf, math.inf)
    reach = stdtrit(len(each) - 1, (1 + confidence) / 2) * each.std(ddof=1) / math.sqrt(len(each))
    value = float(each.mean())
    return Estimate(value, value - float(reach), value + float(reach))


def mass_difference(
    alphas: tuple[Floats, Floats],
    success: tuple[Floats, Floats],
    target: float,
    confidence: float = CONFIDENCE,
) -> MassDifference:
    """Return α* of two measured curves and their difference, by bootstrap over the shared seeds.

    Each resample draws the same seeds for both curves. It leaves α* of each between two sizes of
    its grid, (l, u], and their difference between l₂ − u₁ and u₂ − l₁: the interval covers the
    noise of the seeds and the spacing of both grids. Source: derived.

    Args:
        alphas: the grids, (a,) and (b,), increasing.
        success: S per size and shared seed, (a, s) and (b, s); NaN where a cell failed.
        target: S*, in [0, 1].
        confidence: of the interval.

    >>> grid = np.array([0, 0.1, 0.2])
    >>> early, late = np.array([[0.0], [1], [1]]), np.array([[0.0], [0], [1]])
    >>> found = mass_difference((grid, grid), (early, late), 0.9)
    >>> found.first, found.second, [round(end, 12) for end in vars(found.difference).values()]
    (0.1, 0.2, [0.1, 0.0, 0.2])
    """
    ends = [
        brackets(grid, resampled_means(values, confidence), target)
        for grid, values in zip(alphas, success, strict=True)
    ]
    found = [
        [float(end[0]) for end in brackets(grid, mean_over_seeds(values)[:, None], target)]
        for grid, values in zip(alphas, success, strict=True)
    ]
    (below, at), (below_other, at_other) = ends
    (under, first), (under_other, second) = found
    tail = (1 - confidence) / 2
    low = min(order_statistic(below_other - at, tail), under_other - first)
    high = max(order_statistic(at_other - below, 1 - tail), second - under)
    difference = Estimate(_difference(first, second), low, high)
    return MassDifference(first, second, difference, success[0].shape[1])


def search_difference(first: Estimate, second: Estimate) -> MassDifference:
    """Return α* of two searches and their difference, from the interval of each.

    The ends lie as far from α*₂ − α*₁ as ``joined_distance`` says of two that are independent:
    searches that share seeds are closer than that.
    """
    value = _difference(first.value, second.value)
    if not all(map(math.isfinite, (*vars(first).values(), *vars(second).values()))):
        low, high = second.low - first.high, second.high - first.low
        return MassDifference(first.value, second.value, Estimate(value, low, high), 0)
    below = second.value - second.low, first.high - first.value
    above = second.high - second.value, first.value - first.low
    down = joined_distance(below[0], above[0], below[1], above[1])
    up = joined_distance(above[0], below[0], above[1], below[1])
    return MassDifference(
        first.value, second.value, Estimate(value, value - float(down), value + float(up)), 0
    )


def _difference(first: float, second: float) -> float:
    """Return second − first; NaN where both are infinite."""
    both = math.isinf(first) and math.isinf(second)
    return math.nan if both else second - first
