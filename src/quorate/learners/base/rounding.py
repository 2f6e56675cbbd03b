"""Rounding a share of the people to a number of people."""

from __future__ import annotations

import math

TINY = 1e-9  # a product that is whole on paper may fall below it in floating point


def floor_of_share(share: float, n: int) -> int:
    """Return ⌊share·n⌋; a product that is whole on paper counts as whole.

    >>> floor_of_share(0.29, 100), 0.29 * 100
    (29, 28.999999999999996)
    """
    return math.floor(share * n + TINY)
