"""A lower bound on ε from guesses who was in the training data, in plain numbers.

Steinke, Nasr, Jagielski 2023, arXiv:2305.08846: m canaries, each put into the training data by a
fair coin of its own; an auditor who sees what was trained guesses about r of the coins, and v of
the guesses are right. Under privacy, few can be.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.table import Mask, Rng
from quorate.validate import in_interval

LARGEST = 50.0  # no number of guesses that can be made shows a larger ε
PRECISION = 1e-4  # of a bound, which is rounded down
STEP = 0.1  # between the ε that are tried first
SHARES = (1 / 20, 1 / 10, 1 / 5, 1 / 2, 1)  # of the canaries about which guesses are made


def p_value(canaries: int, guesses: int, right: int, epsilon: float, delta: float) -> float:
    """Return the largest probability of so many right guesses under (ε, δ)-differential privacy.

    P[W ≥ v] + 2mδ·max over i in 1..m of P[v > W ≥ v − i]/i, W ~ Binomial(r, e^ε/(1 + e^ε)), at
    most 1. Neighbours differ by one person added or removed. Source: arXiv:2305.08846, theorem 5.2.

    >>> round(p_value(canaries=10, guesses=10, right=10, epsilon=0, delta=0) * 2**10, 6)
    1.0

    Args:
        canaries: m, each in the training data with probability ½, independently.
        guesses: r, of at most m canaries; on the others the auditor abstains.
        right: v, of at most r guesses.
        epsilon: at least 0.
        delta: in [0, 1].

    Raises:
        InputError: a number is out of range.
    """
    _check(canaries, guesses, right, delta)
    in_interval("epsilon", epsilon, 0, math.inf, "Use a budget such as 1.")
    from scipy.stats import binom

    chance = 1 / (1 + math.exp(-epsilon))
    likely = float(binom.sf(right - 1, guesses, chance))
    below = np.cumsum(binom.pmf(np.arange(right - 1, -1, -1), guesses, chance))  # (v,): i = 1..v
    worst = float(np.max(below / np.arange(1, right + 1), initial=0))  # beyond v it only falls
    return min(1.0, likely + 2 * canaries * delta * worst)


@functools.lru_cache(maxsize=4096)
def lower_bound(
    canaries: int, guesses: int, right: int, delta: float, confidence: float = 0.95
) -> float:
    """Return the ε below which so many right guesses are too unlikely; 0 where nothing is shown.

    With the confidence given, what was trained is not (ε, δ)-differentially private for any ε below
    the bound: the smallest ε whose ``p_value`` reaches 1 − confidence, rounded down.

    >>> lower_bound(canaries=100, guesses=100, right=100, delta=0) > 3
    True
    >>> lower_bound(canaries=100, guesses=100, right=55, delta=0)
    0.0

    Raises:
        InputError: a number is out of range.
    """
    _check(canaries, guesses, right, delta)
    fix = "Use a confidence such as 0.95."
    in_interval("confidence", confidence, 0, 1, fix, open_low=True, open_high=True)
    error = 1 - confidence

    def refuted(epsilon: float) -> bool:
        return p_value(canaries, guesses, right, epsilon, delta) < error

    low = 0.0
    while low < LARGEST and refuted(low):
        low += STEP
    if low == 0.0:
        return 0.0
    low, high = low - STEP, low
    while high - low > PRECISION:
        middle = (low + high) / 2
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low


def _check(canaries: int, guesses: int, right: int, delta: float) -> None:
    if not 0 <= right <= guesses <= canaries:
        raise InputError(
            f"Expected at most as many right guesses as guesses, and these as canaries, got {right}"
            f" right of {guesses} about {canaries} canaries. Count each canary once."
        )
    in_interval("delta", delta, 0, 1, "Use the delta of the privacy budget, such as 1e-5.")


@dataclass(frozen=True)
class AuditBound:
    """What one number of guesses shows.

    Args:
        canaries: m.
        guesses: r: half of them that the highest scores were in, half that the lowest were out.
        right: how many of the guesses are right.
        epsilon: the lower bound.
        most: what it would be if all of these guesses were right.
        delta: that it is for.
        confidence: with which the largest of the bounds that were tried holds.
    """

    canaries: int
    guesses: int
    right: int
    epsilon: float
    most: float
    delta: float
    confidence: float


def audit_bounds(
    scores: npt.NDArray[np.float64],
    included: Mask,
    delta: float,
    confidence: float,
    rng: Rng,
    shares: Sequence[float] = SHARES,
) -> list[AuditBound]:
    """Return what the guesses about the highest and the lowest scores show, by their number.

    The most likely canaries are guessed to be in, as many of the least likely ones to be out, and
    about those between nothing is guessed (arXiv:2305.08846, section 6). How many guesses tell most
    is not known before, so several numbers are tried, and each bound holds with 1 − (1 −
    confidence)/their number: then the largest holds with ``confidence`` (Bonferroni).

    Args:
        scores: how sure one is that each canary was in, (m,); nothing of them may come from the
            coins but through what was trained.
        included: who was in, (m,): the coins.
        delta, confidence: as for ``lower_bound``.
        rng: breaks ties.
        shares: of the canaries, about which guesses are made, in (0, 1].
    """
    m = len(scores)
    mixed = rng.permutation(m)
    order = mixed[np.argsort(scores[mixed], kind="stable")]  # from the lowest
    halves = sorted({max(1, round(share * m / 2)) for share in shares if m >= 2})
    each = 1 - (1 - confidence) / max(1, len(halves))
    found = []
    for half in halves:
        half = min(half, m // 2)
        right = int(included[order[m - half :]].sum() + (~included[order[:half]]).sum())
        bound, most = (lower_bound(m, 2 * half, v, delta, each) for v in (right, 2 * half))
        found.append(AuditBound(m, 2 * half, right, bound, most, delta, confidence))
    return found
