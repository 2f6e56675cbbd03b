"""What strategies that change telling columns share: which columns these are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

from quorate.compared_groups import read_names
from quorate.errors import InputError
from quorate.goals.unreadable import Unreadable
from quorate.knowledge import Knowledge
from quorate.protocols import Strategy
from quorate.spec import param
from quorate.strategies.attribute.information import most_informative
from quorate.table import Array, Column, Rng, Table
from quorate.validate import at_least


@dataclass(frozen=True)
class ColumnStrategy(Strategy):
    """Base of strategies that change the columns which tell most of the label, an attribute.

    The most telling columns are those of the largest mutual information with the label on the
    members' own honest rows.
    """

    columns: str | None = param(
        None, "Columns to change, joined by +; by default the most telling ones."
    )
    how_many: int = param(3, "Number of the most telling columns that are changed, at least 1.")

    def __post_init__(self) -> None:
        at_least("how_many", self.how_many, 1, "Change at least one column.")

    @abstractmethod
    def change(self, x: Array, pool: Array, columns: Sequence[Column], rng: Rng) -> Array:
        """Return the rows with other values in some columns, (m, d).

        Args:
            x: the rows to change, (m, d).
            pool: the rows that values come from, (p, d).
            columns: which to change.
            rng: draws the values.
        """

    def chosen(self, people: Table) -> tuple[Column, ...]:
        """Return the columns that are changed, where members know the honest rows of ``people``.

        Raises:
            InputError: people have no columns, none of such a name, or fewer than ``how_many``.
        """
        if not people.columns:
            raise InputError(
                f"Expected people with named columns for {self.name}, got none. Use a population "
                "such as attribute-labels, or a table of your own."
            )
        if self.columns is None:
            return most_informative(people, self.how_many)
        return tuple(people.column(name) for name in read_names(self.columns))

    def apply(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        """Return the members' rows, with other values in the chosen columns."""
        if not len(members):
            return members
        return replace(members, x=self.change(members.x, known.own.x, self.chosen(known.own), rng))

    @property
    def goal(self) -> Unreadable:
        """Nothing tells the label of honest rows."""
        return Unreadable()
