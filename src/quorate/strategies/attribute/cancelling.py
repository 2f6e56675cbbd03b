"""Cancelling claims: as many of each value as the others' signal lacks."""

from __future__ import annotations

from quorate.strategies.attribute.drawing import Floats, drawn
from quorate.table import Labels, Rng
from quorate.theory.inference import cancelling_claims


def cancelling(posterior: Floats, base: Floats, alpha: float, rng: Rng) -> Labels:
    """Return claims drawn so that a row says nothing: r(x) = (π − (1−α)·q(x))/α where it can be.

    Never more than cancels: nothing is there to be turned around. Source: derived, as
    ``quorate.theory.inference.cancelling_claims``.

    Args:
        posterior: q, of honest people at each member's row, (m, k).
        base: π, fraction of people with each value, (k,).
        alpha: fraction who act.
    """
    return drawn(cancelling_claims(posterior, base, alpha), rng)
