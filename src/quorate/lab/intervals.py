"""Means over seeds and their bootstrap."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
RESAMPLES = 2000
CONFIDENCE = 0.95


def mean_over_seeds(values: Floats) -> Floats:
    """Return the mean over the last axis, of what was measured; NaN where nothing was."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nothing is NaN
        return np.asarray(np.nanmean(values, axis=-1))


def resampled_means(values: Floats) -> Floats:
    """Return bootstrap means over whole seeds, (a, RESAMPLES), of values (a, s).

    Whole seeds, since the collectives of one seed are nested. The draws are fixed: equal data give
    equal intervals (percentile bootstrap, Efron 1979).
    """
    seeds = values.shape[1]
    drawn = np.random.default_rng(0).integers(seeds, size=(RESAMPLES, seeds))
    return mean_over_seeds(values[:, drawn])


def band(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the mean over seeds and the ends of its 95% bootstrap interval, (a,) each."""
    tail = (1 - CONFIDENCE) / 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the quantile of nothing is NaN
        low, high = np.nanquantile(resampled_means(values), [tail, 1 - tail], axis=1)
    return mean_over_seeds(values), low, high
