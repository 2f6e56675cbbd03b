"""A strategy of the user's own: a function that changes members' rows and labels."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from quorate.bring_your_own.encoded_rows import encode_rows, takes_a_table
from quorate.bring_your_own.handed_in import HandedIn
from quorate.bring_your_own.holding import HoldsObject, checked_function
from quorate.bring_your_own.naming import kind_name
from quorate.bring_your_own.offering import check_arguments, offer
from quorate.errors import InputError, QuorateError
from quorate.given import given_of
from quorate.knowledge import Knowledge
from quorate.protocols import Goal, Strategy
from quorate.spec import param
from quorate.table import Rng, Table

OFFERED = ("known", "rng")
MEMBERS = ("members", "people", "table")  # names of an argument that is a Table


@dataclass(frozen=True)
class OwnStrategy(HoldsObject, Strategy):
    """A strategy of the user's own: a function from members' data to what they hand in.

    ``act(X, y)`` gets and returns the members' rows and labels as they were given, one row a
    person. A function whose first argument is called ``members``, or is declared a ``Table``, gets
    and returns a ``Table``. Either may name ``known``, the collective's ``Knowledge``, and ``rng``.
    It has no goal of its own: name one beside it.

    Raises:
        InputError: the function fails, or returns anything but one row and label a member.
    """

    name: ClassVar[str] = "handed-in"
    function: str = param(help="What was handed in, with eight digits of its content.", shown=True)

    def apply(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        """Return the members' rows as they hand them in."""
        function: Any = self.held.value
        lent, given = copy.deepcopy(members), given_of(members)
        is_table = takes_a_table(function, MEMBERS)
        offered = {"known": copy.deepcopy(known), "rng": rng}
        rows = (lent,) if is_table else (given.rows(lent.x), given.labels(lent.y))
        try:
            found = offer(function, rows, offered)
        except (QuorateError, MemoryError):
            raise
        except (Exception, SystemExit) as error:  # a user's code may raise anything
            raise InputError(self.failed(error, "change members' data")) from error
        return found if is_table else self._read(found, members)

    def _read(self, found: Any, members: Table) -> Table:
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise InputError(
                f"Expected {self.who} to return rows and labels, got {type(found).__name__}. "
                "Return X, y."
            )
        x = encode_rows(found[0], members, self.who)
        y = given_of(members).read_labels(found[1], self.who)
        if len(x) != len(members) or len(y) != len(members):
            raise InputError(
                f"Expected {self.who} to return one row and one label for each of {len(members)} "
                f"members, got {len(x)} and {len(y)}. Keep rows in their order."
            )
        return replace(members, x=x).relabelled(y)

    @property
    def goal(self) -> Goal:
        """A function has no goal of its own.

        Raises:
            InputError: always.
        """
        raise InputError(
            f"Expected a goal beside the strategy {self.who}, since a function has none of its "
            "own, got none. Hand in a function goal=share(predict, X, y), or take that of another "
            "strategy, as goal='planted:target=LABEL,signal=columns,NAME=VALUE'."
        )


def adapt_strategy(value: Any) -> OwnStrategy:
    """Return the strategy that a function of the user's stands for.

    Raises:
        InputError: it is no function of members' data.
    """
    called = kind_name(value)
    function = checked_function(value, "strategies")
    given = ("members",) if takes_a_table(function, MEMBERS) else ("X", "y")
    check_arguments(function, given, OFFERED, called)
    return OwnStrategy(HandedIn.of(value, called))
