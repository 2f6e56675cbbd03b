"""Collectives against gradient training: hold a model at θ*, or steer it there step by step.

Derived for this project; cf. Hardt, Mazumdar, Mendler-Dünner, Zrnic 2023 (arXiv:2302.04262) and
Solanki et al. 2025 (arXiv:2505.05707). See docs/explanation/theory.md.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from quorate.theory.suboptimality import Floats
from quorate.validate import LARGEST, MOST_ROUNDS, all_in_interval, at_least


def hold_critical_mass(gradient: npt.ArrayLike, reach: npt.ArrayLike) -> Floats:
    """Return the least α at which members can hold the platform at θ*.

    α ≥ ‖g₀‖/(G + ‖g₀‖), at which αG cancels (1−α)‖g₀‖. Status: derived.

    Args:
        gradient: ‖g₀‖, the norm of E_{P₀}∇ℓ(θ*), at least 0; all in any shape.
        reach: G, the largest gradient norm that members can produce in the direction −g₀; they
            must be able to produce all smaller norms too. Under DP-SGD, use ``clipped_reach``.

    Returns:
        A fraction in [0, 1]; 0 if honest data do not pull away from θ*.

    >>> float(hold_critical_mass(0.1, reach=0.9).round(4))
    0.1

    Raises:
        InputError: a norm is negative or not finite.
    """
    pull, reach = _norm("gradient", gradient), _norm("reach", reach)
    whole = pull + reach
    return np.asarray(np.where(pull == 0, 0.0, pull / np.where(whole > 0, whole, 1.0)))[()]


def hold_distance_bound(
    alpha: npt.ArrayLike, gradient: npt.ArrayLike, reach: npt.ArrayLike, curvature: npt.ArrayLike
) -> Floats:
    """Return an upper bound on the distance of the platform's minimiser from θ*.

    ‖θ̂ − θ*‖ ≤ [(1−α)‖g₀‖ − αG]₊/μ, if the risk on all received data, the members' included, is
    μ-strongly convex. Status: derived.

    Args:
        alpha: fraction of the data that the collective controls, in [0, 1]; all in any shape.
        gradient, reach: ‖g₀‖ and G as in ``hold_critical_mass``.
        curvature: μ, above 0.

    Returns:
        A distance in the units of θ; 0 at the critical mass and above.

    >>> float(hold_distance_bound(0.05, 0.1, reach=0.9, curvature=0.5).round(4))
    0.1

    Raises:
        InputError: an argument is out of range.
    """
    alpha = _size(alpha)
    pull, reach = _norm("gradient", gradient), _norm("reach", reach)
    mu = _positive("curvature", curvature)
    return np.asarray(np.maximum((1 - alpha) * pull - alpha * reach, 0.0) / mu)[()]


def hold_size_for_distance(
    distance: npt.ArrayLike, gradient: npt.ArrayLike, reach: npt.ArrayLike, curvature: npt.ArrayLike
) -> Floats:
    """Return the least α that keeps the minimiser within a distance of θ*.

    α = [‖g₀‖ − μD]₊/(G + ‖g₀‖), the inverse of ``hold_distance_bound``. Status: derived.

    >>> float(hold_size_for_distance(0.1, 0.1, reach=0.9, curvature=0.5).round(4))
    0.05

    Raises:
        InputError: an argument is out of range.
    """
    pull, reach = _norm("gradient", gradient), _norm("reach", reach)
    mu, distance = _positive("curvature", curvature), _norm("distance", distance)
    whole = pull + reach
    needed = np.maximum(pull - mu * distance, 0.0)
    return np.asarray(needed / np.where(whole > 0, whole, 1.0))[()]


def steering_gradient(
    parameters: Floats, wanted: Floats, honest: Floats, alpha: float, rate: float
) -> Floats:
    """Return the mean gradient that members must produce at θ_t to pull the platform to θ*.

    g_{P*} = [c(θ_t − θ*) − (1−α) g_{P₀}(θ_t)]/α, after which a step of size η shrinks the distance
    by 1 − ηc. Status: derived.

    Args:
        parameters, wanted: θ_t and θ*, (..., d).
        honest: g_{P₀}(θ_t), (..., d).
        alpha: in (0, 1].
        rate: c, above 0.

    >>> steering_gradient(np.array([2.0]), np.array([1.0]), np.array([0.5]), 0.5, 0.25).tolist()
    [0.0]

    Raises:
        InputError: alpha is 0 or out of range, or the rate is not positive.
    """
    fix = "Nobody steers with alpha=0."
    size = all_in_interval("alpha", alpha, 0, 1, fix, open_low=True)
    pull: Floats = _positive("rate", rate) * (parameters - wanted) - (1 - size) * honest
    return pull / size


def steering_is_feasible(
    parameters: Floats, wanted: Floats, honest: Floats, alpha: float, rate: float, reach: float
) -> npt.NDArray[np.bool_]:
    """Return whether members can produce the gradient that steering asks for, (...).

    αG(θ) ≥ ‖c(θ−θ*) − (1−α) g_{P₀}(θ)‖. Status: derived.

    Args:
        parameters, wanted, honest, alpha, rate: as in ``steering_gradient``.
        reach: G(θ), the largest gradient norm that members can produce.

    >>> one = np.array([1.0])
    >>> bool(steering_is_feasible(2 * one, one, one, 0.5, 0.25, reach=0.4))
    False

    Raises:
        InputError: an argument is out of range.
    """
    asked = steering_gradient(parameters, wanted, honest, alpha, rate)
    return np.asarray(np.linalg.norm(asked, axis=-1) <= _norm("reach", reach))[()]


def steering_distance(
    start: npt.ArrayLike, learning_rate: npt.ArrayLike, rate: npt.ArrayLike, steps: int
) -> Floats:
    """Return the distance to θ* after T steered steps, all of them feasible.

    ‖θ_T − θ*‖ = |1−ηc|^T ‖θ₀ − θ*‖, which grows if ηc > 2. Status: derived.

    Args:
        start: ‖θ₀ − θ*‖, at least 0; all but steps in any shape.
        learning_rate: η, above 0.
        rate: c, above 0.
        steps: T, at least 0.

    >>> float(steering_distance(1.0, learning_rate=0.1, rate=5.0, steps=3))
    0.125

    Raises:
        InputError: an argument is out of range.
    """
    at_least("steps", steps, 0, "Use steps=0 for the start.", most=MOST_ROUNDS)
    left = abs(1 - _positive("learning_rate", learning_rate) * _positive("rate", rate))
    return np.asarray(left**steps * _norm("start", start))[()]


def clipped_reach(reach: npt.ArrayLike, max_grad_norm: npt.ArrayLike) -> Floats:
    """Return min(G, C), the members' reach if every gradient is clipped to norm C.

    g₀ is then the mean of the clipped honest gradients. Status: derived.

    >>> float(clipped_reach(5.0, max_grad_norm=1.0))
    1.0

    Raises:
        InputError: an argument is out of range.
    """
    clip = _positive("max_grad_norm", max_grad_norm)
    return np.asarray(np.minimum(_norm("reach", reach), clip))[()]


def step_noise(
    noise_multiplier: npt.ArrayLike, max_grad_norm: npt.ArrayLike, batch_size: npt.ArrayLike
) -> Floats:
    """Return s = σC/|batch|, the standard deviation of DP-SGD's noise per coordinate.

    >>> float(step_noise(2.0, 1.0, 100))
    0.02

    Raises:
        InputError: an argument is out of range.
    """
    sigma = _norm("noise_multiplier", noise_multiplier)
    clip = _positive("max_grad_norm", max_grad_norm)
    return np.asarray(sigma * clip / _positive("batch_size", batch_size))[()]


def dp_sgd_distance_bound(
    start: npt.ArrayLike,
    learning_rate: npt.ArrayLike,
    rate: npt.ArrayLike,
    steps: int,
    noise: npt.ArrayLike,
    dimension: int,
    delta: float,
) -> Floats:
    """Return a distance to θ* exceeded after T steered steps of DP-SGD with probability at most δ.

    ‖θ_T − θ*‖ ≤ |1−ηB|^T ‖θ₀−θ*‖ + ηs·sqrt((1−(1−ηB)^{2T})/(1−(1−ηB)²))·(√d + sqrt(2 ln(1/δ))),
    because the noise of all steps sums to a normal vector, whose norm concentrates. Status:
    derived.

    Args:
        start: ‖θ₀ − θ*‖, at least 0; like learning_rate, rate and noise in any shape.
        learning_rate: η, above 0.
        rate: B, the pull per step, above 0; without noise the distance shrinks by |1−ηB|.
        steps: T, at least 0.
        noise: s of ``step_noise``, at least 0.
        dimension: d, at least 1.
        delta: δ, in (0, 1).

    Returns:
        A distance in the units of θ.

    >>> float(dp_sgd_distance_bound(1.0, 0.5, 1.0, 2, noise=0.1, dimension=4, delta=0.05).round(4))
    0.4986

    Raises:
        InputError: an argument is out of range.
    """
    at_least("dimension", dimension, 1, "A model has at least one weight.", most=LARGEST)
    fix = "It is the probability of being wrong."
    all_in_interval("delta", delta, 0, 1, fix, open_low=True, open_high=True)
    eta = _positive("learning_rate", learning_rate)
    spread = eta * _norm("noise", noise) * np.sqrt(_geometric(eta * _positive("rate", rate), steps))
    tail = math.sqrt(dimension) + math.sqrt(2 * math.log(1 / delta))
    return np.asarray(steering_distance(start, learning_rate, rate, steps) + spread * tail)[()]


def _geometric(step: Floats, steps: int) -> Floats:
    """Return Σ_{t<T} (1−x)^{2t} = (1 − (1−x)^{2T})/(x(2−x)), which is T for x = 2."""
    edge = np.minimum(step, 2 - step)  # |1−x| = 1 − edge, without loss of digits next to 1
    with np.errstate(divide="ignore", over="ignore"):
        log = 2 * np.log1p(-edge)  # -inf at x = 1: one term is left
        total = -np.expm1(np.multiply(steps, log, where=steps > 0, out=np.zeros_like(log)))
    quotient = step * (2 - step)
    flat = quotient == 0
    return np.asarray(np.where(flat, float(steps), total / np.where(flat, 1.0, quotient)))


def _size(alpha: npt.ArrayLike) -> Floats:
    return all_in_interval("alpha", alpha, 0, 1, "It is a fraction of the platform's data.")


def _norm(name: str, value: npt.ArrayLike) -> Floats:
    return all_in_interval(name, value, 0, math.inf, "It is a size.", open_high=True)


def _positive(name: str, value: npt.ArrayLike) -> Floats:
    fix = "Use a positive number."
    return all_in_interval(name, value, 0, math.inf, fix, open_low=True, open_high=True)
