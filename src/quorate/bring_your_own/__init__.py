"""Objects of the user's own: a data frame, an estimator, a function, where a name would stand.

Each adapter takes any object of the user's and returns the method that stands for it. What the
method holds is a ``HandedIn``: one line of text with a digest, which carries the object along.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

ADAPTERS: Mapping[str, str] = {
    "populations": "quorate.populations.own.own_people:adapt_population",
    "signals": "quorate.signals.own_signal:adapt_signal",
    "goals": "quorate.goals.own_goal:adapt_goal",
    "strategies": "quorate.strategies.own_strategy:adapt_strategy",
    "learners": "quorate.learners.own.adapt:adapt_learner",
}

# The methods that stand for objects, by kind and name. They cannot be named without an object, so
# the catalog finds them in what was stored, and does not list them.
STANDING_FOR: Mapping[str, Mapping[str, str]] = {
    "populations": {"handed-in": "quorate.populations.own.own_people:OwnPeople"},
    "signals": {"handed-in": "quorate.signals.own_signal:OwnSignal"},
    "goals": {"handed-in": "quorate.goals.own_goal:OwnGoal"},
    "strategies": {"handed-in": "quorate.strategies.own_strategy:OwnStrategy"},
    "learners": {"handed-in": "quorate.learners.own.own_learner:OwnLearner"},
}


def adapt(kind: str, value: Any) -> Any:
    """Return the method of ``kind`` that stands for an object; what has no adapter is returned.

    Args:
        kind: such as "learners".
        value: any object, neither a method nor text nor plain data.

    Raises:
        InputError: nothing of this kind can be made of it; the message says what can.
    """
    if kind not in ADAPTERS:
        return value
    module, _, name = ADAPTERS[kind].partition(":")
    return getattr(importlib.import_module(module), name)(value)
