"""Members claim the favourable label by lot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.strategies.relabelling.minority_knowledge import Floats, MinorityKnowledge
from quorate.strategies.relabelling.minority_strategy import TopFlips
from quorate.table import Rng


@dataclass(frozen=True, kw_only=True)
class RandomFlips(TopFlips):
    """Relabelling at random (control): members drawn by lot claim the favourable label.

    sᵢ uniform: the control of Ben-Dov, Samadi, Sanyal, Țifrea 2025 (arXiv:2508.15374).

    Raises:
        InputError: flips is not in [0, 1].
    """

    name: ClassVar[str] = "random"

    def scores(self, known: MinorityKnowledge, rng: Rng) -> Floats:
        """Return a draw for each member with the unfavourable label."""
        return rng.random(len(known.negatives))
