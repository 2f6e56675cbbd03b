"""What members do to hide an attribute: those who state it, and those who do not."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quorate.adapter import apply_strategy
from quorate.catalog import CATALOG
from quorate.errors import InputError
from quorate.knowledge import Knowledge
from quorate.learners.scikit.logistic import Logistic
from quorate.protocols import Learner, Strategy
from quorate.strategies.attribute.claim import ClaimStrategy
from quorate.strategies.attribute.column_change import ColumnStrategy
from quorate.strategies.sequence import StrategySequence
from quorate.table import Rng, Table
from quorate.validate import unknown


@dataclass(frozen=True)
class MemberStrategies:
    """What members do: change columns, claim another value, or both.

    Args:
        change: how rows are changed; None for not at all.
        claim: what is claimed; None for the truth.
        divided: whether those who state the attribute claim and leave their rows as they are, and
            only those who do not state it change theirs.
    """

    change: ColumnStrategy | None
    claim: ClaimStrategy | None
    divided: bool = False

    def state(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        """Return what members who state the attribute hand in: their rows, and what they claim."""
        change = None if self.divided else self.change
        strategy: Strategy | None = change or self.claim
        if change and self.claim:
            strategy = StrategySequence(change, self.claim)
        return apply_strategy(strategy, members, known, rng) if strategy else members

    def hide(self, people: Table, known: Knowledge, rng: Rng) -> Table:
        """Return what people of the collective hand in who do not state the attribute."""
        return apply_strategy(self.change, people, known, rng) if self.change else people

    def changed_columns(self, known: Knowledge) -> list[str]:
        """Return the names of the columns that are changed.

        Raises:
            InputError: there is no such column, or there are too few.
        """
        return [column.name for column in self.change.chosen(known.own)] if self.change else []


def read_strategies(
    text: str,
    columns: Sequence[str] = (),
    how_many: int = 3,
    learner: Learner = Logistic(),  # noqa: B008  (it is frozen)
) -> MemberStrategies:
    """Return what a text stands for: ``swapping``, ``cancelling``, or two of them.

    ``swapping+cancelling``: members do both. ``cancelling/swapping``: those who state the attribute
    claim, those who do not state it change their rows.

    >>> read_strategies("cancelling/swapping").divided
    True

    Raises:
        InputError: a name is not known, or there are two of one kind.
    """
    changes, claims = _named(ColumnStrategy), _named(ClaimStrategy)
    divided = "/" in text
    names = text.split("/" if divided else "+")
    for name in names:
        if name not in (*changes, *claims):
            known = (*changes, *claims)
            raise unknown("way to hide an attribute", name, known, "Join two by + or by /.")
    change = [name for name in names if name in changes]
    claim = [name for name in names if name in claims]
    if len(change) > 1 or len(claim) > 1 or (divided and names != [*claim, *change]):
        raise InputError(
            f"Expected at most one of {', '.join(changes)} and one of {', '.join(claims)}, got "
            f"{text!r}. Keep one of each, as in swapping+cancelling or cancelling/swapping."
        )
    return MemberStrategies(
        changes[change[0]]("+".join(columns) or None, how_many) if change else None,
        claims[claim[0]](learner) if claim else None,
        divided,
    )


def _named(base: type) -> dict[str, Any]:
    """Return the strategies of the catalog that have this base, by name."""
    found: dict[str, Any] = {}
    for name in CATALOG["strategies"]:
        with contextlib.suppress(InputError):  # one of another package that does not load
            cls = CATALOG["strategies"][name]
            found |= {name: cls} if issubclass(cls, base) else {}
    return found
