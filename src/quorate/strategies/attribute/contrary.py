"""Contrary claims: what a model would least expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.strategies.attribute.claim import ClaimStrategy, Floats
from quorate.table import Labels, Rng


@dataclass(frozen=True)
class Contrary(ClaimStrategy):
    """Contrary labels: the least likely one relative to its base rate: argmin q_a(x)/π_a.

    It turns a model's answers around once the collective is large, so whoever expects it can turn
    them back. Ours.

    Raises:
        InputError: the learner's models give no probabilities.
    """

    name: ClassVar[str] = "contrary"

    def claims(self, posterior: Floats, base: Floats, alpha: float, rng: Rng) -> Labels:
        """Return the least likely label of each row for its base rate, (m,)."""
        claimed: Labels = (posterior / base).argmin(axis=1)
        return claimed
