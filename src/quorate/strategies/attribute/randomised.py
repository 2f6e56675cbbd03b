"""Randomised claims: a value drawn at the base rate."""

from __future__ import annotations

import numpy as np

from quorate.strategies.attribute.drawing import Floats, drawn
from quorate.table import Labels, Rng


def randomised(posterior: Floats, base: Floats, alpha: float, rng: Rng) -> Labels:
    """Return claims drawn at the base rate, whatever the row: r(x) = π.

    Randomised response that never tells the truth on purpose (Warner 1965).

    Args:
        posterior: of honest people at each member's row, (m, k).
        base: fraction of people with each value, (k,).
        alpha: fraction who act.
    """
    return drawn(np.broadcast_to(base, posterior.shape), rng)
