"""Members whom the majority's classifier would favour claim the favourable label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.strategies.relabelling.minority_knowledge import Floats, MinorityKnowledge
from quorate.strategies.relabelling.minority_strategy import TopFlips
from quorate.table import Rng


@dataclass(frozen=True, kw_only=True)
class RBProb(TopFlips):
    """Relabelling by score: whom a model of the majority favours most claim the favourable label.

    sᵢ = f_maj(xᵢ), a logistic regression fitted on the known majority (Ben-Dov, Samadi, Sanyal,
    Țifrea 2025, arXiv:2508.15374; the kind of classifier and M are ours).

    Raises:
        InputError: flips is not in [0, 1].
    """

    name: ClassVar[str] = "rb-prob"

    def scores(self, known: MinorityKnowledge, rng: Rng) -> Floats:
        """Return f_maj of each member with the unfavourable label."""
        return known.majority_view[known.negatives]
