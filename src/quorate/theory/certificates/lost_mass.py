"""How probable are the cells that may be lost, from the members counted in all cells.

The set of cells is chosen by the same counts, so its frequency is biased downwards: a cell is more
likely to be chosen if it holds fewer members than it should. Both limits hold for whatever set.
"""

from __future__ import annotations

import math

import numpy as np

from quorate.theory.certificates.counts import Floats, SignalCounts
from quorate.theory.certificates.margins import Bools
from quorate.theory.radii import distance_limit

ONE_BY_ONE = 0.5  # share of the error for the limit of every cell, in ``_summed``
POOL = 0.1  # share for which rare cells are in the pool; the rest limits the pool's probability
HALVINGS = 60


def lost_limit(counts: SignalCounts, lost: Bools, hopeless: int, delta: float) -> float:
    """Return an upper limit on P₀{g(x) ∈ B} for every set B of lost and of unseen cells.

    The smaller of two limits, each at δ/2, or 0 if nothing is lost and all of X* was seen:
    the frequency of the lost cells and the total variation between members and everyone
    (``distance_limit``); or the sum of a limit for each lost cell, with rare cells pooled.

    In the sum, q_x ≤ q̄(t_x) for all cells at once, q̄(t) = max{q : P(Bin(n, q) ≤ t) > δ₁q}: as the
    q_x add up to 1, no number of cells has to be known. The cells with q_x ≤ κ = q̄(s) are a set of
    the distribution alone, and hold whatever has t_x ≤ s. With probability 1 − δ₂ all of them have
    t_x ≤ v, where P(Bin(n, κ) > v) ≤ δ₂κ, so their probability is limited by Clopper and Pearson
    at δ₃ from the members in cells with at most v. Status: derived.

    Args:
        counts: members whom the signal sends to each cell that was seen.
        lost: which of these may be lost, (m,).
        hopeless: s, people in a cell that is lost for certain; chosen without these counts.
        delta: probability that some set is more probable than its limit.

    Returns:
        A probability, not clipped; vacuous at or above 1.

    >>> counts = SignalCounts([[0, 0], [0, 0]], [990, 10], 1000, signal_cells=2)
    >>> round(lost_limit(counts, np.array([False, True]), 3, 0.05), 3)
    0.026
    """
    if counts.all_seen and not lost.any():
        return 0.0
    t, n = counts.weights, counts.members
    distance = distance_limit(t, counts.distance_cells, math.log(2 / delta))
    return min(float(t[lost].sum()) / n + distance, _summed(counts, lost, hopeless, delta / 2))


def _summed(counts: SignalCounts, lost: Bools, hopeless: int, delta: float) -> float:
    t, n = counts.weights, counts.members
    singly = ONE_BY_ONE * delta
    limits = upper_limits(t[lost], n, singly)
    without_pool = float(limits.sum()) if counts.all_seen else math.inf
    rare = float(upper_limits(np.array([float(hopeless)]), n, singly)[0])  # κ
    most = _most_counted(rare, n, POOL * delta)
    pooled = float(t[t <= most].sum())
    pool = _clopper_pearson(pooled, n, (1 - ONE_BY_ONE - POOL) * delta)
    return min(without_pool, pool + float(limits[limits > rare].sum()))


def upper_limits(t: Floats, n: int, delta: float) -> Floats:
    """Return q̄(t) for each count, (m,): with probability 1 − δ, q_x ≤ q̄(t_x) for all cells.

    >>> upper_limits(np.array([0.0, 10.0, 1000.0]), 1000, 0.05).round(4).tolist()
    [0.0078, 0.0237, 1.0]
    """
    from scipy.special import betainc

    low, high = np.clip(t / n, 0, 1), np.ones_like(t)
    for _ in range(HALVINGS):
        q = (low + high) / 2
        with np.errstate(divide="ignore"):
            likely = betainc(np.maximum(n - t, 1e-9), t + 1, 1 - q) > delta * q
        low, high = np.where(likely, q, low), np.where(likely, high, q)
    return np.where(t >= n, 1.0, high)


def lower_limits(t: Floats, n: int, delta: float) -> Floats:
    """Return q̲(t) for each count, (m,): with probability 1 − δ, q_x ≥ q̲(t_x) for all cells.

    q̲(t) = min{q : P(Bin(n, q) ≥ t) > δq}.

    >>> lower_limits(np.array([1.0, 10.0, 1000.0]), 1000, 0.05).round(4).tolist()
    [0.0, 0.0022, 0.997]
    """
    from scipy.special import betainc

    low, high = np.zeros_like(t), np.clip(t / n, 0, 1)
    for _ in range(HALVINGS):
        q = (low + high) / 2
        likely = betainc(np.maximum(t, 1e-9), n - t + 1, q) > delta * q
        low, high = np.where(likely, low, q), np.where(likely, q, high)
    return np.where(t <= 0, 0.0, low)


def _most_counted(q: float, n: int, delta: float) -> float:
    """Return v, for which P(Bin(n, q′) > v) ≤ δq′ for every q′ ≤ q."""
    from scipy.special import betainc

    v = np.arange(math.ceil(n * q), n + 1)
    v = v[: math.ceil(20 * math.sqrt(n * q + 25)) + 60]
    rare = betainc(v + 1, np.maximum(n - v, 1e-9), q) <= delta * q
    return float(v[rare.argmax()]) if rare.any() else float(n)


def _clopper_pearson(t: float, n: int, delta: float) -> float:
    from scipy.special import betaincinv

    return 1.0 if t >= n else float(betaincinv(t + 1, n - t, 1 - delta))
