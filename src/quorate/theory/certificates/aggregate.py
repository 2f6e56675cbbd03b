"""The aggregate certificate: how many rows speak against the label in all cells together.

Let B be the signalled cells on which f does not answer y*. An ε-suboptimal f may overturn leads of
cN rows in all, so with H the rows of the N−n others

    Σ_{x∈B} [ planted(x) + H(x, y*) − H(x, f(x)) ] ≤ cN,
    planted(B) ≤ H(X*, y ≠ y*) + cN.

The members' own rows limit H(X*, y ≠ y*) (``others_limit``: exact, whatever the distribution). Then
only a set of whole cells with no more planted rows than that can be lost, and P₀{g(x) ∈ B} exceeds
its frequency among the members by at most TV(P_g, P̂_g) (``distance_limit``). No union bound over
cells and labels is needed. Derived for this project; a test covers it.
"""

from __future__ import annotations

import math

import numpy as np

from quorate.theory.certificates.counts import AssumedPlatform, Floats, SignalCounts, failure
from quorate.theory.certificates.leads import Sampled
from quorate.theory.radii import distance_limit, hoeffding_radius

ROUNDING = 1e-9  # relative, of c·N and of scaled counts, on the cautious side


def aggregate_success(
    counts: SignalCounts, against: float, others: int, platform: AssumedPlatform, confidence: float
) -> float:
    """Return 1 − moved(B)/n − TV, the success that the members' rows together guarantee.

    δ is split evenly between ``others_limit`` and ``distance_limit``, or spent on the first alone
    if X* is one cell; with N_test, R(N_test) takes a share too. If all of X* was seen and no cell
    can be lost, success is 1. Status: derived.

    Args:
        counts: counts of the members' own rows.
        against: members whose own row is in X* with a label that speaks against the planted one.
        others: N − n.
        platform: as in ``planting_certificate``.
        confidence: 1 − δ.

    >>> counts = SignalCounts([[30, 10]], [2000], 2000, signal_cells=1)
    >>> aggregate_success(counts, 30, 18_000, AssumedPlatform(20_000), 0.95)
    1.0
    """
    delta = failure(confidence)
    one_cell, test = counts.distance_cells <= 1, platform.test_size
    share = delta / (1 + (not one_cell) + (test is not None))
    rows = math.ceil(against * (1 - ROUNDING))
    limit = Sampled(counts.members, others, platform.gamma).most(rows, share)
    success = success_despite(counts, limit, platform, share)
    return success - (float(hoeffding_radius(test, -math.log(share))) if test else 0.0)


def success_despite(
    counts: SignalCounts, limit: int, platform: AssumedPlatform, distance_delta: float
) -> float:
    """Return 1 − moved(B)/n − TV if at most ``limit`` rows of others speak against the label.

    Args:
        counts: counts of the members' own rows.
        limit: largest H(X*, y ≠ y*).
        platform: as in ``planting_certificate``; N_test is not considered.
        distance_delta: probability that TV is larger than its limit.

    >>> counts = SignalCounts([[30, 10], [0, 0]], [1500, 500], 2000, signal_cells=2)
    >>> success_despite(counts, 499, AssumedPlatform(20_000), 0.05)  # no cell can be lost
    1.0
    """
    budget = (limit + platform.slack) * (1 + ROUNDING)
    lost, any_lost = most_lost(counts.weights, counts.planted, budget)
    distance = 0.0
    if any_lost or not counts.all_seen:
        log_inverse = -math.log(distance_delta)
        distance = distance_limit(counts.weights, counts.distance_cells, log_inverse)
    return 1 - lost / counts.members - distance


def most_lost(moved: Floats, planted: Floats, budget: float) -> tuple[float, bool]:
    """Return the most people in ``moved`` that cells with at most ``budget`` planted rows hold.

    An upper bound on a knapsack of whole cells: a cell with more planted rows than the budget
    cannot be lost; of the others, those with the most people per row go first, the last one in
    part.

    Args:
        moved, planted: people in each cell, (m,).
        budget: rows, at least 0.

    Returns:
        The number of people, and whether any cell can be lost.

    >>> most_lost(np.array([5.0, 4.0, 100.0]), np.array([5.0, 4.0, 100.0]), 7.0)
    (7.0, True)
    """
    possible = planted <= budget
    weights, costs = moved[possible], planted[possible]
    if costs.sum() <= budget:
        return float(weights.sum()), bool(possible.any())
    order = np.argsort(-weights / np.maximum(costs, 1e-300), kind="stable")
    weights, costs = weights[order], costs[order]
    spent = np.cumsum(costs)
    whole = int(np.searchsorted(spent, budget, side="right"))  # cells that fit as a whole
    left = budget - (float(spent[whole - 1]) if whole else 0.0)
    return float(weights[:whole].sum()) + float(weights[whole] * left / costs[whole]), True
