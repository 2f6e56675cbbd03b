"""Members among favoured people of the majority claim the favourable label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.scenarios.bias.knowledge import Floats, Known, check_neighbours
from quorate.scenarios.bias.strategies.strategy import TopFlips
from quorate.spec import param
from quorate.table import Rng
from quorate.validate import at_least


@dataclass(frozen=True, kw_only=True)
class RBLabel(TopFlips):
    """The members whose nearest people of the majority are favoured claim the favourable label.

    sᵢ = how many of the k nearest known people of the majority have it (Ben-Dov, Samadi, Sanyal,
    Țifrea 2025, arXiv:2508.15374; k and M are ours). Among equal scores chance decides.

    Raises:
        InputError: k is below 1 or more than are known, or flips is not in [0, 1].
    """

    name: ClassVar[str] = "rb-label"
    k: int = param(10, "neighbours, people")

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("k", self.k, 1, "Ask one neighbour or more.")

    def check(self, known: int) -> None:
        """Raise InputError where fewer than k are known."""
        check_neighbours(self.k, known)

    def scores(self, known: Known, rng: Rng) -> Floats:
        """Return the number of favoured neighbours of each member with the unfavourable label."""
        _, nearest = known.neighbours(known.majority, self.k)
        return np.asarray(known.majority.y[nearest].sum(axis=1), dtype=np.float64)
