"""A column of data that were handed in: its distinct values, and who has which."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.column import Array, Column
from quorate.errors import InputError
from quorate.given_column import GivenColumn, is_polars, take
from quorate.populations.tables.standardising import standardise
from quorate.populations.tables.table_files import LARGEST_ALPHABET
from quorate.validate import listed

MISSING = "missing"  # the name of a missing value
NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal")  # among objects, to pandas
NAMES = ("string", "boolean", "empty")


@dataclass(frozen=True, eq=False)
class DistinctColumn:
    """A column by its distinct values, in the user's own type.

    Args:
        name: as in the user's data.
        values: the distinct values, (v,), ascending, and a missing one last where some are; an
            array or a series.
        codes: the place of everyone's value among them, (n,), in the smallest type that holds it.
        spelt: the distinct values that are not missing, as numbers or as text.
    """

    name: Any
    values: Any
    codes: npt.NDArray[np.unsignedinteger[Any]]
    spelt: npt.NDArray[Any]

    @classmethod
    def of(cls, column: Any, name: Any, holds_names: bool = False) -> DistinctColumn:
        """Return a column of an array, or of a frame of pandas or polars, by its distinct values.

        Args:
            column: (n,).
            name: what it is called.
            holds_names: whether it is of labels or groups, among which numbers count as they are.

        Raises:
            InputError: its values are neither numbers nor text, truth values or categories, or are
                of several types, or infinite.
        """
        import pandas as pd

        series = _as_pandas(column)
        is_number = _is_number(series, name)
        found, distinct = pd.factorize(series, sort=True)
        distinct = pd.Series(distinct)
        if is_number:
            spelt = distinct.astype(float).to_numpy()
            if np.isinf(spelt).any():
                many = int(np.isinf(spelt)[found[found >= 0]].sum())
                raise InputError(
                    f"Expected finite numbers in column {str(name)!r}, got {many} infinite. Give "
                    "numbers, or None where they are missing."
                )
        if not is_number or holds_names:
            names = [_text(value) for value in distinct.tolist()]
            if len(set(names)) < len(names):
                raise _mixed(name, "values such as 1 and '1'")
            spelt = np.array(names, dtype=object)
        found = np.where(found < 0, len(distinct), found)
        first = np.zeros(int(found.max(initial=-1)) + 1, np.int64)  # who has it first
        first[found[::-1]] = np.arange(len(found))[::-1]
        codes = found.astype(np.min_scalar_type(len(first)))
        return cls(name, take(column, first), codes, spelt)

    @property
    def missing(self) -> int:
        """For how many people the value is missing."""
        return int((self.codes == len(self.spelt)).sum())

    def feed(self, found: Any) -> None:
        """Feed the content to a hash: the same whatever its place in memory."""
        found.update(f"{self.name!r} {type(self.values).__module__} {self.values.dtype!r}".encode())
        is_text = self.spelt.dtype == object
        found.update(repr(self.spelt.tolist()).encode() if is_text else self.spelt.tobytes())
        found.update(self.codes.astype("<i4").tobytes())

    def encode(self, start: int) -> tuple[Array, tuple[Column, ...], GivenColumn]:
        """Return features, (n, d), their columns, and how the column was given.

        A missing number stands at the mean of the others, and a column beside it says for whom. A
        missing name is a name of its own.

        Args:
            start: the index of its first feature.

        Raises:
            InputError: it has no values, or too many names.
        """
        name, is_missing = str(self.name), self.codes == len(self.spelt)
        if is_missing.all():
            raise InputError(f"Expected values in column {name!r}, got none. Leave the column out.")
        if self.spelt.dtype == object:
            column = Column(name, start, self._names())
            block = np.eye(len(column.values), dtype=np.float32)[self.codes]
            return block, (column,), GivenColumn(self.name, column, self.values)
        known = self.codes[~is_missing]
        numbers, mean, scale = standardise(self.spelt[known], name, "the data")
        features = np.zeros(len(self.spelt) + 1, np.float32)
        features[known] = numbers.astype(np.float32)
        column = Column(name, start, mean=mean, scale=scale)
        block = features[self.codes][:, None]  # (n, 1)
        codes = features[:-1]
        if not is_missing.any():
            return block, (column,), GivenColumn(self.name, column, self.values, codes)
        gaps = Column(f"{name} is missing", column.stop, ("no", "yes"))
        block = np.column_stack([block, ~is_missing, is_missing]).astype(np.float32)
        return block, (column, gaps), GivenColumn(self.name, column, self.values, codes, gaps)

    def _names(self) -> tuple[str, ...]:
        names = tuple(self.spelt)
        if len(names) > LARGEST_ALPHABET:
            raise InputError(
                f"Expected at most {LARGEST_ALPHABET} distinct values in the text column "
                f"{str(self.name)!r}, got {len(names)}: ids, or prose. Leave the column out, or "
                "join rare values."
            )
        if not self.missing:
            return names
        free = next(
            word for word in (MISSING, *(f"{MISSING} ({i})" for i in range(9))) if word not in names
        )
        return *names, free


def content_of(*columns: DistinctColumn | npt.NDArray[Any] | None) -> str:
    """Return a digest of columns and arrays, 64 bits in hex."""
    found = hashlib.sha256()
    for one in columns:
        if isinstance(one, DistinctColumn):
            one.feed(found)
        elif one is not None:
            found.update(f"{one.dtype} {one.shape}".encode())
            found.update(one.tobytes())
    return found.hexdigest()[:16]


def _as_pandas(column: Any) -> Any:
    """Return a column as a series of pandas in which equal values are equal."""
    import pandas as pd

    if hasattr(column, "iloc"):
        return column
    if is_polars(column):
        words = str(column.dtype).startswith(("Categorical", "Enum"))
        plain = column.cast(str) if words else column
        return pd.Series(plain.to_numpy())
    return pd.Series(column)


def _is_number(series: Any, name: Any) -> bool:
    """Whether a column holds numbers, not names.

    Raises:
        InputError: it holds neither.
    """
    import pandas as pd

    types = pd.api.types
    if isinstance(series.dtype, pd.CategoricalDtype) or types.is_bool_dtype(series.dtype):
        return False
    if types.is_numeric_dtype(series.dtype) and not types.is_complex_dtype(series.dtype):
        return True
    kind = types.infer_dtype(series, skipna=True)
    if kind in NUMBERS:
        return True
    if kind in NAMES:
        return False
    if "date" in kind or "time" in kind or kind == "period":
        raise InputError(
            f"Expected numbers, text, truth values or categories in column {str(name)!r}, got "
            "dates or times. Give what counts of them, such as frame[COLUMN].dt.year."
        )
    if kind.startswith("mixed") or kind == "unknown-array":
        met = [type(one).__name__ for one in series.dropna().head(1000)]
        raise _mixed(name, listed(sorted(set(met))))
    raise InputError(
        f"Expected numbers, text, truth values or categories in column {str(name)!r}, got {kind}. "
        "Convert them first, or leave the column out."
    )


def _mixed(name: Any, got: str) -> InputError:
    return InputError(
        f"Expected values of one type in column {str(name)!r}, numbers or text, got {got}. Convert "
        "the column, as by astype(str), or leave it out."
    )


def _text(value: Any) -> str:
    """Return one value as text, as in the file of a table."""
    plain = value.item() if isinstance(value, np.generic) else value
    return str(plain)
