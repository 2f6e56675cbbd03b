"""Calling a function of the user's own with what it asks for by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from quorate.errors import InputError


def offer(function: Callable[..., Any], given: tuple[Any, ...], offered: Mapping[str, Any]) -> Any:
    """Return what a function returns for what it is given, and of what is offered its share.

    Args:
        function: any callable.
        given: its first arguments, by position.
        offered: more arguments by their names; the function gets those that it names.

    >>> offer(lambda x, seed: (x, seed), (1,), {"seed": 2, "groups": 3})
    (1, 2)
    """
    names = parameters_of(function)
    return function(*given, **{name: offered[name] for name in offered if name in names})


def check_arguments(
    function: Callable[..., Any],
    given: tuple[str, ...],
    offered: tuple[str, ...],
    called: str,
    fix: str = "Give other arguments a default, or use functools.partial.",
) -> None:
    """Raise InputError unless a function can be called so; what has no signature is not checked.

    Args:
        function: any callable.
        given: what its first arguments are, in words of one.
        offered: names that it can take besides.
        called: what the function is called.
        fix: what to do where it cannot.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*given, **{name: name for name in offered if name in signature.parameters})
    except TypeError:
        more = f", and by name any of {', '.join(offered)}" if offered else ""
        raise InputError(
            f"Expected {called} to take {', '.join(given) or 'no arguments'}{more}, got "
            f"{called}{signature}. {fix}"
        ) from None


def parameters_of(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Return the arguments that a function names; none where it does not say."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
