"""A data strike: members hand in nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.goals.misread import Misread
from quorate.knowledge import Knowledge
from quorate.protocols import Strategy
from quorate.spec import param
from quorate.table import Mask, Rng, Table


@dataclass(frozen=True)
class DataStrike(Strategy):
    """A data strike: members withhold their data, and the platform learns from the others alone.

    α is the share of strikers among all people the platform would have learned from (Vincent,
    Hecht, Sen 2019, doi:10.1145/3308558.3313742). A strike of the people of one label takes away
    the examples from which the platform knows that label.

    Raises:
        InputError: nobody has the label.
    """

    name: ClassVar[str] = "data-strike"
    label: str | None = param(None, "Label of the people who strike; by default anyone's.")

    @property
    def withholds(self) -> bool:
        """Members hand in no row."""
        return True

    def apply(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        """Return the members' rows as they are: none of them is handed in."""
        return members

    @property
    def goal(self) -> Misread:
        """The platform misreads people like those who strike."""
        return Misread(self.label)

    def eligible(self, people: Table) -> Mask | None:
        """Return who has the label, (n,); None where anyone may strike."""
        return None if self.label is None else people.y == people.label(self.label)
