"""What objects of the user's own are called in tables, pages and legends."""

from __future__ import annotations

import functools
import re
from typing import Any

from quorate.bring_your_own.import_paths import ImportPath

LONGEST = 40  # characters of a name


def kind_name(value: Any) -> str:
    """Return one word for an object: a function's own name, else that of its class.

    >>> kind_name(len), kind_name(lambda x: x), kind_name(3)
    ('len', 'lambda', 'int')
    """
    if isinstance(value, ImportPath):
        return value.text
    if isinstance(value, functools.partial):
        return kind_name(value.func)
    name = getattr(value, "__name__", None) or type(value).__name__
    return re.sub(r"\W", "", str(name)) or "function"


def short_name(value: Any) -> str:
    """Return what an object is called where people read it.

    A pipeline is called by its last step, and an estimator by what differs from its defaults, as
    long as that is short.
    """
    if isinstance(value, ImportPath):
        return value.text
    if not hasattr(value, "get_params") or isinstance(value, type):
        return kind_name(value)
    steps = getattr(value, "steps", None)
    if isinstance(steps, list) and steps:
        return f"{type(value).__name__}(…, {short_name(steps[-1][-1])})"
    said = " ".join(repr(value).split())
    return said if len(said) <= LONGEST else type(value).__name__
