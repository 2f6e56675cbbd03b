"""From rows as the user had them back to features, for functions that change rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from quorate.bring_your_own.offering import parameters_of
from quorate.errors import InputError
from quorate.given import given_of
from quorate.given_column import GivenColumn
from quorate.table import Array, Table
from quorate.validate import listed


def takes_a_table(function: Callable[..., Any], names: tuple[str, ...]) -> bool:
    """Whether the first argument of a function is declared or named as a ``Table`` of quorate.

    >>> takes_a_table(lambda people: 0, ("people",)), takes_a_table(lambda frame: 0, ("people",))
    (True, False)
    """
    for first in parameters_of(function).values():
        kind = getattr(first.annotation, "__name__", str(first.annotation))
        return first.name in names or kind.rpartition(".")[2] == "Table"
    return False


def encode_rows(rows: Any, like: Table, who: str) -> Array:
    """Return the features of rows, (n, d) or (n, c, h, w).

    Args:
        rows: n rows in the form that ``given_of(like).rows`` returns.
        like: people with the same columns.
        who: has made the rows, in words.

    Raises:
        InputError: the rows have another form, or a value that no feature stands for.
    """
    given = given_of(like)
    if given.pixels is not None or not given.columns:
        return _encode_array(rows, like, who)
    if given.form == "array":
        array = np.asarray(rows)
        if array.ndim != 2 or array.shape[1] != len(given.columns):
            raise _other_form(f"an array of {len(given.columns)} columns", rows, who)
        values = {column.name: array[:, at] for at, column in enumerate(given.columns)}
    else:
        names = list(getattr(rows, "columns", ()))
        if sorted(map(str, names)) != sorted(str(column.name) for column in given.columns):
            expected = (
                f"a data frame with the columns {listed([str(c.name) for c in given.columns])}"
            )
            raise _other_form(expected, rows, who)
        values = {column.name: np.asarray(rows[column.name]) for column in given.columns}
    x = np.zeros((len(rows), like.x.shape[1]), np.float32)  # (n, d)
    for column in given.columns:
        _encode_column(x, column, values[column.name], who)
    return x


def _encode_column(x: Array, given: GivenColumn, values: Any, who: str) -> None:
    """Write the features of one column into those of everyone, (n, d)."""
    column = given.column
    if given.codes is not None:
        try:
            numbers = values.astype(np.float64)  # (n,)
        except (TypeError, ValueError):
            numbers = np.array([column.mean + column.encode(v)[0] * column.scale for v in values])
        missing = np.isnan(numbers)
        if missing.any() and given.gaps is None:
            raise InputError(
                f"Expected numbers in column {column.name!r} from {who}, got a missing one. Give "
                "everyone a number."
            )
        filled = np.where(missing, column.mean, numbers)
        x[:, column.start] = (filled - column.mean) / column.scale
        if given.gaps is not None:
            x[:, given.gaps.start] = ~missing
            x[:, given.gaps.start + 1] = missing
        return
    known = {value: at for at, value in enumerate(np.asarray(given.values).tolist())}
    for value in dict.fromkeys(values.tolist()):
        same = np.array([one is value or one == value for one in values.tolist()])  # (n,)
        if value in known:
            x[same, column.start + known[value]] = 1
        else:
            x[same, column.start : column.stop] = column.encode(value)


def _encode_array(rows: Any, like: Table, who: str) -> Array:
    pixels = given_of(like).pixels
    found = np.asarray(rows)
    if pixels is not None and found.ndim == like.x.ndim - (pixels.axes == "hw"):
        scaled = (found.astype(np.float64) - pixels.low) / (pixels.high - pixels.low)
        if pixels.axes == "hw":
            scaled = scaled[:, None]
        elif pixels.axes == "hwc":
            scaled = scaled.transpose(0, 3, 1, 2)
        found = scaled.astype(np.float32)
    if found.ndim != like.x.ndim or found.shape[1:] != like.x.shape[1:]:
        raise _other_form("rows of the same shape", rows, who)
    return found.astype(np.float32, copy=False)


def _other_form(expected: str, rows: Any, who: str) -> InputError:
    got = "None" if rows is None else f"{type(rows).__name__} of shape {np.shape(rows)}"
    return InputError(
        f"Expected {who} to return {expected}, as it was given, got {got}. Return the changed rows."
    )
