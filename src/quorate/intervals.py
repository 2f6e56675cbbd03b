"""Means over seeds and their bootstrap confidence intervals."""

from __future__ import annotations

import functools
import math
import warnings

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
RESAMPLES = 2000
CONFIDENCE = 0.95


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


def band(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the mean over seeds of rates in [0, 1] and the ends of its 95% interval, (a,) each."""
    mean, low, high = mean_interval(values)
    return mean, np.maximum(low, 0), np.minimum(high, 1)
