"""A measured S(α) as a monotone function of how many act, also between the measured sizes.

Shapes: a sizes, c curves, n people who may act.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quorate.intervals import Floats
from quorate.studies.critical_mass.estimate import ROUNDING


def fit_monotone(success: npt.ArrayLike) -> Floats:
    """Return the curve nearest to each column of (a, c), by squares, that does not fall.

    fᵢ = max_{j≤i} min_{l≥i} mean(y_j .. y_l): isotonic regression (Barlow et al. 1972).

    >>> fit_monotone([[0.1], [0.5], [0.3], [0.9]]).ravel().round(3).tolist()
    [0.1, 0.4, 0.4, 0.9]
    """
    y = np.asarray(success, dtype=np.float64)  # (a, c)
    sums = np.concatenate([np.zeros((1, y.shape[1])), np.cumsum(y, axis=0)])  # (a + 1, c)
    fitted = np.full(y.shape, -np.inf)
    for j in range(len(y)):
        lengths = np.arange(1, len(y) - j + 1)[:, None]
        means = (sums[j + 1 :] - sums[j]) / lengths  # of y_j .. y_l for l = j .. a − 1
        least = np.minimum.accumulate(means[::-1])[::-1]  # over l ≥ i, for i = j .. a − 1
        fitted[j:] = np.maximum(fitted[j:], least)
    success_at: Floats = np.minimum(fitted, 1)  # rounding of the sums is no success
    return success_at


def interpolate(alphas: Floats, curve: Floats, sizes: Floats) -> Floats:
    """Return S at any sizes, in their shape, from S at the measured ones, (a,).

    Linear in log α between two sizes, as everywhere in quorate; linear in α from nobody to the
    least size; constant past the ends of what was measured.

    >>> alphas, curve = np.array([0.0, 0.01, 0.04]), np.array([0.0, 0.4, 0.8])
    >>> interpolate(alphas, curve, np.array([0.005, 0.02, 0.5])).round(3).tolist()
    [0.2, 0.6, 0.8]
    """
    return np.asarray(np.interp(_to_axis(sizes, alphas), _to_axis(alphas, alphas), curve))


def success_by_actors(alphas: Floats, curve: Floats, people: int, may_act: int) -> Floats:
    """Return S_m for m = 0 .. n actors of N people, (n+1,)."""
    return interpolate(alphas, curve, np.arange(may_act + 1) / people)


def find_crossing(alphas: Floats, curves: Floats, level: float) -> Floats:
    """Return the α from which each monotone curve of (a, c) is at or above ``level``, (c,).

    Between sizes as in ``interpolate``; inf where the level is not reached.

    >>> alphas, curve = np.array([0.0, 0.01, 0.04]), np.array([[0.0], [0.4], [0.8]])
    >>> find_crossing(alphas, curve, 0.6).round(3).tolist()
    [0.02]
    """
    reached = curves >= level - ROUNDING  # (a, c)
    above = np.where(reached.any(axis=0), reached.argmax(axis=0), len(alphas) - 1)  # (c,)
    under, column = np.maximum(above - 1, 0), np.arange(curves.shape[1])
    low, high = curves[under, column], curves[above, column]
    rise = np.where(high > low, high - low, 1.0)
    share = np.where(under == above, 0.0, np.clip((level - low) / rise, 0, 1))
    places = _to_axis(alphas, alphas)
    found = _from_axis(places[under] + share * (places[above] - places[under]), alphas)
    return np.where(reached.any(axis=0), found, np.inf)


def _to_axis(sizes: Floats, alphas: Floats) -> Floats:
    """Return where sizes stand: at α/α₁ − 1 up to the least size α₁, from there at log α/α₁."""
    least = alphas[alphas > 0][0]
    logs = np.log(np.maximum(sizes, least) / least)
    return np.asarray(np.where(sizes < least, sizes / least - 1, logs))


def _from_axis(places: Floats, alphas: Floats) -> Floats:
    """Return the size at a place: the inverse of ``_to_axis``."""
    least = alphas[alphas > 0][0]
    return np.asarray(np.where(places < 0, least * (places + 1), least * np.exp(places)))
