"""Where best responses lead: what lasts, what tips, and what would be best for all.

The game of ``participation``: with m others acting, one more is worth S_{m+1} − γS_m to who acts.
People are taken in the order of their costs, since whoever has lower costs gains more by acting.
Status of all here: derived, from that model. See docs/explanation/participation.md.

Shapes: n people who may act, r rounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from quorate.table import Rng
from quorate.theory.participation import Sizes, equilibria, game
from quorate.theory.suboptimality import Floats
from quorate.validate import at_least, in_interval

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Actors = npt.NDArray[np.bool_]
RECONSIDER = 0.25  # of the people in a round of ``rounds``; ours
QUANTILES = 200  # equally likely beliefs that stand for all


@dataclass(frozen=True, eq=False)
class RestPoints:
    """Numbers of actors at which best responses rest, or from which they part, increasing.

    Args:
        stable: equilibria to which it comes back after one person more or fewer acts.
        unstable: from there it may go either way: tipping points, and ties.
    """

    stable: Sizes
    unstable: Sizes


def worth_of_acting(success: npt.ArrayLike, outsiders_share: float) -> Floats:
    """Return S_{m+1} − γS_m for m = 0 .. n−1 others who act, (n,): what acting brings before costs.

    >>> worth_of_acting([0.0, 0.5, 1.0], outsiders_share=0.5).tolist()
    [0.5, 0.75]

    Raises:
        InputError: an argument is out of range.
    """
    s = np.asarray(success, dtype=np.float64)
    s, _, gamma = game(s, np.zeros(len(s) - 1), outsiders_share)
    return np.asarray(s[1:] - gamma * s[:-1])


def expected_under_doubt(values: npt.ArrayLike, spread: float) -> Floats:
    """Return E[v(m·e^{σz})], z standard normal: a value that depends on a number one only guesses.

    Args:
        values: v at 0, 1, ... , (n,); linear between, and constant past the end.
        spread: σ, of the logarithm of the number believed, at least 0; 0 is certainty.

    Returns:
        (n,), for a belief whose median is 0, 1, ... Of the law, ``QUANTILES`` midpoints are used.

    >>> expected_under_doubt([0.0, 1.0, 2.0], spread=0.0).tolist()
    [0.0, 1.0, 2.0]

    Raises:
        InputError: the spread is negative.
    """
    at_least("spread", spread, 0, "0: everyone knows how many act.")
    v = np.asarray(values, dtype=np.float64)
    if spread == 0:
        return v
    from scipy.special import ndtri

    numbers, total = np.arange(len(v)), np.zeros(len(v))
    for z in ndtri((np.arange(QUANTILES) + 0.5) / QUANTILES):
        total += np.interp(numbers * np.exp(spread * z), numbers, v)
    return total / QUANTILES


def rest_points(success: npt.ArrayLike, costs: npt.ArrayLike, outsiders_share: float) -> RestPoints:
    """Return where best responses rest and whether they come back, and where they tip.

    With m actors the next one wants in iff k_{m+1} < S_{m+1} − γS_m; the m-th wants out iff
    k_m > S_m − γS_{m−1}. An equilibrium is stable iff from m+1 the last one wants out and at m−1
    the next one wants in. At a tipping point the m-th wants out and the next one wants in: with
    fewer actors it falls, with more it grows.

    Args:
        success: S_m for m = 0 .. n actors, (n+1,), at most 1.
        costs: k_i of each person, (n,), at least 0.
        outsiders_share: γ, in [0, 1].

    >>> found = rest_points([0.0, 0.1, 0.9, 1.0], [0.2, 0.2, 0.2], outsiders_share=0.5)
    >>> found.stable.tolist(), found.unstable.tolist()
    ([0, 3], [1])

    Raises:
        InputError: an argument is out of range.
    """
    pull = _pull(success, costs, outsiders_share)
    after, before = np.append(pull, -1), np.insert(pull, 0, 1)  # (n+1,): of m actors
    stable = np.flatnonzero((after < 0) & (before > 0))
    tips = np.flatnonzero((after > 0) & (before < 0))
    rests = equilibria(success, costs, outsiders_share)
    return RestPoints(stable, np.union1d(tips, np.setdiff1d(rests, stable)))


def settled_size(
    success: npt.ArrayLike, costs: npt.ArrayLike, outsiders_share: float, start: int
) -> int:
    """Return how many act in the end if people change their minds one at a time.

    From ``start`` actors, those with the lowest costs: as long as the next one wants in they join;
    else, as long as the last one wants out they leave. It always ends in an equilibrium.

    >>> settled_size([0.0, 0.1, 0.9, 1.0], [0.2, 0.2, 0.2], 0.5, start=2)
    3

    Raises:
        InputError: an argument is out of range.
    """
    pull = _pull(success, costs, outsiders_share)
    in_interval("start", start, 0, len(pull), "It is a number of those who may act.")
    m = int(start)
    if m < len(pull) and pull[m] > 0:
        stops = np.flatnonzero(pull[m:] <= 0)
        return m + int(stops[0]) if len(stops) else len(pull)
    stops = np.flatnonzero(pull[:m] >= 0)
    return int(stops[-1]) + 1 if len(stops) else 0


def welfare(success: npt.ArrayLike, costs: npt.ArrayLike, outsiders_share: float) -> Floats:
    """Return what people get on average if the m with the lowest costs act, for m = 0 .. n, (n+1,).

    [m·S_m − Σ_{i≤m} k_i + (n−m)·γ·S_m]/n

    >>> welfare([0.0, 0.5, 1.0], [0.25, 0.25], outsiders_share=0.5).tolist()
    [0.0, 0.25, 0.75]

    Raises:
        InputError: an argument is out of range.
    """
    s, k, gamma = game(success, costs, outsiders_share)
    n = len(k)
    m = np.arange(n + 1)
    paid = np.insert(np.cumsum(k), 0, 0.0)
    return np.asarray((m * s - paid + (n - m) * gamma * s) / n)


def rounds_of_responses(
    worth: npt.ArrayLike,
    costs: npt.ArrayLike,
    acquaintances: csr_array | None,
    start: Actors,
    rounds: int,
    rng: Rng,
) -> Floats:
    """Return the share of people who act in each round, when all go by those whom they know.

    In a round, each person reconsiders with probability ``RECONSIDER``. Who sees a share q of their
    acquaintances act takes it for the share of all, so for q·(n−1) others, and acts iff that is
    worth more than it costs. With a delay like this people may overshoot what they want.

    Args:
        worth: to who acts, with 0 .. n−1 others, (n,); see ``worth_of_acting`` and
            ``expected_under_doubt``.
        costs: (n,).
        acquaintances: row i holds the weights of those whom i knows, summing to 1, or nothing,
            (n, n); None where everybody sees everybody.
        start: who acts at the beginning, (n,).
        rounds: at most so many.
        rng: who reconsiders.

    Returns:
        Shares, (r+1,), the start's first; the last one where nobody wants to change any more.
    """
    w, k, acts = np.asarray(worth), np.asarray(costs), np.array(start)
    n = len(k)
    shares = [float(acts.mean())]
    for _ in range(rounds):
        wants = w[_others(acts, acquaintances)] > k  # (n,)
        if (wants == acts).all():
            break
        acts = np.where(rng.random(n) < RECONSIDER, wants, acts)
        shares.append(float(acts.mean()))
    return np.array(shares)


def _others(acts: Actors, acquaintances: Any) -> Sizes:
    """Return how many others each person takes to act, (n,)."""
    if acquaintances is None:
        return np.asarray(acts.sum() - acts)
    seen = acquaintances @ acts.astype(np.float64)  # (n,), shares
    return np.asarray(np.rint((len(acts) - 1) * seen), dtype=np.int64)


def _pull(success: npt.ArrayLike, costs: npt.ArrayLike, outsiders_share: float) -> Sizes:
    """Return of m = 0 .. n−1 actors whether the next one wants in (1), does not (−1), or either."""
    s, k, gamma = game(success, costs, outsiders_share)
    return np.sign(s[1:] - gamma * s[:-1] - k).astype(np.int64)
