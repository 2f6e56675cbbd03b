"""Attribute inference on finite distributions, when a collective hides a sensitive attribute.

The platform predicts attribute a from row x by the distribution it received; it is evaluated on
honest people, who follow P₀. q(x) = P₀(a | x) and π = P₀(a). Status of all here: derived, see
docs/explanation/attribute-privacy.md. Shapes: v rows of features, k attribute values.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.theory.suboptimality import Floats
from quorate.validate import in_interval

TIE = 1e-12  # closer probabilities count as equal, to allow for rounding of sums


def cancelling_claims(posterior: npt.ArrayLike, base: npt.ArrayLike, alpha: float) -> Floats:
    """Return the probabilities of claiming each value that make a row uninformative.

    r(x) = (π − (1−α)·q(x))/α, because then (1−α)·q + α·r = π. Negative probabilities are set to 0
    and the others normalised: at this row the collective is too small.

    Args:
        posterior: q of honest people at each member's row, (n, k).
        base: π, (k,).
        alpha: fraction of the people who act, in (0, 1].

    >>> cancelling_claims([[0.7, 0.3]], [0.5, 0.5], alpha=0.5).round(3).tolist()
    [[0.3, 0.7]]
    >>> cancelling_claims([[0.7, 0.3]], [0.5, 0.5], alpha=0.2).round(3).tolist()
    [[0.0, 1.0]]

    Raises:
        InputError: alpha is out of range.
    """
    in_interval("alpha", alpha, 0, 1, "Somebody has to act.", open_low=True)
    wanted = np.maximum(np.asarray(base) - (1 - alpha) * np.asarray(posterior), 0)  # (n, k)
    return np.asarray(wanted / wanted.sum(axis=-1, keepdims=True))


def cancelling_mass(law: npt.ArrayLike) -> float:
    """Return the α from which cancelling claims make the attribute independent of the row.

    α* = max over x and a of 1 − π_a/q_a(x), below which r would be negative somewhere.

    Args:
        law: P₀(x, a), (v, k), which sums to 1.

    >>> round(cancelling_mass([[0.35, 0.15], [0.15, 0.35]]), 4)  # 1 − .5/.7
    0.2857

    Raises:
        InputError: it is not a distribution.
    """
    joint, posterior, base = _read(law)
    seen = joint > 0
    return max(0.0, float((1 - (base / np.where(seen, posterior, 1)))[seen].max()))


def blending_mass(law: npt.ArrayLike) -> float:
    """Return the α from which claims at the base rate reduce the platform's guesses to it.

    Such claims blend the posterior with the base rate, (1−α)·q + α·π, as swapping all columns does.
    With a₀ the most common value, the likeliest value is a₀ at every x from
    α* = max over x and a of (q_a − q_a₀)/((q_a − q_a₀) + (π_a₀ − π_a)), which is 1 if two values
    are equally common. A platform that corrects for the base rate, guessing the a with the largest
    P(a | x)/π_a, is not misled by any α < 1, because blending keeps the order of these.

    Args:
        law: P₀(x, a), (v, k), which sums to 1.

    >>> round(blending_mass([[0.3, 0.1], [0.1, 0.5]]), 4)  # (.75 − .25)/(.5 + .6 − .4)
    0.7143

    Raises:
        InputError: it is not a distribution.
    """
    _, posterior, base = _read(law)
    common = int(base.argmax())
    ahead = posterior - posterior[:, [common]]  # (v, k): what blending has to overcome
    behind = np.broadcast_to(base[common] - base, ahead.shape)  # what it can use for that
    led = ahead > TIE
    return float((ahead[led] / (ahead[led] + behind[led])).max()) if led.any() else 0.0


def received_law(law: npt.ArrayLike, claims: npt.ArrayLike, alpha: float) -> Floats:
    """Return P(x, a) = (1−α)·P₀(x, a) + α·P₀(x)·r_a(x), what the platform receives, (v, k).

    Args:
        law: P₀(x, a), (v, k).
        claims: r, the probabilities with which a member at x claims a, (v, k) or (k,).
        alpha: fraction of people who act, in [0, 1].

    Raises:
        InputError: it is not a distribution, or alpha is out of range.
    """
    in_interval("alpha", alpha, 0, 1, "To act with everyone, use alpha=1.")
    joint, _, _ = _read(law)
    return np.asarray((1 - alpha) * joint + alpha * joint.sum(1, keepdims=True) * claims)


def inference_accuracy(law: npt.ArrayLike, received: npt.ArrayLike) -> float:
    """Return the accuracy of the platform's likeliest value, with ties guessed at random.

    Σ_x P₀(x, â(x)) with â(x) = argmax_a P(x, a).

    Args:
        law: P₀(x, a) of the people it is evaluated on, (v, k).
        received: P(x, a) that the platform learned from, (v, k).

    >>> inference_accuracy([[0.35, 0.15], [0.15, 0.35]], [[0.35, 0.15], [0.15, 0.35]])
    0.7

    Raises:
        InputError: the first is not a distribution.
    """
    joint, _, _ = _read(law)
    return float((joint * _guesses(np.asarray(received, dtype=np.float64))).sum())


def inference_advantage(law: npt.ArrayLike, received: npt.ArrayLike) -> float:
    """Return the advantage of a platform that corrects for the base rate, with ties guessed.

    (mean over a of P₀(â = a | a) − 1/k)/(1 − 1/k) with â(x) = argmax_a P(x, a)/P(a). For k = 2 it
    is the true positive rate minus the false positive rate (Yeom, Giacomelli, Fredrikson, Jha 2018,
    arXiv:1709.01604).

    Args:
        law, received: as in ``inference_accuracy``.

    >>> law = [[0.35, 0.15], [0.15, 0.35]]
    >>> round(inference_advantage(law, law), 4)
    0.4

    Raises:
        InputError: the first is not a distribution.
    """
    joint, _, base = _read(law)
    seen = np.asarray(received, dtype=np.float64)
    recall = (joint * _guesses(seen / seen.sum(axis=0))).sum(axis=0) / base  # (k,)
    chance = 1 / len(base)
    return float((recall.mean() - chance) / (1 - chance))


def _guesses(weights: Floats) -> Floats:
    """Return the probability that each value is guessed at each row, (v, k)."""
    best = weights >= weights.max(axis=1, keepdims=True) - TIE
    return np.asarray(best / best.sum(axis=1, keepdims=True))


def _read(law: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return P₀(x, a), q(x) and π."""
    joint = np.asarray(law, dtype=np.float64)
    shaped = joint.ndim == 2 and joint.shape[0] > 0 and joint.shape[1] > 1
    if not shaped or not (joint >= 0).all() or abs(joint.sum() - 1) > 1e-9:
        raise InputError(
            f"Expected probabilities of shape (v, k), k at least 2, that sum to 1, got shape "
            f"{joint.shape} and sum {joint.sum():g}. Give P(x, a) of every row and value."
        )
    base = joint.sum(axis=0)
    if not (base > 0).all():
        raise InputError(
            f"Expected every attribute value to occur, got probabilities {base.round(6).tolist()}"
            ". Leave out the values that nobody has."
        )
    rows = joint.sum(axis=1, keepdims=True)
    return joint, joint / np.where(rows > 0, rows, 1), base
