"""Cancelling claims: as many of each label as the others' signal lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.strategies.attribute.claim import ClaimStrategy, Floats, draw_labels
from quorate.table import Labels, Rng
from quorate.theory.inference import cancelling_claims


@dataclass(frozen=True)
class Cancelling(ClaimStrategy):
    """Cancelling labels: rows then tell nothing: r(x) = (π − (1−α)·q(x))/α where it can be.

    Never more than cancels: nothing is there to be turned around. Source: derived, as
    ``quorate.theory.inference.cancelling_claims``.

    Raises:
        InputError: the learner's models give no probabilities.
    """

    name: ClassVar[str] = "cancelling"

    def claims(self, posterior: Floats, base: Floats, alpha: float, rng: Rng) -> Labels:
        """Return labels drawn with the probabilities that cancel, (m,)."""
        return draw_labels(cancelling_claims(posterior, base, alpha), rng)
