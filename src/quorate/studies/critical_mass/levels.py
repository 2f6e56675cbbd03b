"""Where the mean over seeds may cross the target, by its level at each size and no more.

A monotone curve and nothing else is assumed: no shape, and no place of each seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quorate.intervals import Floats
from quorate.studies.critical_mass.monotone_fit import NOBODY

BAND = 0.06  # S this near the target may be a plateau; further away it tells a side
FAR = 0.12  # S counts as this far from the target at most, so that one odd training does not decide
USUAL = 0.015  # noise of one S near the target, as good as PRIOR trainings
PRIOR = 4.0
CUT = 2.9  # of the likelihood ratio: 97% of its law for a dozen sizes on a flat curve (simulated)
MILD = 2.3  # the same where a fitted shape agrees
ODD = 2.5  # noises from the target beyond which one training decides nothing
FLAT = 0.01  # S this near the target, over all of the interval, is a plateau
KNOWN = 0.005  # standard error at which a plateau is known
ASIDE = 3  # sizes on either side of an end whose seeds are left out in turn
NEARBY = 1.6  # ratio of sizes that are looked at together for a fall below the target
RUN = 4  # seeds in a run, at least
SURELY = 3.0  # standard errors
BEYOND = 0.7  # logs that stand for what lies beyond everyone, and below the smallest size


@dataclass(frozen=True, eq=False)
class Levels:
    """How much each place of the crossing would cost, by likelihood.

    Args:
        sizes: measured sizes in members, increasing, (p,).
        cost: twice the log likelihood lost if α*·n lies in each gap: at or below the first size,
            above the first and at or below the second, ..., above the last, (p + 1,).
        noise: standard deviation of one S near the target.
        level: the monotone curve at the sizes less the target, (p,), and ``weight``: how many
            trainings stand for it.
    """

    sizes: Floats
    cost: Floats
    noise: float
    level: Floats
    weight: Floats

    def ends(self, cut: float = CUT) -> tuple[float, float]:
        """Return sizes such that α*·n lies above the first (or is 0), and at or below the second:
        inf where it may not be reached at any size."""
        held = np.flatnonzero(self.cost <= cut)
        edges = np.concatenate([[0.0], self.sizes, [math.inf]])
        return float(edges[held[0]]), float(edges[held[-1] + 1])

    def plateau(self, low: float, high: float) -> tuple[float, float] | None:
        """Return between which sizes S stays within ``FLAT`` of the target, if it does so over all
        of an interval and is known well enough to say so; else None."""
        inside = (self.sizes > low) & (self.sizes < high)
        error = self.noise / math.sqrt(max(self.weight[inside].sum(), 1e-9))
        if error > KNOWN or (np.abs(self.level[inside]) > FLAT).any():
            return None
        below, above = self.sizes[self.level < -FLAT], self.sizes[self.level > FLAT]
        ends = below.max(initial=0.0), above.min(initial=math.inf)
        return float(min(low, ends[0])), float(max(high, ends[1]))


def levels_of(points: Sequence[tuple[int, int, float]], target: float) -> Levels | None:
    """Return what the levels say, or None if few that matter are near the target.

    For each place c, the least squares of a monotone curve that is at most S* below c and at least
    S* from c on, beyond those of any monotone curve, over the noise: the likelihood ratio of
    Banerjee and Wellner 2001, doi:10.1214/aos/1015345959. Points of one seed weigh as one near the
    target. Where a training is further than ``ODD`` noises from the target, a place costs as much
    as it does without that seed, so that no one seed decides.

    Args:
        points: members, seed and success of each training, at least one.
        target: S*, in [0, 1].

    >>> flat = [(size, size, 0.89) for size in range(10, 30)]
    >>> levels_of([(1, 0, 0.1), *flat, (40, 1, 1.0), (50, 2, 1.0)], 0.9).ends()
    (28.0, 50.0)
    """
    m, s, success = np.array(points, dtype=np.float64).T  # (p,) each
    y = np.clip(success - target, -FAR, FAR)  # (p,)
    near = np.abs(y) <= BAND
    sizes, at = np.unique(m, return_inverse=True)
    _, of = np.unique(s, return_inverse=True)
    each = np.where(near, 1 / np.maximum(np.bincount(of, near)[of], 1), 1.0)  # weights, (p,)
    weight = np.bincount(at, each).astype(np.float64)
    mean = np.bincount(at, each * y) / weight
    level = isotonic(mean, weight)
    free = level[at]
    close = np.abs(free) <= BAND
    if not close.any() or near[close].mean() < 0.5:
        return None
    left = max(len(np.unique(of[close])) - len(np.unique(np.round(free[close], 12))), 0)
    squares = float((each * (y - free) ** 2)[close].sum())
    noise = math.sqrt((PRIOR * USUAL**2 + squares) / (PRIOR + left))
    cost = _costs(mean, weight) / noise**2
    held = np.flatnonzero(cost <= CUT)
    ends = held[0], held[-1]
    matter = np.zeros(len(sizes), dtype=bool)
    for end in ends:
        matter[max(end - ASIDE, 0) : end + ASIDE] = True
    for seed in np.unique(of[matter[at] & (np.abs(y) > ODD * noise)]):
        others = np.where(of == seed, 1e-9, 1.0) * each
        rest = np.bincount(at, others).astype(np.float64)
        cost = np.minimum(cost, _costs(np.bincount(at, others * y) / rest, rest) / noise**2)
    return Levels(sizes, cost, noise, level, weight)


def _costs(mean: Floats, weight: Floats) -> Floats:
    """Return by how much squares grow if the curve crosses 0 in each gap, (p + 1,)."""
    below = _one_sided(mean, weight)
    above = _one_sided(-mean[::-1], weight[::-1])[::-1]
    total = below + above
    return np.asarray(np.maximum(total - total.min(), 0))


def _one_sided(mean: Floats, weight: Floats) -> Floats:
    """Return the squares that a rising curve of at most 0 leaves of the first few, (p + 1,)."""
    blocks: list[tuple[float, float, float, float]] = []  # mean, weight, squares, those so far
    found = [0.0]
    for value, w in zip(mean.tolist(), weight.tolist(), strict=True):
        square = w * value * value
        total = w
        while blocks and blocks[-1][0] >= value:
            before, more, others, _ = blocks.pop()
            value = (value * total + before * more) / (total + more)
            total, square = total + more, square + others
        at = min(value, 0.0)
        left = square - 2 * at * value * total + at * at * total
        left += blocks[-1][3] if blocks else 0.0
        blocks.append((value, total, square, left))
        found.append(left)
    return np.array(found)


def fallen_back(points: Sequence[tuple[int, int, float]], target: float) -> float:
    """Return the largest size to which the mean has fallen back from the target, -1 if to none.

    The mean is surely at the target or above over one run of sizes, and surely short over another
    above it. A run lies within a factor of ``NEARBY`` and has ``RUN`` seeds or more, and sure are
    ``SURELY`` standard errors.
    """
    m, s, success = np.array(sorted(points), dtype=np.float64).T  # (p,) each
    y = success - target
    sums, squares = (np.concatenate([[0.0], np.cumsum(v)]) for v in (y, y * y))
    first, last = np.triu_indices(len(y), RUN - 1)
    fits = m[last] <= NEARBY * np.maximum(m[first], 1)
    first, last = first[fits], last[fits]
    count = last - first + 1
    total = sums[last + 1] - sums[first]
    left = np.maximum(squares[last + 1] - squares[first] - total**2 / count, 0)
    error = np.sqrt((PRIOR * USUAL**2 + left) / (PRIOR + count - 1) / count)
    sure = np.abs(total / count) > SURELY * error
    sure[sure] = [
        len({*s[i : j + 1].tolist()}) >= RUN for i, j in zip(first[sure], last[sure], strict=True)
    ]
    least = m[last[sure & (total > 0)]].min(initial=math.inf)
    most = m[first[sure & (total < 0)]].max(initial=-1.0)
    return float(most) if most >= least else -1.0


def isotonic(values: Floats, weights: Floats) -> Floats:
    """Return the increasing values nearest to these by weighted squares, (p,).

    >>> isotonic(np.array([1.0, 3.0, 2.0]), np.ones(3)).tolist()
    [1.0, 2.5, 2.5]
    """
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        count = 1
        while blocks and blocks[-1][0] >= value:
            before, more, others = blocks.pop()
            value = (value * weight + before * more) / (weight + more)
            weight, count = weight + more, count + others
        blocks.append((value, weight, count))
    return np.repeat([b[0] for b in blocks], [b[2] for b in blocks])


def quantiles(levels: Levels, people: int, parts: Floats) -> list[int]:
    """Return the sizes below which α*·n lies with these probabilities, by likelihood.

    Within a gap any log size is as likely as another; nobody and everyone stand for what lies
    beyond them.
    """
    sizes = np.log(np.maximum(levels.sizes, NOBODY))
    edges = np.concatenate([[math.log(NOBODY)], sizes, [math.log(people)]])
    edges[0] = min(edges[0], edges[1] - BEYOND)
    edges[-1] = max(edges[-1], edges[-2] + BEYOND)
    mass = np.exp(-levels.cost / 2) * np.diff(edges)
    reach = np.concatenate([[0.0], np.cumsum(mass) / mass.sum()])
    places = np.exp(np.minimum(np.interp(parts, reach, edges), math.log(people)))
    return [0 if place <= NOBODY else round(place) for place in places.tolist()]
