"""Values to the type that a parameter declares: from text, or from a TOML file."""

from __future__ import annotations

import collections.abc
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

from quorate.errors import InputError
from quorate.plain import as_plain
from quorate.spec.declaration import hints, is_method_class, parameters
from quorate.spec.describing import text
from quorate.spec.parsing import listed, unquoted
from quorate.validate import shown, storable, unknown


def convert(value: Any, annotation: Any, key: str) -> Any:
    """Return ``value`` (text, a value of a TOML file, a NumPy number) as the annotated type.

    A method stands for its text, and 2.0 for the whole number 2.

    >>> convert("5", int, "epochs"), convert(None, float | None, "delta")
    (5, None)

    Raises:
        InputError: it is not of that type.
    """
    value = as_plain(value)
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        inner = [a for a in args if a is not type(None)]
        spelt = inner[0] is not str and str(value).lower() == "none"  # text may well say "none"
        if value is None or spelt:
            return None
        if len(inner) > 1 and typing.get_origin(inner[0]) is Literal:
            return value  # one of these names, or what only the method can read
        return convert(value, inner[0], key)
    if origin is tuple:
        parts = (unquoted(one) if isinstance(one, str) else one for one in listed(value))
        return tuple(convert(one, args[0], key) for one in parts)
    if origin is Literal:
        if str(value) not in args:
            raise unknown(f"value of {key}", str(value), args)
        return str(value)
    if annotation is bool and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    if annotation is str and is_method_class(type(value)):
        return text(value)
    is_number = not isinstance(value, bool | Mapping | list)
    try:
        if annotation is int and is_number and float(value) == int(float(value)):
            return _whole(value)
        if annotation is float and is_number:
            return _number(value)
    except (TypeError, ValueError, OverflowError):
        pass
    if annotation is str and is_number:
        return str(value)
    if origin is collections.abc.Mapping and isinstance(value, Mapping):
        return {str(k): literal(v) for k, v in value.items()}
    wanted = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    raise InputError(
        f"Expected {key} to be {wanted.get(annotation, '(NAME=VALUE,...)')}, got {shown(value)}. "
        f"Write {key}=VALUE with such a value."
    )


def make_tuples(method: Any) -> None:
    """Make a tuple of each parameter that takes several, where one value or a list was given.

    It is for the ``__post_init__`` of a method that people may make themselves, in Python.

    >>> from quorate.scenarios.navigation.scenario import Navigation
    >>> Navigation(reports=3, defence=["none"]).reports
    (3,)
    """
    cls: type = type(method)
    for key in parameters(cls):
        value = getattr(method, key)
        takes_several: Any = typing.get_origin(hints(cls)[key])
        if takes_several is tuple and not isinstance(value, tuple):
            several = tuple(value) if isinstance(value, list) else (value,)
            object.__setattr__(method, key, several)


def whole(value: Any, key: str) -> int:
    """Return a whole number of 64 bits that a function was given, of whatever type it is.

    >>> whole(2.0, "budget")
    2

    Raises:
        InputError: it is none.
    """
    number: int = convert(value, int, key)
    storable(key, number)
    return number


def literal(value: Any) -> Any:
    """Return text that spells a number exactly as that number, so that equal data are equal.

    >>> literal("1.5"), literal("1e3")
    (1.5, '1e3')
    """
    for number in (int, float):
        try:
            if isinstance(value, str) and str(number(value)) == value:
                return number(value)
        except ValueError:
            pass
    return value


def _whole(value: Any) -> int:
    """Return a whole number exactly, however large, where it is written as one."""
    try:
        return int(value)
    except ValueError:
        return int(float(value))  # as in 1e3


def _number(value: Any) -> float:
    """Return a number; one that is written larger than any raises a ValueError."""
    found = float(value)
    if math.isinf(found) and isinstance(value, str) and "inf" not in value.lower():
        raise ValueError("larger than any number")
    return found
