"""Concentration: how far counts in a sample may lie from the distribution they are drawn from.

L stands for log(1/δ) throughout: there may be so many cells that δ itself, split over all of them,
is too small for a float.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def hoeffding_radius(n: npt.ArrayLike, log_inverse: float) -> Floats:
    """Return R_δ(n), an error that a mean of n values in [0, 1] exceeds with probability ≤ δ.

    R_δ(n) = √(L/(2n)). Status: published (Hoeffding 1963; the radius of Gauthier, Bach, Jordan
    2025, arXiv:2502.04879).

    Args:
        n: people, any shape; 0 gives inf.
        log_inverse: L = log(1/δ), at least 0.

    >>> float(hoeffding_radius(50, 1.0))
    0.1
    """
    n = np.asarray(n, dtype=np.float64)
    return np.where(n > 0, np.sqrt(log_inverse / (2 * np.maximum(n, 1))), np.inf)


def bernstein_radius(frequency: npt.ArrayLike, n: float, log_inverse: float) -> Floats:
    """Return an error that a frequency exceeds on one side with probability ≤ δ, by its variance.

    √(2V(L + log 2)/n) + 7(L + log 2)/(3(n−1)), where V = p̂(1−p̂)·n/(n−1) is the variance of n zeros
    and ones. Status: published (Maurer, Pontil 2009, arXiv:0907.3740).

    Args:
        frequency: p̂, in [0, 1], any shape.
        n: people counted; below 2 the radius is inf.
        log_inverse: L = log(1/δ).

    >>> float(bernstein_radius(0.5, 101, 2 - math.log(2)).round(4))  # √(.25·4/100) + 14/300
    0.1467
    """
    p: Floats = np.asarray(frequency, dtype=np.float64)
    if n < 2:
        return np.full_like(p, np.inf)
    log_two = log_inverse + math.log(2)
    variance = np.maximum(p * (1 - p), 0) * n / (n - 1)
    radius: Floats = np.sqrt(2 * variance * log_two / n) + 7 * log_two / (3 * (n - 1))
    return radius


def bernstein_limits(
    frequency: npt.ArrayLike, n: float, log_inverse: float
) -> tuple[Floats, Floats]:
    """Return p̂ ∓ ``bernstein_radius``, clipped to [0, 1]; each fails with probability ≤ δ.

    Both are nondecreasing in p̂. Status: published, as the radius.

    >>> low, high = bernstein_limits(0.0, 1000, 3.0)
    >>> float(low), round(float(high), 4)
    (0.0, 0.0086)
    """
    p = np.asarray(frequency, dtype=np.float64)
    radius = bernstein_radius(p, n, log_inverse)
    return np.maximum(p - radius, 0), np.minimum(p + radius, 1)


def sample_least(p: npt.ArrayLike, n: float, log_inverse: float) -> Floats:
    """Return a frequency that n draws of an event of probability p fall below with chance ≤ δ.

    The largest of p − √(2p(1−p)L/n) − L/(3n), p − √(2pL/n) and 0, which is nondecreasing in p.
    Status: published (Bernstein's inequality; Chernoff's for the lower tail), combined here.

    Args:
        p: probability, in [0, 1], any shape.
        n: draws to come; 0 gives 0.
        log_inverse: L = log(1/δ).

    >>> float(sample_least(0.5, 100, 2.0).round(4)), float(sample_least(0.01, 100, 2.0))
    (0.3933, 0.0)
    """
    p = np.asarray(p, dtype=np.float64)
    if n <= 0:
        return np.zeros_like(p)
    rate = log_inverse / n
    two_sided = p - np.sqrt(2 * np.maximum(p * (1 - p), 0) * rate) - rate / 3
    least: Floats = np.maximum(np.maximum(two_sided, p - np.sqrt(2 * p * rate)), 0)
    return least


def sample_most(p: npt.ArrayLike, n: float, log_inverse: float) -> Floats:
    """Return a frequency that n draws of an event of probability p exceed with chance ≤ δ.

    min(1, p + √(2vL/n) + L/(3n)), with v = p(1−p) up to p = 1/2 and 1/4 above, so that it is
    nondecreasing in p. Status: published (Bernstein's inequality).

    Args:
        p: probability, in [0, 1], any shape.
        n: draws to come; 0 gives 1.
        log_inverse: L = log(1/δ).

    >>> float(sample_most(0.0, 300, 3.0).round(4))
    0.0033
    """
    p = np.asarray(p, dtype=np.float64)
    if n <= 0:
        return np.ones_like(p)
    half = np.minimum(p, 0.5)
    rate = log_inverse / n
    most: Floats = np.minimum(p + np.sqrt(2 * half * (1 - half) * rate) + rate / 3, 1)
    return most


@functools.lru_cache(maxsize=4096)
def others_limit(seen: int, members: int, others: int, delta: float) -> int:
    """Return an upper limit on how many of the others share a property with ``seen`` members.

    h = max{h : P(Hypergeom(N, seen + h, n) ≤ seen) > δ}: given how many of all N people have the
    property, every set of n people is equally likely to be the members, so more than h others have
    it with probability ≤ δ, whatever the distribution. Exact up to rounding for N up to 10¹⁰.
    Status: derived, the usual prediction limit of a finite population.

    Args:
        seen: members with the property, in [0, members].
        members: n, whose rows are known.
        others: N − n, whose rows are unknown.
        delta: probability of exceeding the limit, in (0, 1).

    Returns:
        A whole number in [0, others].

    >>> others_limit(0, 100, 100, 0.05), others_limit(0, 100, 10**6, 0.05)
    (4, 29514)
    """
    low, high = 0, others  # `low` is possible: with h = 0, all of them are among the members
    if 0 < delta < 1 and members and others > 64:  # look first near a normal approximation
        by, z = others / members, math.sqrt(2 * -math.log(delta))
        spread = math.sqrt((seen + z * z) * by * (1 + by)) + 1
        guess, step = int(seen * by + 0.8 * z * spread), max(int(spread / 8), 1)
        while low < guess < high:
            exceeds = others_exceed(seen, members, others, guess, delta)
            low, high = (low, guess - 1) if exceeds else (guess, high)
            guess, step = (guess - step if exceeds else guess + step), 2 * step
    while low < high:
        middle = (low + high + 1) // 2
        if others_exceed(seen, members, others, middle, delta):
            high = middle - 1
        else:
            low = middle
    return low


def others_exceed(seen: int, members: int, others: int, h: int, delta: float) -> bool:
    """Return whether h exceeds ``others_limit``, without searching for the limit.

    >>> others_exceed(0, 100, 100, 4, 0.05), others_exceed(0, 100, 100, 5, 0.05)
    (False, True)
    """
    if h <= 0:
        return False
    if h > others:
        return True
    return log_hypergeometric_cdf(seen, members + others, seen + h, members) <= math.log(delta)


@functools.lru_cache(maxsize=4096)
def others_least(seen: int, members: int, others: int, delta: float) -> int:
    """Return a lower limit on how many of the others share a property with ``seen`` members.

    The mirror image of ``others_limit``: N − n less the limit on how many of them lack it. Status:
    derived.

    >>> others_least(0, 100, 100, 0.05), others_least(50, 100, 10**6, 0.05)
    (0, 413618)
    """
    return others - others_limit(members - seen, members, others, delta)


def log_hypergeometric_cdf(k: int, total: int, marked: int, drawn: int) -> float:
    """Return log P(X ≤ k) for the number X of marked people drawn without replacement.

    P(X = j) = C(T, j)·C(N−T, n−j)/C(N, n), summed downwards from k by the quotients
    P(j−1)/P(j) = j(N−T−n+j)/((T−j+1)(n−j+1)), until the remainder is below e⁻⁷⁰ of the sum.

    Args:
        k: threshold.
        total, marked, drawn: N, T and n.

    >>> round(math.exp(log_hypergeometric_cdf(0, 10, 2, 5)), 12)  # C(8, 5)/C(10, 5) = 56/252
    0.222222222222
    """
    least = max(0, drawn - (total - marked))
    if k < least:
        return -math.inf
    if k >= min(marked, drawn):
        return 0.0
    mean = drawn * marked / total
    spread = math.sqrt(max(mean * (1 - marked / total) * (1 - drawn / total), 0)) + 1
    bottom = max(least, int(min(k, mean) - 12 * spread) - 60)
    j = np.arange(k, bottom, -1, dtype=np.float64)  # the quotients step from j to j − 1
    quotients = j * (total - marked - drawn + j) / ((marked - j + 1) * (drawn - j + 1))
    steps = np.concatenate([[0.0], np.cumsum(np.log(quotients))])
    top = float(steps.max())
    log_sum = top + math.log(float(np.exp(steps - top).sum()))
    at_k = log_choose(marked, k) + log_choose(total - marked, drawn - k)
    return min(at_k - log_choose(total, drawn) + log_sum, 0.0)


def log_choose(n: int, k: int) -> float:
    """Return log C(n, k).

    >>> round(math.exp(log_choose(8, 5)), 9)
    56.0
    """
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def distance_limit(
    counts: npt.ArrayLike, cells: int, log_inverse: float, times: npt.ArrayLike = 1
) -> float:
    """Return an upper limit on the total variation between a distribution over cells and counts.

    TV(P, P̂) ≤ the smaller of two limits, each exceeded with probability ≤ δ/2; with ℓ = L + log 2:
    ½√((|X|−1)/n) + √(ℓ/(2n)), and Σ_x E|σ₁ + … + σ_{t_x}|/n + 2√(ℓ/(2n)), where σ are random signs
    and t_x of the n people are in cell x. Rare cells enlarge it, empty cells do not. A single cell
    has distance 0.

    Proof: E TV ≤ ½ Σ √(p(1−p)/n) ≤ ½√((|X|−1)/n) by Cauchy and Schwarz, and by symmetrisation
    E TV ≤ E Σ_x E|σ₁ + … + σ_{t_x}|/n. When one person changes, TV and that sum change by at most
    1/n, so McDiarmid's inequality applies. Status: derived; cf. Cohen, Kontorovich, Wolfer 2020
    (arXiv:2004.12680).

    Args:
        counts: t, people in each cell, any shape; empty cells may be left out.
        cells: |X|, the number of cells, a whole number however large.
        log_inverse: L = log(1/δ).
        times: number of cells with each count, if equal counts are given once.

    Returns:
        The limit, not clipped; vacuous at or above 1.

    >>> distance_limit([60, 40], 1, 3.0), round(distance_limit([300, 700], 2, 3.0), 4)
    (0.0, 0.0588)
    """
    t = np.asarray(counts, dtype=np.float64).ravel()
    of_each = np.asarray(times, dtype=np.float64)
    n = float((t * of_each).sum())
    if cells <= 1:
        return 0.0
    if n <= 0:
        return 1.0
    step = math.sqrt((log_inverse + math.log(2)) / (2 * n))
    # cells may be too large for a float; the limit is useless then anyway.
    by_cells = math.inf if cells > 10**300 else 0.5 * math.sqrt((cells - 1) / n)
    return min(by_cells + step, float((expected_sign_sum(t) * of_each).sum()) / n + 2 * step)


def expected_sign_sum(t: npt.ArrayLike) -> Floats:
    """Return E|σ₁ + … + σ_t| of t random signs, interpolated linearly between whole t.

    It is 2s·C(2s, s)/4ˢ with s = ⌈t/2⌉, at most √t. Divided by t it is nonincreasing.

    >>> expected_sign_sum([0, 1, 2, 3, 4, 4.5]).tolist()
    [0.0, 1.0, 1.0, 1.5, 1.5, 1.6875]
    """
    t = np.asarray(t, dtype=np.float64)
    table = _signs_table()
    below = np.floor(t)
    at = np.minimum(np.ceil(np.stack([below, below + 1]) / 2), len(table) - 1).astype(np.int64)
    low, high = table[at]
    inside = low + (t - below) * (high - low)
    found: Floats = np.where(below < 2 * len(table) - 3, inside, np.sqrt(t))
    return found


@functools.cache
def _signs_table() -> Floats:
    """Return 2s·C(2s, s)/4ˢ for s = 0 .. 50,000, by the quotients 1 + 1/(2s)."""
    s = np.arange(1, 50_000, dtype=np.float64)
    return np.concatenate([[0.0, 1.0], np.cumprod(1 + 1 / (2 * s))])
