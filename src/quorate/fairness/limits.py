"""Confidence limits of what is the highest minus the lowest, or the lowest over the highest rate.

Shape letters: l labels, m groups, which stand last. Rates have exact limits of Clopper and Pearson,
and two of them are joined by the method of variance estimates recovery: each limit's distance from
its rate stands for a standard error. Sources: Clopper, Pearson 1934, doi:10.1093/biomet/26.4.404;
Zou, Donner 2008, doi:10.1002/sim.3095 (differences); Donner, Zou 2012, doi:10.1177/0962280210383082
(ratios). How pairs of groups and several labels are joined is derived, and simulated: see
docs/explanation/fairness-intervals.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.intervals import Floats, exact_limits, joined_distance

NODES = 10  # of the Gauss-Legendre rule that averages over levels
Ends = tuple[Floats, Floats]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Rates:
    """Rates with limits, (..., m) each: low ≤ value ≤ high."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Trials:
    """What rates are measured on, (..., m) each; weighted rows count as they are effective.

    Args:
        hits: rows that count for the rate.
        rows: all rows; where a group has none, its rate may be anything.
    """

    hits: Floats
    rows: Floats

    @property
    def value(self) -> Floats:
        """The rates; ½ where there are no rows."""
        return np.where(self.rows > 0, self.hits / np.where(self.rows > 0, self.rows, 1), 0.5)

    def exact(self, tail: float) -> Rates:
        """Return exact limits, each passed with a probability of at most ``tail``."""
        return Rates(self.value, *exact_limits(self.hits, self.rows, tail))

    def central(self, tail: float) -> Rates:
        """Return limits that are passed with about this probability: those of Jeffreys' law.

        Beta(x + ½, n − x + ½), which lies half-way between the laws of both exact limits.
        """
        value, rows = self.value, self.rows
        low = exact_limits(np.minimum(self.hits + 0.5, rows), rows, tail)[0]
        high = exact_limits(np.maximum(self.hits - 0.5, 0), rows, tail)[1]
        return Rates(value, np.minimum(low, value), np.maximum(high, value))


def pairs_of(m: int) -> int:
    """Return the number of ordered pairs of m groups, at least 1."""
    return max(1, m * (m - 1))


def gap_low(rates: Rates) -> Floats:
    """Return the greatest lower limit of a difference θᵢ − θⱼ of two groups, (...,).

    θ̂ᵢ − θ̂ⱼ − √((θ̂ᵢ − lᵢ)² + (uⱼ − θ̂ⱼ)²), or further off by ``joined_distance``; the greatest over
    i ≠ j.
    """
    limit = _pairs(rates.value) - _joined(rates.value - rates.low, rates.high - rates.value)
    return np.asarray(_without_diagonal(limit, -np.inf).max(axis=(-2, -1)))


def gap_high(rates: Rates) -> Floats:
    """Return the greatest upper limit of a difference of two groups, as ``gap_low``, (...,)."""
    limit = _pairs(rates.value) + _joined(rates.high - rates.value, rates.value - rates.low)
    return np.asarray(_without_diagonal(limit, -np.inf).max(axis=(-2, -1)))


def _joined(of_first: Floats, of_second: Floats) -> Floats:
    """Return how far a limit of θᵢ − θⱼ lies from the difference, (..., m, m).

    Args:
        of_first: distance of the limit if the rate is the first of the two, (..., m).
        of_second: if it is the second: that of the other limit.
    """
    first, second = (
        (one[..., :, None], other[..., None, :])
        for one, other in ((of_first, of_second), (of_second, of_first))
    )
    return joined_distance(first[0], second[0], first[1], second[1])


def ratio_low(rates: Rates) -> Floats:
    """Return the least lower limit of a ratio θᵢ/θⱼ of two groups, (...,).

    The ratio r at which the lower limit of θᵢ − r·θⱼ is 0:
    (θ̂ᵢθ̂ⱼ − √(θ̂ᵢ²θ̂ⱼ² − lᵢ(2θ̂ᵢ − lᵢ)·uⱼ(2θ̂ⱼ − uⱼ)))/(uⱼ(2θ̂ⱼ − uⱼ)), the least over i ≠ j.
    """
    value, low, high = rates.value, rates.low, rates.high
    above = (low * (2 * value - low))[..., :, None]  # (..., m, 1)
    below = (high * (2 * value - high))[..., None, :]  # (..., 1, m)
    both = value[..., :, None] * value[..., None, :]  # (..., m, m)
    root = np.sqrt(np.maximum(both**2 - above * below, 0))
    limit = above / np.where(above > 0, both + root, 1)  # the same, without taking differences
    return np.asarray(_without_diagonal(limit, np.inf).min(axis=(-2, -1)))


def ratio_high(rates: Rates) -> Floats:
    """Return the least upper limit of a ratio of two groups, as ``ratio_low``; may be infinite."""
    value, low, high = rates.value, rates.low, rates.high
    above = (high * (2 * value - high))[..., :, None]  # (..., m, 1)
    below = (low * (2 * value - low))[..., None, :]  # (..., 1, m)
    both = value[..., :, None] * value[..., None, :]  # (..., m, m)
    root = np.sqrt(np.maximum(both**2 - above * below, 0))
    limit = np.where(below > 0, (both + root) / np.where(below > 0, below, 1), np.inf)
    return np.asarray(_without_diagonal(limit, np.inf).min(axis=(-2, -1)))


def mean_gap(trials: Trials, tail: float) -> Ends:
    """Return the ends of the mean over labels of the highest minus the lowest rate.

    Args:
        trials: of each label and group, (..., l, m). A label counts if every group has rows of it.
        tail: probability of passing each end.

    Returns:
        Lower and upper ends, (...,) each. Where no label counts, the upper end is 1, and the lower
        one is what is known from the groups that have rows where there is a single label, else 0.
    """
    m, value = trials.rows.shape[-1], trials.value
    if m == 1:
        return np.zeros(value.shape[:-2]), np.zeros(value.shape[:-2])
    counted: Flags = np.asarray((trials.rows > 0).all(axis=-1))  # (..., l)
    seen = value.max(axis=-1) - value.min(axis=-1)
    low, high = gap_low(trials.exact(tail / pairs_of(m))), gap_high(trials.exact(tail))
    centre = _centre(gap_low, trials, low)
    alone = low[..., 0] if low.shape[-1] == 1 else 0.0
    some = counted.any(axis=-1)
    lows = np.where(some, _mean_end(centre, low, counted), alone)
    below = seen - gap_low(trials.exact(tail))
    highs = np.where(some, _mean_end(seen, high, counted, below=below), 1.0)
    return np.clip(lows, 0, 1), np.clip(highs, 0, 1)


def mean_ratio(trials: Trials, tail: float) -> Ends:
    """Return the ends of the mean over labels of the lowest over the highest selection rate.

    Args:
        trials: of each label and group, (..., l, m). A label counts if any group is given it.
        tail: probability of passing each end.

    Returns:
        Lower and upper ends, (...,) each; 0 and 1 where no label counts.
    """
    m, value = trials.rows.shape[-1], trials.value
    if m == 1:
        return np.ones(value.shape[:-2]), np.ones(value.shape[:-2])
    counted = value.max(axis=-1) > 0  # (..., l)
    # 1/(x + 1) is 1/x on average, which 1/x itself is above: a ratio of many labels' few rows
    one_more = np.where(trials.rows > 0, (trials.hits + 1) / trials.rows, 1)
    seen = value[..., :, None] / one_more[..., None, :]  # (..., l, m, m)
    seen = _without_diagonal(seen, np.inf).min(axis=(-2, -1))
    low, high = ratio_low(trials.exact(tail)), ratio_high(trials.exact(tail / pairs_of(m)))
    centre = _centre(ratio_high, trials, high)
    together = _correlations(trials)
    some = counted.any(axis=-1)
    lows = np.where(some, _mean_end(seen, low, counted, together), 0.0)
    highs = np.where(some, _mean_end(centre, high, counted, together), 1.0)
    return np.clip(lows, 0, 1), np.clip(highs, 0, 1)


def lowest(trials: Trials, tail: float) -> Ends:
    """Return the ends of the lowest rate of a group, (...,) each, of trials (..., m).

    The lower end is the least lower limit: it can only be wrong where that of the worst group is.
    The upper one may be that of any group, so each of the m is held to a part of the tail.
    """
    m = trials.rows.shape[-1]
    return trials.exact(tail).low.min(axis=-1), trials.exact(tail / m).high.min(axis=-1)


def _centre(limit: Callable[[Rates], Floats], trials: Trials, end: Floats) -> Floats:
    """Return the mean of a limit over all its levels, (..., l): an estimate without noise's gap.

    A gap that is measured is too large by its noise. The mean of its lower limits at every level
    in (0, 1) is not, and the noise of many labels can be averaged about it. Of a single label the
    end is needed only, which is returned.
    """
    if end.shape[-1] == 1:
        return end
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    pairs = pairs_of(trials.rows.shape[-1])
    total = np.zeros(end.shape)
    for node, weight in zip(nodes, weights, strict=True):  # nodes in (-1, 1), weights of sum 2
        total += weight / 2 * limit(trials.central((node + 1) / 2 / pairs))
    return total


def _mean_end(
    centre: Floats,
    end: Floats,
    counted: Flags,
    together: Floats | None = None,
    below: Floats | None = None,
) -> Floats:
    """Return the end of a mean over the labels counted, (...,), of centres and ends (..., l).

    mean c + (or −) √(Σ ρₐᵦ wₐ wᵦ)/l, w being how far the ends lie from the centres; ρ is 1 on the
    diagonal and ``together`` elsewhere, (..., l, l), or 0. Where it is known how far ends on the
    other side lie ``below``, (..., l), the end is no nearer than by spread and skewness, as in
    ``joined_distance``: rates seen to be 0 or 1 reach no further, but their mean with others may.
    An end without bound leaves the mean without.
    """
    k = np.maximum(counted.sum(axis=-1), 1)
    unbounded = counted & (np.isinf(end) | np.isinf(centre))  # (..., l)
    bounded = counted & ~unbounded
    about = np.where(bounded, centre, 0.0)
    distance = np.where(bounded, end, 0.0) - about  # (..., l)
    square = (distance**2).sum(axis=-1)
    if together is not None:
        square = square + np.einsum("...a,...ab,...b->...", distance, together, distance)
    half = np.sign(distance.sum(axis=-1)) * np.sqrt(np.maximum(square, 0))
    if below is not None:
        spread = np.where(bounded, (distance + below) / 2, 0.0)
        skew = np.where(bounded, (distance - below) / 2, 0.0)
        squares = (spread**2).sum(axis=-1)
        moved = (skew * spread**2).sum(axis=-1) / np.where(squares > 0, squares, 1)
        half = np.maximum(half, np.sqrt(squares) + moved)
    return np.where(unbounded.any(axis=-1), np.inf, about.sum(axis=-1) / k + half / k)


def _correlations(trials: Trials) -> Floats:
    """Return how the labels' log ratios vary together, (..., l, l), 0 on the diagonal.

    Who is given one label is not given another: within a group of n the logarithms of two selection
    rates have covariance −1/n, and that of one has variance (1 − p)/(n·p). A ratio is that of the
    group with the lowest and the one with the highest rate.
    """
    value, rows = trials.value, trials.rows  # (..., l, m)
    groups = np.arange(rows.shape[-1])
    side = 1.0 * (groups == value.argmin(axis=-1)[..., None])
    side -= groups == value.argmax(axis=-1)[..., None]  # (..., l, m): 1, -1 or 0
    variance = np.where(side != 0, (1 - value) / (rows * np.maximum(value, 0.5 / rows)), 0)
    size = np.sqrt(variance.sum(axis=-1))  # (..., l)
    each = side / np.sqrt(rows) / np.where(size > 0, size, np.inf)[..., None]  # (..., l, m)
    found = np.clip(-np.einsum("...ag,...bg->...ab", each, each), -1, 1)
    return _without_diagonal(found, 0.0)


def _pairs(values: Floats) -> Floats:
    """Return the differences of each two, (..., m, m)."""
    return np.asarray(values[..., :, None] - values[..., None, :])


def _without_diagonal(square: Floats, value: float) -> Floats:
    """Return squares (..., m, m) with a value on the diagonal."""
    found = np.array(np.broadcast_to(square, square.shape))
    diagonal = np.arange(found.shape[-1])
    found[..., diagonal, diagonal] = value
    return found
