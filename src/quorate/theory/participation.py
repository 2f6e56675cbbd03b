"""Participation: when acting pays, and how many act when everyone may free-ride.

Data leverage, such as a data strike or poisoning, needs people who act. The model is this project's
own and no guarantee. n people may act. If m of them do, the outcome is worth S_m in [0, 1], the
success at α = m/N by a bound or a measured curve: people who act get all of it minus a cost k, and
people who stay out get a share γ. Status of all here: derived, from that model. See
docs/explanation/theory.md.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.theory.suboptimality import Floats
from quorate.validate import all_in_interval, at_least

Sizes = npt.NDArray[np.int64]


def gain_from_acting(
    success: npt.ArrayLike, cost: npt.ArrayLike, outsiders_share: npt.ArrayLike
) -> Floats:
    """Return the gain from acting over staying out, (1−γ)·S(α) − k, if one more changes nothing.

    Args:
        success: S(α), at most 1; all in any shape. A bound may be below 0.
        cost: k, in units of full success, at least 0.
        outsiders_share: γ, the share of the outcome that people who stay out get, in [0, 1].

    Returns:
        Above 0 if acting pays.

    >>> float(gain_from_acting(0.8, cost=0.1, outsiders_share=0.75).round(4))
    0.1

    Raises:
        InputError: an argument is out of range.
    """
    s = all_in_interval("success", success, -math.inf, 1, "It is at most 1.")
    return np.asarray((1 - _share(outsiders_share)) * s - _cost(cost))[()]


def success_that_pays(cost: npt.ArrayLike, outsiders_share: npt.ArrayLike) -> Floats:
    """Return k/(1−γ), the success above which acting pays; inf if no success in [0, 1] does.

    The α at which acting pays is the critical mass of that success, by any bound or curve.

    >>> from quorate.theory.planting import planting_critical_mass
    >>> wanted = success_that_pays(cost=0.1, outsiders_share=0.5)
    >>> float(wanted), float(planting_critical_mass(wanted, xi=0.01, delta=0.8).round(5))
    (0.2, 0.0099)

    Raises:
        InputError: an argument is out of range.
    """
    kept, cost = 1 - _share(outsiders_share), _cost(cost)
    needed = cost / np.where(kept > 0, kept, 1.0)
    payable = np.where(kept > 0, needed <= 1, cost == 0)
    return np.asarray(np.where(payable, needed, np.inf))[()]


def paying_size(
    alphas: npt.ArrayLike, success: npt.ArrayLike, cost: float, outsiders_share: float
) -> float:
    """Return the least size on a measured curve from which on acting pays at every size.

    Args:
        alphas: sizes, (a,), increasing.
        success: S at each, (a,).
        cost, outsiders_share: k and γ as in ``gain_from_acting``.

    Returns:
        One of ``alphas``; inf if acting does not pay at the largest.

    >>> paying_size([0.01, 0.02, 0.04], [0.1, 0.5, 0.9], cost=0.2, outsiders_share=0.5)
    0.02

    Raises:
        InputError: an argument is out of range, or the shapes differ.
    """
    sizes = np.asarray(alphas, dtype=np.float64)
    pays = np.asarray(gain_from_acting(success, cost, outsiders_share)) > 0
    if sizes.shape != pays.shape or sizes.ndim != 1:
        raise InputError(
            f"Expected one success for each size, got {pays.shape} for {sizes.shape}. Give both "
            "as lists of one length."
        )
    stays = np.logical_and.accumulate(pays[::-1])[::-1]
    return float(sizes[stays.argmax()]) if stays.any() else math.inf


def equilibria(success: npt.ArrayLike, costs: npt.ArrayLike, outsiders_share: float) -> Sizes:
    """Return every number of actors at which nobody wants to change their mind.

    Each person knows how many others act, m, and compares acting, S_{m+1} − k_i, with staying out,
    γ·S_m; either is fine if they are equal. m actors are an equilibrium iff the m people with the
    lowest costs do not regret acting and nobody else regrets staying out. An equilibrium of 0 is a
    trap in which everybody waits for the others.

    Args:
        success: S_m for m = 0 .. n actors, (n+1,), at most 1.
        costs: k_i of each person, (n,), at least 0, in units of full success.
        outsiders_share: γ, in [0, 1].

    Returns:
        Numbers of actors, increasing. There is always one: while someone regrets staying out, the
        one with the lowest cost joins and does not regret it.

    >>> equilibria([0.0, 0.0, 0.9, 1.0], [0.2, 0.2, 0.2], outsiders_share=0.5).tolist()
    [0, 3]

    Raises:
        InputError: an argument is out of range, or success is not given for each number of actors.
    """
    s, k, gamma = game(success, costs, outsiders_share)
    worth = s[1:] - gamma * s[:-1]  # (n,): of acting as the m-th, m = 1 .. n
    content = np.append(True, k <= worth)  # the costliest of m actors; nobody regrets at 0
    stays_out = np.append(k >= worth, True)  # the cheapest of those who stay out
    return np.flatnonzero(content & stays_out)


def assured_equilibria(
    success: npt.ArrayLike, costs: npt.ArrayLike, outsiders_share: float, threshold: int
) -> Sizes:
    """Return every number of pledges, of those that lead to action, that nobody wants to change.

    Under an assurance contract ("I act once M have pledged") nobody acts, or pays, below M pledges,
    and a pledge costs nothing. At M pledges each one is decisive: a person compares S_M − k_i with
    γ·S_0, not with γ·S_{M−1}. Above M it is the game without assurance.

    Args:
        success, costs, outsiders_share: as in ``equilibria``.
        threshold: M, in 1 .. n.

    Returns:
        Numbers of actors at or above M, increasing; empty if the assurance cannot be met.

    >>> s, k = [0.0, 0.5, 0.7, 0.75], [0.35, 0.35, 0.35]
    >>> equilibria(s, k, 0.8).tolist(), assured_equilibria(s, k, 0.8, threshold=2).tolist()
    ([1], [2])

    Raises:
        InputError: as ``equilibria``, or the threshold is not a number of people.
    """
    s, k, gamma = game(success, costs, outsiders_share)
    all_in_interval("threshold", threshold, 1, len(k), "Ask for no more pledges than people.")
    before = s[:-1].copy()
    before[: int(threshold)] = s[0]  # without the M-th pledge nobody acts
    worth = s[1:] - gamma * before
    content, stays_out = np.append(True, k <= worth), np.append(k >= worth, True)
    stable = np.flatnonzero(content & stays_out)
    return stable[stable >= threshold]


def game(
    success: npt.ArrayLike, costs: npt.ArrayLike, outsiders_share: float
) -> tuple[Floats, Floats, float]:
    """Return S, the costs in increasing order, and γ, all checked."""
    s = all_in_interval("success", success, -math.inf, 1, "It is at most 1.", open_low=True)
    k = np.sort(np.atleast_1d(_cost(costs)))
    at_least("people", len(k), 1, "Give one cost a person.")
    if s.shape != (len(k) + 1,) or k.ndim != 1:
        raise InputError(
            f"Expected the success of 0 to {len(k)} actors, ({len(k) + 1},), got {s.shape}. Give "
            "one value for each number of actors, and one cost a person."
        )
    return s, k, float(_share(outsiders_share))


def _cost(cost: npt.ArrayLike) -> Floats:
    return all_in_interval("cost", cost, 0, math.inf, "In units of full success.", open_high=True)


def _share(share: npt.ArrayLike) -> Floats:
    return all_in_interval("outsiders_share", share, 0, 1, "1: outsiders get as much as members.")
