"""Best-response dynamics of participation: equilibria, tipping points and welfare.

The game of ``participation``: with m others acting, acting is worth S_{m+1} − γS_m to one more.
People act in the order of their costs, since whoever has lower costs gains more by acting.
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
RECONSIDER = 0.25  # share of the people who reconsider in a round; ours
QUANTILES = 200  # equally likely beliefs that stand for all


@dataclass(frozen=True, eq=False)
class RestPoints:
    """Numbers of actors at which best responses come to rest or diverge, increasing.

    Args:
        stable: equilibria that return after one person more or fewer acts.
        unstable: tipping points and ties, from which either direction is possible.
    """

    stable: Sizes
    unstable: Sizes


def worth_of_acting(success: npt.ArrayLike, outsiders_share: float) -> Floats:
    """Return the gain from acting before costs, S_{m+1} − γS_m, with m = 0 .. n−1 others, (n,).

    >>> worth_of_acting([0.0, 0.5, 1.0], outsiders_share=0.5).tolist()
    [0.5, 0.75]

    Raises:
        InputError: an argument is out of range.
    """
    s = np.asarray(success, dtype=np.float64)
    s, _, gamma = game(s, np.zeros(len(s) - 1), outsiders_share)
    return np.asarray(s[1:] - gamma * s[:-1])


def expected_under_doubt(values: npt.ArrayLike, spread: float) -> Floats:
    """Return E[v(m·e^{σz})], z standard normal: the expected value of a number that is guessed.

    Args:
        values: v at 0, 1, ... , (n,); linear between, and constant past the end.
        spread: σ of the log of the believed number, at least 0; 0 is certainty.

    Returns:
        (n,), for beliefs with median 0, 1, ..., each approximated by ``QUANTILES`` midpoints.

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
    """Return the stable equilibria and the unstable points of best responses.

    With m actors the next person joins iff k_{m+1} < S_{m+1} − γS_m, and the m-th leaves iff
    k_m > S_m − γS_{m−1}. An equilibrium is stable iff at m+1 the last person leaves and at m−1 the
    next one joins. At a tipping point the m-th leaves and the next one joins: with fewer actors
    participation falls, with more it grows.

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

    Starting from the ``start`` people with the lowest costs, the next person joins as long as it
    pays, or else the last one leaves as long as that pays. It always ends in an equilibrium.

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
    """Return mean welfare if the m people with the lowest costs act, for m = 0 .. n, (n+1,).

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
    """Return the share of people who act in each round when they respond to acquaintances.

    In each round a person reconsiders with probability ``RECONSIDER``: they take the share q of
    acquaintances who act for the share of all, q·(n−1) others, and act iff that is worth more than
    it costs. Because of this delay, participation may overshoot.

    Args:
        worth: of acting with 0 .. n−1 others, (n,); see ``worth_of_acting`` and
            ``expected_under_doubt``.
        costs: (n,).
        acquaintances: row i holds the weights of i's acquaintances, summing to 1 or empty, (n, n);
            None if everybody sees everybody.
        start: who acts at the beginning, (n,).
        rounds: largest number of rounds.
        rng: source of who reconsiders.

    Returns:
        Shares, (r+1,), from the start until nobody wants to change.
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
    """Return how many others each person believes to act, (n,)."""
    if acquaintances is None:
        return np.asarray(acts.sum() - acts)
    seen = acquaintances @ acts.astype(np.float64)  # (n,), shares
    return np.asarray(np.rint((len(acts) - 1) * seen), dtype=np.int64)


def _pull(success: npt.ArrayLike, costs: npt.ArrayLike, outsiders_share: float) -> Sizes:
    """Return whether, after m = 0 .. n−1 actors, the next joins (1), does not (−1) or ties (0)."""
    s, k, gamma = game(success, costs, outsiders_share)
    return np.sign(s[1:] - gamma * s[:-1] - k).astype(np.int64)
