"""HopSkipJump: along the boundary between labels, by labels alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.spec import param
from quorate.table import Rng
from quorate.test_time.attacks.attack import Attack, Case, Feedback, Levels, Search
from quorate.test_time.attacks.dither import Dither, nearest_within
from quorate.test_time.platforms.platform import Gives, Pixels
from quorate.validate import at_least

Walk = Generator[Pixels, Feedback, Levels]  # a part of the search that ends at an image
SMALLEST_LEAP = 0.25  # levels; a shorter one is not tried
BLOCK = 2**17  # pixels of probes drawn at once


@dataclass(frozen=True)
class HopSkipJump(Attack):
    """Bisects from an image read as y to the boundary, estimates its normal, leaps, and repeats.

    z is moved towards x, pixel by pixel, as near as it is still read as y (bisection); B√t probes
    z ± one level per pixel, φ = ±1 for read as y or not, give the direction Σ (φ − mean φ) Δ; then
    z + ξ sign(direction) with ξ = distance/√t, halved until it is read as y (Chen, Jordan,
    Wainwright 2020, arXiv:1904.02144, L∞). Between whole levels images are dithered, bisection ends
    at 1/√d of a level, where one probe crosses the boundary as often as not, and it tries the ball
    of radius ε first: derived.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "hopskipjump"
    needs: ClassVar[Gives] = "labels"
    needs_start: ClassVar[bool] = True
    probes: int = param(100, "Queries B for the first direction; the t-th uses B√t.")
    reach: int = param(1, "Change of each pixel by a probe, in levels of 1/255.")

    def __post_init__(self) -> None:
        at_least("probes", self.probes, 1, "A direction needs at least one probe.")
        at_least("reach", self.reach, 1, "A probe moves pixels by at least one level.")

    def search(self, case: Case, rng: Rng) -> Search:
        """Yield the start, then bisections, probes and leaps."""
        assert case.start is not None  # run has checked
        if not (yield case.start).right:
            return
        x, dither = case.x.astype(np.float32), Dither(case.x.shape, rng)
        z = yield from _come_nearer(case.start.astype(np.float32), x, case.epsilon, dither)
        for t in itertools.count(1):
            direction = yield from self._direction(z, dither, t, rng)
            z = yield from _leap(z, direction, float(np.abs(z - x).max()) / math.sqrt(t), dither)
            z = yield from _come_nearer(z, x, case.epsilon, dither)

    def _direction(self, z: Levels, dither: Dither, t: int, rng: Rng) -> Walk:
        """Return the sign of the estimated gradient at ``z``, (c, h, w)."""
        base = dither(z)
        reach = min(self.reach, 255)
        up = np.minimum(base, 255 - reach) + np.uint8(reach)  # (c, h, w)
        down = np.maximum(base, reach) - np.uint8(reach)  # (c, h, w)
        count, said = int(self.probes * math.sqrt(t)), 0
        ups, right_ups = np.zeros((2, *z.shape), dtype=np.int64)  # probes that went up, (c, h, w)
        for n in _blocks(count, z.size):
            tosses = rng.integers(2, size=(n, *z.shape), dtype=np.int8).astype(bool)
            right: list[bool] = []
            for probe in np.where(tosses, up, down):
                right.append((yield probe).right)
            said += sum(right)
            ups += tosses.sum(axis=0)
            right_ups += tosses[right].sum(axis=0)
        rise, fall = up.astype(np.float32) - base, down.astype(np.float32) - base
        signs, sign_ups = 2 * said - count, 2 * right_ups - ups  # Σ φ, over all and those up
        by_sign = sign_ups * rise + (signs - sign_ups) * fall
        if abs(signs) == count:  # all alike: nothing is left but where they went
            return np.asarray(np.sign(by_sign), dtype=np.float32)
        moves = ups * rise + (count - ups) * fall
        direction = by_sign.astype(np.float32) - np.float32(signs / count) * moves.astype(
            np.float32
        )
        return np.asarray(np.sign(direction))


def _blocks(count: int, size: int) -> Iterator[int]:
    """Yield how many of ``count`` probes of this size are drawn at once, until all are."""
    most = max(1, BLOCK // size)
    for drawn in range(0, count, most):
        yield min(most, count - drawn)


def _come_nearer(z: Levels, x: Levels, epsilon: int, dither: Dither) -> Walk:
    """Return the image on the way from ``z`` to ``x``, pixel by pixel, that is only just read as y.

    Args:
        z: read as y, further than ε from x, (c, h, w).
    """
    low, high = float(epsilon), float(np.abs(z - x).max())
    yield dither(nearest_within(z, x, low))  # where it is read as y, the search is over
    while high - low > 1 / math.sqrt(z.size):
        radius = (low + high) / 2
        if (yield dither(nearest_within(z, x, radius))).right:
            high = radius
        else:
            low = radius
    return nearest_within(z, x, high)


def _leap(z: Levels, direction: Levels, size: float, dither: Dither) -> Walk:
    """Return the furthest of z + size · direction, half of it, ... that is read as y, else z."""
    while size >= SMALLEST_LEAP:
        further = np.clip(z + np.float32(size) * direction, 0, 255)
        if (yield dither(further)).right:
            return further
        size /= 2
    return z
