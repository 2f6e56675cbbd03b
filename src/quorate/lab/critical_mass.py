"""The critical mass α* from a measured curve: a bracket on the grid, an interval over seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.lab.intervals import CONFIDENCE, mean_over_seeds, resampled_means
from quorate.validate import in_interval


@dataclass(frozen=True)
class CriticalMass:
    """α*(S*) = min{ α : S(α′) ≥ S* for every α′ ≥ α }, as far as a grid can tell.

    Args:
        target: S*, in [0, 1].
        estimate: the smallest measured α from which the mean success stays at or above the target;
            inf where it never does. Nothing is interpolated.
        below: the largest measured α under ``estimate``: α* lies above it, on the mean curve.
        low, high: 95% interval, by bootstrap over seeds, of the bracket (below, estimate]: it
            covers the noise of the seeds and the spacing of the grid.
        reached: fraction of the seeds that reach the target on their own.
        seeds: how many seeds stand behind it; with one, the interval is the bracket alone.
    """

    target: float
    estimate: float
    low: float
    high: float
    below: float
    reached: float
    seeds: int


def critical_mass(
    alphas: npt.ArrayLike, success: npt.ArrayLike, target: float, confidence: float = CONFIDENCE
) -> CriticalMass:
    """Return the critical mass of a measured curve.

    The bootstrap resamples whole seeds, since one seed's collectives are nested. Source: derived.

    Args:
        alphas: the grid, (a,), increasing.
        success: S per size and seed, (a, s); NaN where a cell is missing or failed.
        target: S*, in [0, 1].
        confidence: of the interval, in (0, 1).

    >>> mass = critical_mass([0, 0.01, 0.1], [[0.1, 0.1], [0.5, 0.7], [1.0, 1.0]], target=0.9)
    >>> mass.estimate, mass.low, mass.high
    (0.1, 0.01, 0.1)

    Raises:
        InputError: shapes disagree, nothing was measured, or target or confidence is out of range.
    """
    in_interval("target", target, 0, 1, "It is a success rate.")
    fix = "Use a confidence such as 0.95."
    in_interval("confidence", confidence, 0, 1, fix, open_low=True, open_high=True)
    alphas = np.asarray(alphas, dtype=np.float64)  # (a,)
    success = np.asarray(success, dtype=np.float64)  # (a, s)
    if success.ndim != 2 or len(success) != len(alphas) or not np.isfinite(success).any():
        raise InputError(
            f"Expected success of shape ({len(alphas)}, seeds) with a measured cell, got shape "
            f"{success.shape}. Run the cells that are missing."
        )
    below, upper = _brackets(alphas, resampled_means(success), target)  # (RESAMPLES,) each
    tail = (1 - confidence) / 2
    under, at = (float(e[0]) for e in _brackets(alphas, mean_over_seeds(success)[:, None], target))
    alone = _brackets(alphas, success, target)[1]
    return CriticalMass(
        target=target,
        estimate=at,
        low=min(under, _order_statistic(below, tail)),
        high=max(at, _order_statistic(upper, 1 - tail)),
        below=under,
        reached=float(np.isfinite(alone).mean()),
        seeds=success.shape[1],
    )


def _brackets(
    alphas: npt.NDArray[np.float64], curves: npt.NDArray[np.float64], target: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the ends of (below, at] for each curve of (a, curves); at is inf if never reached."""
    edges = np.concatenate([[0.0], alphas, [math.inf]])
    below, at = np.empty(curves.shape[1]), np.empty(curves.shape[1])
    for j, curve in enumerate(curves.T):
        measured = np.flatnonzero(~np.isnan(curve))
        short = measured[curve[measured] < target]
        first = measured[measured > short[-1]] if len(short) else measured
        below[j] = edges[short[-1] + 1] if len(short) else 0.0
        at[j] = alphas[first[0]] if len(first) else math.inf
    return below, at


def _order_statistic(values: npt.NDArray[np.float64], quantile: float) -> float:
    """Return a quantile that is one of the values, so that inf stays inf."""
    return float(np.sort(values)[min(len(values) - 1, math.floor(quantile * len(values)))])
