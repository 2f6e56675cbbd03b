"""Differential privacy accounting for DP-SGD: the noise for a budget, and the budget spent.

Privacy loss distributions (PLD) by ``dp-accounting``, with the looser Rényi (RDP) figure beside
them. Neighbouring data sets differ by one person added or removed, and batches are Poisson samples:
everyone is in each batch with probability q, independently.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from quorate.errors import InputError
from quorate.runtime.cache import on_disk

SAMPLING = "Poisson sampling, neighbours by adding or removing one person"
# What a budget leaves out, of whatever kind the learner is.
CHOOSING = "choosing settings such as the step size or the depth on these people"
SCALING = "standardising a table's numbers by the mean and deviation of its people"
KNOWN = "which labels, columns and values of texts there are"
HOW_MANY = "how many people there are"
NOISE_RANGE = (1e-2, 1e4)  # below, no privacy is left; above, no learning


@dataclass(frozen=True)
class PrivacyCost:
    """What T steps of DP-SGD cost: (epsilon, delta) by PLD, and epsilon by RDP."""

    epsilon: float
    epsilon_rdp: float
    delta: float


def noise_multiplier(epsilon: float, delta: float, q: float, steps: int) -> float:
    """Return the smallest σ (to 0.1%, from above) whose ``steps`` cost at most ``epsilon``.

    Args:
        epsilon: privacy budget, above 0; inf asks for none and gives σ = 0.
        delta: in (0, 1).
        q: sampling probability of each person in each step, in (0, 1].
        steps: number of steps T.

    Raises:
        InputError: no σ in ``NOISE_RANGE`` meets the budget.
    """
    if math.isinf(epsilon):
        return 0.0
    sigma = _calibrated(epsilon, delta, q, steps)
    if math.isnan(sigma):
        low, high = NOISE_RANGE
        raise InputError(
            f"Expected epsilon={epsilon:g} at delta={delta:g} to be reachable in {steps} steps at "
            f"sampling rate {q:.3g} with a noise multiplier in [{low:g}, {high:g}], got no such "
            "noise. Use a larger epsilon, or fewer epochs."
        )
    return sigma


def privacy_cost(
    sigma: float, delta: float, q: float, steps: int, near: float | None = None
) -> PrivacyCost:
    """Return what ``steps`` steps with noise multiplier ``sigma`` cost at ``delta``.

    ``near`` is a budget of about that size, which sets how finely losses are discretised; by
    default the cost by RDP.
    """
    if sigma == 0:
        return PrivacyCost(math.inf, math.inf, delta)
    return PrivacyCost(*_spent(sigma, delta, q, steps, near), delta)


@on_disk
def _spent(
    sigma: float, delta: float, q: float, steps: int, near: float | None
) -> tuple[float, float]:
    from dp_accounting import rdp

    by_rdp = _epsilon(rdp.RdpAccountant(), sigma, delta, q, steps)
    grid_for = by_rdp if near is None else near
    return _epsilon(_pld(grid_for), sigma, delta, q, steps), by_rdp


@on_disk
def _calibrated(epsilon: float, delta: float, q: float, steps: int) -> float:
    """Return the calibrated σ, or NaN if none meets the budget."""
    from dp_accounting import rdp
    from scipy.optimize import brentq

    def excess(log_sigma: float, accountant: Any) -> float:
        return _epsilon(accountant(), math.exp(log_sigma), delta, q, steps) - epsilon

    low, high = (math.log(edge) for edge in NOISE_RANGE)
    if not excess(high, lambda: _pld(epsilon)) <= 0:
        return math.nan
    if excess(low, rdp.RdpAccountant) <= 0:
        return NOISE_RANGE[0]
    if excess(high, rdp.RdpAccountant) <= 0:  # RDP is fast and never too low, so it brackets PLD
        high = brentq(excess, low, high, args=(rdp.RdpAccountant,), xtol=1e-3) + 1e-3
    pld = lambda: _pld(epsilon)  # noqa: E731
    step = math.log(1.25)
    while high - step > low and excess(high - step, pld) <= 0:
        high -= step
    root = brentq(excess, max(low, high - step), high, args=(pld,), xtol=2.5e-4)
    while excess(root, pld) > 0:  # the root has a tolerance: end on the private side
        root += 2.5e-4
    return math.exp(root)


def _pld(epsilon: float) -> Any:
    """Return a PLD accountant whose grid suits budgets near ``epsilon``; always an upper bound."""
    from dp_accounting import NeighboringRelation, pld

    grid = min(0.1, max(1e-5, 1e-3 * epsilon))
    return pld.PLDAccountant(
        NeighboringRelation.ADD_OR_REMOVE_ONE, value_discretization_interval=grid
    )


def _epsilon(accountant: Any, sigma: float, delta: float, q: float, steps: int) -> float:
    import dp_accounting
    from absl import logging

    logging.set_verbosity(logging.ERROR)  # RDP warns of each order it leaves out
    step = dp_accounting.PoissonSampledDpEvent(q, dp_accounting.GaussianDpEvent(sigma))
    accountant.compose(step, steps)
    return float(accountant.get_epsilon(delta))
