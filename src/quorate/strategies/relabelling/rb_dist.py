"""Members close to favoured people of the majority claim the favourable label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.strategies.relabelling.minority_knowledge import Floats, MinorityKnowledge
from quorate.strategies.relabelling.minority_strategy import TopFlipsByNeighbours
from quorate.table import Rng


@dataclass(frozen=True, kw_only=True)
class RBDist(TopFlipsByNeighbours):
    """Relabelling by distance: the members closest to favoured people claim their label.

    sᵢ = −mean distance to the k nearest known people of the majority who have it (Ben-Dov, Samadi,
    Sanyal, Țifrea 2025, arXiv:2508.15374; the Euclidean distance, k and M are ours). Where fewer
    than k are known to have it, to all of those; where nobody is, chance decides.

    Raises:
        InputError: k is below 1 or more than are known, or flips is not in [0, 1].
    """

    name: ClassVar[str] = "rb-dist"

    def scores(self, known: MinorityKnowledge, rng: Rng) -> Floats:
        """Return minus the mean distance of each member with the unfavourable label."""
        return known.closeness(self.k)
