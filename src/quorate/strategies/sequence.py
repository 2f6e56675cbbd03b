"""One strategy after another, on the same people's rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.adapter import apply_strategy, find_who_can, learn_of
from quorate.knowledge import Knowledge
from quorate.protocols import Goal, Strategy
from quorate.spec import param
from quorate.strategies.attribute.cancelling import Cancelling
from quorate.strategies.attribute.swapping import Swapping
from quorate.table import Mask, Rng, Table


@dataclass(frozen=True)
class StrategySequence(Strategy):
    """First one strategy, and then another on the rows that it has changed.

    A member must be eligible for both. They share the knowledge of the strategy that sees more
    non-members; the second still knows the members' own honest rows.

    Raises:
        InputError: as the strategies.
    """

    name: ClassVar[str] = "sequence"
    first: Strategy = param(
        Swapping(),
        "Strategy that comes first; its parameters can be given here.",
        kind="strategies",
    )
    then: Strategy = param(
        Cancelling(), "Strategy that is applied to the changed rows.", kind="strategies"
    )

    def apply(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        """Return the members' rows, changed by both."""
        changed = apply_strategy(self.first, members, known, rng)
        return apply_strategy(self.then, changed, known, rng)

    @property
    def goal(self) -> Goal:
        """The second one's own."""
        return self.then.goal

    @property
    def withholds(self) -> bool:
        """Whether one of the two does."""
        return self.first.withholds or self.then.withholds

    def eligible(self, people: Table) -> Mask | None:
        """Return who can be a member of both, (n,)."""
        one, other = (find_who_can(each, people) for each in (self.first, self.then))
        if one is None or other is None:
            return other if one is None else one
        return one & other

    def learn(self, people: Table, member: Mask, rng: Rng) -> Knowledge:
        """Return what the one of the two knows that sees more people who are no members."""
        both = [learn_of(strategy, people, member, rng) for strategy in (self.first, self.then)]
        return max(both, key=lambda known: 0 if known.others is None else len(known.others))
