"""Population bounds for feature-label planting.

Derived for this project and checked by brute force on random finite laws; they generalise Hardt,
Mazumdar, Mendler-Dünner, Zrnic 2023 (arXiv:2302.04262). See docs/explanation/theory.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from quorate.law import FiniteLaw
from quorate.protocols import Signal
from quorate.table import Table
from quorate.validate import in_interval, unknown

Reading = Literal["tv", "huber"]


def suboptimality_constant(eps: float, reading: Reading) -> float:
    """Return c, the margin that an ε-suboptimal classifier may overturn.

    tv: c = 2ε; huber: c = ε/(1−ε). The two readings are not equivalent. Status: derived.

    Args:
        eps: how far from Bayes-optimal the platform's classifier may be, in [0, 1).
        reading: "tv": optimal for a law within total variation ε of what the platform received;
            "huber": optimal for (1−ε) of what it received plus ε of anything.

    >>> suboptimality_constant(0.01, "tv")
    0.02

    Raises:
        InputError: eps is out of range, or the reading is not known.
    """
    in_interval("eps", eps, 0, 1, "Use eps=0 for a Bayes-optimal platform.", open_high=True)
    if reading not in get_args(Reading):
        raise unknown("reading", reading, get_args(Reading))
    return 2 * eps if reading == "tv" else eps / (1 - eps)


def planting_bound(
    alpha: npt.ArrayLike, xi: float, delta: float, eps: float = 0.0, reading: Reading = "tv"
) -> npt.NDArray[np.float64]:
    """Return a lower bound on the success S(α) of feature-label planting.

    S ≥ 1 − ((1−α)/α)·Δ·ξ − c/α. Status: derived.

    Args:
        alpha: fraction of the data that the collective controls, in [0, 1]; any shape.
        xi: ξ, how common the signal already is among honest people, in [0, 1].
        delta: Δ, suboptimality gap of the target on the signal, in [0, 1].
        eps, reading: as in ``suboptimality_constant``.

    Returns:
        The bound in the shape of ``alpha``. At or below 0 it says nothing; it is not clipped.
        At alpha = 0 it is -inf: nobody acts, so nothing is promised.

    >>> float(planting_bound(0.01, xi=0.001, delta=0.8, eps=0.0).round(4))
    0.9208
    """
    alpha = np.asarray(alpha, dtype=np.float64)
    for value in alpha.ravel():
        in_interval("alpha", float(value), 0, 1, "It is a fraction of the platform's data.")
    _check_law(xi, delta)
    against = (1 - alpha) * delta * xi + suboptimality_constant(eps, reading)
    safe = np.where(alpha > 0, alpha, 1.0)
    return np.where(alpha > 0, 1 - against / safe, -np.inf)


def planting_critical_mass(
    target: float, xi: float, delta: float, eps: float = 0.0, reading: Reading = "tv"
) -> float:
    """Return an α that is enough for success ``target``: the inverse of ``planting_bound``.

    α* ≤ (Δξ + c)/(1 − S* + Δξ). Status: derived.

    Returns:
        A fraction in [0, 1]: 0 means that every α > 0 is enough. Or inf, where even α = 1 is not
        enough by this bound.

    >>> round(planting_critical_mass(0.9, xi=0.001, delta=0.8), 6)
    0.007937
    """
    in_interval("target", target, 0, 1, "It is a success rate.")
    _check_law(xi, delta)
    c = suboptimality_constant(eps, reading)
    against, room = delta * xi + c, 1 - target + delta * xi
    if against == 0:
        return 0.0
    needed = against / room if room > 0 else math.inf
    return needed if needed <= 1 else math.inf


@dataclass(frozen=True)
class SignalLaw:
    """What the bounds need to know of a signal and a target under the law of honest people.

    Args:
        xi: ξ = P₀(X*), in [0, 1].
        delta: Δ = max(0, max over x in X* of [max_{y≠y*} P₀(y|x) − P₀(y*|x)]), in [0, 1].
        exact: from the true law, or else from honest training people, with ξ at its limit.
    """

    xi: float
    delta: float
    exact: bool


def signal_law(
    people: Table, law: FiniteLaw | None, signal: Signal, target: str | None
) -> SignalLaw:
    """Return ξ and Δ of a signal: exact where the law is known, else estimated from ``people``.

    X* = {g(x)} is recognised by g(x) = x, which is the same since g is idempotent. From people, ξ
    is put at its upper 95% confidence limit (Clopper and Pearson 1934; about 3/n where none of n
    people carries the signal) and Δ at its largest possible value 1: the bound stays a bound.
    """
    rows = people if law is None else law.points
    carries = (signal.plant(rows) == rows.x).reshape(len(rows), -1).all(axis=1)
    if law is None:
        return SignalLaw(upper_limit(int(carries.sum()), len(carries)), 1.0, exact=False)
    on_signal = law.mass[carries]  # (|X*|, k)
    xi = float(on_signal.sum())
    on_signal = on_signal[on_signal.sum(axis=1) > 0]
    if not len(on_signal):
        return SignalLaw(xi, 0.0, exact=True)
    given_x = on_signal / on_signal.sum(axis=1, keepdims=True)
    y_star = rows.label(target)
    others = np.delete(given_x, y_star, axis=1)
    gap = others.max(axis=1, initial=0.0) - given_x[:, y_star]  # (|X*|,)
    return SignalLaw(xi, max(0.0, float(gap.max())), exact=True)


def upper_limit(k: int, n: int, confidence: float = 0.95) -> float:
    """Return the one-sided upper confidence limit of a probability seen k times in n draws.

    Source: Clopper and Pearson 1934.

    >>> round(upper_limit(0, 300), 4), upper_limit(5, 5)
    (0.0099, 1.0)
    """
    from scipy.special import betaincinv

    return 1.0 if k == n else float(betaincinv(k + 1, n - k, confidence))


def _check_law(xi: float, delta: float) -> None:
    in_interval("xi", xi, 0, 1, "It is a probability.")
    in_interval("delta", delta, 0, 1, "It is a difference of probabilities.")
