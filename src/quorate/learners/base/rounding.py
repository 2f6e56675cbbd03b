"""How many people a share of them is."""

from __future__ import annotations

import math

TINY = 1e-9  # what is a whole number on paper may fall below it in floating point


def floor_of_share(share: float, n: int) -> int:
    """Return ⌊share·n⌋, where a product that is whole on paper counts as whole.

    >>> floor_of_share(0.29, 100), 0.29 * 100
    (29, 28.999999999999996)
    """
    return math.floor(share * n + TINY)
