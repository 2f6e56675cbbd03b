"""Members among favoured people of the majority claim the favourable label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.strategies.relabelling.minority_knowledge import Floats, MinorityKnowledge
from quorate.strategies.relabelling.minority_strategy import TopFlipsByNeighbours
from quorate.table import Rng


@dataclass(frozen=True, kw_only=True)
class RBLabel(TopFlipsByNeighbours):
    """Relabelling by neighbours: members with favoured neighbours claim their label.

    sᵢ = how many of the k nearest known people of the majority have it (Ben-Dov, Samadi, Sanyal,
    Țifrea 2025, arXiv:2508.15374; k and M are ours). Among equal scores chance decides.

    Raises:
        InputError: k is below 1 or more than are known, or flips is not in [0, 1].
    """

    name: ClassVar[str] = "rb-label"

    def scores(self, known: MinorityKnowledge, rng: Rng) -> Floats:
        """Return the number of favoured neighbours of each member with the unfavourable label."""
        _, nearest = known.neighbours(known.majority, self.k)
        return np.asarray(known.majority.y[nearest].sum(axis=1), dtype=np.float64)
