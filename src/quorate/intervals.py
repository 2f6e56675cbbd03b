"""Estimates with confidence intervals: rates (exact), and means over seeds (bootstrap)."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.plain import finite_or_none
from quorate.validate import LARGEST, at_least, in_interval

Floats = npt.NDArray[np.float64]
RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value and its interval; NaN if undefined, with infinite ends if unbounded."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        """Return plain data, None for what is not finite."""
        return {key: finite_or_none(value) for key, value in vars(self).items()}


@dataclass(frozen=True)
class Interval:
    """A number with its 95% interval over seeds; inf where there is no such number."""

    estimate: float
    low: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        """Return plain data; None for what is not finite."""
        return {key: finite_or_none(value) for key, value in vars(self).items()}


def exact_rate(successes: int, n: int, level: float = 0.95) -> Estimate:
    """Return the rate of successes and its interval, of at least that level whatever the rate is.

    The ends are ``exact_limits`` at (1 − level)/2 each. With few trials other intervals hold the
    truth less often than they say: at 95%, Wilson's does 83% of the time for a rate of .978 of
    eight. Source: Clopper, Pearson 1934, doi:10.1093/biomet/26.4.404.

    Args:
        successes: number of successes.
        n: number of trials.
        level: confidence level, in (0, 1).

    >>> found = exact_rate(8, 10)
    >>> round(found.low, 4), round(found.high, 4)
    (0.4439, 0.9748)

    Raises:
        InputError: there are no trials, more successes than trials, or level is out of range.
    """
    check_level(level)
    at_least("n", n, 1, "A rate needs something to be measured on.", most=LARGEST)
    in_interval("successes", successes, 0, n, f"They are some of the {n} tries.")
    low, high = exact_limits(successes, n, (1 - level) / 2)
    return Estimate(successes / n, float(low), float(high))


def rate_difference(first: Estimate, second: Estimate) -> Estimate:
    """Return p₁ − p₂ and its interval, of two rates with ``exact_rate`` intervals of one level.

    The ends lie as far from p₁ − p₂ as ``joined_distance`` says: of rates that were measured on
    different people. Source: Newcombe 1998, method 10,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I, with exact limits in place
    of Wilson's.

    >>> found = rate_difference(exact_rate(56, 70), exact_rate(48, 80))
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0439, 0.3459)
    """
    value = first.value - second.value
    one = first.value - first.low, first.high - first.value
    two = second.high - second.value, second.value - second.low
    below, above = joined_distance(*one, *two), joined_distance(*one[::-1], *two[::-1])
    return Estimate(value, max(value - float(below), -1.0), min(value + float(above), 1.0))


def joined_distance(
    of_one: npt.ArrayLike,
    back: npt.ArrayLike,
    of_other: npt.ArrayLike,
    back_of_other: npt.ArrayLike,
) -> Floats:
    """Return how far a limit of a sum lies from it, by how far limits of its two parts lie.

    The further of √(a² + b²) and √(s² of both) + (c·s² of both)/(s² of both), where a part's limits
    lie s + c and s − c from it: the spread, and the skewness, of which a sum has less than its
    parts. The first alone is too near where a rate close to 0 is taken from one close to 1.
    Sources: Zou, Donner 2008, doi:10.1002/sim.3095; the second derived, by the terms of Cornish and
    Fisher 1938.

    Args:
        of_one, of_other: a and b, distances of the limits of both parts on that side, (...).
        back, back_of_other: distances of their limits on the other side, (...).

    >>> round(float(joined_distance(0.3, 0.3, 0.4, 0.4)), 12)
    0.5
    """
    a, back_a, b, back_b = (
        np.asarray(one, dtype=np.float64) for one in (of_one, back, of_other, back_of_other)
    )
    spreads, skews = ((a + back_a) / 2, (b + back_b) / 2), ((a - back_a) / 2, (b - back_b) / 2)
    square = spreads[0] ** 2 + spreads[1] ** 2
    moved = skews[0] * spreads[0] ** 2 + skews[1] * spreads[1] ** 2
    by_moments = np.sqrt(square) + moved / np.where(square > 0, square, 1)
    return np.asarray(np.maximum(np.hypot(a, b), by_moments))


def exact_limits(
    successes: npt.ArrayLike, n: npt.ArrayLike, tail: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Return limits of rates, each passed by chance with a probability of at most ``tail``.

    The quantiles at tail and 1 − tail of Beta(x, n − x + 1) and Beta(x + 1, n − x). Neither x nor n
    need be whole. Without trials the limits are 0 and 1. Source: Clopper, Pearson 1934,
    doi:10.1093/biomet/26.4.404.

    Args:
        successes, n: of the trials; arrays that broadcast.
        tail: probability of passing each limit, in (0, 1).

    >>> low, high = exact_limits([0, 8], 10, 0.025)
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0, 0.4439], [0.3085, 0.9748])
    """
    from scipy.special import betaincinv

    x, size, part = np.broadcast_arrays(
        *(np.asarray(each, dtype=np.float64) for each in (successes, n, tail))
    )
    some, missed = x > 0, x < size
    low = betaincinv(np.where(some, x, 1.0), np.maximum(size - x, 0) + 1, part)
    high = betaincinv(np.maximum(x, 0) + 1, np.where(missed, size - x, 1.0), 1 - part)
    return np.where(some, low, 0.0), np.where(missed, high, 1.0)


def check_level(level: float) -> None:
    """Raise InputError unless a confidence level is in (0, 1)."""
    in_interval("level", level, 0, 1, "0.95 is usual.", open_low=True, open_high=True)


def mean_over_seeds(values: Floats) -> Floats:
    """Return the mean over the last axis of what was measured, NaN if nothing was."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nothing is NaN
        return np.asarray(np.nanmean(values, axis=-1))


def resampled_means(values: Floats, confidence: float = CONFIDENCE) -> Floats:
    """Return bootstrap means over whole seeds, (a, RESAMPLES), of values (a, s).

    m + κ(m* − m), κ = √(s/(s−1)) · t_{.975, s−1}/z_{.975}: percentiles of few seeds lie too close
    together (with 5 seeds a 95% interval covers about 85%), and κ stretches them to the width of
    Student's interval, likewise at other confidences. Source: derived; cf. Hesterberg 2015,
    arXiv:1411.5279. Whole seeds are resampled, since the collectives of one seed are nested. The
    draws are fixed, so equal data give equal intervals.
    """
    counts, kappa = _resamples(values.shape[1]), _stretch(values.shape[1], confidence)
    mean = mean_over_seeds(values)[:, None]  # (a, 1)
    with np.errstate(invalid="ignore"):  # the mean of nothing is NaN
        again = np.nan_to_num(values) @ counts / (~np.isnan(values) @ counts)  # (a, RESAMPLES)
    return np.asarray(mean + kappa * (again - mean))


@functools.cache
def _resamples(seeds: int) -> Floats:
    """Return how often each seed occurs in each resample, (s, RESAMPLES)."""
    drawn = np.random.default_rng(0).integers(seeds, size=(RESAMPLES, seeds))
    counts = np.zeros((seeds, RESAMPLES))  # (s, RESAMPLES)
    np.add.at(counts, (drawn, np.arange(RESAMPLES)[:, None]), 1)
    return counts


def _stretch(seeds: int, confidence: float) -> float:
    """Return κ, by which percentiles of so few seeds are too narrow; 1 for a single seed."""
    from scipy.special import ndtri, stdtrit

    if seeds == 1:
        return 1.0
    upper = (1 + confidence) / 2
    return float(math.sqrt(seeds / (seeds - 1)) * stdtrit(seeds - 1, upper) / ndtri(upper))


def mean_interval(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the mean over seeds of values (a, s) and the ends of its 95% interval, (a,) each."""
    tail = (1 - CONFIDENCE) / 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the quantile of nothing is NaN
        low, high = np.nanquantile(resampled_means(values), [tail, 1 - tail], axis=1)
    return mean_over_seeds(values), low, high


def interval_to_json(ends: Iterable[float]) -> dict[str, float | None]:
    """Return a mean and the ends of its interval as plain data, None for what is not finite."""
    return dict(zip(("mean", "low", "high"), map(finite_or_none, ends), strict=True))


def band(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the mean over seeds of rates in [0, 1] and the ends of its 95% interval, (a,) each."""
    mean, low, high = mean_interval(values)
    return mean, np.maximum(low, 0), np.minimum(high, 1)
