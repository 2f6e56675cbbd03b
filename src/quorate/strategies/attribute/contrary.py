"""Contrary claims: what a model would least expect."""

from __future__ import annotations

from quorate.strategies.attribute.drawing import Floats
from quorate.table import Labels, Rng


def contrary(posterior: Floats, base: Floats, alpha: float, rng: Rng) -> Labels:
    """Return the value that a model holds least likely for its base rate: argmin q_a(x)/π_a.

    It turns a model's answers around once the collective is large, so whoever expects it can turn
    them back. Source: ours.

    Args:
        posterior: of honest people at each member's row, (m, k).
        base: fraction of people with each value, (k,).
        alpha: fraction who act.
    """
    claimed: Labels = (posterior / base).argmin(axis=1)
    return claimed
