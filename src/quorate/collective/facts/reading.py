"""Parts of plain data that a stranger may have written, each checked for what it should be.

What is not as expected is a ``ValueError``, or what the wrong types raise by themselves; whoever
reads a whole file makes one message of these, by ``runs.reading.as_stored``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from quorate.printable import printable
from quorate.validate import shown

MOST_TEXT = 2000  # characters of one text; what is written here has a few hundred
MOST_ITEMS = 10_000  # of one list


def number(value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """Return a finite number between two limits, both included.

    >>> number(1), number(0.5, 0, 1)
    (1.0, 0.5)

    Raises:
        ValueError: it is no number, or not one of these.
    """
    right = isinstance(value, int | float) and not isinstance(value, bool)
    if not (right and math.isfinite(value) and low <= value <= high):
        raise ValueError(f"{shown(value, 40)} is no number from {low:g} to {high:g}")
    return float(value)


def number_or(missing: float, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """Return a number, and for None what JSON has no word for, such as inf."""
    return missing if value is None else number(value, low, high)


def whole(value: Any, low: int, high: int) -> int:
    """Return a whole number between two limits, both included.

    Raises:
        ValueError: it is none, or not one of these.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{shown(value, 40)} is no whole number from {low} to {high}")
    return value


def text(value: Any) -> str:
    """Return a text, with a ? for what a terminal would obey.

    Raises:
        ValueError: it is none, or longer than ``MOST_TEXT``.
    """
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise ValueError(f"{shown(value, 40)} is no text of at most {MOST_TEXT} characters")
    return printable(value)


def items(value: Any) -> list[Any]:
    """Return a list.

    Raises:
        ValueError: it is none, or longer than ``MOST_ITEMS``.
    """
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        raise ValueError(f"{shown(value, 40)} is no list of at most {MOST_ITEMS} items")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """Return a list of texts."""
    return tuple(map(text, items(value)))


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object by its keys, which are texts.

    Raises:
        ValueError: it is none, or has more than ``MOST_ITEMS`` keys.
    """
    if not isinstance(value, Mapping) or len(value) > MOST_ITEMS:
        raise ValueError(f"{shown(value, 40)} is no object of at most {MOST_ITEMS} keys")
    return {text(key): inner for key, inner in value.items()}
