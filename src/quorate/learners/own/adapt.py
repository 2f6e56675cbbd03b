"""What can stand for a learner: an estimator, a class or a function that fits a model."""

from __future__ import annotations

import inspect
from typing import Any

from quorate.bring_your_own.handed_in import HandedIn
from quorate.bring_your_own.import_paths import ImportPath
from quorate.bring_your_own.naming import kind_name
from quorate.bring_your_own.offering import check_arguments
from quorate.errors import InputError
from quorate.learners.own.own_learner import OFFERED, OFFERED_TO_CLASSES, OwnLearner, is_network
from quorate.validate import shown


def adapt_learner(value: Any) -> OwnLearner:
    """Return the learner that an object of the user's stands for.

    Args:
        value: an estimator or a pipeline with ``fit(X, y)``, a class of such, a function
            ``fit(X, y)`` that returns a model, or an ``ImportPath`` to one of them.

    Raises:
        InputError: it is none of these, or asks for arguments that nobody gives.
    """
    thing = value.value if isinstance(value, ImportPath) else value
    called = kind_name(value)
    if is_network(thing) and not hasattr(thing, "fit"):
        raise InputError(
            f"Expected something that fits a model, got the PyTorch network {called}. Let a "
            "learner of quorate train it, as in SGD(model=make_network), where make_network() "
            "returns a new network; or hand in a function fit(X, y) that trains it."
        )
    if isinstance(thing, type):
        if not callable(getattr(thing, "fit", None)):
            raise _no_learner(f"the class {called} without fit")
        fix = f"Hand in an object, {called}(...), or give its other arguments a default."
        check_arguments(thing, (), OFFERED_TO_CLASSES, called, fix)
    elif callable(getattr(thing, "fit", None)):
        check_arguments(thing.fit, ("X", "y"), OFFERED, f"{called}.fit")
    elif callable(thing):
        if _takes_nothing(thing):
            raise InputError(
                f"Expected {called} to take X and y, got a function of no arguments. If it makes "
                f"a PyTorch network, write SGD(model={called}); if it makes an estimator, hand in "
                f"{called}()."
            )
        check_arguments(thing, ("X", "y"), OFFERED, called)
    else:
        raise _no_learner(shown(thing))
    return OwnLearner(HandedIn.of(value, called))


def _takes_nothing(function: Any) -> bool:
    try:
        return not inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def _no_learner(got: str) -> InputError:
    return InputError(
        f"Expected a learner's name, an estimator or a pipeline with fit, or a function fit(X, y) "
        f"that returns a model, got {got}. See: quorate list learners"
    )
