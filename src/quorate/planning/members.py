"""The members' own rows, read from a file or a frame, with a few named values per column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.planning.member_column import Codes, MemberColumn, encode_column
from quorate.populations.tables.row_numbers import find_row_numbers
from quorate.populations.tables.table_files import encode_names
from quorate.populations.tables.table_format import TableFormat
from quorate.populations.tables.table_reading import RawTable, ReadTable, read_table
from quorate.validate import (
    clean_text,
    find_value,
    in_interval,
    match_value,
    near_spelling,
    unknown,
)

Numbers = npt.NDArray[np.float64]
MOST_LABELS = 1000  # a column with more distinct values is a quantity or an id, not a label
MOST_BINS = 1000  # of a column; with so many, no value is common enough to count


@dataclass(frozen=True, eq=False)
class Members:
    """n members, one row each.

    Args:
        codes: the code of each value, int32, (n, d).
        labels: index of each member's label among ``classes``, int32, (n,).
        columns: the d columns, which name the codes.
        classes: the k label names.
        notes: how the rows were processed.
        numbers: the numbers themselves of each column that holds some, by name, NaN where one is
            missing, (n,) each; none where only codes are known.
    """

    codes: Codes
    labels: Codes
    columns: tuple[MemberColumn, ...]
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()
    numbers: Mapping[str, Numbers] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def k(self) -> int:
        """Number of labels."""
        return len(self.classes)

    def take(self, rows: npt.NDArray[np.integer]) -> Members:
        """Return the members in ``rows``, in that order."""
        numbers = {name: values[rows] for name, values in self.numbers.items()}
        return replace(self, codes=self.codes[rows], labels=self.labels[rows], numbers=numbers)

    def label(self, name: str) -> int:
        """Return the index of a label.

        Raises:
            InputError: no member has it.
        """
        fix = (
            "No member has another one, so that by features alone it cannot be planted. If the "
            "platform knows it, name it as one of its labels (--labels)."
        )
        return find_value("label", name, self.classes, fix)

    def position(self, name: str) -> int:
        """Return the index of a column.

        Raises:
            InputError: there is no such column.
        """
        for index, column in enumerate(self.columns):
            if column.name == name:
                return index
        about = " ".join(note for note in self.notes if repr(name) in note)
        raise unknown("column", name, [column.name for column in self.columns], about)


def read_members(
    source: Any,
    label: str,
    *,
    columns: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    labels: Sequence[str] = (),
    bins: int = 4,
    separator: str | None = None,
    how: TableFormat | None = None,
) -> Members:
    """Return the members in a CSV or parquet file, or in a pandas frame.

    A column with at most 10 distinct numbers keeps them as values; other numbers are cut at rounded
    quantiles into ``bins`` values. Text and truth values are kept. A missing value becomes the
    value "missing"; only an empty cell is one, unless ``how`` says more. A column that only numbers
    the rows is left out unless it is named.

    Args:
        source: path of the file, or a frame.
        label: column of the labels.
        columns: columns that the platform learns from; by default all but the label.
        ignore: columns to leave out.
        labels: further labels that the platform knows, even if no member has them.
        bins: number of bins of a column with many numbers, from 2 to 1000.
        separator: of a CSV file; by default , or ; or tab, whichever splits its first lines evenly.
        how: how the file is written.

    Raises:
        InputError: the file, a column or a label is missing, there is only one label, a text
            column has too many distinct values, or a value can be read in two ways.
    """
    in_interval("bins", bins, 2, MOST_BINS, "Use 4, say.")
    label, ignore = clean_text(str(label)), [clean_text(str(name)) for name in ignore]
    columns = None if columns is None else [clean_text(str(name)) for name in columns]
    how = how or TableFormat(separator)
    is_path = isinstance(source, str | Path)
    if not is_path and not (hasattr(source, "iloc") and hasattr(source, "columns")):
        raise InputError(
            f"Expected a path or a pandas frame, got {type(source).__name__}. Make a frame of it "
            "first: pandas.DataFrame(...)."
        )
    name = str(source) if is_path else "the frame"
    raw = read_table(name, how) if is_path else RawTable(source, name, how, from_file=False)
    if not len(raw.frame):
        raise InputError(f"Expected members in {name}, got no rows. Give one row per member.")
    raw.check_columns([label, *(columns or ())], unused=ignore)
    asked = dict.fromkeys(columns or raw.columns)  # each once
    kept = [c for c in asked if c != label and c not in ignore]
    read = raw.read([label, *kept], (label,))
    codes, classes = _encode_labels(read, label, labels)
    numbering = {}
    if columns is None:
        numbering = find_row_numbers(read.frame, kept, name, how, from_file=raw.from_file)
    notes = [*read.notes, *numbering.values()]
    found = [_encode_read(read, c, bins, notes) for c in kept if c not in numbering]
    if not found:
        raise InputError(f"Expected at least one column in {name}, got none. Ignore fewer.")
    table = np.stack([code for code, _ in found], axis=1)  # (n, d)
    described = tuple(column for _, column in found)
    numbers = {c.name: _numbers(read.frame[c.name]) for c in described if _holds_numbers(read, c)}
    return Members(table, codes, described, classes, tuple(notes), numbers)


def _holds_numbers(read: ReadTable, column: MemberColumn) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    series = read.frame[column.name]
    return bool(is_numeric_dtype(series) and not is_bool_dtype(series))


def _numbers(series: Any) -> Numbers:
    """Return the numbers of a column, (n,), NaN where one is missing."""
    found: Numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
    return found


def _encode_labels(
    read: ReadTable, label: str, others: Sequence[str]
) -> tuple[Codes, tuple[str, ...]]:
    """Return the code of each label, (n,), and all label names, those of ``others`` included."""
    codes, classes = encode_names(read.frame[label], label, read.said(label))
    if len(classes) > MOST_LABELS:
        raise InputError(
            f"Expected at most {MOST_LABELS} labels in column {label!r}, got {len(classes)}. Name "
            "a column of labels, or bin this one first."
        )
    for other in others:
        if match_value("label", other, classes) is not None:
            continue
        near = near_spelling(other, classes)
        if near is not None:
            raise unknown("label", other, classes, f"Members have {near!r}: write it so.")
        classes += (clean_text(other),)
    if len(classes) < 2:
        raise InputError(
            f"Expected at least 2 labels in column {label!r}, got only {classes[0]!r}. If the "
            "platform knows others, name them as its labels (--labels)."
        )
    return codes.astype(np.int32), classes


def _encode_read(
    read: ReadTable, name: str, bins: int, notes: list[str]
) -> tuple[Codes, MemberColumn]:
    """Return the codes of a column that was read, (n,), and what they stand for."""
    words = read.as_missing.get(name, {})
    codes, column = encode_column(read.frame[name], name, bins, notes, words)
    return codes, replace(column, decimal=read.decimals.get(name, ""))
