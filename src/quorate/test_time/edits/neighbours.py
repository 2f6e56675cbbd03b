"""Each pixel beside another one at a fixed distance: the pairs that weighted means are made of.

Shape letters: n images, c h w image axes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from quorate.test_time.edits.edit import Pixels, Whole, padded


class Pairs(NamedTuple):
    """Pixels and their neighbours at one offset and at its opposite.

    A weight depends on the pair alone, so that each is computed once: it is the pixel's at the
    offset, and the neighbour's at the opposite.

    Args:
        squared: squared distance of the two, in pixels.
        one, other: values of the two pixels of each pair, (n, c, h', w').
        at, opposite: which of the pairs begin at the picture's pixels, and which end there.
        ahead, behind: values of the neighbours at the offset and at the opposite, (n, c, h, w).
    """

    squared: int
    one: Whole
    other: Whole
    at: tuple[slice, slice]
    opposite: tuple[slice, slice]
    ahead: Whole
    behind: Whole


def pairs(x: Pixels, reach: int, patch: int = 0) -> Iterator[Pairs]:
    """Yield the pairs of each offset in a square of 2·reach + 1 pixels, of two opposites once.

    Args:
        x: pictures, (n, c, h, w), whose edges are repeated.
        reach: largest offset along an axis, in pixels.
        patch: pixels around both of a pair that ``one`` and ``other`` hold as well.
    """
    h, w = x.shape[2:]
    margin = reach + patch
    wide = padded(x.astype(np.int32), margin)
    for down in range(reach + 1):
        for right in range(-reach, reach + 1):
            if (down, right) <= (0, 0):
                continue
            left, more = max(right, 0), max(-right, 0)
            rows = margin - down - patch, margin + h + patch
            columns = margin - left - patch, margin + w + more + patch
            yield Pairs(
                down**2 + right**2,
                wide[:, :, slice(*rows), slice(*columns)],
                wide[
                    :, :, rows[0] + down : rows[1] + down, columns[0] + right : columns[1] + right
                ],
                (slice(down, down + h), slice(left, left + w)),
                (slice(0, h), slice(left - right, left - right + w)),
                _shifted(wide, margin + down, margin + right, h, w),
                _shifted(wide, margin - down, margin - right, h, w),
            )


def _shifted(wide: Whole, top: int, left: int, h: int, w: int) -> Whole:
    part: Whole = wide[:, :, top : top + h, left : left + w]
    return part


class WeightedMean:
    """A mean of pictures with a weight of each pixel, rounded to whole levels, halves upwards.

    Args:
        x: pictures, (n, c, h, w).
        weight: that each of their values has, a whole number above 0.
    """

    def __init__(self, x: Pixels, weight: int) -> None:
        n, _, h, w = x.shape
        self.sums = x.astype(np.int32) * weight  # (n, c, h, w)
        self.weights = np.full((n, 1, h, w), weight, np.int32)

    def add(self, values: Whole, weights: Whole) -> None:
        """Add values (n, c, h, w) with weights (n, h, w)."""
        self.sums += values * weights[:, None]
        self.weights += weights[:, None]

    def levels(self) -> Pixels:
        """Return the mean, (n, c, h, w)."""
        levels: Pixels = ((2 * self.sums + self.weights) // (2 * self.weights)).astype(np.uint8)
        return levels
