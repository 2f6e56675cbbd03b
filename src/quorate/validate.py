"""Checks of input that several modules share; each error says what was expected, and the fix."""

import difflib
import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.plain import as_plain

LARGEST = 2**63 - 1  # a whole number that arrays, tables and databases can hold


def in_interval(
    name: str,
    value: float,
    low: float,
    high: float,
    fix: str,
    *,
    open_low: bool = False,
    open_high: bool = False,
) -> None:
    """Raise unless ``value`` lies in the interval from ``low`` to ``high``.

    >>> in_interval("alpha", 1.2, 0, 1, "To act with everyone, use alpha=1.")
    Traceback (most recent call last):
    ...
    quorate.errors.InputError: Expected alpha=1.2 in [0, 1]. To act with everyone, use alpha=1.
    """
    _is_number(name, value, fix)
    above = value > low if open_low else value >= low
    below = value < high if open_high else value <= high
    if not (above and below):  # NaN is outside
        left, right = "(" if open_low else "[", ")" if open_high else "]"
        raise InputError(
            f"Expected {name}={_short(value)} in {left}{low:g}, {high:g}{right}. {fix}"
        )


def all_in_interval(
    name: str,
    values: npt.ArrayLike,
    low: float,
    high: float,
    fix: str,
    *,
    open_low: bool = False,
    open_high: bool = False,
) -> npt.NDArray[np.float64]:
    """Return ``values`` as float64, of any shape; raise as ``in_interval`` for one outside.

    >>> all_in_interval("alpha", [0.1, 1.2], 0, 1, "To act with everyone, use alpha=1.")
    Traceback (most recent call last):
    ...
    quorate.errors.InputError: Expected alpha=1.2 in [0, 1]. To act with everyone, use alpha=1.
    """
    found = np.asarray(values, dtype=np.float64)
    above = found > low if open_low else found >= low
    below = found < high if open_high else found <= high
    outside = ~(above & below)  # NaN is outside
    if outside.any():
        first = float(found[outside].flat[0])
        in_interval(name, first, low, high, fix, open_low=open_low, open_high=open_high)
    return found


def at_least(name: str, value: float, low: float, fix: str) -> None:
    """Raise unless ``value`` is ``low`` or more, and finite.

    >>> at_least("patience", 0, 1, "Wait for at least one epoch.")
    Traceback (most recent call last):
    ...
    quorate.errors.InputError: Expected patience=0 to be at least 1. Wait for at least one epoch.
    """
    _is_number(name, value, fix)
    if value == math.inf:
        raise InputError(f"Expected {name}={value:g} to be finite. Use a large number instead.")
    if not value >= low:
        raise InputError(f"Expected {name}={_short(value)} to be at least {low:g}. {fix}")


def storable(name: str, value: int) -> None:
    """Raise unless a whole number is one of 64 bits."""
    if abs(value) > LARGEST:
        raise InputError(
            f"Expected {name}={shown(value, 20)} to be a whole number of at most {LARGEST} (64 "
            "bits). Use a smaller one."
        )


def above_zero(name: str, value: float, fix: str) -> None:
    """Raise unless ``value`` is positive and finite."""
    _is_number(name, value, fix)
    if not 0 < value < math.inf:
        raise InputError(f"Expected {name}={_short(value)} to be a positive finite number. {fix}")


def _is_number(name: str, value: object, fix: str) -> None:
    """Raise InputError for what is no number; True and False are none."""
    plain = as_plain(value)
    if isinstance(plain, bool) or not isinstance(plain, numbers.Real):
        raise InputError(f"Expected {name} to be a number, got {shown(value)}. {fix}")


def _short(value: float) -> str:
    try:
        return f"{value:g}"
    except OverflowError:
        return shown(value, 20)


def unknown(
    what: str,
    given: str,
    valid: Iterable[str],
    fix: str = "",
    notes: Mapping[str, str] = MappingProxyType({}),
) -> InputError:
    """Return the error for a name that is not one of ``valid``, with the nearest one suggested.

    >>> print(unknown("animal", "cot", ["dog", "cat"], notes={"cat": "a pet"}))
    Expected a known animal, got 'cot'. Did you mean cat? Known: cat (a pet), dog.
    """
    names = sorted(map(str, valid))
    near = difflib.get_close_matches(str(given)[:100], names, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    noted = [f"{name} ({notes[name]})" if notes.get(name) else name for name in names]
    known = ", ".join(noted[:40]) + (f", ... ({len(names)} in all)" if len(names) > 40 else "")
    tail = f" {fix}" if fix else ""
    return InputError(
        f"Expected a known {what}, got {shown(given)}.{hint} Known: {known or 'none'}.{tail}"
    )


def shown(value: object, most: int = 200) -> str:
    """Return a value for a message, on one line and cut where it is long.

    >>> shown("a\\nb"), shown("a" * 300)[-5:], len(shown("a" * 300))
    ("'a\\\\nb'", 'aa...', 203)
    """
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # too many levels, or too many digits
        text = f"a {type(value).__name__} that is too large to show"
    text = " ".join(text.split("\n"))
    return text if len(text) <= most else f"{text[:most]}..."


def listed(names: Sequence[str]) -> str:
    """Return names for a message: the first five, and how many there are.

    >>> listed(["a", "b"]), listed(["a", "b", "c", "d", "e", "f"])
    ('a, b', 'a, b, c, d, e, ... (6 in all)')
    """
    return ", ".join(names[:5]) + (f", ... ({len(names)} in all)" if len(names) > 5 else "")
