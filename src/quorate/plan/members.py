"""The members' own rows, read from a file or a frame, with a few named values per column."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.populations.table_files import check_columns, encode_names, read_table
from quorate.validate import at_least, unknown

Codes = npt.NDArray[np.int32]
FEW_NUMBERS = 10  # distinct numbers up to which each is its own value
FEW_TEXTS = 50  # distinct texts that are always allowed; beyond, one per 20 rows
ROWS_PER_TEXT = 20
MOST_LABELS = 1000  # a column with more distinct values is a quantity or an id, not a label
MISSING = "missing"


@dataclass(frozen=True)
class MemberColumn:
    """One column of the members' rows and the values that it takes.

    Args:
        name: its name in the file.
        values: its values, by code.
        edges: bin edges of a binned number: value i holds the numbers from edge i − 1, included, to
            edge i.
        span: smallest and largest number of a binned number.
    """

    name: str
    values: tuple[str, ...]
    edges: tuple[float, ...] = ()
    span: tuple[float, float] = (-math.inf, math.inf)

    def code(self, value: str | float, *, new_values: bool = False) -> int:
        """Return the code of a value; a number means its bin.

        With ``new_values``, a value that no member has yet gets the next free code.

        >>> MemberColumn("age", ("below 30", "30 to 50", "50 or more"), (30.0, 50.0)).code("30")
        1

        Raises:
            InputError: the value is unknown and new values are not allowed.
        """
        text = str(value)
        if text in self.values:
            return self.values.index(text)
        if self.edges:
            try:
                number = float(value)
            except ValueError:
                number = math.nan
            if self.span[0] <= number <= self.span[1] or (new_values and math.isfinite(number)):
                return int(np.searchsorted(self.edges, number, side="right"))
        for code, known in enumerate(self.values):  # 1.0 for 1
            if _same_number(known, text):
                return code
        if new_values:
            return len(self.values)
        fix = "For one that nobody has yet, and that the platform accepts, allow new values "
        fix += "(--new-values)."
        if self.edges:
            fix = f"Numbers from {self.span[0]:g} to {self.span[1]:g} stand for a bin. {fix}"
        raise unknown(f"value of column {self.name!r}", text, self.values, fix)


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return a name in as many brackets as needed to differ from all of ``taken``."""
    while name in taken:
        name = f"({name})"
    return name


def _same_number(a: str, b: str) -> bool:
    try:
        return float(a) == float(b)
    except ValueError:
        return False


@dataclass(frozen=True, eq=False)
class Members:
    """n members, one row each.

    Args:
        codes: the code of each value, int32, (n, d).
        labels: index of each member's label among ``classes``, int32, (n,).
        columns: the d columns, which name the codes.
        classes: the k label names.
        notes: how the rows were processed.
    """

    codes: Codes
    labels: Codes
    columns: tuple[MemberColumn, ...]
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def k(self) -> int:
        """Number of labels."""
        return len(self.classes)

    def label(self, name: str) -> int:
        """Return the index of a label.

        Raises:
            InputError: no member has it.
        """
        for index, known in enumerate(self.classes):
            if known == name or _same_number(known, name):  # 1.0 for 1
                return index
        fix = (
            "No member has another one, so that by features alone it cannot be planted. If the "
            "platform knows it, name it as one of its labels (--labels)."
        )
        raise unknown("label", name, self.classes, fix)

    def position(self, name: str) -> int:
        """Return the index of a column.

        Raises:
            InputError: there is no such column.
        """
        for index, column in enumerate(self.columns):
            if column.name == name:
                return index
        raise unknown("column", name, [column.name for column in self.columns])


def read_members(
    source: Any,
    label: str,
    *,
    columns: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    labels: Sequence[str] = (),
    bins: int = 4,
    separator: str | None = None,
) -> Members:
    """Return the members in a CSV or parquet file, or in a pandas frame.

    A column with at most 10 distinct numbers keeps them as values; other numbers are cut at rounded
    quantiles into ``bins`` values. Text and truth values are kept. A missing value becomes the
    value "missing".

    Args:
        source: path of the file, or a frame.
        label: column of the labels.
        columns: columns that the platform learns from; by default all but the label.
        ignore: columns to leave out.
        labels: further labels that the platform knows, even if no member has them.
        bins: number of bins of a column with many numbers, at least 2.
        separator: of a CSV file; by default , or ; or tab, whichever is most frequent in its
            header.

    Raises:
        InputError: the file, a column or a label is missing, there is only one label, or a text
            column has too many distinct values.
    """
    at_least("bins", bins, 2, "Use 4, say.")
    is_path = isinstance(source, str | Path)
    frame = read_table(str(source), separator) if is_path else source
    name = str(source) if is_path else "the frame"
    if not len(frame):
        raise InputError(f"Expected members in {name}, got no rows. Give one row per member.")
    check_columns(frame, [label, *(columns or ()), *ignore], name)
    codes, classes = _encode_labels(frame[label], label, labels)
    kept = [c for c in (columns or frame.columns) if c != label and c not in ignore]
    notes: list[str] = []
    found = [encode_column(frame[c], str(c), bins, notes) for c in kept]
    if not found:
        raise InputError(f"Expected at least one column in {name}, got none. Ignore fewer.")
    table = np.stack([code for code, _ in found], axis=1)  # (n, d)
    return Members(table, codes, tuple(column for _, column in found), classes, tuple(notes))


def _encode_labels(series: Any, label: str, others: Sequence[str]) -> tuple[Codes, tuple[str, ...]]:
    """Return the code of each label, (n,), and all label names, those of ``others`` included."""
    codes, classes = encode_names(series, label)
    if len(classes) > MOST_LABELS:
        raise InputError(
            f"Expected at most {MOST_LABELS} labels in column {label!r}, got {len(classes)}. Name "
            "a column of labels, or bin this one first."
        )
    classes += tuple(other for other in others if other not in classes)
    if len(classes) < 2:
        raise InputError(
            f"Expected at least 2 labels in column {label!r}, got only {classes[0]!r}. If the "
            "platform knows others, name them as its labels (--labels)."
        )
    return codes.astype(np.int32), classes


def encode_column(
    series: Any, name: str, bins: int, notes: list[str]
) -> tuple[Codes, MemberColumn]:
    """Return the codes of a column, (n,), and what they stand for; append to ``notes``.

    Raises:
        InputError: it is text with too many distinct values.
    """
    import pandas as pd

    gone = series.isna().to_numpy() | (series.astype(str).str.strip() == "").to_numpy()  # (n,)
    number = pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)
    there = series[~gone]
    edges: tuple[float, ...] = ()
    span = (-math.inf, math.inf)
    if number:
        numbers = there.to_numpy(dtype=np.float64)
        distinct, inner = np.unique(numbers, return_inverse=True)
        values = tuple(f"{v:.12g}" for v in distinct)
        if len(distinct) > FEW_NUMBERS:
            edges = _edges(numbers, bins)
            inner = np.searchsorted(edges, numbers, side="right")
            values = _bin_names(edges)
            span = float(distinct[0]), float(distinct[-1])
            notes.append(f"{name} in bins: {'; '.join(values)}.")
    else:
        inner, names = pd.factorize(there.astype(str).str.strip(), sort=True)
        values = tuple(map(str, names))
        most = max(FEW_TEXTS, len(series) // ROWS_PER_TEXT)
        if len(values) > most:
            raise InputError(
                f"Expected at most {most} distinct texts in column {name!r}, got {len(values)} in "
                f"{len(series)} rows: free text or an id, each value too rare to count. "
                f"Leave it out (--ignore {name}), or group its values first."
            )
    codes = np.full(len(series), len(values), dtype=np.int32)  # (n,)
    codes[~gone] = inner
    if gone.any():
        missing = free_name(MISSING, values)
        values += (missing,)
        notes.append(
            f"{name}: {int(gone.sum())} of {len(series)} values are missing and count as the value "
            f"{missing!r}."
        )
    return codes, MemberColumn(name, values, edges, span)


def _edges(numbers: npt.NDArray[np.float64], bins: int) -> tuple[float, ...]:
    """Return the inner quantiles, rounded to a tenth of the smallest step between them.

    If nearly everyone has the smallest number, the only edge is the next larger number.
    """
    inner = np.unique(np.quantile(numbers, np.linspace(0, 1, bins + 1)[1:-1]))
    steps = np.diff(np.unique(np.r_[numbers.min(), inner, numbers.max()]))
    digits = 1 - int(np.floor(np.log10(steps.min())))
    edges = np.unique(np.round(inner, digits)) + 0.0  # no -0
    edges = edges[(edges > numbers.min()) & (edges <= numbers.max())]
    if not len(edges):
        edges = np.unique(numbers)[1:2]
    return tuple(float(e) for e in edges)


def _bin_names(edges: tuple[float, ...]) -> tuple[str, ...]:
    shown = [f"{e:.12g}" for e in edges]
    middle = [f"{a} to {b}" for a, b in itertools.pairwise(shown)]
    return (f"below {shown[0]}", *middle, f"{shown[-1]} or more")
