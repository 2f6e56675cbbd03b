"""Objects of the user's own: a data frame, an estimator, a function, where a name would stand.

Each adapter takes any object of the user's and returns the method that stands for it. What the
method holds is a ``HandedIn``: one line of text with a digest, which carries the object along.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

ADAPTERS: Mapping[str, str] = {}


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
