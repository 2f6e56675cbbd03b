"""One column of the members' rows: a few named values, and the codes of what somebody writes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.validate import (
    given_number,
    match_value,
    means_missing,
    near_spelling,
    number_of,
    unknown,
)

Codes = npt.NDArray[np.int32]
FEW_NUMBERS = 10  # distinct numbers up to which each is its own value
FEW_TEXTS = 50  # distinct texts that are always allowed; beyond, one per 20 rows
ROWS_PER_TEXT = 20
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
        decimal: how the file writes its numbers, as in ``Column``.
        missing: the value that stands for a missing one; None where nobody's is.
        as_missing: the words that were read as missing.
    """

    name: str
    values: tuple[str, ...]
    edges: tuple[float, ...] = ()
    span: tuple[float, float] = (-math.inf, math.inf)
    decimal: str = ""
    missing: str | None = None
    as_missing: tuple[str, ...] = ()

    def code(self, value: str | float, *, new_values: bool = False) -> int:
        """Return the code of a value as somebody wrote it: of a number its bin, of NaN "missing".

        With ``new_values``, a value that no member has yet gets the next free code. What members
        have in another spelling, or may have had before it was read as missing, is not new.

        >>> MemberColumn("age", ("below 30", "30 to 50", "50 or more"), (30.0, 50.0)).code("30")
        1

        Raises:
            InputError: the value is unknown, and new values are not allowed or it may not be new.
        """
        text, what = str(value), f"value of column {self.name!r}"
        if text in self.values:
            return self.values.index(text)
        if self.missing is not None:
            nothing = value is None or value != value  # NaN, as a frame has it
            if nothing or match_value(what, value, self.as_missing) is not None:
                return self.values.index(self.missing)
        number = given_number(self.name, value, self.decimal)
        if self.edges and number is not None:
            if self.span[0] <= number <= self.span[1] or (new_values and math.isfinite(number)):
                return int(np.searchsorted(self.edges, number, side="right"))
        elif not self.edges:
            same = value if number is None or not self.decimal else number
            known = match_value(what, same, self.values)
            if known is not None:
                return known
        self._check_new(text, what)
        if new_values:
            return len(self.values)
        fix = "For one that nobody has yet, and that the platform accepts, allow new values "
        fix += "(--new-values)."
        if self.edges:
            fix = f"Numbers from {self.span[0]:g} to {self.span[1]:g} stand for a bin. {fix}"
        raise unknown(what, text, self.values, fix)

    def _check_new(self, text: str, what: str) -> None:
        """Raise InputError for what is not known but may not be new either."""
        near = near_spelling(text, [one for one in self.values if one != self.missing])
        if near is not None:
            raise unknown(what, text, self.values, f"Members have {near!r}: write it so.")
        if self.missing is not None and means_missing(text):
            raise unknown(
                what,
                text,
                self.values,
                f"Some members have no value there ({self.missing!r}), which may have been "
                f"{text!r} before the rows were read: write {self.missing!r} for it, or keep the "
                "word when they are read.",
            )
        of_numbers = self.edges or all(
            number_of(known) is not None for known in self.values if known != self.missing
        )
        signed = any(number_of(text, sign) is not None for sign in (".", ","))
        number = number_of(text)
        if of_numbers and (signed if number is None else math.isinf(number)):
            raise unknown(what, text, self.values, "Write it as a plain number, such as 1234.5.")


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return a name in as many brackets as needed to differ from all of ``taken``."""
    while name in taken:
        name = f"({name})"
    return name


def encode_column(
    series: Any, name: str, bins: int, notes: list[str], as_missing: Mapping[str, int] | None = None
) -> tuple[Codes, MemberColumn]:
    """Return the codes of a column, (n,), and what they stand for; append to ``notes``.

    Args:
        series: numbers, or texts with None where one is missing.
        name: of the column.
        bins: of many numbers.
        notes: what is said of the rows.
        as_missing: what was read as missing, and how often.

    Raises:
        InputError: it is text with too many distinct values, or a number is infinite.
    """
    import pandas as pd

    gone = series.isna().to_numpy()  # (n,)
    edges: tuple[float, ...] = ()
    span = (-math.inf, math.inf)
    there = series[~gone]
    if pd.api.types.is_numeric_dtype(series):
        numbers = there.to_numpy()
        if not np.isfinite(numbers).all():
            row = int(np.flatnonzero(~gone)[int(np.argmin(np.isfinite(numbers)))])
            raise InputError(
                f"Expected finite numbers in column {name!r}, got {series.iloc[row]:g} in row "
                f"{row}. Mend it, or leave the column out (--ignore {name})."
            )
        distinct, inner = np.unique(numbers, return_inverse=True)
        values = tuple(map(_number_name, distinct.tolist()))
        if len(distinct) > FEW_NUMBERS:
            numbers = numbers.astype(np.float64)
            if numbers.min() == numbers.max():
                raise InputError(
                    f"Expected numbers of at most 15 digits in column {name!r}, got {distinct[0]} "
                    "and others that differ in later ones. Where these are names, say --text "
                    f"{name}; else subtract what they share, or leave the column out (--ignore "
                    f"{name})."
                )
            edges = _edges(numbers, bins)
            inner = np.searchsorted(edges, numbers, side="right")
            values = _bin_names(edges)
            span = float(distinct[0]), float(distinct[-1])
            notes.append(f"{name} in bins: {'; '.join(values)}.")
    else:
        inner, names = pd.factorize(there, sort=True)
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
    missing = None
    if gone.any():
        missing = free_name(MISSING, values)
        values += (missing,)
        written = [
            f"{count:,} of them written {word!r}" for word, count in (as_missing or {}).items()
        ]
        said = "".join(f", {one}," for one in [" and ".join(written)] if one)
        notes.append(
            f"{name}: {int(gone.sum())} of {len(series)} values are missing{said} and count as the "
            f"value {missing!r}."
        )
    words = tuple(as_missing or ())
    return codes, MemberColumn(name, values, edges, span, missing=missing, as_missing=words)


def _number_name(value: float) -> str:
    """Return a number as text: with 12 digits where these are the number, else with all.

    >>> _number_name(0.1), _number_name(1 / 3), _number_name(2.0), _number_name(12345678901234)
    ('0.1', '0.3333333333333333', '2', '12345678901234')
    """
    if isinstance(value, int):
        return str(value)
    short = f"{value:.12g}"
    return short if float(short) == value else repr(value)


def _edges(numbers: npt.NDArray[np.float64], bins: int) -> tuple[float, ...]:
    """Return the inner quantiles, rounded to a tenth of the smallest step between them.

    If nearly everyone has the smallest number, the only edge is the next larger number.
    """
    with np.errstate(over="ignore"):
        too_wide = not np.isfinite(numbers.max() - numbers.min())
    if too_wide:  # a quarter of each, so that their differences are finite
        return tuple(4 * edge for edge in _edges(numbers / 4, bins))
    inner = np.unique(np.quantile(numbers, np.linspace(0, 1, bins + 1)[1:-1]))
    steps = np.diff(np.unique(np.r_[numbers.min(), inner, numbers.max()]))
    digits = 1 - int(np.floor(np.log10(steps.min())))
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.round(inner, digits)
    if not np.isfinite(rounded).all():  # it multiplies by a power of ten, which may be infinite
        rounded = np.array([round(float(one), digits) for one in inner])
    edges = np.unique(rounded) + 0.0  # no -0
    edges = edges[(edges > numbers.min()) & (edges <= numbers.max())]
    if not len(edges):
        edges = np.unique(numbers)[1:2]
    return tuple(float(e) for e in edges)


def _bin_names(edges: tuple[float, ...]) -> tuple[str, ...]:
    shown = [_number_name(edge) for edge in edges]
    middle = [f"{a} to {b}" for a, b in itertools.pairwise(shown)]
    return (f"below {shown[0]}", *middle, f"{shown[-1]} or more")
