"""Effective size α_eff of a collective under learners that weigh people, such as DRO.

Derived for this project; the idea is from Ben-Dov, Fawkes, Samadi, Sanyal 2024 (arXiv:2405.06582).
See docs/explanation/theory.md. The learners record α_eff as they train; here it is computed in
advance, where that is possible.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from quorate.theory.planting import planting_bound
from quorate.theory.suboptimality import Floats, Reading
from quorate.validate import all_in_interval


def effective_size(
    alpha: npt.ArrayLike, member_weight: npt.ArrayLike, honest_weight: npt.ArrayLike
) -> Floats:
    """Return α_eff, the members' share of the total weight.

    α_eff = αE_{P*}[w]/(αE_{P*}[w] + (1−α)E_{P₀}[w]). Status: derived.

    Args:
        alpha: fraction of the data that the collective controls, in [0, 1]; all in any shape.
        member_weight, honest_weight: the mean weights E_{P*}[w] and E_{P₀}[w], at least 0.

    Returns:
        A fraction in [0, 1]; NaN if all weights are 0.

    >>> float(effective_size(0.1, 3.0, 1.0))
    0.25

    Raises:
        InputError: an argument is out of range.
    """
    alpha = _share("alpha", alpha)
    ours = alpha * _weight("member_weight", member_weight)
    return _ratio(ours, ours + (1 - alpha) * _weight("honest_weight", honest_weight))


def size_for_effective(
    effective: npt.ArrayLike, member_weight: npt.ArrayLike, honest_weight: npt.ArrayLike
) -> Floats:
    """Return the α that counts as ``effective``: the inverse of ``effective_size``.

    α = α_eff·E_{P₀}[w]/(α_eff·E_{P₀}[w] + (1−α_eff)·E_{P*}[w]). Status: derived.

    >>> float(size_for_effective(0.25, 3.0, 1.0))
    0.1

    Raises:
        InputError: an argument is out of range.
    """
    return effective_size(effective, honest_weight, member_weight)


def effective_size_of(weights: npt.ArrayLike, member: npt.ArrayLike) -> Floats:
    """Return α_eff of given weights, Σ_members w / Σ w, (...).

    Args:
        weights: w of each person, (..., n), at least 0.
        member: who is a member, (..., n).

    >>> float(effective_size_of([1.0, 1.0, 2.0], [False, False, True]))
    0.5

    Raises:
        InputError: a weight is negative or not finite.
    """
    w = _weight("weight", weights)
    return _ratio(np.where(np.asarray(member), w, 0.0).sum(axis=-1), w.sum(axis=-1))


def reweighted_planting_bound(
    effective: npt.ArrayLike,
    xi: npt.ArrayLike,
    delta: npt.ArrayLike,
    spread: npt.ArrayLike = 1.0,
    eps: npt.ArrayLike = 0.0,
    reading: Reading = "tv",
) -> Floats:
    """Return a lower bound on the success of planting where a learner minimises E_P[wℓ].

    S ≥ 1 − r·[((1−α_eff)/α_eff)·Δ·ξ + c/α_eff] with ξ and Δ of the reweighted honest law,
    P₀(x, y)·w(x, y)/E_{P₀}[w], and r = E_{P*}[w]/min w over members. Members with larger weights
    win their feature values at the cost of others', while success counts people, not weights, so r
    is 1 only if all members weigh the same. Status: derived.

    Args:
        effective: α_eff, in [0, 1]; all in any shape.
        xi, delta: ξ and Δ under the reweighted honest law, in [0, 1].
        spread: r, at least 1.
        eps, reading: as in ``suboptimality_constant``, for the law that the learner sees.

    >>> float(reweighted_planting_bound(0.2, xi=0.1, delta=0.5, spread=1.5).round(4))
    0.7

    Raises:
        InputError: an argument is out of range.
    """
    r = all_in_interval("spread", spread, 1, math.inf, "A mean is at least the least.")
    return np.asarray(1 - r * (1 - planting_bound(effective, xi, delta, eps, reading)))[()]


def jtt_effective_size(
    alpha: npt.ArrayLike,
    member_error: npt.ArrayLike,
    honest_error: npt.ArrayLike,
    upweight: npt.ArrayLike,
) -> Floats:
    """Return α_eff under JTT (just train twice).

    α_eff = α(1+(λ−1)e_C)/(α(1+(λ−1)e_C) + (1−α)(1+(λ−1)e_B)). Status: derived.

    Args:
        alpha: fraction of the data that the collective controls, in [0, 1]; all in any shape.
        member_error, honest_error: e_C and e_B, error rates of the first training, in [0, 1].
        upweight: λ, at least 1.

    >>> float(jtt_effective_size(0.1, member_error=1.0, honest_error=0.25, upweight=5.0).round(4))
    0.2174

    Raises:
        InputError: an argument is out of range.
    """
    ours, theirs = _jtt_weights(member_error, honest_error, upweight)
    return effective_size(alpha, ours, theirs)


def jtt_size_for(
    effective: npt.ArrayLike,
    member_error: npt.ArrayLike,
    honest_error: npt.ArrayLike,
    upweight: npt.ArrayLike,
) -> Floats:
    """Return the α that counts as ``effective`` under JTT: the inverse of ``jtt_effective_size``.

    >>> round(float(jtt_size_for(5 / 23, member_error=1.0, honest_error=0.25, upweight=5.0)), 4)
    0.1

    Raises:
        InputError: an argument is out of range.
    """
    ours, theirs = _jtt_weights(member_error, honest_error, upweight)
    return size_for_effective(effective, ours, theirs)


def jtt_amplifies(
    member_error: npt.ArrayLike, honest_error: npt.ArrayLike
) -> npt.NDArray[np.bool_]:
    """Return whether JTT amplifies a collective beyond its size: iff e_C > e_B.

    For 0 < α < 1 and an up-weight above 1. Status: derived.

    >>> bool(jtt_amplifies(0.6, 0.2))
    True
    """
    ours, theirs = _share("member_error", member_error), _share("honest_error", honest_error)
    return np.asarray(ours > theirs)[()]


def cvar_effective_limit(alpha: npt.ArrayLike, level: npt.ArrayLike) -> Floats:
    """Return the largest effective size under CVaR-DRO at level a: min(α, a)/a.

    Because weights are at most 1/a. Status: derived.

    Args:
        alpha: fraction of the data that the collective controls, in [0, 1]; all in any shape.
        level: a, the fraction of people whose loss counts, in (0, 1].

    >>> float(cvar_effective_limit(0.05, level=0.2))
    0.25

    Raises:
        InputError: an argument is out of range.
    """
    a = _level(level)
    return np.asarray(np.minimum(_share("alpha", alpha), a) / a)[()]


def cvar_size_for(effective: npt.ArrayLike, level: npt.ArrayLike) -> Floats:
    """Return the least α that can count as ``effective`` under CVaR-DRO at level a: a·α_eff.

    Status: derived.

    >>> float(cvar_size_for(0.25, level=0.2))
    0.05

    Raises:
        InputError: an argument is out of range.
    """
    return np.asarray(_share("effective", effective) * _level(level))[()]


def chi2_weights(losses: npt.ArrayLike, radius: float) -> Floats:
    """Return the exact weights of χ²-DRO, w ∝ (ℓ − η)₊ with mean 1, (n,).

    They maximise Σ wℓ under Σ w = n, w ≥ 0 and Σ (w−1)²/2n ≤ ρ. With the j largest losses above η,
    of mean m and squared deviations V, η = m − sqrt(V/(j²(1+2ρ)/n − j)) (the dual of Levy, Carmon,
    Duchi, Sidford 2020, arXiv:2010.05893, solved). If even all weight on the largest loss is within
    ρ, that is returned. Status: derived.

    Args:
        losses: ℓ, (n,).
        radius: ρ, at least 0; 0 weighs everyone equally.

    >>> chi2_weights([0.0, 0.0, 0.0, 1.0], radius=0.5).round(3).tolist()
    [0.423, 0.423, 0.423, 2.732]

    Raises:
        InputError: the radius is negative.
    """
    loss, rho = np.asarray(losses, dtype=np.float64), float(_weight("radius", radius))
    loss = loss - loss.max()  # leaves w unchanged and loses few digits in squares
    n, order = len(loss), np.sort(loss)[::-1]
    if rho == 0 or order[0] == order[-1]:
        return np.ones(n)
    j = np.arange(1, n + 1)
    mean = order.cumsum() / j
    squares = np.maximum((order**2).cumsum() - j * mean**2, 0.0)
    room = j**2 * (1 + 2 * rho) / n - j
    within = (room > 0) & (squares > 0)
    eta = np.where(within, mean - np.sqrt(squares / np.where(within, room, 1.0)), np.inf)
    fits = within & (eta < order) & (eta >= np.append(order[1:], -np.inf))
    above = np.maximum(loss - eta[fits.argmax()], 0.0) if fits.any() else 1.0 * (loss == order[0])
    weights: Floats = above * (n / above.sum())
    return weights


def lff_weights(biased_loss: npt.ArrayLike, deployed_loss: npt.ArrayLike) -> Floats:
    """Return LfF's weight w = ℓ_b/(ℓ_b + ℓ_d), in [0, 1]; NaN if both are 0.

    Source: Nam, Cha, Ahn, Lee, Shin 2020, arXiv:2007.02561. Status: published.

    Args:
        biased_loss, deployed_loss: each person's loss under the biased and the deployed network.

    >>> lff_weights([3.0, 0.0], [1.0, 1.0]).tolist()
    [0.75, 0.0]

    Raises:
        InputError: a loss is negative or not finite.
    """
    hard = _weight("biased_loss", biased_loss)
    return _ratio(hard, hard + _weight("deployed_loss", deployed_loss))


def group_dro_step(q: npt.ArrayLike, losses: npt.ArrayLike, step: float) -> Floats:
    """Return the group weights after one step, q_k ← q_k·exp(η_q ℓ_k) normalised, (..., m).

    Source: Sagawa, Koh, Hashimoto, Liang 2020, arXiv:1911.08731. Status: published.

    >>> group_dro_step([0.5, 0.5], [0.0, np.log(3.0)], 1.0).round(3).tolist()
    [0.25, 0.75]

    Raises:
        InputError: a weight is negative.
    """
    grown = step * np.asarray(losses, dtype=np.float64)
    raised = _weight("q", q) * np.exp(grown - grown.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def group_dro_effective_size(q: npt.ArrayLike, shares: npt.ArrayLike) -> Floats:
    """Return α_eff = Σ_k q_k α_k of group DRO, (...). Status: derived.

    Args:
        q: weights of the groups, (..., m); they sum to 1.
        shares: α_k, the members' share of each group, in [0, 1], (..., m).

    >>> float(group_dro_effective_size([0.25, 0.75], [0.0, 0.2]).round(4))
    0.15

    Raises:
        InputError: a weight or a share is out of range.
    """
    return np.asarray((_weight("q", q) * _share("share", shares)).sum(axis=-1))[()]


def _jtt_weights(
    member_error: npt.ArrayLike, honest_error: npt.ArrayLike, upweight: npt.ArrayLike
) -> tuple[Floats, Floats]:
    fix = "Use upweight=1 for plain training."
    more = all_in_interval("upweight", upweight, 1, math.inf, fix, open_high=True) - 1
    ours, theirs = _share("member_error", member_error), _share("honest_error", honest_error)
    return 1 + more * ours, 1 + more * theirs


def _ratio(part: Floats, whole: Floats) -> Floats:
    safe = np.where(whole > 0, whole, np.nan)
    return np.asarray(part / safe)[()]


def _share(name: str, value: npt.ArrayLike) -> Floats:
    return all_in_interval(name, value, 0, 1, "It is a fraction.")


def _level(level: npt.ArrayLike) -> Floats:
    return all_in_interval("level", level, 0, 1, "Use level=1 for plain training.", open_low=True)


def _weight(name: str, value: npt.ArrayLike) -> Floats:
    return all_in_interval(name, value, 0, math.inf, "Use a finite number.", open_high=True)
