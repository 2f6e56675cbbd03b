"""What a strategy of the minority is: what its members hand in, from what they know."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from quorate.spec import param
from quorate.strategies.relabelling.knowledge import Floats, Known, check_neighbours, top
from quorate.table import Labels, Rng, Table
from quorate.validate import at_least, in_interval


class MinorityStrategy(Protocol):
    """What members of the minority do with their rows: a frozen dataclass with a ``name``."""

    name: ClassVar[str]

    def act(self, known: Known, rng: Rng) -> Table:
        """Return the members' rows as they hand them in, in their order."""

    def check(self, known: int) -> None:
        """Raise InputError where ``known`` people of the majority are too few."""


@dataclass(frozen=True, kw_only=True)
class TopFlips(MinorityStrategy):
    """Base of the strategies that score members and let the top M claim the favourable label."""

    flips: float | None = param(
        None, "M as a fraction of the minority; by default those f_maj would favour"
    )

    def __post_init__(self) -> None:
        if self.flips is not None:
            in_interval("flips", self.flips, 0, 1, "Use a fraction of the minority such as 0.1.")

    @abstractmethod
    def scores(self, known: Known, rng: Rng) -> Floats:
        """Return sᵢ of each member with the unfavourable label, (|negatives|,)."""

    def act(self, known: Known, rng: Rng) -> Table:
        """Return the members' rows, the M with the highest scores claiming the favourable label."""
        return claiming(known.members, self.chosen(known, rng))

    def chosen(self, known: Known, rng: Rng) -> Labels:
        """Return which members act."""
        best = top(self.scores(known, rng), known.flips(self.flips), rng)
        return known.negatives[best]

    def check(self, known: int) -> None:
        """Any knowledge will do."""
        return


@dataclass(frozen=True, kw_only=True)
class TopFlipsByNeighbours(TopFlips):
    """Base of those that score a member by the k nearest known people of the majority."""

    k: int = param(10, "neighbours, people")

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("k", self.k, 1, "Ask one neighbour or more.")

    def check(self, known: int) -> None:
        """Raise InputError where fewer than k are known."""
        check_neighbours(self.k, known)


def claiming(members: Table, who: Labels) -> Table:
    """Return the members, those in ``who`` claiming the favourable label."""
    y = members.y.copy()
    y[who] = 1
    return replace(members, y=y)
