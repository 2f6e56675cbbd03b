"""Worlds with a known α* for ``benchmarks.critical_mass``: S by members and seed, and the truth."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from quorate.intervals import Floats
from quorate.studies.critical_mass.rounds import Bracket, Cell

TARGET = 0.9

Success = Callable[[int, int], float]  # members, seed
Rise = Callable[[Floats], Floats]  # S by u, the log of α over a seed's own place


@dataclass(frozen=True)
class World:
    """A platform with a known α*.

    Args:
        people: n.
        truth: α*·n, in members; 0 where nobody is enough, inf where everyone is too few.
        success: S by members and seed.
    """

    people: int
    truth: float
    success: Success

    def measure(self, cells: Sequence[Cell], bracket: Bracket | None = None) -> list[float]:
        """Return S of each cell."""
        return [self.success(members, seed) for members, seed in cells]

    def holds(self, low: float, high: float) -> bool:
        """Whether α* lies above ``low``, or is 0 with it, and at or below ``high``."""
        return low < self.truth <= high or low == self.truth == 0


@dataclass(frozen=True)
class Shape:
    """A family of synthetic worlds: S(x) = rise(x − tₛ), tₛ ~ N(centre, spread²), x = log α.

    Args:
        rise: S by the distance from a seed's place.
        spread: standard deviation of log α over seeds.
        held_out: people that S is measured on: its noise is binomial, new for every cell.
        meaning: in words.
        width: high/low that is asked for; None for the grid's own.
        own: standard deviation of S that each seed has of its own wherever ``rise`` is above a
            half: its own ceiling. The mean over seeds is taken with S cut off at 1.
        lapses: part of the trainings that fall to 0.3, whatever the size.
        shift: of the place from one world to its neighbours, in logs.
    """

    rise: Rise
    spread: float
    held_out: int
    meaning: str
    width: float | None = None
    own: float = 0.0
    lapses: float = 0.0
    shift: float = 0.0

    def world(self, number: int, neighbour: int = 0) -> World:
        """Return one of the worlds: 1,500 or 60,000 people, the centre between 0.5% and 10%."""
        rng = np.random.default_rng([number, 7])
        people = int(rng.choice([1500, 60_000]))
        centre = rng.uniform(math.log(0.005), math.log(0.1)) + neighbour * self.shift
        apart = (neighbour,) if neighbour else ()

        @functools.cache
        def drawn(seed: int) -> tuple[float, float]:
            place, own = np.random.default_rng([number, 8, seed, *apart]).normal(size=2)
            return centre + self.spread * float(place), self.own * float(own)

        def success(members: int, seed: int) -> float:
            alpha = max(members, 1e-3) / people
            place, own = drawn(seed)
            rate = float(self.level(np.array(math.log(alpha) - place), np.array(own)))
            noise = np.random.default_rng([number, 9, seed, members, *apart])
            if self.lapses and noise.random() < self.lapses:
                rate = min(rate, 0.3)
            return float(noise.binomial(self.held_out, rate) / self.held_out)

        crossing = self._crossing()
        place = people * math.exp(min(centre + crossing, 50))
        truth = math.inf if place > people else 0 if crossing == -math.inf else math.ceil(place)
        return World(people, truth, success)

    def level(self, u: Floats, own: Floats) -> Floats:
        """Return S at ``u`` of a seed with its own ceiling."""
        rate = self.rise(u)
        return np.clip(rate + own * (rate > 0.5), 0, 1) if self.own else rate

    @functools.cached_property
    def _seeds(self) -> tuple[Floats, Floats]:
        """Return 2,000 seeds: their places, and what their ceilings have of their own."""
        from scipy.special import ndtri

        at = (np.arange(2000) + 0.5) / 2000
        return self.spread * ndtri(at), self.own * ndtri((at * 377.123) % 1)

    def mean(self, u: float) -> float:
        """Return S over seeds at the log of α over the centre."""
        places, own = self._seeds
        held = float(self.level(u - places, own).mean())
        return held if not self.lapses else (1 - self.lapses) * held + self.lapses * min(held, 0.3)

    @functools.lru_cache  # noqa: B019 (shapes live as long as the program)
    def _crossing(self) -> float:
        """Return the last u at which the mean over seeds comes up to the target: ±inf for never."""
        places = np.linspace(-12, 8, 801)
        short = np.flatnonzero([self.mean(u) < TARGET - 1e-12 for u in places])
        if not len(short):
            return -math.inf
        if short[-1] == len(places) - 1:
            return math.inf
        low, high = float(places[short[-1]]), float(places[short[-1] + 1])
        for _ in range(30):
            middle = (low + high) / 2
            low, high = (low, middle) if self.mean(middle) >= TARGET - 1e-12 else (middle, high)
        return high


def logistic(slope: float, floor: float = 0.1, ceiling: float = 1.0) -> Rise:
    """Return a logistic rise from the floor to the ceiling."""
    return lambda u: floor + (ceiling - floor) / (1 + np.exp(-np.clip(slope * u, -500, 500)))


def stairs(level: float, first: float = 4, second: float = 4, apart: float = 2.0) -> Rise:
    """Return a rise to a level, and from it to 1, ``apart`` in logs."""
    lower, upper = logistic(first, 0.1, level), logistic(second, 0, 1 - level)
    return lambda u: lower(u + apart / 2) + upper(u - apart / 2)


def dip(depth: float) -> Rise:
    """Return a rise to 0.97 that falls back to ``depth`` over a factor of four, and recovers."""
    up = logistic(6, 0.1, 0.97)
    return lambda u: up(u + 1.5) - (0.97 - depth) * ((u > 0) & (u < math.log(4)))


SHAPES = {
    "typical": Shape(logistic(2.3), 0.12, 450, "like a network on digits"),
    "shallow": Shape(logistic(1.5), 0.1, 450, "slope 1.5 per e-fold of α, much noise"),
    "steep": Shape(logistic(20), 0.15, 1000, "slope 20: almost a jump"),
    "jump": Shape(logistic(400), 0.1, 1000, "a jump: each training says yes or no"),
    "quiet": Shape(logistic(3), 0.03, 5000, "seeds hardly differ"),
    "spread": Shape(logistic(4), 0.3, 1000, "seeds differ by a third"),
    "wide": Shape(logistic(4), 0.8, 1000, "seeds differ by a factor of two"),
    "wider": Shape(logistic(4), 1.5, 1000, "seeds differ by a factor of four and more"),
    "cloglog": Shape(
        lambda u: 1 - np.exp(-np.exp(np.minimum(2.5 * u, 5))), 0.15, 1000, "not symmetric"
    ),
    "half": Shape(logistic(2, floor=0.5), 0.15, 2000, "half without anyone"),
    "capped": Shape(logistic(4, ceiling=0.95), 0.15, 2000, "never above 95%"),
    "ramp": Shape(
        lambda u: np.clip(0.5 + 0.75 * u, 0.05, 1), 0.15, 1000, "a straight line with corners"
    ),
}

NEAR = {  # S lies within about .02 of the target over a range, or seeds have levels of their own
    "plateau .88": Shape(stairs(0.88), 0.12, 1000, "flat at .88, then 1", 1.5),
    "plateau .895": Shape(stairs(0.895), 0.12, 1000, "flat at .895, then 1", 1.5),
    "plateau .905": Shape(stairs(0.905), 0.12, 1000, "flat at .905, then 1", 1.5),
    "plateau .915": Shape(stairs(0.915), 0.12, 1000, "flat at .915, then 1", 1.5),
    "steep to .88": Shape(stairs(0.88, 20, 20), 0.15, 1000, "a jump to .88, later one to 1", 1.5),
    "steep to .915": Shape(stairs(0.915, 20, 20), 0.15, 1000, "a jump to .915, later to 1", 1.5),
    "ceiling .89": Shape(logistic(4, ceiling=0.89), 0.12, 1000, "never above .89", 1.5),
    "ceiling .895": Shape(logistic(4, ceiling=0.895), 0.12, 1000, "never above .895", 1.5),
    "ceiling .90": Shape(
        lambda u: np.clip(0.9 + 0.4 * u, 0.1, 0.9), 0.0, 1000, "flat at the target itself", 1.5
    ),
    "ceiling .915": Shape(logistic(4, ceiling=0.915), 0.12, 1000, "never above .915", 1.5),
    "start .91": Shape(logistic(3, floor=0.91), 0.12, 1000, ".91 without anyone, then 1", 1.5),
    "start .89": Shape(logistic(3, floor=0.89), 0.12, 1000, ".89 without anyone, then 1", 1.5),
    "creeping": Shape(
        lambda u: np.clip(0.9 + np.where(u < -1.2, 0.6 * (u + 1.2) - 0.024, 0.02 * u), 0.1, 1),
        *(0.12, 1000, ".02 per e-fold of α around the target", 1.5),
    ),
    "own ceilings": Shape(
        logistic(4, ceiling=0.97), 0.12, 1000, "ceilings of seeds: .97 ± .05", 1.5, own=0.05
    ),
    "own, low": Shape(
        logistic(4, ceiling=0.9), 0.12, 1000, "ceilings of seeds: .90 ± .03", 1.5, own=0.03
    ),
    "own plateau": Shape(stairs(0.88), 0.12, 1000, "levels of seeds: .88 ± .03", 1.5, own=0.03),
    "dip .87": Shape(dip(0.87), 0.12, 1000, "back to .87 over a factor of four", 1.5),
    "dip .80": Shape(dip(0.8), 0.12, 1000, "back to .80 over a factor of four", 1.5),
    "lapses": Shape(logistic(4), 0.12, 1000, "3% of trainings fall to .3", 1.5, lapses=0.03),
}
