"""Columns of people's tables: which hold numbers, which hold names, and which values are missing.

Nothing is guessed from a word: NA is a value like any other unless the user says that it stands
for a missing one. What could be read in two ways is refused, with the fix.
"""

from __future__ import annotations

import datetime
import decimal
import itertools
import math
import numbers
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.populations.tables.table_format import TableFormat
from quorate.populations.tables.written_numbers import (
    check_text,
    commonest,
    doubtful_point,
    exactly,
    note_sign,
    note_zeros,
    numbers_in,
)
from quorate.validate import clean_text, fold, listed, means_missing, number_of, shown, truth_of


@dataclass(frozen=True, eq=False)
class ReadColumn:
    """One column of a table, read.

    Args:
        values: numbers, with NaN where missing, or texts, with None where missing; (n,).
        decimal: the sign that numbers are written with: "" without signs between their thousands,
            "." with them, "," for decimal commas.
        notes: what reading did, in words.
        as_missing: how many values were read as missing, by what was written there.
        doubtful: a number such as 1.234, where all with a point may be thousands.
    """

    values: npt.NDArray[Any]
    decimal: str = ""
    notes: tuple[str, ...] = ()
    as_missing: tuple[tuple[str, int], ...] = ()
    doubtful: str | None = None


def read_column(
    series: Any,
    name: str,
    how: TableFormat,
    *,
    written: bool,
    holds_names: bool,
    from_file: bool = True,
) -> ReadColumn:
    """Return a column of a frame as numbers or as texts.

    Args:
        series: (n,); of text where it comes from a CSV file.
        name: of the column.
        how: what the user says of the file.
        written: whether numbers and truth values are text, as in a CSV file; else the type says
            what the column holds.
        holds_names: whether it is a label or a group.
        from_file: whether blanks around values are worth a note: they are not in a frame.

    Raises:
        InputError: its values are no numbers, texts, dates or truth values, or could be read in
            two ways.
    """
    import pandas as pd

    named = name in how.text  # or a category, of whatever type
    is_number = pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)
    if is_number and not named and not pd.api.types.is_complex_dtype(series):
        return _read_numbers(series, how)
    codes, values = _factorize(series, name)
    named = named or isinstance(series.dtype, pd.CategoricalDtype)
    if values and not written and not named and all(map(_is_number, values)):
        numbers_there = exactly([v if type(v) is int else float(v) for v in values])
        if numbers_there is not None:  # objects, such as decimals
            found = _as_array(numbers_there)
            return ReadColumn(found[codes] if codes.min() >= 0 else _with_gaps(found, codes))
    cells = _Cells.of(codes, [_text_of(value, name) for value in values], how)
    notes = [*_note_blanks(name, cells.blanks)] if from_file else []
    read = None
    if written and not named:
        read = _as_numbers(cells, name, how, plain_only=holds_names)
    if read is None:
        read = _as_texts(cells, name, how, written=written, named=named, holds_names=holds_names)
    as_missing = tuple(cells.as_missing.items())
    return replace(read, notes=(*notes, *read.notes), as_missing=as_missing)


@dataclass(frozen=True, eq=False)
class _Cells:
    """The distinct texts of a column, cleaned.

    Args:
        codes: of each value, (n,); −1 where there is none.
        texts: of each code; None where it stands for a missing value.
        frequency: how often each text occurs.
        as_missing: how often each word stands for a missing value.
        blanks: how many values had blanks around them.
    """

    codes: npt.NDArray[np.int64]
    texts: Sequence[str | None]
    frequency: Counter[str]
    as_missing: Counter[str]
    blanks: int

    @classmethod
    def of(cls, codes: npt.NDArray[np.int64], raw: Sequence[str], how: TableFormat) -> _Cells:
        """Return the cells of a column whose distinct values are ``raw``."""
        gone = {"", *(clean_text(word) for word in how.missing)}
        numbers = {number_of(word) for word in how.missing} - {None}
        counts = np.bincount(codes[codes >= 0], minlength=len(raw)).tolist()
        frequency, as_missing = Counter[str](), Counter[str]()
        texts: list[str | None] = []
        blanks = 0
        for one, count in zip(raw, counts, strict=True):
            text = clean_text(one)
            blanks += count * (text not in ("", one))
            lost = text in gone or (bool(numbers) and number_of(text) in numbers)
            texts.append(None if lost else text)
            (as_missing if lost else frequency)[text] += count
        del as_missing[""]
        return cls(codes, texts, frequency, as_missing, blanks)

    def take(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the value of everyone, (n,), of one for each code and then of a missing one."""
        return values[self.codes]


def _as_numbers(
    cells: _Cells, name: str, how: TableFormat, *, plain_only: bool
) -> ReadColumn | None:
    """Return a column as numbers; None where it holds others."""
    known = list(cells.frequency)
    found, sign = numbers_in(known, name, how, plain_only=plain_only)
    if found is None:
        return None
    notes = (*note_sign(name, sign, known), *note_zeros(name, known, found, how))
    number = dict(zip(known, found, strict=True))
    each = [math.nan if text is None else number[text] for text in cells.texts]
    if (cells.codes < 0).any():
        each.append(math.nan)
    doubtful = None if sign or plain_only or how.decimal else doubtful_point(known)
    return ReadColumn(cells.take(_as_array(each)), sign, notes, doubtful=doubtful)


def _as_texts(
    cells: _Cells, name: str, how: TableFormat, *, written: bool, named: bool, holds_names: bool
) -> ReadColumn:
    """Return a column as texts; truth values of a CSV file in one spelling each."""
    texts, notes = list(cells.texts), list[str]()
    if written and not named:
        texts, notes = _spell_truths(texts, name)
    if not notes:
        if not named and not holds_names:
            notes += check_text(cells.frequency, name, how, written)
        notes += _note_case(name, cells.frequency)
        notes += _note_lines(name, cells.frequency) if written else ()
        notes += _note_words(name, cells.frequency, how) if written else ()
    return ReadColumn(cells.take(np.array([*texts, None], dtype=object)), notes=tuple(notes))


def _read_numbers(series: Any, how: TableFormat) -> ReadColumn:
    """Return a column whose type is that of numbers."""
    values = series.to_numpy()
    if values.dtype == object or series.isna().any():
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    as_missing = []
    for word in how.missing:
        number = number_of(word)
        hit = values == number if number is not None else np.zeros(len(values), dtype=bool)
        if hit.any():
            values = np.where(hit, np.nan, values.astype(np.float64))
            as_missing.append((word, int(hit.sum())))
    values = values + 0.0 if values.dtype.kind == "f" else values  # one zero, not two
    return ReadColumn(values, as_missing=tuple(as_missing))


def _factorize(series: Any, name: str) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """Return the code of each value, −1 where there is none, and the distinct values."""
    import pandas as pd

    plain = series.astype(object) if isinstance(series.dtype, pd.CategoricalDtype) else series
    if plain.dtype == object:
        _check_types(plain, name)
    try:
        codes, uniques = pd.factorize(plain)
    except TypeError:
        first = next(v for v in plain if isinstance(v, list | dict | set | np.ndarray))
        raise _no_value(first, name) from None
    values = pd.Series(uniques)
    if pd.api.types.is_datetime64_any_dtype(values):
        whole_days = (values == values.dt.normalize()).all()
        return codes, [v.isoformat(sep=" ")[: 10 if whole_days else None] for v in values]
    return codes, values.astype(object).tolist()


def _check_types(values: Any, name: str) -> None:
    """Raise InputError for truth values among numbers, which are the same to Python: True == 1."""
    types = set(map(type, values))
    if types & {bool, np.bool_} and any(map(_names_numbers, types)):
        raise InputError(
            f"Expected numbers or truth values in column {name!r}, got both. Write one of them: 1 "
            "for True, say."
        )


def _names_numbers(kind: type) -> bool:
    numeric = (int, float, decimal.Decimal, np.number)
    return issubclass(kind, numeric) and kind is not bool


def _with_gaps(found: npt.NDArray[Any], codes: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Return the number of each code, (n,), with NaN where there is none."""
    return np.where(codes >= 0, found.astype(np.float64)[codes], np.nan)


def _text_of(value: Any, name: str) -> str:
    """Return one value of a column as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        try:
            return bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            raise InputError(
                f"Expected bytes that are text in UTF-8 in column {name!r}, got "
                f"{bytes(value)[:20]!r}. Store text, or leave the column out."
            ) from None
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return str(value)
    if isinstance(value, np.generic):
        return _text_of(value.item(), name)
    if isinstance(value, numbers.Number | decimal.Decimal) or hasattr(value, "isoformat"):
        return str(value)
    if not isinstance(value, list | dict | set | tuple | np.ndarray):
        return str(value)  # such as periods and intervals
    raise _no_value(value, name)


def _no_value(value: Any, name: str) -> InputError:
    return InputError(
        f"Expected one number, text, date or truth value a row in column {name!r}, got "
        f"{type(value).__name__} such as {str(value)[:40]}. Make a column of each part first, or "
        "leave the column out."
    )


def _is_number(value: Any) -> bool:
    return _names_numbers(type(value))


def _as_array(values: Sequence[int | float]) -> npt.NDArray[Any]:
    """Return numbers as int64 where all are whole and fit, else as float64."""
    if all(type(value) is int and abs(value) < 2**63 for value in values):
        return np.array(values, dtype=np.int64)
    return np.array(values, dtype=np.float64) + 0.0  # one zero, not two


def _spell_truths(there: list[str | None], name: str) -> tuple[list[str | None], list[str]]:
    """Return truth values in one spelling each: as written, or True and False where it varies."""
    spelt = {text for text in there if text is not None}
    truths = {text: truth_of(text) for text in spelt}
    if not spelt or None in truths.values() or len(spelt) == len(set(truths.values())):
        return there, []
    note = f"Column {name!r}: {listed(sorted(spelt))} are read as True and False."
    return [None if text is None else str(truths[text]) for text in there], [note]


# ---------------------------------------------------------------------------------------- notes


def _note_blanks(name: str, count: int) -> Iterator[str]:
    if count:
        yield (
            f"Column {name!r}: blanks around {count:,} values, or other signs that are not seen, "
            "do not count."
        )


def _note_words(name: str, frequency: Counter[str], how: TableFormat) -> Iterator[str]:
    words = [w for w in frequency if means_missing(w) and fold(w) not in ("unknown", "missing")]
    if words:
        seen = listed([f"{word!r} ({frequency[word]:,})" for word in commonest(words, frequency)])
        given = ("," if how.options else "+").join(commonest(words, frequency))
        yield (
            f"Column {name!r}: {seen} count as values like any other. Where they stand for a "
            f"missing one, say {how.say('missing', given)}."
        )


def _note_lines(name: str, frequency: Counter[str]) -> Iterator[str]:
    lines = {text: len(text.splitlines()) for text in frequency}
    longest = max(lines, key=lines.__getitem__, default="")
    if lines.get(longest, 1) > 1:
        yield (
            f"Column {name!r}: {shown(longest, 40)} is one value of {lines[longest]:,} lines. "
            "Where a quotation mark is not closed, it has swallowed rows."
        )


def _note_case(name: str, frequency: Counter[str]) -> Iterator[str]:
    alike = []
    for _, group in itertools.groupby(sorted(frequency, key=fold), key=fold):
        same = sorted(group)
        if len(same) > 1:
            alike.append(" and ".join(f"{text!r} ({frequency[text]:,})" for text in same[:4]))
    if alike:
        yield (
            f"Column {name!r}: {'; '.join(alike[:3])}{'; ...' if len(alike) > 3 else ''} are "
            "different values, though they look alike."
        )
