"""The quantities of theory, computed exactly on finite distributions.

A law is its joint probabilities P_0(x, y), (..., v, k): v feature values and k labels. A signal is
the index of g(x) for each x, (..., v), idempotent. Leading axes hold several laws. See
docs/explanation/theory.md; status of all here: derived.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from quorate.adapter import plant_signal
from quorate.errors import InputError
from quorate.law import FiniteLaw
from quorate.protocols import Signal
from quorate.theory.suboptimality import Floats
from quorate.validate import all_in_interval, unknown

Indices = npt.NDArray[np.int64]
Action = Literal["planting", "feature-only", "unplanting", "erasing"]
DIGITS = 8 * np.finfo(np.float64).eps  # of P(x): anything closer to a tie is a tie


def image_of(law: FiniteLaw, signal: Signal) -> Indices:
    """Return the index of g(x) for each feature value x of a law, (v,).

    Raises:
        InputError: the signal maps to a value that the law does not have.
    """
    planted = plant_signal(signal, law.points).reshape(len(law.points), -1)
    place = {row.tobytes(): i for i, row in enumerate(law.points.x.reshape(len(planted), -1))}
    found = [place.get(row.tobytes(), -1) for row in planted]
    if -1 in found:
        raise InputError(
            f"Expected a signal that maps to feature values of the law, got one that maps "
            f"{found.count(-1)} of {len(found)} elsewhere. Add these values, with mass 0."
        )
    return np.array(found, dtype=np.int64)


def pushforward(mass: npt.ArrayLike, image: npt.ArrayLike) -> Floats:
    """Return P_0{g = x, y}, the distribution of (g(x), y), (..., v, k).

    >>> pushforward([[0.1, 0.2], [0.3, 0.4]], [1, 1]).round(3).tolist()
    [[0.0, 0.0], [0.4, 0.6]]

    Raises:
        InputError: these are not joint probabilities, or g is not an idempotent map of indices.
    """
    mass, image = _checked(mass, image)
    *laws, v, k = mass.shape
    every = np.broadcast_to(image, (*laws, v)).reshape(-1, v)
    out = np.zeros((len(every), v, k))
    np.add.at(out, (np.arange(len(every))[:, None], every), mass.reshape(-1, v, k))
    return out.reshape(mass.shape)


def pushforward_mass(mass: npt.ArrayLike, image: npt.ArrayLike) -> Floats:
    """Return P_0{g = x}, the mass at x once everyone carries the signal, (..., v).

    >>> pushforward_mass([[0.1, 0.2], [0.3, 0.4]], [1, 1]).round(3).tolist()
    [0.0, 1.0]
    """
    return np.asarray(pushforward(mass, image).sum(axis=-1))


def runner_up(mass: npt.ArrayLike, target: npt.ArrayLike) -> Indices:
    """Return ŷ_x, the likeliest label of x other than y*, (..., v); the first of equals.

    >>> runner_up([[0.1, 0.3, 0.2], [0.2, 0.1, 0.1]], 1).tolist()
    [2, 0]
    """
    mass = np.asarray(mass, dtype=np.float64)
    return np.asarray(_but(mass, _spread(target, mass)).argmax(axis=-1))


def members_law(
    mass: npt.ArrayLike, image: npt.ArrayLike, action: Action, target: npt.ArrayLike = -1
) -> Floats:
    """Return P*, the distribution of the members' rows as handed in, (..., v, k).

    planting: (g(x), y*). feature-only: (g(x), y*) if y = y*, else (x, y). unplanting: (g(x), ŷ)
    with ŷ the runner-up at g(x). erasing: (x, argmax_y P_0(y|g(x))).

    Args:
        mass: P_0(x, y), (..., v, k).
        image: index of g(x), (..., v).
        action: the strategy.
        target: index of y*, (...); by default the last label; unused by erasing.

    >>> members_law([[0.1, 0.2], [0.3, 0.4]], [1, 1], "feature-only", 0).round(3).tolist()
    [[0.0, 0.2], [0.4, 0.4]]

    Raises:
        InputError: the law, the map, the action or the target is invalid.
    """
    mass, image = _checked(mass, image)
    target = _spread(target, mass)
    if action == "planting":
        return _all_on(pushforward_mass(mass, image), target, mass.shape[-1])
    if action == "unplanting":
        return _all_on(pushforward_mass(mass, image), runner_up(mass, target), mass.shape[-1])
    if action == "erasing":
        modal = np.take_along_axis(mass.argmax(axis=-1), _like(image, mass), axis=-1)
        return _all_on(mass.sum(axis=-1), modal, mass.shape[-1])
    if action == "feature-only":
        wanted = np.where(np.arange(mass.shape[-1]) == target[..., None], mass, 0.0)
        return mass - wanted + pushforward(wanted, image)
    raise unknown("action on a finite law", action, get_args(Action))


def erring_law(planned: Floats, mistaken: Floats, rate: npt.ArrayLike) -> Floats:
    """Return (1−ρ)P_plan + ρP_err, the distribution if a share ρ of members errs, (..., v, k).

    Args:
        planned, mistaken: distributions of members who do as agreed, and of those who do not.
        rate: ρ, in [0, 1], (...).

    >>> erring_law(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]), 0.25).tolist()
    [[0.75, 0.25]]
    """
    rho = all_in_interval("rate", rate, 0, 1, "It is a share of the members.")[..., None, None]
    return (1 - rho) * planned + rho * mistaken


def received_law(mass: npt.ArrayLike, *collectives: tuple[npt.ArrayLike, Floats]) -> Floats:
    """Return what the platform receives, P = Σ_m α_m P*_m + (1 − Σ_m α_m) P_0, (..., v, k).

    Args:
        mass: P_0(x, y), (..., v, k).
        collectives: each one's size α_m, (...), and its members' distribution P*_m, (..., v, k).

    >>> received_law([[0.5, 0.5]], (0.2, np.array([[0.0, 1.0]]))).round(3).tolist()
    [[0.4, 0.6]]

    Raises:
        InputError: a size is out of range, or the sizes sum to more than 1.
    """
    mass = np.asarray(mass, dtype=np.float64)
    sizes = [
        all_in_interval("alpha", size, 0, 1, "It is a fraction of the platform's data.")
        for size, _ in collectives
    ]
    whole = np.asarray(sum(sizes, np.zeros(())))
    # 1e-12: the rounding of a sum of a few sizes.
    all_in_interval("the sum of the sizes", whole, 0, 1 + 1e-12, "Collectives share one platform.")
    out: Floats = np.maximum(1 - whole, 0.0)[..., None, None] * mass
    for size, (_, law) in zip(sizes, collectives, strict=True):
        out = out + size[..., None, None] * law
    return out


def margins(submitted: Floats, action: Action, target: npt.ArrayLike = -1) -> Floats:
    """Return the margin by which the received data favour the collective at each x, (..., v).

    planting, feature-only: P(x, y*) − max_{y≠y*} P(x, y). unplanting: the
    reverse, max_{y≠y*} P(x, y) − P(x, y*). A margin within rounding of 0 is 0. Erasing has none, as
    it concerns pairs of values.

    >>> margins(np.array([[0.1, 0.3, 0.2], [0.2, 0.2, 0.0]]), "planting", 1).round(3).tolist()
    [0.1, 0.0]

    Raises:
        InputError: the action has no margin at a single value.
    """
    if action not in ("planting", "feature-only", "unplanting"):
        names = ("planting", "feature-only", "unplanting")
        raise unknown("action with a margin at each value", action, names)
    y_star = _spread(target, submitted)
    ours = np.take_along_axis(submitted, y_star[..., None], axis=-1)[..., 0]
    found = ours - _but(submitted, y_star).max(axis=-1)
    found = np.where(abs(found) <= DIGITS * submitted.sum(axis=-1), 0.0, found)
    return -found if action == "unplanting" else found


def erasing_success(mass: npt.ArrayLike, image: npt.ArrayLike, submitted: Floats) -> Floats:
    """Return S = P_0{f(g(x)) = f(x)} of the worst Bayes-optimal platform, (...).

    Ties go against the collective: at each x the platform may predict any label within rounding of
    the likeliest, and does so such that as few people as possible get the same at x and at g(x).

    Args:
        mass: P_0(x, y), (..., v, k).
        image: index of g(x), (..., v).
        submitted: what the platform received, (..., v, k).

    >>> law = np.array([[0.3, 0.1], [0.1, 0.5]])
    >>> float(erasing_success(law, [1, 1], law).round(3))
    0.6
    """
    mass, image = _checked(mass, image)
    best = submitted.max(axis=-1, keepdims=True)
    among = submitted >= best - DIGITS * submitted.sum(axis=-1, keepdims=True)  # (..., v, k)
    sure = among & (among.sum(axis=-1, keepdims=True) == 1)  # the only possible prediction at x
    own = _like(image, mass) == np.arange(mass.shape[-2])  # g(x) = x: the same prediction
    agree = pushforward(np.where(own[..., None], 0.0, sure * mass.sum(axis=-1)[..., None]), image)
    least = np.where(among, agree, np.inf).min(
        axis=-1
    )  # over the possible predictions at each value
    return np.asarray((np.where(own, mass.sum(axis=-1), 0.0) + least).sum(axis=-1))[()]


@dataclass(frozen=True, eq=False)
class SignalQuantities:
    """The quantities of a signal and a target that the population bounds use, (...) each.

    Args:
        xi: ξ = P_0(X*).
        delta: Δ = max(0, max over x in X* of max_{y≠y*} P_0(y|x) − P_0(y*|x)).
        unplanting_delta: the reverse, max(0, max P_0(y*|x) − P_0(ŷ_x|x)).
        p: the least P_0(y*|x) over all x that occur.
        tau: τ = E_{P_0} max_y |P_0(y|x) − P_0(y|g(x))|; NaN if some g(x) never occurs, so that no
            bound for erasing holds.
    """

    xi: Floats
    delta: Floats
    unplanting_delta: Floats
    p: Floats
    tau: Floats


def signal_quantities(
    mass: npt.ArrayLike, image: npt.ArrayLike, target: npt.ArrayLike = -1
) -> SignalQuantities:
    """Return ξ, Δ, p and τ of a signal, exactly.

    >>> found = signal_quantities([[0.2, 0.2], [0.45, 0.15]], [1, 1], target=1)
    >>> [round(float(q), 3) for q in (found.xi, found.delta, found.p, found.tau)]
    [0.6, 0.5, 0.25, 0.1]

    Raises:
        InputError: the law, the map or the target is invalid.
    """
    mass, image = _checked(mass, image)
    y_star, of_x = _spread(target, mass), mass.sum(axis=-1)  # (..., v)
    occurs = of_x > 0
    given_x = mass / np.where(occurs, of_x, 1.0)[..., None]
    signalled = (_like(image, mass) == np.arange(mass.shape[-2])) & occurs
    wanted = np.take_along_axis(given_x, y_star[..., None], axis=-1)[..., 0]
    gap = _but(given_x, y_star).max(axis=-1) - wanted
    there = np.take_along_axis(given_x, _like(image, mass)[..., None], axis=-2)
    apart = abs(given_x - there).max(axis=-1)
    lost = occurs & ~np.take_along_axis(occurs, _like(image, mass), axis=-1)
    # If no rival occurs, or everybody carries the signal, rounding can leave [0, 1].
    return SignalQuantities(
        xi=np.where(signalled, of_x, 0.0).sum(axis=-1).clip(0, 1)[()],
        delta=np.where(signalled, gap, 0.0).max(axis=-1).clip(0, 1)[()],
        unplanting_delta=np.where(signalled, -gap, 0.0).max(axis=-1).clip(0, 1)[()],
        p=np.where(occurs, wanted, 1.0).min(axis=-1)[()],
        tau=np.where(lost.any(axis=-1), np.nan, (of_x * apart).sum(axis=-1).clip(0, 1))[()],
    )


def _checked(mass: npt.ArrayLike, image: npt.ArrayLike) -> tuple[Floats, Indices]:
    """Return both as checked arrays; the mass of a sub-law need not sum to 1."""
    mass, image = np.asarray(mass, dtype=np.float64), np.asarray(image, dtype=np.int64)
    if mass.ndim < 2 or image.shape[-1:] != mass.shape[-2:-1] or not (mass >= 0).all():
        raise InputError(
            f"Expected joint probabilities of shape (..., v, k) and a map of shape (..., v), got "
            f"{mass.shape} and {image.shape}. Give one row a feature value and no negative mass."
        )
    v = mass.shape[-2]
    inside = bool((image >= 0).all() and (image < v).all())
    if not inside or (np.take_along_axis(image, image, axis=-1) != image).any():
        raise InputError(
            f"Expected g as indices of feature values in [0, {v - 1}] with g(g(x)) = g(x), got "
            f"{image.tolist() if image.size < 20 else 'another map'}. Let signalled values stay."
        )
    return mass, image


def _spread(target: npt.ArrayLike, mass: Floats) -> Indices:
    """Return the target's index for every feature value, (..., v)."""
    k, found = mass.shape[-1], np.asarray(target, dtype=np.int64)
    if found.size and not (found.min() >= -k and found.max() < k):
        raise InputError(
            f"Expected a target among the {k} labels, got index {found.max()}. Count from 0."
        )
    if found.ndim < mass.ndim - 1 or not found.ndim:
        found = found[..., None]
    return np.broadcast_to(found % k, mass.shape[:-1])


def _like(image: Indices, mass: Floats) -> Indices:
    return np.broadcast_to(image, mass.shape[:-1])


def _all_on(weights: Floats, labels: Indices, k: int) -> Floats:
    """Return the distribution with all mass of each value on one label, (..., v, k)."""
    return np.where(np.arange(k) == labels[..., None], weights[..., None], 0.0)


def _but(mass: Floats, label: Indices) -> Floats:
    """Return the masses with -inf at one label of each value, (..., v, k)."""
    return np.where(np.arange(mass.shape[-1]) == label[..., None], -np.inf, mass)
