"""The worst case of an ε-suboptimal platform on a finite distribution, and the critical mass.

Margins and carried mass, (..., v) each, are those of ``quorate.theory.finite``. Status of all here:
derived, see docs/explanation/theory.md.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from quorate.theory.suboptimality import Floats, Reading, suboptimality_constant
from quorate.validate import all_in_interval

Mask = npt.NDArray[np.bool_]
EXACT = 30  # undecided values up to which the worst case is computed exactly
SLACK = 1e-12  # of the budget: allowance for the rounding of a sum of prices


def margin_bound(
    margins: Floats, carried: Floats, eps: npt.ArrayLike = 0.0, reading: Reading = "tv"
) -> Floats:
    """Return Σ P_0{g = x} over the x whose margin is above c, (...).

    At eps = 0 it is S itself for a Bayes-optimal platform that breaks ties against the collective.
    At eps > 0 it grants the platform its whole budget at each x, which is sound but tight only if
    one value is signalled; it may be below ``planting_bound``.

    Args:
        margins: by which the data favour the collective at each x, (..., v).
        carried: P_0{g = x}, (..., v).
        eps, reading: as in ``suboptimality_constant``, (...).

    >>> float(margin_bound(np.array([0.1, 0.3]), np.array([0.25, 0.75]), eps=0.1))
    0.75
    """
    c = np.asarray(suboptimality_constant(eps, reading))[..., None]
    won: Floats = np.where(margins > c, carried, 0.0)
    return np.asarray(won.sum(axis=-1))[()]


def worst_case_success(
    margins: Floats, carried: Floats, eps: npt.ArrayLike = 0.0, reading: Reading = "tv"
) -> Floats:
    """Return the least S of an ε-suboptimal platform, ties against the collective, (...).

    S = min over B ⊆ X* with Σ_{x∈B} max(0, margin) ≤ c of 1 − Σ_{x∈B} P_0{g = x}. Flipping x moves
    half its margin of mass to a rival label (tv), or offsets (1−ε) times its margin by εQ (huber),
    so one budget c pays for all values together: a knapsack. It is exact for planting in both
    readings and for unplanting under huber or with two labels; else it is a lower bound, because
    under tv y* may have to overtake several labels at once.

    Args:
        margins: by which the data favour the collective at each x, (..., v).
        carried: P_0{g = x}, (..., v).
        eps, reading: as in ``suboptimality_constant``, (...).

    Returns:
        S; with more than 30 undecided values, the fractional relaxation, a lower bound.

    >>> apart, both = np.array([0.1, 0.3]), np.array([0.15, 0.15])
    >>> [float(worst_case_success(m, np.array([0.25, 0.75]), eps=0.1)) for m in (apart, both)]
    [0.75, 0.25]
    """
    return least_success(margins, carried, suboptimality_constant(eps, reading))


def least_success(margins: Floats, carried: Floats, budget: npt.ArrayLike) -> Floats:
    """Return the least S of whoever may take the budget off the margins, ties lost, (...).

    S = 1 − max{P_0{g ∈ B} : Σ_{x∈B} max(0, margin) ≤ budget}, as in ``worst_case_success``, where
    the budget is c.

    Args:
        margins: by which the data favour the collective at each x, (..., v).
        carried: P_0{g = x}, (..., v).
        budget: at least 0, (...).

    >>> float(least_success(np.array([0.1, 0.3]), np.array([0.25, 0.75]), 0.2))
    0.75
    """
    return _over_laws(_most_lost, margins, carried, budget)


def fractional_success(
    margins: Floats, carried: Floats, eps: npt.ArrayLike = 0.0, reading: Reading = "tv"
) -> Floats:
    """Return the least S if the platform may flip parts of values, (...), a lower bound.

    The budget goes to the values with the most people per price, the last one in part.

    Args:
        margins, carried, eps, reading: as in ``worst_case_success``.

    >>> float(fractional_success(np.array([0.1, 0.15]), np.array([0.25, 0.75]), eps=0.1).round(3))
    0.125
    """
    c = suboptimality_constant(eps, reading)
    return _over_laws(_most_lost_in_parts, margins, carried, c)


def overturned(prices: Floats, weights: Floats, budget: float) -> Mask:
    """Return which values a platform overturns to harm the collective most, (v,).

    Values with a price of 0 or below are ties and lost for free. Exact up to 30 undecided values;
    beyond, those with the most weight per price as long as the budget lasts.

    Args:
        prices: cost of flipping each value, (v,); negative if it is lost anyway.
        weights: what the collective loses with each value, at least 0, (v,).
        budget: c, what the platform can spend.

    >>> overturned(np.array([0.1, 0.1, 0.2, 0.0]), np.array([3.0, 2.0, 4.0, 1.0]), 0.3).tolist()
    [True, False, True, True]
    """
    lost = prices <= 0
    limit = budget * (1 + SLACK)
    open_ = np.flatnonzero(~lost & (prices <= limit) & (weights > 0))
    if prices[open_].sum() <= limit:
        lost[open_] = True
    elif len(open_) <= EXACT:
        lost[open_[best_subset(prices[open_], weights[open_], limit)]] = True
    else:
        left = limit
        for x in open_[np.argsort(-weights[open_] / prices[open_], kind="stable")]:
            if prices[x] <= left:
                lost[x], left = True, left - prices[x]
    return lost


def success_thresholds(
    without: Floats, with_everyone: Floats, eps: npt.ArrayLike = 0.0, reading: Reading = "tv"
) -> Floats:
    """Return for each x the α above which its margin exceeds c, (..., v); inf if none does.

    The margin of planting, feature-only planting and unplanting is (1−α)·m₀ + α·m₁, so it exceeds
    c iff α > (c − m₀)/(m₁ − m₀).

    Args:
        without, with_everyone: m₀ and m₁, the margins at α = 0 and at α = 1, (..., v); m₁ ≥ m₀.
        eps, reading: as in ``suboptimality_constant``, (...).

    >>> success_thresholds(np.array([-0.1, 0.1]), np.array([0.3, 0.3])).tolist()
    [0.25, 0.0]
    """
    c = np.asarray(suboptimality_constant(eps, reading))[..., None]
    gain = with_everyone - without
    steep = gain > 0
    at = np.where(steep, np.maximum(c - without, 0.0) / np.where(steep, gain, 1.0), np.inf)
    return np.where(without > c, 0.0, np.where(at < 1, at, np.inf))


def exact_critical_mass(
    target: npt.ArrayLike,
    without: Floats,
    with_everyone: Floats,
    carried: Floats,
    eps: npt.ArrayLike = 0.0,
    reading: Reading = "tv",
) -> Floats:
    """Return α*, above which ``margin_bound`` is at least ``target``, in closed form, (...).

    Each value is won above its own threshold; α* is the least threshold at which the values won
    hold S* of the people. At eps = 0 it is the exact critical mass for a Bayes-optimal platform; at
    α* itself a tie still goes against the collective.

    Args:
        target: S*, in [0, 1].
        without, with_everyone: the margins at α = 0 and at α = 1, (..., v).
        carried: P_0{g = x}, (..., v).
        eps, reading: as in ``suboptimality_constant``, (...).

    Returns:
        A fraction in [0, 1); inf if even α = 1 does not suffice.

    >>> m0, m1, people = np.array([-0.1, 0.1]), np.array([0.4, 0.6]), np.array([0.4, 0.6])
    >>> exact_critical_mass([0.5, 0.9], m0, m1, people).round(3).tolist()
    [0.0, 0.2]
    """
    target = all_in_interval("target", target, 0, 1, "It is a success rate.")[..., None]
    at = success_thresholds(without, with_everyone, eps, reading)
    weights = np.broadcast_to(carried, at.shape)
    order = np.argsort(at, axis=-1, kind="stable")
    at = np.take_along_axis(at, order, axis=-1)
    won = np.take_along_axis(weights, order, axis=-1).cumsum(axis=-1)
    enough = won >= target - SLACK  # rounding of a sum of probabilities
    found = np.where(enough, at, np.inf).min(axis=-1)
    return np.where(target[..., 0] > 0, found, 0.0)[()]


def erasing_critical_mass_exact(
    target: npt.ArrayLike, mass: npt.ArrayLike, image: npt.ArrayLike
) -> Floats:
    """Return α* of erasing for a Bayes-optimal platform, ties against the collective, (...).

    At x the label of g(x) wins once α + (1−α)·d > 0, that is above −d/(1−d), where d is its lead in
    P_0(y|x) over the best other label. If g(x) never occurs, the platform may predict anything
    there, and x is never won.

    Args:
        target: S*, in [0, 1].
        mass: P_0(x, y), (..., v, k).
        image: index of g(x), (..., v).

    >>> float(erasing_critical_mass_exact(0.9, [[0.3, 0.1], [0.1, 0.5]], [1, 1]).round(4))
    0.3333
    """
    mass, image = np.asarray(mass, dtype=np.float64), np.asarray(image)
    of_x = mass.sum(axis=-1)
    image = np.broadcast_to(image, of_x.shape)
    modal = np.take_along_axis(mass.argmax(axis=-1), image, axis=-1)[..., None]
    given_x = mass / np.where(of_x > 0, of_x, 1.0)[..., None]
    rivals = np.where(np.arange(mass.shape[-1]) == modal, -np.inf, given_x).max(axis=-1)
    ahead = np.take_along_axis(given_x, modal, axis=-1)[..., 0] - rivals
    own = image == np.arange(mass.shape[-2])  # x = g(x): always the same prediction
    known = np.take_along_axis(of_x, image, axis=-1) > 0
    ahead = np.where(own, 1.0, np.where(known, ahead, 0.0))
    return exact_critical_mass(target, ahead, (own | known).astype(np.float64), of_x)


def _over_laws(
    most_lost: Callable[[Floats, Floats, float], float],
    margins: Floats,
    carried: Floats,
    budget: npt.ArrayLike,
) -> Floats:
    """Return the carried mass that is not lost, law by law, (...)."""
    c = np.asarray(budget, dtype=np.float64)
    margins, carried, c = np.broadcast_arrays(margins, carried, c[..., None])
    v = margins.shape[-1]
    rows = zip(margins.reshape(-1, v), carried.reshape(-1, v), c.reshape(-1, v)[:, 0], strict=True)
    lost = np.array([most_lost(price, weight, float(budget)) for price, weight, budget in rows])
    return np.asarray(carried.sum(axis=-1) - lost.reshape(c.shape[:-1]))[()]


def _most_lost(prices: Floats, weights: Floats, budget: float) -> float:
    """Return the most that the budget can overturn, or an upper bound if much is undecided."""
    limit = budget * (1 + SLACK)
    open_ = (prices > 0) & (prices <= limit) & (weights > 0)
    if open_.sum() > EXACT and prices[open_].sum() > limit:
        return _most_lost_in_parts(prices, weights, budget)
    return float(weights[overturned(prices, weights, budget)].sum())


def _most_lost_in_parts(prices: Floats, weights: Floats, budget: float) -> float:
    limit = budget * (1 + SLACK)
    open_ = np.flatnonzero((prices > 0) & (prices <= limit))
    order = open_[np.argsort(-weights[open_] / prices[open_], kind="stable")]
    before = prices[order].cumsum() - prices[order]
    parts = ((limit - before) / prices[order]).clip(0, 1)
    return float(weights[prices <= 0].sum() + (weights[order] * parts).sum())


@functools.cache
def _subsets(n: int) -> Floats:
    """Return every subset of n things, (2^n, n), as zeros and ones."""
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(np.float64)


def best_subset(prices: Floats, weights: Floats, limit: float) -> Mask:
    """Return the affordable subset with the largest weight, (n,), exactly.

    Meet in the middle: for each subset of one half, the best affordable subset of the other half is
    found by its price in 2^(n/2)·n steps (Horowitz, Sahni 1974).
    """
    half = len(prices) // 2
    one, two = _subsets(half), _subsets(len(prices) - half)
    first = one @ prices[:half]
    one, first = one[first <= limit], first[first <= limit]
    two = two[np.argsort(two @ prices[half:], kind="stable")]  # from the cheapest, which is nothing
    gains = two @ weights[half:]
    last = np.searchsorted(two @ prices[half:], limit - first, side="right") - 1
    best = int((one @ weights[:half] + np.maximum.accumulate(gains)[last]).argmax())
    return np.concatenate([one[best], two[int(gains[: last[best] + 1].argmax())]]) > 0
