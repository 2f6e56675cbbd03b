"""Images between the levels, for searches that walk along a boundary in small steps."""

from __future__ import annotations

import numpy as np

from quorate.table import Rng
from quorate.test_time.attacks.attack import Levels
from quorate.test_time.platforms.platform import Pixels

STEPS = 1024  # thresholds there are between two levels


class Dither:
    """Rounds images to whole levels, each pixel up or down at a threshold of its own.

    ⌊z + t⌋ with t uniform on a grid of [0, 1), drawn once: a step of a tenth of a level changes a
    tenth of the pixels, where rounding to the nearest would change none or all. The same z is
    always the same question, and |z − x| ≤ ε for whole x and ε stays so. Derived.

    Args:
        shape: shape of the images, (c, h, w).
        rng: draws the thresholds.
    """

    def __init__(self, shape: tuple[int, ...], rng: Rng) -> None:
        # in steps that float32 adds to 255 exactly: x + ε must not be rounded up past itself
        self._thresholds = rng.integers(STEPS, size=shape).astype(np.float32) / STEPS  # (c, h, w)

    def __call__(self, z: Levels) -> Pixels:
        """Return the question that stands for ``z``, (c, h, w)."""
        return np.clip(np.floor(z + self._thresholds), 0, 255).astype(np.uint8)


def nearest_within(z: Levels, x: Levels, radius: float) -> Levels:
    """Return the point nearest to ``z`` no further from ``x`` than ``radius`` in any pixel."""
    return np.clip(z, x - np.float32(radius), x + np.float32(radius))
