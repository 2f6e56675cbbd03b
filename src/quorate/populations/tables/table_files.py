"""CSV and parquet tables, a user's own or public ones, encoded for learners."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from quorate.compared_groups import ComparedGroups
from quorate.errors import DataUnavailableError, InputError
from quorate.given import Given
from quorate.given_column import GivenColumn
from quorate.populations import sizes
from quorate.populations.local_copies import are_published
from quorate.populations.tables.standardising import moments, standardise
from quorate.populations.tables.table_format import TableFormat
from quorate.populations.tables.table_reading import ReadTable
from quorate.populations.tables.written_columns import read_column
from quorate.protocols import Population
from quorate.runtime.digests import digest_file
from quorate.spec import param
from quorate.table import Array, Column, Rng, Split, Table
from quorate.validate import truth_of, unknown

MOST_LABELS = 1000  # a column with more distinct values is a quantity or an id, not a label
LARGEST_ALPHABET = 200  # a text column with more distinct values holds ids or prose


def local_file(name: str) -> Path | None:
    """Return a public file in the folder ``QUORATE_DATA``/tabular, if it is there."""
    base = os.environ.get("QUORATE_DATA")
    file = Path(base) / "tabular" / name if base else None
    return file if file is not None and file.is_file() else None


def public_file(name: str, path: str | None, source: str) -> Path:
    """Return where a public file is: at ``path``, or in the folder ``QUORATE_DATA``/tabular.

    Args:
        name: file name at the source.
        path: the file, or the folder that holds it; None for ``QUORATE_DATA``.
        source: address that the file can be downloaded from.

    Raises:
        DataUnavailableError: it is missing; the message says where to get it and to put it.
    """
    base = os.environ.get("QUORATE_DATA")
    file = Path(path) if path else Path(base) / "tabular" / name if base else None
    if file is not None and path and file.is_dir():
        file /= name
    if file is not None and file.is_file():
        return file
    looked = f"nothing at {file}" if file is not None else "no path, and QUORATE_DATA is not set"
    raise DataUnavailableError(
        f"Expected the file {name}, got {looked}. Get it from {source} and put it into the "
        "sub-folder tabular of the folder that QUORATE_DATA names, or name it: path=PATH."
    )


@dataclass(frozen=True)
class PublicTable(Population):
    """Base of populations from one public file, whose split is random and redrawn for each seed."""

    file: ClassVar[str]
    has_categories: ClassVar[bool] = True
    source: ClassVar[str]
    group: str | None = param(None, "Column that defines the groups; it stays a feature.")
    n: int | None = param(None, sizes.REMAINING_N)
    held_out: float = param(0.25, sizes.HELD_OUT_FRACTION)
    path: str | None = param(None, "The file or its folder; by default QUORATE_DATA/tabular.")

    def __post_init__(self) -> None:
        sizes.check_held_out(self.held_out)

    @abstractmethod
    def people(self, path: str, stamp: str) -> Table:
        """Return everyone in the file, which has this digest."""

    def split(self, rng: Rng) -> Split:
        """Return a random split."""
        path = self._path()
        people = self.people(path, file_fingerprint(path))
        return standardised(sizes.split_at_random(people, self.n, self.held_out, rng))

    def fingerprint(self) -> str | None:
        """Return a digest of the file's bytes, unless it is by name and as it was published."""
        if self.path:
            return file_fingerprint(self._path())
        file = local_file(self.file)
        return None if file is None or are_published([file]) else file_fingerprint(str(file))

    def _path(self) -> str:
        return str(public_file(self.file, self.path, self.source))


def file_fingerprint(path: str) -> str:
    """Return a digest of a file's bytes.

    Raises:
        InputError: the file is not there.
    """
    try:
        return digest_file(path)
    except OSError:
        raise InputError(
            f"Expected path={path} to be a readable file, got none. Give a file that exists."
        ) from None


def encode_people(
    read: ReadTable,
    label: str,
    group: str | None,
    path: str,
    compared: ComparedGroups | None = None,
    drop: Sequence[str] = (),
) -> Table:
    """Return the rows of a table as people; the group column stays a feature unless dropped.

    Args:
        read: a row a person.
        label, group: the columns of the labels and of the groups, if there are groups.
        path: of the file, for messages.
        compared: the groups that are usually compared.
        drop: columns that are no features.

    Raises:
        InputError: as ``encode_names`` and ``encode_features``, or a group is none of the columns.
    """
    frame = read.frame
    if group is not None and group not in frame:
        raise unknown(f"column of {path}", group, frame.columns)
    y, classes = encode_names(frame[label], label, read.said(label))
    if not 2 <= len(classes) <= MOST_LABELS:
        raise InputError(
            f"Expected between 2 and {MOST_LABELS} labels in column {label!r} of {path}, got "
            f"{len(classes)}. Name a column of labels, or bin this one first."
        )
    codes, groups = encode_names(frame[group], group, read.said(group)) if group else (None, ())
    features = frame.drop(columns=[label, *drop], errors="ignore")
    x, columns = encode_features(features, path, read.said)
    signed = tuple(replace(one, decimal=read.decimals.get(one.name, "")) for one in columns)
    columns_given = tuple(_as_given(features[one.name], one, x) for one in signed)
    labels = _values_of(frame[label], classes)
    given = Given(classes, labels, columns_given, label=label)
    people = Table(x, y, classes, codes, groups, signed, compared=compared, notes=read.notes)
    return replace(people, given=given)


def _as_given(series: Any, column: Column, x: Array) -> GivenColumn:
    """Return a column of a file as a data frame of pandas would hold it."""
    import pandas as pd

    if column.values:
        return GivenColumn(column.name, column, _values_of(series, column.values))
    numbers, first = np.unique(series.to_numpy(), return_index=True)
    return GivenColumn(column.name, column, pd.Series(numbers), x[first, column.start])


def _values_of(series: Any, names: tuple[str, ...]) -> Any:
    """Return the distinct values of a column of names: numbers, truth values, or text."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(series):
        return pd.Series(np.unique(series.to_numpy()))
    truths = [truth_of(name) for name in names]
    return pd.Series(list(names) if None in truths else truths)


def encode_names(
    values: Sequence[Any], column: str, said: str = ""
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Return the code of each value, (n,), and the sorted names that the codes stand for.

    Args:
        values: of everyone.
        column: where they stand, for messages.
        said: which words were read as missing, for messages.

    >>> encode_names(["no", "yes", "no"], "approved")
    (array([0, 1, 0]), ('no', 'yes'))

    Raises:
        InputError: a value is missing.
    """
    import pandas as pd

    read = read_column(
        pd.Series(values), column, TableFormat(), written=False, holds_names=True
    ).values
    missing = int(pd.isna(read).sum())
    if missing:
        raise missing_values(column, missing, len(read), said)
    names, codes = np.unique(read, return_inverse=True)
    return codes.astype(np.int64), tuple(str(name) for name in names)


def missing_values(column: str, missing: int, n: int, said: str = "") -> InputError:
    """Return the error for a label or group that some people lack."""
    return InputError(
        f"Expected a value of {column!r} for everyone, got {missing} missing of {n}{said}. "
        "Fill or drop these rows first."
    )


def encode_features(
    frame: Any, path: str, said: Callable[[str], str] = lambda column: ""
) -> tuple[Array, tuple[Column, ...]]:
    """Return a frame as features, (n, d), and its columns.

    Numbers are standardised over the whole file; text and truth values are one-hot encoded.

    Args:
        frame: a row a person.
        path: of the file, for messages.
        said: which words of a column were read as missing, for messages.

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
                f"column {str(name)!r} of {path}, the first in row {int(np.argmax(bad))}"
                f"{said(str(name))}. Fill or "
                "drop them first, or leave the column out: drop=COLUMN."
            )
        if is_number:
            numbers, mean, scale = standardise(series.to_numpy(dtype=np.float64), str(name), path)
            column = Column(str(name), start, mean=mean, scale=scale)
            block = numbers[:, None]  # (n, 1)
        else:
            codes, alphabet = encode_names(series, str(name))
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


def standardised(split: Split) -> Split:
    """Return the same people with numbers standardised on the training people.

    x = (v − mean)/scale, with the training people's mean and scale, for everyone's numbers v.
    """
    train, held_out = split.train.x.copy(), split.held_out.x.copy()
    columns, by = [], {}
    for column in split.train.columns:
        if not column.values:
            at = column.start
            shift, scale = moments(train[:, at].astype(np.float64))
            for x in (train, held_out):
                x[:, at] = (x[:, at] - shift) / scale
            column, by[column.name] = column.rescaled(shift, scale), (shift, scale)
        columns.append(column)
    given = split.train.given and split.train.given.rescaled(by)
    return Split(
        replace(split.train, x=train, columns=tuple(columns), given=given),
        replace(split.held_out, x=held_out, columns=tuple(columns), given=given),
    )
