"""One column of people's data as they gave it, and the way back to it from features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.column import Array, Column

Numbers = npt.NDArray[np.float64]
MOST_DIGITS = 17  # that tell all numbers of 64 bits apart
EXACT_POWERS = 22  # of ten, that numbers of 64 bits hold exactly


@dataclass(frozen=True, eq=False)
class GivenColumn:
    """A column as it was given: its distinct values, and the features that stand for them.

    Args:
        name: as in the user's data; not always text.
        column: how it is encoded.
        values: the distinct values, in the user's own type, an array or a series: of numbers (v,)
            ascending, then one that stands for a missing number where some are; of a column of
            names one for each of ``column.values``.
        codes: the feature of each number, (v,), ascending; None for a column of names.
        gaps: the column that says for whom the number is missing; None where it is for nobody.
    """

    name: Any
    column: Column
    values: Any
    codes: Array | None = None
    gaps: Column | None = None

    @classmethod
    def of(cls, column: Column) -> GivenColumn:
        """Return a column of which no more is known than its encoding."""
        import pandas as pd

        if column.values:
            return cls(column.name, column, pd.Series(list(column.values)))
        return cls(column.name, column, pd.Series([], dtype=float), np.zeros(0, np.float32))

    def read(self, x: Array) -> Any:
        """Return the values that features stand for, (n,), in the user's own type.

        A number that stood in the data comes back as it was; another one as the simplest number
        that is encoded so, the one of the fewest digits.

        Args:
            x: of everyone, all features, (n, d).
        """
        if self.codes is None:
            at = x[:, self.column.start : self.column.stop].argmax(axis=1)  # (n,)
            return take(self.values, at)
        codes, values = x[:, self.column.start], self.values
        at = np.searchsorted(self.codes, codes)  # (n,)
        if len(self.codes):
            is_new = self.codes[np.minimum(at, len(self.codes) - 1)] != codes
        else:
            is_new = np.ones(len(codes), dtype=bool)
        if self.gaps is not None:
            missing = x[:, self.gaps.start : self.gaps.stop].argmax(axis=1) == 1
            at[missing], is_new = len(self.codes), is_new & ~missing
        if is_new.any():
            new, place = np.unique(codes[is_new], return_inverse=True)
            at[is_new] = len(values) + place
            values = _with_more(values, simplest(new, self.column))
        return take(values, at)

    def rescaled(self, shift: float, scale: float) -> GivenColumn:
        """Return the column with every feature x as (x − shift)/scale, in float32 as it is done."""
        if self.codes is None:
            return self
        column = self.column.rescaled(shift, scale)
        return replace(self, column=column, codes=(self.codes - shift) / scale)

    def on(self, column: Column, gaps: Column | None) -> GivenColumn:
        """Return the column as it is encoded now, elsewhere among the features or otherwise."""
        before = self.column
        if column.values != before.values:
            return GivenColumn.of(column)
        if (column.mean, column.scale) == (before.mean, before.scale):
            return replace(self, column=column, gaps=gaps)
        known = len(self.codes) if self.codes is not None else 0
        none = np.zeros(0, np.float32)
        rest = take(self.values, np.arange(known, len(self.values)))  # stands for a missing one
        return replace(self, column=column, gaps=gaps, codes=none, values=rest)


def simplest(codes: Array, column: Column) -> Numbers:
    """Return the number of the fewest digits that a column of numbers encodes so, (v,).

    Args:
        codes: features, (v,).
        column: a column of numbers.

    >>> simplest(Column("age", 0, mean=40.3, scale=9.7).encode(60), Column("age", 0, (), 40.3, 9.7))
    array([60.])
    """
    about = codes.astype(np.float64) * column.scale + column.mean  # (v,)
    found = about.copy()
    left = np.flatnonzero(np.isfinite(about))
    for digits in range(MOST_DIGITS + 1):
        tried = _rounded(about[left], digits) if digits else np.zeros(len(left))
        hit = ((tried - column.mean) / column.scale).astype(np.float32) == codes[left]
        found[left[hit]] = tried[hit]
        left = left[~hit]
        if not len(left):
            break
    return found + 0.0  # one zero, not two


def _rounded(numbers: Numbers, digits: int) -> Numbers:
    """Return numbers to so many digits, each the nearest of 64 bits to what is written so."""
    size = np.abs(numbers)
    first = np.floor(np.log10(size, out=np.zeros_like(size), where=size > 0))
    decimals = np.clip(digits - 1 - first, -EXACT_POWERS, EXACT_POWERS)
    up, down = 10.0 ** np.maximum(decimals, 0), 10.0 ** np.maximum(-decimals, 0)
    with np.errstate(over="ignore", invalid="ignore"):
        found: Numbers = np.rint(numbers * up / down) * down / up
    return found


def take(values: Any, at: npt.NDArray[np.integer[Any]]) -> Any:
    """Return the values at some places, of an array or of a series of any library."""
    if hasattr(values, "iloc"):
        return values.take(at).reset_index(drop=True)
    return values.gather(at) if is_polars(values) else values[at]


def is_polars(values: Any) -> bool:
    """Whether data are of polars, which is not imported to find out."""
    return type(values).__module__.partition(".")[0] == "polars"


def _with_more(values: Any, numbers: Numbers) -> Any:
    """Return values with numbers after them: of their type, or of one that holds both."""
    if isinstance(values, np.ndarray):
        return np.concatenate([values, _of_type(numbers, values.dtype)])
    if hasattr(values, "iloc"):
        import pandas as pd

        dtype = getattr(values.dtype, "numpy_dtype", values.dtype)
        more = _of_type(numbers, dtype)
        whole = isinstance(values.dtype, np.dtype) or more.dtype != dtype
        series = pd.Series(more, dtype=None if whole else values.dtype)
        return pd.concat([values, series]) if len(values) else series
    return _with_more_of_polars(values, numbers)


def _with_more_of_polars(values: Any, numbers: Numbers) -> Any:
    import polars as pl  # its own frame was handed in

    more = pl.Series(_of_type(numbers, values.head(0).to_numpy().dtype))
    if more.dtype != values.dtype:
        values, more = values.cast(pl.Float64), more.cast(pl.Float64)
    return values.clone().append(more)


def _of_type(numbers: Numbers, dtype: Any) -> npt.NDArray[Any]:
    """Return numbers as a type, where it is one of numbers and holds them all; else as float64."""
    kind = getattr(dtype, "kind", "O")
    if kind == "f":
        return numbers.astype(dtype)
    if kind in "iu":
        limits = np.iinfo(dtype)
        if (
            (numbers == np.rint(numbers)) & (numbers >= limits.min) & (numbers <= limits.max)
        ).all():
            return numbers.astype(dtype)
    return numbers
