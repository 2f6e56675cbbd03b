"""The control of a plan: as many people change as much, each by lot and on their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from quorate.adapter import apply_strategy, find_who_can, learn_of
from quorate.knowledge import Knowledge
from quorate.protocols import Goal, Strategy
from quorate.spec import param
from quorate.strategies.planting import Planting
from quorate.table import Array, Mask, Rng, Table


@dataclass(frozen=True)
class Uncoordinated(Strategy):
    """Random noise of a plan's size: the same entries change, but nobody agrees on a value.

    Each member takes the features that the plan changes in anyone (a table's columns whole) from a
    member drawn by lot; if the plan changes labels, each claims one drawn by lot from all k. It is
    judged by the plan's own goal: what it reaches is not due to coordination. Source: ours.

    Raises:
        InputError: as the plan.
    """

    name: ClassVar[str] = "uncoordinated"
    plan: Strategy = param(
        Planting(),
        "Plan whose control this is; its parameters can be given here.",
        kind="strategies",
    )

    def apply(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        """Return the members' rows, changed by lot in the entries that the plan changes."""
        if not len(members):
            return members
        planned = apply_strategy(self.plan, members, known, rng)
        donors = known.own.x[rng.integers(len(known.own), size=len(members))]
        x = np.where(touched(members, planned.x), donors, members.x)
        y = members.y
        if (planned.y != members.y).any():
            y = rng.integers(members.k, size=len(members))  # (m,)
        return replace(members.relabelled(y), x=x)

    @property
    def goal(self) -> Goal:
        """The plan's own."""
        return self.plan.goal

    def eligible(self, people: Table) -> Mask | None:
        """Return who can be a member: as the plan has it."""
        return find_who_can(self.plan, people)

    def learn(self, people: Table, member: Mask, rng: Rng) -> Knowledge:
        """Return what members know: as the plan has it."""
        return learn_of(self.plan, people, member, rng)


def touched(members: Table, changed: Array) -> Mask:
    """Return which features differ for anyone, in the shape of one row; columns count whole.

    >>> from quorate.table import Column
    >>> columns = (Column("channel", 0, ("phone", "web")), Column("age", 2))
    >>> people = Table(np.eye(3, dtype=np.float32), np.zeros(3, int), ("no",), columns=columns)
    >>> touched(people, people.x + np.array([0, 1, 0], np.float32)).tolist()
    [True, True, False]
    """
    differs: Mask = (members.x != changed).any(axis=0)
    for column in members.columns:
        differs[column.start : column.stop] = differs[column.start : column.stop].any()
    return differs
