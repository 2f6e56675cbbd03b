"""Randomised claims: a label drawn at the base rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.strategies.attribute.claim import ClaimStrategy, Floats, draw_labels
from quorate.table import Labels, Rng


@dataclass(frozen=True)
class Randomised(ClaimStrategy):
    """Randomised response: members claim a label drawn at the base rate: r(x) = π.

    Randomised response that never tells the truth on purpose (Warner 1965).

    Raises:
        InputError: the learner's models give no probabilities.
    """

    name: ClassVar[str] = "randomised"

    def claims(self, posterior: Floats, base: Floats, alpha: float, rng: Rng) -> Labels:
        """Return draws at the base rate, (m,)."""
        return draw_labels(np.broadcast_to(base, posterior.shape), rng)
