"""What the strategies of a minority share: who acts, whom they know, and what they claim."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from quorate.compared_groups import ComparedGroups, choose_groups, read_names
from quorate.errors import InputError
from quorate.goals.equalised_odds import EqualisedOdds
from quorate.knowledge import Knowledge
from quorate.protocols import Strategy
from quorate.spec import param
from quorate.strategies.relabelling import minority_knowledge
from quorate.strategies.relabelling.minority_knowledge import Floats, MinorityKnowledge
from quorate.table import Array, Labels, Mask, Rng, Table
from quorate.validate import at_least, in_interval

ALL = "all"


@dataclass(frozen=True, kw_only=True)
class MinorityStrategy(Strategy):
    """Base of strategies by which a minority claims the favourable label.

    Members are of the minority. They know their own rows and those of some of the majority, drawn
    by chance: those of less knowledge are among those of more.
    """

    minority: str | None = param(
        None, "Groups that act, joined by +; by default the usual ones of these data."
    )
    majority: str | None = param(
        None, "Groups they are compared with, joined by +; by default the usual ones, or the rest."
    )
    positive: str | None = param(None, "Favourable label; by default the usual one of these data.")
    knowledge: str = param(
        "10", "Number of people of the majority whose rows members know, or all."
    )

    def __post_init__(self) -> None:
        if self.knowledge != ALL and not (self.knowledge.isdecimal() and int(self.knowledge)):
            raise InputError(
                f"Expected knowledge to be a number of people, at least 1, or {ALL}, got "
                f"{self.knowledge!r}. Write knowledge=10, or knowledge={ALL}."
            )

    @abstractmethod
    def chosen(self, known: MinorityKnowledge, rng: Rng) -> Labels:
        """Return which members claim the favourable label."""

    def features(self, members: Table, known: MinorityKnowledge, who: Labels) -> Array:
        """Return the features that members hand in, those in ``who`` acting; honest by default."""
        return members.x

    def apply(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        """Return the members' rows, those who are chosen claiming the favourable label."""
        if not len(members):
            return members
        compared = self._compared(known.own)
        seen = MinorityKnowledge.of(known, compared)
        return self._acted(members, seen, self.chosen(seen, rng), compared)

    def _acted(
        self, members: Table, known: MinorityKnowledge, who: Labels, compared: ComparedGroups
    ) -> Table:
        y = members.y.copy()
        y[who] = members.label(compared.positive)
        return replace(members.relabelled(y), x=self.features(members, known, who))

    @property
    def goal(self) -> EqualisedOdds:
        """Both groups are treated alike."""
        return EqualisedOdds(self.minority, self.majority, self.positive)

    def eligible(self, people: Table) -> Mask:
        """Return who is of the minority, (n,)."""
        return people.compare(self._compared(people))[0]

    def learn(self, people: Table, member: Mask, rng: Rng) -> Knowledge:
        """Return the members' rows and those of ``knowledge`` people of the majority.

        Raises:
            InputError: fewer people are of the majority.
        """
        _, majority = people.compare(self._compared(people))
        shown = np.flatnonzero(majority)
        if self.knowledge != ALL:
            if int(self.knowledge) > len(shown):
                raise InputError(
                    f"Expected knowledge={self.knowledge} to be at most the {len(shown)} people of "
                    f"the majority. Write knowledge={ALL} for all of them."
                )
            shown = rng.permutation(shown)[: int(self.knowledge)]
        assert people.group is not None  # they are compared
        sizes = np.bincount(people.group, minlength=len(people.groups))
        return replace(
            Knowledge.of(people, member),
            others=people.take(shown),
            group_sizes=tuple(sizes.tolist()),
        )

    def _compared(self, people: Table) -> ComparedGroups:
        if people.group is None:
            raise InputError(
                f"Expected people in groups for {self.name}, got none. Use a population that has "
                "groups, such as compas or unequal, or name their column, as in bank:group=job."
            )
        minority, majority = read_names(self.minority), read_names(self.majority)
        return choose_groups(people.compared, minority, majority, self.positive)


@dataclass(frozen=True, kw_only=True)
class TopFlips(MinorityStrategy):
    """Base of the strategies that score members and let the top M claim the favourable label."""

    flips: float | None = param(
        None,
        "Number relabelled, as a fraction of the minority; by default, as many as a model of the "
        "majority favours.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.flips is not None:
            in_interval("flips", self.flips, 0, 1, "Use a fraction of the minority such as 0.1.")

    @abstractmethod
    def scores(self, known: MinorityKnowledge, rng: Rng) -> Floats:
        """Return sᵢ of each member with the unfavourable label, (|negatives|,)."""

    def chosen(self, known: MinorityKnowledge, rng: Rng) -> Labels:
        """Return the M members with the highest scores."""
        return self.ranked(known, rng)[: known.flips(self.flips)]

    def ranked(self, known: MinorityKnowledge, rng: Rng) -> Labels:
        """Return the members with the unfavourable label, the highest scores first."""
        negatives = known.negatives
        return negatives[minority_knowledge.top(self.scores(known, rng), len(negatives), rng)]

    def sweep(
        self, members: Table, known: Knowledge, counts: Sequence[int], rng: Rng
    ) -> list[Table]:
        """Return the members' rows for each number M of flips, those of fewer among those of more.

        Where fewer than M have the unfavourable label, all of them act.

        Args:
            members: their honest rows.
            known: what they know.
            counts: M, each at least 0.
            rng: as for ``apply``.
        """
        compared = self._compared(known.own)
        seen = MinorityKnowledge.of(known, compared)
        ranked = self.ranked(seen, rng)
        return [self._acted(members, seen, ranked[:count], compared) for count in counts]


@dataclass(frozen=True, kw_only=True)
class TopFlipsByNeighbours(TopFlips):
    """Base of those that score a member by the k nearest known people of the majority."""

    k: int = param(10, "Number of neighbours, at most the number of known people.")

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("k", self.k, 1, "Ask one neighbour or more.")
        if self.knowledge != ALL:
            minority_knowledge.check_neighbours(self.k, int(self.knowledge))
