"""How far a rival label may lead among the others, as an exact test of a finite population.

Members are a random n of all people. Of the K_y and K_t people in a cell with the rival label y and
the target label t, k_y and k_t are members. Given K_y and K_t the counts are hypergeometric, so the
lead of the rival among the others, D = (K_y − k_y) − (K_t − k_t), can be tested exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from quorate.theory.radii import log_choose, others_least, others_limit

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Test = Literal["apart", "together"]
FOR_TARGET = 0.1  # share of a test's error that limits how many hold the target label
STEPS = 64  # intervals of K_t that one test may look at, at once,
ROUNDS = 4  # and how often it may split those that fail, before it gives up
BLOCKS = 120  # values of k_t above which neighbours are summed together, on the cautious side
SUMMED = 2_000_000  # chances that are summed at once
REACH = 9  # standard deviations of k_t that are summed; beyond lies less than 1e-18


@dataclass(frozen=True)
class Sampled:
    """The people behind a test.

    Args:
        members: n whose honest rows are counted.
        others: people whose rows are unknown.
        gamma: Γ, how much likelier than members others may be to hold a rival label, and members
            than others to hold the target, as a ratio of odds.
    """

    members: int
    others: int
    gamma: float = 1.0

    def most(self, seen: int, delta: float) -> int:
        """Return an upper limit on how many others share what ``seen`` members have."""
        if self.gamma == 1:
            return others_limit(seen, self.members, self.others, delta)
        people = math.ceil(self.gamma * self.others)
        return min(others_limit(seen, self.members, people, delta), self.others)

    def least(self, seen: int, delta: float) -> int:
        """Return a lower limit on how many others share what ``seen`` members have."""
        people = math.floor(self.others / self.gamma)
        return others_least(seen, self.members, people, delta) if people else 0


def lead_is_below(
    rival: int, target: int, people: Sampled, rows: int, delta: float, test: Test
) -> bool:
    """Return whether the rival's lead among the others is surely below ``rows``.

    If it returns True for rows that are at most D, which happens with probability ≤ δ, it errs.

    apart: H_y ≤ its upper limit at 0.9δ and H_t ≥ its lower limit at 0.1δ. If Γ > 1, others count
    for up to Γ times as many, and at least for one in Γ.

    together: D ≥ d is rejected if K_t ≤ its upper limit at 0.1δ, and for every such K_t the chance
    of a difference k_y − k_t as small as the one seen is at most 0.9δ. The chance falls in K_y and
    rises in K_t, so that intervals of K_t are decided by their ends. It is sharper if both labels
    are common, as the errors of both counts seldom add up. It needs Γ = 1.

    Status: derived.

    Args:
        rival, target: k_y and k_t, members in the cell with either label.
        people: who is counted, and who is not.
        rows: d, a whole number of any sign.
        delta: probability of an error, in (0, 1).
        test: "apart" or "together"; to be chosen without looking at these counts.

    >>> lead_is_below(10, 0, Sampled(1000, 9000), 160, 0.05, "apart")
    True
    >>> lead_is_below(35, 65, Sampled(1000, 9000), 0, 0.05, "together")
    True
    """
    if test == "apart" or people.gamma != 1:
        one, two, lead = (np.array([value]) for value in (rival, target, rows))
        return bool(apart_below(one, two, lead, people, np.array([delta]))[0])
    if rows > people.others:
        return True
    if people.members < 1 or not delta > 0:
        return False
    return _both_below(rival, target, people, rows, delta)


def apart_below(
    rival: Counts, target: Counts, rows: Counts, people: Sampled, delta: Floats
) -> Bools:
    """Return the test "apart" of ``lead_is_below`` for many pairs, (p,).

    Args:
        rival, target, rows, delta: as there, (p,) each.
        people: who is counted, and who is not.
    """
    n = people.members
    if n < 1:
        return rows > people.others
    most = math.ceil(people.gamma * people.others)  # as many others, if they are like members
    fewest = math.floor(people.others / people.gamma)
    least = np.minimum(_least(target, n, fewest, FOR_TARGET * delta), people.others)
    excluded = rows + least  # holders of the rival label, one more than is to be excluded
    marked = np.clip(rival + excluded, 0, n + most)
    chance = hypergeometric_cdf(rival, n + most, marked, n)
    below: Bools = (excluded > 0) & (chance <= (1 - FOR_TARGET) * delta)
    return below | (excluded > min(people.others, most))


def _least(seen: Counts, n: int, others: int, delta: Floats) -> Counts:
    """Return ``others_least`` for many counts, (p,)."""
    low = np.zeros_like(seen)
    high = np.minimum(np.ceil(seen * (others / n)).astype(np.int64), others)
    while (low < high).any():  # the limit lies below what is expected, as δ is small
        middle = (low + high) // 2
        lacking = n + others - seen - middle  # so many or more have it: as few or fewer lack it
        likely = hypergeometric_cdf(n - seen, n + others, lacking, n) > delta
        low, high = np.where(likely, low, middle + 1), np.where(likely, middle, high)
        high = np.maximum(high, low)
    return np.where(seen > 0, low, 0)


def _both_below(rival: int, target: int, people: Sampled, rows: int, delta: float) -> bool:
    """Return the test "together", over all h = K_t − k_t that are not excluded."""
    allowed = (1 - FOR_TARGET) * delta
    most = min(people.most(target, FOR_TARGET * delta), (people.others - rows) // 2)
    least, total = max(0, -rows), people.members + people.others

    def too_likely(low: Counts, high: Counts) -> Bools:
        marked = rival + low + rows, target + high
        return difference_cdf(rival - target, *marked, total, people.members) > allowed

    if most < least:
        return True
    ends = np.array([most])
    if too_likely(ends, ends)[0]:
        return False
    by = people.members / total
    expected = by * (rival + rows - target) - (rival - target) - 0.5  # above the difference seen
    marked = rival + target + rows
    low, high = _intervals(least, most, by, expected, marked, allowed)
    for _ in range(ROUNDS):
        fails = too_likely(low, high)
        if not fails.any():
            return True
        low, high = low[fails], high[fails]
        if len(low) > STEPS or (high - low <= 1).any():
            return False
        third = (high - low) / 3
        inner = [low + third.astype(np.int64), low + (2 * third).astype(np.int64)]
        low, high = np.concatenate([low, *inner]), np.concatenate([*inner, high])
    return False


def _intervals(
    least: int, most: int, by: float, expected: float, marked: int, allowed: float
) -> tuple[Counts, Counts]:
    """Return intervals that cover [least, most], as wide as a normal approximation allows.

    Where they are too wide they are split later, so that the approximation costs time at most.
    """
    from scipy.special import ndtri

    needed, high, ends = -float(ndtri(allowed)), most, [most]
    while high > least and len(ends) <= STEPS:
        spread = math.sqrt(by * max(marked + 2 * high, 1))
        spare = max(expected / spread - needed, 0.02)  # standard deviations
        high = max(high - max(int(0.8 * spare * spread / by), 1), least)
        ends.append(high)
    ends[-1] = least
    at = np.array(ends if len(ends) > 1 else [most, least], dtype=np.int64)
    return at[1:], at[:-1]


def difference_cdf(w: int, rival: Counts, target: Counts, total: int, drawn: int) -> Floats:
    """Return P(k_y − k_t ≤ w), or slightly more, if n of N people are drawn, (p,).

    Σ_j P(k_t = j) P(k_y ≤ w + j | k_t = j), both hypergeometric.

    Args:
        w: difference.
        rival, target: K_y and K_t of the N people, (p,).
        total, drawn: N and n.

    >>> pairs = np.array([2]), np.array([2])  # of the 6 pairs of 4 people, 1 has two rivals
    >>> difference_cdf(0, *pairs, 4, 2).round(6).tolist()
    [0.833333]
    """
    pairs = zip(rival.tolist(), target.tolist(), strict=True)
    return np.array([_difference_cdf(w, *pair, total, drawn) for pair in pairs], dtype=np.float64)


def _difference_cdf(w: int, rival: int, target: int, total: int, drawn: int) -> float:
    seen = _window(target, total, drawn)  # values of k_t
    weights = _pmf(seen, target, total, drawn)
    if len(seen) > BLOCKS:  # a block counts as its largest k_t, at which the chance is largest
        blocks = np.linspace(0, len(seen), BLOCKS, endpoint=False).astype(int)
        weights = np.add.reduceat(weights, blocks)
        seen = seen[np.append(blocks[1:], len(seen)) - 1]
    rest = total - target
    rival = min(rival, rest)
    low = int(_window(rival, rest, drawn - int(seen[-1]))[0])
    high = int(_window(rival, rest, drawn - int(seen[0]))[-1])
    held = np.arange(low, high + 1)  # values of k_y
    both = np.arange(int(seen[0]) + low, int(seen[-1]) + high + 1)  # of k_y + k_t
    # C(K_y, k_y)·C(rest − K_y, n − both): as each value of k_t may be scaled at will, the second
    # factor is tilted to be flat in the middle, the first the other way, and neither underflows.
    neither = rest - rival
    expected = drawn * neither / total  # of n − both
    tilt = math.log(max(expected, 0.5) / max(neither - expected, 0.5))
    ways = _log_ways(rival, held) + tilt * (held - low)
    others = _log_ways(neither, drawn - both) - tilt * (both - both[0])
    factor, other = np.exp(ways - ways.max()), np.exp(others - others.max())
    wide = len(held)
    starts = (seen - seen[0]).tolist()
    ends = np.clip(w + seen - low + 1, 0, wide).tolist()  # k_y ≤ w + k_t
    few = [factor[:end] @ other[at : at + end] for at, end in zip(starts, ends, strict=True)]
    every = [factor @ other[at : at + wide] for at in starts]
    below = np.array(few) / np.array(every)
    return min(float((weights * below).sum()), 1.0)


def _window(marked: int, total: int, drawn: int) -> Counts:
    """Return a run of counts that holds all but a negligible part of a hypergeometric law."""
    mean = drawn * marked / max(total, 1)
    spread = math.sqrt(max(mean * (1 - marked / max(total, 1)) * (1 - drawn / max(total, 1)), 0.0))
    low = max(math.floor(mean - REACH * spread) - 30, 0, drawn - (total - marked))
    high = min(math.ceil(mean + REACH * spread) + 30, marked, drawn)
    return np.arange(low, high + 1)


def _pmf(seen: Counts, marked: int, total: int, drawn: int) -> Floats:
    """Return P(X = j) for a run of j that holds all but a negligible part of it.

    By the quotients P(j)/P(j−1) = (T−j+1)(n−j+1)/(j(N−T−n+j)), scaled to add up to 1.
    """
    j = seen[1:].astype(np.float64)
    quotients = (marked - j + 1) * (drawn - j + 1) / (j * (total - marked - drawn + j))
    logs = np.concatenate([[0.0], np.cumsum(np.log(quotients))])
    chances: Floats = np.exp(logs - logs.max())
    chances /= chances.sum()
    return chances


def _log_ways(n: int, k: Counts) -> Floats:
    """Return log C(n, k), and −∞ outside 0 .. n."""
    from scipy.special import gammaln

    inside = (k >= 0) & (k <= n)
    at = np.where(inside, k, 0).astype(np.float64)
    chosen: Floats = gammaln(n + 1.0) - gammaln(at + 1) - gammaln(n - at + 1)
    return np.where(inside, chosen, -np.inf)


def hypergeometric_cdf(k: Counts, total: int, marked: Counts, drawn: int) -> Floats:
    """Return P(X ≤ k) for many numbers of marked people, (p,).

    As ``radii.log_hypergeometric_cdf``: summed downwards from k by quotients.

    >>> hypergeometric_cdf(np.array([0, 5]), 10, np.array([2, 2]), 5).round(6).tolist()
    [0.222222, 1.0]
    """
    least, most = np.maximum(0, drawn - (total - marked)), np.minimum(marked, drawn)
    chances = np.where(k >= most, 1.0, 0.0)
    at = np.flatnonzero((k >= least) & (k < most))
    if not len(at):
        return chances
    mean = drawn / total * marked[at]  # a product of two whole numbers may be too large
    spread = np.sqrt(np.maximum(mean * (1 - marked[at] / total) * (1 - drawn / total), 0))
    terms = int((k[at] - np.minimum(k[at], mean) + 12 * spread).max()) + 60
    for part in np.array_split(at, min(math.ceil(len(at) * terms / SUMMED), len(at))):
        chances[part] = _lower_tail(k[part], total, marked[part], drawn, terms)
    return chances


def _lower_tail(k: Counts, total: int, marked: Counts, drawn: int, terms: int) -> Floats:
    j = k[:, None] - np.arange(terms, dtype=np.float64)  # (p, terms)
    ways = (marked[:, None] - j + 1) * (drawn - j + 1)
    quotients = j * (total - marked[:, None] - drawn + j) / ways  # from j to j − 1
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.where(quotients > 0, quotients, 0.0))  # 0 from the least on
    steps = np.cumsum(np.concatenate([np.zeros((len(k), 1)), logs[:, :-1]], axis=1), axis=1)
    top = steps.max(axis=1)
    sums = top + np.log(np.exp(steps - top[:, None]).sum(axis=1))
    rest = total - marked
    one = np.array([_log_chance(*each, total, drawn) for each in zip(k, marked, rest, strict=True)])
    found: Floats = np.minimum(np.exp(one + sums), 1.0)
    return found


def _log_chance(k: int, marked: int, rest: int, total: int, drawn: int) -> float:
    """Return log P(X = k)."""
    return log_choose(marked, k) + log_choose(rest, drawn - k) - log_choose(total, drawn)
