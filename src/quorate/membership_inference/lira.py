"""Who was in the training data? The likelihood-ratio attack (LiRA), in plain arrays.

Carlini, Chien, Nasr, Song, Terzis, Tramèr 2022, arXiv:2112.03570. Of N models that learned from
random subsets of the same n people each is the target once, and the others tell what to expect of
a model that has, or has not, learned from a person.

Shape letters: n people, k labels, N models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.table import Labels, Mask, Probabilities

Floats = npt.NDArray[np.float64]
LEAST = 1e-30  # of a probability: trees and forests say 0 and 1
LOW_FPR = 0.01


def confidence(probabilities: Probabilities, y: Labels) -> Floats:
    """Return φ = log(p_y / (1 − p_y)) of each row's label, (n,), from probabilities (n, k).

    1 − p_y is the sum of the others, which keeps what rounding p_y to 1 would lose. Logarithms
    are finite: neither side is below 1e-30. Source: arXiv:2112.03570.

    >>> confidence(np.array([[0.25, 0.75], [0.5, 0.5]]), np.array([1, 0])).round(4).tolist()
    [1.0986, 0.0]
    """
    rows = np.arange(len(y))
    own = probabilities[rows, y]  # (n,)
    others = probabilities.copy()
    others[rows, y] = 0
    return np.asarray(np.log(np.maximum(own, LEAST)) - np.log(np.maximum(others.sum(1), LEAST)))


@dataclass(frozen=True, eq=False)
class Scores:
    """How much each model seems to have learned from each person; larger is more likely in.

    Args:
        online: log of N(φ; μ_in, σ_in²) / N(φ; μ_out, σ_out²), (N, n).
        offline: (φ − μ_out) / σ_out, (N, n), which needs no model that learned from the person.
    """

    online: Floats
    offline: Floats


def lira(target: Floats, shadow: Floats, member: Mask) -> Scores:
    """Return the scores of every model as the target, with the other models as shadows.

    online = log σ_out/σ_in + (φ − μ_out)²/2σ_out² − (φ − μ_in)²/2σ_in²

    offline = (φ − μ_out)/σ_out

    μ is each person's own mean over the shadows that learned from them (in) or did not (out), and
    σ² the variance around it, one for all people, as the source advises with few shadows. A person
    who is in all shadows, or in none, scores 0. Source: arXiv:2112.03570; the offline score is that
    of its one-sided test, not turned into a probability.

    Args:
        target: φ of the models attacked, (N, n).
        shadow: φ of the attacker's models, (N, n): the same array where the attacker trains as the
            platform does. Row j is never used against target j.
        member: who is in the training data of both, (N, n).

    Raises:
        InputError: fewer than 4 models, or the shapes disagree.
    """
    if not target.shape == shadow.shape == member.shape or len(member) < 4:
        raise InputError(
            f"Expected confidences and members of one shape (N, n), N at least 4, got "
            f"{target.shape}, {shadow.shape} and {member.shape}. Train more models."
        )
    online, offline = np.empty(target.shape), np.empty(target.shape)  # (N, n)
    for j in range(len(target)):
        others = np.arange(len(target)) != j
        phi, inside = shadow[others], member[others]
        (mean_in, var_in), (mean_out, var_out) = _fit(phi, inside), _fit(phi, ~inside)
        known = inside.any(axis=0) & ~inside.all(axis=0)  # (n,)
        from_out = (target[j] - mean_out) ** 2 / var_out
        from_in = (target[j] - mean_in) ** 2 / var_in
        ratio = (from_out - from_in + np.log(var_out) - np.log(var_in)) / 2
        online[j] = np.where(known, ratio, 0)
        offline[j] = np.where(known, (target[j] - mean_out) / np.sqrt(var_out), 0)
    return Scores(online, offline)


def _fit(phi: Floats, counted: Mask) -> tuple[Floats, float]:
    """Return each person's mean of the models that count, (n,), and the variance around them.

    Σ(φ − μ)² / Σ(models − 1), over all people with two such models or more.
    """
    models = counted.sum(axis=0)  # (n,)
    mean = np.where(counted, phi, 0).sum(axis=0) / np.maximum(models, 1)
    squares = np.where(counted, (phi - mean) ** 2, 0).sum()
    freedom = np.maximum(models - 1, 0).sum()
    return mean, max(float(squares / max(freedom, 1)), 1e-12)  # equal models: any difference tells


def auc(scores: Floats, positive: Mask) -> float:
    """Return P(s⁺ > s⁻) + P(s⁺ = s⁻)/2 of two at random; NaN where one side is empty.

    (Σ ranks of the positives − n⁺(n⁺ + 1)/2) / (n⁺n⁻), with the mean rank for ties.

    >>> auc(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, True, False, True]))
    0.875
    """
    scores, positive = scores.ravel(), positive.ravel()
    n_in, n_out = int(positive.sum()), int((~positive).sum())
    if not (n_in and n_out):
        return float("nan")
    _, place, many = np.unique(scores, return_inverse=True, return_counts=True)
    rank = np.cumsum(many) - (many - 1) / 2  # of each distinct score
    return float((rank[place][positive].sum() - n_in * (n_in + 1) / 2) / (n_in * n_out))


def tpr_at(scores: Floats, positive: Mask, fpr: float = LOW_FPR) -> float:
    """Return the largest share of the positives above a threshold that at most ``fpr`` of the
    others are above; NaN where one side is empty.

    >>> scores, positive = np.array([4.0, 3, 2, 1]), np.array([True, False, True, False])
    >>> tpr_at(scores, positive, 0), tpr_at(scores, positive, 0.5)
    (0.5, 1.0)
    """
    inside, outside = scores[positive], np.sort(scores[~positive])[::-1]
    if not (len(inside) and len(outside)):
        return float("nan")
    allowed = int(np.floor(fpr * len(outside) + 1e-9))  # rounding of the product
    if allowed >= len(outside):
        return 1.0
    return float((inside > outside[allowed]).mean())


def halves(n: int, models: int, rng: np.random.Generator) -> Mask:
    """Return who is in the data of each model, (N, n): a random half of the people, drawn apart.

    Apart, so that who is in one model's data says nothing about another's: where nothing leaks,
    the attack's AUC is .5 in expectation. The first models are the same, however many there are.
    """
    member = np.zeros((models, n), dtype=bool)  # (N, n)
    for row in member:
        row[rng.permutation(n)[: n // 2]] = True
    return member
