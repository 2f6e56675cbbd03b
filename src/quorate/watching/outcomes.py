"""Outcomes as people report them: a file, a data frame or a list, read as successes in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.bring_your_own.data_kinds import kind_of
from quorate.errors import InputError
from quorate.populations.tables.table_format import TableFormat
from quorate.populations.tables.table_reading import RawTable, read_table
from quorate.validate import TRUTHS, clean_text, fold, listed, number_of, shown

SUCCESS, TIME = "success", "time"  # what columns are called, where nothing else is said
FORMS = "a CSV or Parquet file, a data frame, or a list of 0 and 1"


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Outcomes in the order of time.

    Args:
        successes: whether each is one, (n,).
        times: when each was, as it was written, (n,); None where nothing says it.
        source: what they were read from.
        left_out: how many rows are left out, by the reason.
        reordered: whether the rows stood in another order than that of time.
    """

    successes: npt.NDArray[np.bool_]
    times: tuple[str, ...] | None
    source: str
    left_out: dict[str, int]
    reordered: bool = False

    def __len__(self) -> int:
        return len(self.successes)


def read_outcomes(
    outcomes: Any,
    success: str | None = None,
    time: str | None = None,
    separator: str | None = None,
    encoding: str | None = None,
) -> Outcomes:
    """Return outcomes as they were reported; rows that cannot be read are counted and left out.

    Args:
        outcomes: a CSV or Parquet file, a data frame of pandas or polars, or a list or array of
            outcomes in order.
        success: column of the outcomes; by default ``success``, or the only one beside the time.
        time: column of their times; by default ``time`` where there is one.
        separator, encoding: of a CSV file; by default they are found out.

    Raises:
        InputError: it is none of these, there is no such column or there are two, or no outcome or
            no time can be read.
    """
    how = TableFormat(separator=separator, encoding=encoding, options=True)
    table = _table_of(outcomes, how)
    columns = table.columns
    if time is None and TIME in columns and success != TIME:
        time = TIME
    others = [name for name in columns if name != time]
    if success is None:
        success = others[0] if len(others) == 1 else SUCCESS
    for name in (success, time or success):
        if (many := columns.count(name)) > 1:
            raise InputError(
                f"Expected one column {name!r} in {table.path}, got {many}. Rename the others."
            )
    table.check_columns([success, time])
    values = [_truth(value) for value in _column(table, success)]
    if all(isinstance(value, str) for value in values):
        raise InputError(
            f"Expected outcomes in column {success!r} of {table.path}, got none: "
            f"{listed([shown(one, 40) for one in dict.fromkeys(map(str, values))])}. Write 1, yes "
            "or true for success and 0, no or false for failure, or name the column: "
            "--success COLUMN."
        )
    left_out = [_unread(success, value) if isinstance(value, str) else "" for value in values]
    read = Outcomes(np.array([value is True for value in values]), None, table.path, {})
    if time is None:
        return _without(read, left_out)
    written = _column(table, time)
    keys = _times(written, time, table.path)
    left_out = [
        gone or ("" if key is not None else _unread(time, _text(value)))
        for gone, key, value in zip(left_out, keys, written, strict=True)
    ]
    kept = [at for at, gone in enumerate(left_out) if not gone]
    order = sorted(kept, key=lambda at: keys[at])  # stable: rows of one time keep their order
    read = replace(read, times=tuple(_text(value) for value in written))
    return replace(_without(read, left_out, order), reordered=order != kept)


def _table_of(outcomes: Any, how: TableFormat) -> RawTable:
    """Return outcomes as a table; a list is one of a single column.

    Raises:
        InputError: it is no data, or holds nothing.
    """
    import pandas as pd

    if isinstance(outcomes, str | Path):
        return read_table(str(outcomes), how)
    kind = kind_of(outcomes)
    if kind == "polars":
        frame, called = pd.DataFrame(outcomes.to_dict(as_series=False)), "the data frame"
    elif kind == "pandas":
        frame, called = outcomes.reset_index(drop=True), "the data frame"
    elif kind in ("list", "several", "series", "array"):
        array = np.asarray(outcomes if kind == "array" else list(outcomes), dtype=object)
        if array.ndim != 1:
            raise InputError(
                f"Expected one outcome after the other, got an array of {array.ndim} axes. Hand in "
                "a list of 0 and 1."
            )
        frame, called = pd.DataFrame({SUCCESS: array}), "the list"
    else:
        raise InputError(f"Expected outcomes as {FORMS}, got {shown(outcomes, 60)}. Give one.")
    if not len(frame):
        raise InputError(f"Expected outcomes in {called}, got none. Report at least one.")
    return RawTable(frame, called, how, from_file=False)


def _column(table: RawTable, name: str) -> list[Any]:
    """Return the values of a column, None where there is none."""
    column = table.frame.iloc[:, table.columns.index(name)].astype(object)
    return list(column.where(column.notna(), None))


def _text(value: Any) -> str:
    return "" if value is None else clean_text(str(value))


def _truth(value: Any) -> bool | str:
    """Return whether an outcome is a success; its text where it is neither that nor a failure.

    >>> [_truth(one) for one in ("Yes", " 0 ", 1.0, True, "FALSE", "maybe", None, 2)]
    [True, False, True, True, False, 'maybe', '', '2']
    """
    text = _text(value)
    known = TRUTHS.get(fold(text))
    number = number_of(text)
    if known is None and number in (0, 1):
        known = bool(number)
    return text if known is None else known


def _times(written: Sequence[Any], name: str, source: str) -> list[Any]:
    """Return what rows are put in order by, None for those whose time cannot be read.

    Times are numbers where all are, else dates as ISO 8601 writes them.

    Raises:
        InputError: none can be read.
    """
    import pandas as pd

    texts = [_text(value) for value in written]
    keys: list[Any] = [number_of(text) for text in texts]
    if any(text and key is None for text, key in zip(texts, keys, strict=True)):
        found = pd.to_datetime(pd.Series(texts), errors="coerce", format="ISO8601", utc=True)
        keys = [None if pd.isna(key) else key for key in found]
    if all(key is None for key in keys):
        first = shown(next(filter(None, texts), ""), 40)
        raise InputError(
            f"Expected numbers or dates such as 2026-05-31 or 2026-05-31 14:30 in column {name!r} "
            f"of {source}, got {first}. Write them so; or rename the column where the rows are "
            "in order already."
        )
    return keys


def _unread(column: str, text: str) -> str:
    """Return why a row is left out."""
    return f"column {column!r} is {shown(text, 40)}" if text else f"column {column!r} is empty"


def _without(
    read: Outcomes, left_out: Sequence[str], order: Sequence[int] | None = None
) -> Outcomes:
    """Return outcomes without those for which there is a reason, and in an order."""
    if order is None:
        order = [at for at, gone in enumerate(left_out) if not gone]
    if not order:
        raise InputError(
            f"Expected a row of {read.source} with an outcome and a time, got none. Give both."
        )
    times = None if read.times is None else tuple(read.times[at] for at in order)
    counts = dict(Counter(filter(None, left_out)).most_common())
    return replace(read, successes=read.successes[list(order)], times=times, left_out=counts)
