"""Generic properties that every method must have, whoever writes it: ``check(method)``.

A new method gets these tests for nothing: the project's own run over everything in the catalog.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping
from typing import Any

from quorate import catalog, spec
from quorate.adapter import draw_split
from quorate.checks.attacks import check_attack
from quorate.checks.executors import check_executor
from quorate.checks.people import (
    check_goal,
    check_learner,
    check_population,
    check_signal,
    check_strategy,
    check_subgroup,
    people_for,
)
from quorate.checks.properties import CheckFailedError, draws, hold
from quorate.errors import InputError
from quorate.table import Split
from quorate.validate import shown

__all__ = ["CheckFailedError", "check"]

ON_PEOPLE: Mapping[str, Callable[[Any, Split], list[str]]] = {
    "populations": check_population,
    "signals": check_signal,
    "strategies": check_strategy,
    "goals": check_goal,
    "learners": check_learner,
    "subgroups": check_subgroup,
}
WITHOUT_PEOPLE: Mapping[str, Callable[[Any], list[str]]] = {
    "attacks": check_attack,
    "executors": check_executor,
}


def check(method: Any, people: Any = None, kind: str | None = None) -> list[str]:
    """Check a method of any kind; return the names of the properties that were checked.

    Args:
        method: anything that the catalog can hold, or an object that stands for a method: an
            estimator, a function, a data frame. A class of your own is registered.
        people: whom to check it on: a ``Split``, or a population in any form; by default real
            digits, or else a Gaussian table, or else one of finitely many values, whichever the
            method accepts.
        kind: what a function is, such as "learners" or "signals"; of all else it is found.

    >>> from quorate.strategies.planting import Planting
    >>> check(Planting())[:3]
    ['is a frozen dataclass with a name', 'says in one line what it is', 'is plain data and back']

    Raises:
        CheckFailedError: a property does not hold; the message says which and how to mend it.
        InputError: the class inherits no role, its name is taken, or nobody knows what kind it is.
    """
    if not spec.is_method_class(type(method)):
        kind = kind or _kind_of_object(method)
        method = catalog.build(kind, method)
    kind = catalog.kind_of(type(method))
    found = _check_common(kind, method)
    if kind in WITHOUT_PEOPLE:
        found += WITHOUT_PEOPLE[kind](method)
    if kind in ON_PEOPLE:
        if people is not None and not isinstance(people, Split):
            people = draw_split(catalog.build("populations", people), draws())
        given = method.split(draws()) if kind == "populations" else people or people_for(method)
        found += ON_PEOPLE[kind](method, given)
    return found


def _kind_of_object(value: Any) -> str:
    """Return what an object of the user's can stand for.

    Raises:
        InputError: it is a function, which can stand for several, or a plain value.
    """
    if hasattr(value, "fit"):
        return "learners"
    if value is None or isinstance(value, int | float | str | bytes):
        return catalog.kind_of(type(value))  # which says that it is none
    if not callable(value):
        return "populations"
    raise InputError(
        f"Expected a kind for {shown(value)}, which could be a learner, a strategy, a signal or a "
        'goal. Write check(f, kind="learners"), or another kind.'
    )


def _check_common(kind: str, method: Any) -> list[str]:
    cls: type = type(method)
    found = [hold(spec.is_method_class(cls), method, "is a frozen dataclass with a name")]
    line = spec.summary(cls) if cls.__doc__ else ""
    found.append(hold(line.endswith((".", "?")), method, "says in one line what it is"))
    method = catalog.build(kind, method)  # what is inside it may be an object, too
    plain = spec.describe(method)
    back = catalog.build(kind, json.loads(json.dumps(plain)))
    same_text = catalog.build(kind, spec.text(method))
    holds = back == method and spec.describe(same_text) == plain
    found.append(hold(holds, method, "is plain data and back"))
    meanings = [field.metadata.get("help") for field in spec.parameters(cls).values()]
    found.append(hold(all(meanings), method, "says what each of its parameters means"))
    return [*found, hold(pickle.loads(pickle.dumps(method)) == method, method, "can be pickled")]
