"""Boundary: a random walk along the boundary between labels, by labels alone."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.spec import param
from quorate.table import Rng
from quorate.test_time.attacks.attack import Attack, Case, Levels, Search
from quorate.test_time.attacks.dither import nearest_within
from quorate.test_time.platforms.platform import Gives, Pixels
from quorate.validate import above_zero, at_least

BLENDS = 10  # halvings of the way from the start to x
SIDEWAYS_RATE, NEARER_RATE = 0.5, 0.25  # of the questions that should be read as y
GROWN = 1.2  # what a step towards x is multiplied by where rounding eats it
FURTHEST = 0.5  # fraction of the distance to x that one step goes at most
ADAPTED = 0.3  # by how much, on the log scale, one answer changes a step


@dataclass(frozen=True)
class Boundary(Attack):
    """Walks at random through images read as y, each a little nearer to x than the last.

    A step goes sideways on the sphere around x by the fraction ``sideways`` of the distance, then
    towards x by the fraction ``nearer``; it is kept if it is read as y. Both fractions are adapted
    so that a half of the sideways steps and a quarter of all are kept (Brendel, Rauber, Bethge
    2018, arXiv:1712.04248). Every ``every``-th step also asks about the sideways step alone, and
    about the image cut down to the ball of radius ε: a walk in the Euclidean distance seldom enters
    that ball by itself. It begins where the straight line from the start to x crosses the boundary,
    and stands on whole levels, rounded at random: derived.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "boundary"
    needs: ClassVar[Gives] = "labels"
    needs_start: ClassVar[bool] = True
    sideways: float = param(0.01, "First step on the sphere, as a fraction of the distance.")
    nearer: float = param(0.01, "First step towards x, as a fraction of the distance.")
    every: int = param(
        10,
        "Steps between extra queries about the sideways step and the ball.",
    )

    def __post_init__(self) -> None:
        above_zero("sideways", self.sideways, "Use 0.01.")
        above_zero("nearer", self.nearer, "Use 0.01.")
        at_least("every", self.every, 1, "Use every=1 to ask at each step.")

    def search(self, case: Case, rng: Rng) -> Search:
        """Yield the start, blends of it with x, then one step after another."""
        assert case.start is not None  # run has checked
        if not (yield case.start).right:
            return
        x = case.x.astype(np.float32)
        low, high, image = 0.0, 1.0, case.start
        for _ in range(BLENDS):
            blend = (low + high) / 2
            blended = _rounded(x + np.float32(blend) * (case.start - x), rng)
            if (yield blended).right:
                high, image = blend, blended
            else:
                low = blend
        sideways, nearer = self.sideways, self.nearer
        for step in itertools.count(1):
            away = image - x  # (c, h, w)
            length = float(np.linalg.norm(away))
            beside = _beside(away, length, sideways, rng)
            question = _rounded(x + np.float32(1 - nearer) * beside, rng)
            if np.linalg.norm(question - x) >= length:  # rounding took it further away: not asked
                sideways /= GROWN if nearer >= FURTHEST else 1
                nearer = min(nearer * GROWN, FURTHEST)
                continue
            kept = (yield question).right
            nearer = min(nearer * _factor(kept, NEARER_RATE), FURTHEST)
            image = question if kept else image
            if step % self.every == 0:
                on_sphere = (yield _rounded(x + beside, rng)).right
                sideways = min(sideways * _factor(on_sphere, SIDEWAYS_RATE), 1.0)
                yield _rounded(nearest_within(image.astype(np.float32), x, case.epsilon), rng)


def _beside(away: Levels, length: float, fraction: float, rng: Rng) -> Levels:
    """Return ``away`` turned about 0 by a random step of this fraction of its length, (c, h, w)."""
    noise = rng.standard_normal(away.shape, dtype=np.float32)
    noise -= np.float32((noise * away).sum() / length**2) * away
    noise *= np.float32(fraction * length / np.linalg.norm(noise))
    return np.asarray((away + noise) / np.float32(math.sqrt(1 + fraction**2)))


def _rounded(z: Levels, rng: Rng) -> Pixels:
    """Return ``z`` in whole levels, up or down at random and on average neither, (c, h, w)."""
    up = rng.random(z.shape, dtype=np.float32) < z - np.floor(z)
    return np.asarray(np.clip(np.floor(z) + up, 0, 255), dtype=np.uint8)


def _factor(right: bool, rate: float) -> float:
    """Return what a step is multiplied by: on average by 1 where this rate is read as y."""
    return math.exp(ADAPTED * (float(right) - rate))
