"""A goal of the user's own: a function that measures success."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from quorate.bring_your_own.encoded_rows import encode_rows, takes_a_table
from quorate.bring_your_own.handed_in import HandedIn
from quorate.bring_your_own.holding import HoldsObject, checked_function
from quorate.bring_your_own.naming import kind_name
from quorate.bring_your_own.offering import check_arguments, offer, parameters_of
from quorate.errors import InputError, QuorateError
from quorate.given import given_of
from quorate.protocols import Classifier, Goal
from quorate.spec import param
from quorate.table import Rng, Table

OFFERED = ("rng",)


@dataclass(frozen=True)
class OwnGoal(HoldsObject, Goal):
    """A goal of the user's own: a function that returns a share of people, in [0, 1].

    ``share(predict, X, y)`` gets rows and labels of people held out as they were given, and a
    function from such rows to the labels that the platform's model predicts. A function whose first
    argument is called ``model`` gets the ``Classifier`` and the ``Table`` of people. Either may
    name ``rng``.

    Raises:
        InputError: the function fails, or returns anything but a number in [0, 1].
    """

    name: ClassVar[str] = "handed-in"
    function: str = param(help="What was handed in, with eight digits of its content.", shown=True)

    def success(self, model: Classifier, held_out: Table, rng: Rng) -> float:
        """Return the collective's success on people held out, in [0, 1]."""
        function: Any = self.held.value
        lent, given = copy.deepcopy(held_out), given_of(held_out)

        def predict(rows: Any) -> Any:
            return given.labels(model.predict(encode_rows(rows, held_out, self.who)))

        rows = (predict, given.rows(lent.x), given.labels(lent.y))
        try:
            found = offer(
                function, (model, lent) if _takes_a_model(function) else rows, {"rng": rng}
            )
        except (QuorateError, MemoryError):
            raise
        except (Exception, SystemExit) as error:  # a user's code may raise anything
            raise InputError(self.failed(error, "measure success")) from error
        number = np.asarray(found)
        if number.shape != () or number.dtype.kind not in "fiub" or not 0 <= float(number) <= 1:
            got = repr(found) if number.shape == () else f"{type(found).__name__} of {number.shape}"
            raise InputError(
                f"Expected {self.who} to return one number from 0 to 1, got {got}. Return a share "
                "of people, as in (predict(X) == y).mean()."
            )
        return float(number)


def _takes_a_model(function: Any) -> bool:
    first = next(iter(parameters_of(function)), "")
    return first == "model" or takes_a_table(function, ())


def adapt_goal(value: Any) -> OwnGoal:
    """Return the goal that a function of the user's stands for.

    Raises:
        InputError: it is no function of a model and people.
    """
    called = kind_name(value)
    function = checked_function(value, "goals")
    given = ("model", "held_out") if _takes_a_model(function) else ("predict", "X", "y")
    check_arguments(function, given, OFFERED, called)
    return OwnGoal(HandedIn.of(value, called))
