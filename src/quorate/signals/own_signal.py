"""A signal of the user's own: a function that changes rows."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, ClassVar

from quorate.bring_your_own.encoded_rows import encode_rows, takes_a_table
from quorate.bring_your_own.handed_in import HandedIn
from quorate.bring_your_own.holding import HoldsObject, checked_function
from quorate.bring_your_own.naming import kind_name
from quorate.bring_your_own.offering import check_arguments
from quorate.errors import InputError, QuorateError
from quorate.given import given_of
from quorate.protocols import Signal
from quorate.spec import param
from quorate.table import Array, Table

PEOPLE = ("people", "table")  # names of an argument that is a Table


@dataclass(frozen=True)
class OwnSignal(HoldsObject, Signal):
    """A signal of the user's own: a function that returns people's rows with the signal.

    ``mark(rows)`` gets and returns rows as they were given, such as a data frame. A function whose
    argument is called ``people``, or is declared a ``Table``, gets a ``Table`` and returns features
    in the shape of its ``x``. What changes nothing the second time is told by trying.

    Raises:
        InputError: the function fails, or returns rows of another form.
    """

    name: ClassVar[str] = "handed-in"
    function: str = param(help="What was handed in, with eight digits of its content.", shown=True)

    def plant(self, people: Table) -> Array:
        """Return g(x) for every person, in the shape of ``people.x``."""
        function: Any = self.held.value
        lent = copy.deepcopy(people)
        is_table = takes_a_table(function, PEOPLE)
        try:
            planted = function(lent if is_table else given_of(people).rows(lent.x))
        except (QuorateError, MemoryError):
            raise
        except (Exception, SystemExit) as error:  # a user's code may raise anything
            raise InputError(self.failed(error, "plant a signal")) from error
        return planted if is_table else encode_rows(planted, people, self.who)


def adapt_signal(value: Any) -> OwnSignal:
    """Return the signal that a function of the user's stands for.

    Raises:
        InputError: it is no function of one argument.
    """
    called = kind_name(value)
    check_arguments(checked_function(value, "signals"), ("rows",), (), called)
    return OwnSignal(HandedIn.of(value, called))
