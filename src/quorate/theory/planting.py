"""Population bounds for planting a backdoor, with label flipping or by features only.

Derived for this project and checked by brute force on random finite laws; they generalise Hardt,
Mazumdar, Mendler-Dünner, Zrnic 2023 (arXiv:2302.04262). See docs/explanation/theory.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.adapter import plant_signal
from quorate.law import FiniteLaw
from quorate.protocols import Signal
from quorate.table import Table
from quorate.theory.suboptimality import Floats, Reading, suboptimality_constant
from quorate.theory.success_bound import critical_mass_bound, success_bound
from quorate.validate import all_in_interval


def planting_bound(
    alpha: npt.ArrayLike,
    xi: npt.ArrayLike,
    delta: npt.ArrayLike,
    eps: npt.ArrayLike = 0.0,
    reading: Reading = "tv",
) -> Floats:
    """Return a lower bound on the success S(α) of planting with the label.

    S ≥ 1 − ((1−α)/α)·Δ·ξ − c/α. Status: derived.

    Args:
        alpha: fraction of the data that the collective controls, in [0, 1]; all in any shape.
        xi: ξ, frequency of the signal among honest people, in [0, 1].
        delta: Δ, suboptimality gap of the target on the signal, in [0, 1].
        eps, reading: as in ``suboptimality_constant``.

    Returns:
        The bound in the arguments' common shape, not clipped; vacuous at or below 0, and -inf at
        alpha = 0, where nobody acts.

    >>> float(planting_bound(0.01, xi=0.001, delta=0.8, eps=0.0).round(4))
    0.9208

    Raises:
        InputError: an argument is out of range, or the reading is unknown.
    """
    return success_bound(alpha, _resistance(xi, delta), suboptimality_constant(eps, reading))


def planting_critical_mass(
    target: npt.ArrayLike,
    xi: npt.ArrayLike,
    delta: npt.ArrayLike,
    eps: npt.ArrayLike = 0.0,
    reading: Reading = "tv",
) -> Floats:
    """Return an α that suffices for success ``target``: the inverse of ``planting_bound``.

    α* ≤ (Δξ + c)/(1 − S* + Δξ). Status: derived.

    Returns:
        A fraction in [0, 1], 0 if every α > 0 suffices, or inf if even α = 1 does not suffice by
        this bound.

    >>> round(float(planting_critical_mass(0.9, xi=0.001, delta=0.8)), 6)
    0.007937

    Raises:
        InputError: an argument is out of range, or the reading is unknown.
    """
    return critical_mass_bound(target, _resistance(xi, delta), suboptimality_constant(eps, reading))


def feature_only_bound(
    alpha: npt.ArrayLike,
    xi: npt.ArrayLike,
    p: npt.ArrayLike,
    eps: npt.ArrayLike = 0.0,
    reading: Reading = "tv",
) -> Floats:
    """Return a lower bound on the success S(α) of feature-only planting.

    S ≥ 1 − (1−p)ξ/(pα) − c/(pα). Members with the target label carry the signal, and the others
    hand in their own rows (a clean-label backdoor). The bound is loose. Status: derived.

    Args:
        alpha: fraction of the data that the collective controls, in [0, 1]; all in any shape.
        xi: ξ, frequency of the signal among honest people, in [0, 1].
        p: the least P₀(y*|x) over all x that occur, in [0, 1].
        eps, reading: as in ``suboptimality_constant``.

    Returns:
        The bound, not clipped; -inf if alpha = 0 or p = 0.

    >>> float(feature_only_bound(0.1, xi=0.001, p=0.25).round(4))
    0.97

    Raises:
        InputError: an argument is out of range, or the reading is unknown.
    """
    fixed = _feature_only_resistance(xi, p, suboptimality_constant(eps, reading))
    return success_bound(alpha, np.zeros(()), fixed)


def feature_only_critical_mass(
    target: npt.ArrayLike,
    xi: npt.ArrayLike,
    p: npt.ArrayLike,
    eps: npt.ArrayLike = 0.0,
    reading: Reading = "tv",
) -> Floats:
    """Return an α that suffices for success ``target``: the inverse of ``feature_only_bound``.

    α* ≤ ((1−p)ξ + c)/(p(1−S*)). Status: derived.

    Returns:
        A fraction in [0, 1], 0 if every α > 0 suffices, or inf if even α = 1 does not suffice by
        this bound, or p = 0.

    >>> round(float(feature_only_critical_mass(0.97, xi=0.001, p=0.25)), 4)
    0.1

    Raises:
        InputError: an argument is out of range, or the reading is unknown.
    """
    fixed = _feature_only_resistance(xi, p, suboptimality_constant(eps, reading))
    return critical_mass_bound(target, np.zeros(()), fixed)


@dataclass(frozen=True)
class SignalEstimate:
    """The ξ and Δ of a signal and a target among honest people.

    Args:
        xi: ξ = P₀(X*), in [0, 1].
        delta: Δ = max(0, max over x in X* of [max_{y≠y*} P₀(y|x) − P₀(y*|x)]), in [0, 1].
        exact: whether they come from the true distribution, or else from honest training people
            with ξ at its confidence limit.
    """

    xi: float
    delta: float
    exact: bool


def estimate_signal(
    people: Table, law: FiniteLaw | None, signal: Signal, target: str | None
) -> SignalEstimate:
    """Return ξ and Δ of a signal: exact if the law is known, else estimated from ``people``.

    For an idempotent g, X* = {g(x)} is recognised by g(x) = x. From people, ξ is set to its upper
    95% confidence limit (Clopper and Pearson 1934; about 3/n if none of n people carries the
    signal) and Δ to its largest possible value 1, so the bound stays valid. If g is not idempotent,
    a row does not show whether it is in X*, and ξ is set to 1 as well.
    """
    if not signal.idempotent:
        return SignalEstimate(1.0, 1.0, exact=False)
    rows = people if law is None else law.points
    carries = (plant_signal(signal, rows) == rows.x).reshape(len(rows), -1).all(axis=1)
    if law is None:
        return SignalEstimate(upper_limit(int(carries.sum()), len(carries)), 1.0, exact=False)
    on_signal = law.mass[carries]  # (|X*|, k)
    xi = float(on_signal.sum())
    on_signal = on_signal[on_signal.sum(axis=1) > 0]
    if not len(on_signal):
        return SignalEstimate(xi, 0.0, exact=True)
    given_x = on_signal / on_signal.sum(axis=1, keepdims=True)
    y_star = rows.label(target)
    others = np.delete(given_x, y_star, axis=1)
    gap = others.max(axis=1, initial=0.0) - given_x[:, y_star]  # (|X*|,)
    return SignalEstimate(xi, max(0.0, float(gap.max())), exact=True)


def upper_limit(k: int, n: int, confidence: float = 0.95) -> float:
    """Return the one-sided upper confidence limit of a probability seen k times in n draws.

    Source: Clopper and Pearson 1934.

    >>> round(upper_limit(0, 300), 4), upper_limit(5, 5)
    (0.0099, 1.0)
    """
    from scipy.special import betaincinv

    return 1.0 if k == n else float(betaincinv(k + 1, n - k, confidence))


def _resistance(xi: npt.ArrayLike, delta: npt.ArrayLike) -> Floats:
    """Return Δξ."""
    xi = all_in_interval("xi", xi, 0, 1, "It is a probability.")
    return all_in_interval("delta", delta, 0, 1, "It is a difference of probabilities.") * xi


def _feature_only_resistance(xi: npt.ArrayLike, p: npt.ArrayLike, c: Floats) -> Floats:
    """Return ((1−p)ξ + c)/p, inf if p = 0."""
    xi = all_in_interval("xi", xi, 0, 1, "It is a probability.")
    p = all_in_interval("p", p, 0, 1, "It is the least probability of the target.")
    safe = np.where(p > 0, p, 1.0)
    return np.where(p > 0, ((1 - p) * xi + c) / safe, np.inf)
