"""Tables of a user's own: one CSV or parquet file, encoded for learners that take numbers."""

from __future__ import annotations

import functools
import hashlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.table import Array, Column
from quorate.validate import unknown

LARGEST_ALPHABET = 200  # distinct values of a text column beyond this are ids or prose


def read_table(path: str, separator: str | None) -> Any:
    """Return a CSV or parquet file as a pandas frame.

    Raises:
        InputError: the file is not there, cannot be read as what its name says, or has no rows.
    """
    import pandas as pd

    file = Path(path)
    if not file.is_file():
        raise InputError(
            f"Expected path={path} to be a CSV or parquet file, got nothing there. Give a file "
            "that exists."
        )
    try:
        is_parquet = file.suffix in (".parquet", ".pq")
        frame = pd.read_parquet(file) if is_parquet else _read_csv(file, separator)
    except (ValueError, OSError, pd.errors.ParserWarning) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise InputError(
            f"Expected {path} to be a table with a header line, got: {reason}. For a CSV file "
            "with another separator, give separator=CHARACTER."
        ) from error
    if not len(frame):
        raise InputError(
            f"Expected people in {path}, got no rows. Give a file with one row per person."
        )
    return frame


def _read_csv(file: Path, separator: str | None) -> Any:
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # it loses data
        return pd.read_csv(
            file,
            sep=separator or _separator(file),
            skipinitialspace=True,
            index_col=False,  # else a row longer than the header shifts the columns
            low_memory=False,  # else each part of a long column gets a type of its own
        )


def file_fingerprint(path: str) -> str:
    """Return a digest of a file's bytes.

    Raises:
        InputError: the file is not there.
    """
    try:
        stat = Path(path).stat()
        return _digest(path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        raise InputError(
            f"Expected path={path} to be a readable file, got none. Give a file that exists."
        ) from None


@functools.lru_cache(maxsize=8)
def _digest(path: str, modified: int, size: int) -> str:
    """Return the digest of a file's bytes, read again only if its time or size has changed."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def _separator(file: Path) -> str:
    """Return the most frequent of , ; and tab in the header line."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        header = lines.readline()
    return max(",;\t", key=header.count)


def check_columns(frame: Any, names: Sequence[str | None], path: str) -> None:
    """Raise InputError unless the frame has each of the named columns."""
    for name in filter(None, names):
        if name not in frame.columns:
            raise unknown(f"column of {path}", name, map(str, frame.columns))


def encode_names(
    values: Sequence[Any], column: str
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Return the code of each value, (n,), and the sorted names that the codes stand for.

    >>> encode_names(["no", "yes", "no"], "approved")
    (array([0, 1, 0]), ('no', 'yes'))

    Raises:
        InputError: a value is missing.
    """
    import pandas as pd

    series = pd.Series(values)
    missing = int(series.isna().sum()) + int((series.astype(str).str.strip() == "").sum())
    if missing:
        raise missing_values(column, missing, len(series))
    try:
        names, codes = np.unique(series.to_numpy(), return_inverse=True)
    except TypeError:
        raise InputError(
            f"Expected text or numbers in column {column!r}, got values that cannot be put in "
            "order. Name another column."
        ) from None
    return codes.astype(np.int64), tuple(str(name) for name in names)


def missing_values(column: str, missing: int, n: int) -> InputError:
    """Return the error for a label or group that is not there for everyone."""
    return InputError(
        f"Expected a value of {column!r} for everyone, got {missing} missing of {n}. "
        "Fill or drop these rows first."
    )


def encode_features(frame: Any, path: str) -> tuple[Array, tuple[Column, ...]]:
    """Return a frame as features, (n, d), and its columns.

    Numbers are standardised over the whole file; text and truth values are one-hot encoded.

    Raises:
        InputError: a value is missing or not finite, or a text column has too many values.
    """
    import pandas as pd

    blocks: list[Array] = []
    columns: list[Column] = []
    start = 0
    for name in frame.columns:
        series = frame[name]
        is_number = pd.api.types.is_numeric_dtype(series) and series.dtype != bool
        bad = series.isna() if not is_number else ~np.isfinite(series.astype(float))
        if bad.any():
            raise InputError(
                f"Expected finite features, got {int(bad.sum())} missing or infinite values in "
                f"column {str(name)!r} of {path}, the first in row {int(np.argmax(bad))}. Fill or "
                "drop them first, or leave the column out: drop=COLUMN."
            )
        if is_number:
            values = series.to_numpy(dtype=np.float64)
            mean, scale = float(values.mean()), float(values.std())
            if values.min() == values.max():  # whose standard deviation may be a rounding error
                mean, scale = float(values[0]), 1.0
            column = Column(str(name), start, mean=mean, scale=scale)
            block = ((values - mean) / scale)[:, None]  # (n, 1)
        else:
            codes, alphabet = encode_names(series.astype(str), str(name))
            if len(alphabet) > LARGEST_ALPHABET:
                raise InputError(
                    f"Expected at most {LARGEST_ALPHABET} distinct values in the text column "
                    f"{str(name)!r}, got {len(alphabet)}. Leave it out: drop={name}."
                )
            column = Column(str(name), start, alphabet)
            block = np.eye(len(alphabet))[codes]  # (n, |alphabet|)
        columns.append(column)
        blocks.append(block.astype(np.float32))
        start = column.stop
    if not blocks:
        raise InputError(f"Expected at least one feature column in {path}, got none. Drop fewer.")
    return np.concatenate(blocks, axis=1), tuple(columns)
