"""CSV and parquet files: encodings, separators, headers, and columns as they are meant."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import itertools
import lzma
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from quorate.errors import InputError
from quorate.populations.table_format import TableFormat
from quorate.populations.written_columns import read_column
from quorate.populations.written_numbers import two_ways
from quorate.runtime.files import decoded
from quorate.validate import clean_text, match_value, unknown

SEPARATORS = ",;\t"
LINES = 20  # of a file by which its separator is found
_PACKED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
MOST_UNPACKED = 2**30  # bytes of a compressed file; a small one can hold a thousand times its size
_UNREADABLE: tuple[type[Exception], ...] = (
    *(ValueError, OSError, EOFError, csv.Error),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile),
)
_SHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")


@dataclass(frozen=True, eq=False)
class ReadTable:
    """Columns of a table as they are meant.

    Args:
        frame: a row a person; columns hold numbers, or text with None where a value is missing.
        notes: what reading did, in words.
        decimals: the sign that a column's numbers are written with, where there is one.
        as_missing: what was read as missing, and how often, by column.
    """

    frame: Any
    notes: tuple[str, ...] = ()
    decimals: Mapping[str, str] = field(default_factory=dict)
    as_missing: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def said(self, column: str) -> str:
        """Return which words of a column were read as missing, for a message; "" for none."""
        words = self.as_missing.get(column, {}).items()
        named = " and ".join(f"{count:,} of them written {word!r}" for word, count in words)
        return f", {named}" if named else ""


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table as it stands in a file or a frame.

    Args:
        frame: a row a person.
        path: what it is called in messages.
        how: what the user says of it.
        written: whether all values are text, as in a CSV file; else types say what they are.
        from_file: whether it comes from a file.
    """

    frame: Any
    path: str
    how: TableFormat
    written: bool = False
    from_file: bool = True

    @property
    def columns(self) -> list[str]:
        """The names of the columns, without blanks around them; a number for one without."""
        names = [clean_text(str(name)) for name in self.frame.columns]
        return [name or f"Unnamed: {at}" for at, name in enumerate(names)]

    def check_columns(self, names: Iterable[str | None]) -> None:
        """Raise InputError unless there is each of the named columns, once."""
        columns = self.columns
        for name in filter(None, names):
            if name not in columns:
                alone = len(columns) == 1 and self.written
                fix = f"Where another sign separates: {self.how.say('separator', 'CHARACTER')}."
                raise unknown(f"column of {self.path}", name, columns, fix if alone else "")
            if columns.count(name) > 1:
                raise InputError(
                    f"Expected every column of {self.path} to have a name of its own, got {name!r} "
                    f"{columns.count(name)} times. Rename all but one, or take them out of the "
                    "file."
                )

    def read(self, wanted: Sequence[str], of_names: Sequence[str | None] = ()) -> ReadTable:
        """Return some of the columns as numbers or as text, and what that took.

        Args:
            wanted: the columns.
            of_names: those of labels and groups, whose values are names.

        Raises:
            InputError: there is no such column, or two of that name, or its values are neither
                numbers nor text, or can be read in two ways.
        """
        import pandas as pd

        self.check_columns([*wanted, *self.how.text, *self.how.keep])
        found, decimals, as_missing = {}, {}, {}
        notes: list[str] = []
        doubtful: dict[str, str] = {}
        columns = self.columns
        for name in wanted:
            series = self.frame.iloc[:, columns.index(name)]
            column = read_column(
                series,
                name,
                self.how,
                written=self.written,
                holds_names=name in of_names,
                from_file=self.from_file,
            )
            found[name] = pd.Series(column.values, dtype=column.values.dtype)
            notes += column.notes
            if column.decimal:
                decimals[name] = column.decimal
            if column.doubtful:
                doubtful[name] = column.doubtful
            if column.as_missing:
                as_missing[name] = dict(column.as_missing)
        if doubtful and "," in decimals.values():
            raise two_ways(*next(iter(doubtful.items())), self.how)
        for word in self.how.missing:
            if all(match_value("word", word, list(one)) is None for one in as_missing.values()):
                notes.append(
                    f"Nothing is written {word!r}, which was to stand for what is missing."
                )
        return ReadTable(pd.DataFrame(found), tuple(notes), decimals, as_missing)

    def first_of_each_name(self) -> RawTable:
        """Return the table without the second column of any name."""
        return replace(self, frame=self.frame.loc[:, ~self.frame.columns.duplicated()])


def read_table(
    path: str, how: TableFormat | None = None, names: Sequence[str] | None = None
) -> RawTable:
    """Return a CSV or parquet file.

    Args:
        path: the file.
        how: how it is written.
        names: columns of a CSV file without a header, in which lines beginning with | are skipped.

    Raises:
        InputError: the file is missing, is not of the format that its name says, or has no rows.
    """
    import pandas as pd

    how = how or TableFormat()
    file = Path(path)
    if not file.is_file():
        raise InputError(
            f"Expected path={path} to be a CSV or parquet file, got nothing there. Give a file "
            "that exists."
        )
    if file.suffix.lower() in _SHEETS:
        raise _no_table(file, ValueError("a file of a spreadsheet program"), how)
    try:
        content = file.read_bytes()
        is_parquet = content[:4] == b"PAR1" or file.suffix.lower() in (".parquet", ".pq")
        frame = _read_parquet(file) if is_parquet else _read_csv(file, content, how, names)
    except (*_UNREADABLE, pd.errors.ParserWarning) as error:
        raise _no_table(file, error, how) from error
    if not len(frame):
        raise InputError(
            f"Expected people in {path}, got no rows. Give a file with one row per person."
        )
    return RawTable(frame, path, how, written=not is_parquet)


def _no_table(file: Path, error: Exception, how: TableFormat) -> InputError:
    """Return the error for a file that is no table."""
    reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    fix = f"For a CSV file with another separator, give {how.say('separator', 'CHARACTER')}."
    if isinstance(error, UnicodeDecodeError):
        fix = f"If a spreadsheet on Windows saved it, give {how.say('encoding', 'cp1252')}; else "
        fix += f"name its encoding, {how.say('encoding', 'NAME')}, or save it as UTF-8."
    elif file.suffix.lower() in _SHEETS:
        fix = "Save the sheet as CSV (UTF-8) in the program that made it."
    elif "Length of header" in reason:
        fix = (
            "Give every column a name in the header line, a saved index too; or, for another "
            f"separator, give {how.say('separator', 'CHARACTER')}."
        )
    return InputError(f"Expected {file} to be a table with a header line, got: {reason}. {fix}")


def _read_parquet(file: Path) -> Any:
    """Return a parquet file with its named index as columns: they are columns in the file."""
    import pandas as pd

    frame = pd.read_parquet(file)
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    return frame


def _read_csv(file: Path, content: bytes, how: TableFormat, names: Sequence[str] | None) -> Any:
    """Return a CSV file as text, cell by cell, with a name for every column."""
    import pandas as pd

    text = decoded(_unpacked(file, content), how.encoding)
    hint = re.match(r"sep=(.)\r?\n", text)  # how spreadsheets are told
    text = text[hint.end() :] if hint else text
    separator = how.separator or (hint[1] if hint else _separator(text))
    separator = "\t" if separator in ("\\t", "tab") else separator
    headless = {} if names is None else {"names": list(names), "comment": "|"}
    header = [] if names is not None or len(separator) > 1 else _header(text, separator)
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # it loses data
        # Else a longer row shifts the columns, and each part of a long column has its own type.
        whole = {"index_col": False, "low_memory": False, "skipinitialspace": True}
        as_text = {"dtype": object, "keep_default_na": False, "na_filter": False}
        frame = pd.read_csv(io.StringIO(text), sep=separator, **whole, **as_text, **headless)
    if len(header) == len(frame.columns):
        frame.columns = header
    return frame


def _unpacked(file: Path, content: bytes) -> bytes:
    """Return what a compressed file holds, which its first bytes tell."""
    for mark, opened in _PACKED.items():
        if content.startswith(mark):
            with opened(io.BytesIO(content)) as packed:
                return _some_of(packed)
    if content.startswith(b"PK\x03\x04") and file.suffix.lower() == ".zip":
        with zipfile.ZipFile(file) as archive:
            inside = archive.namelist()
            if len(inside) != 1:
                raise ValueError(f"an archive of {len(inside)} files; it should hold one")
            with archive.open(inside[0]) as packed:
                return _some_of(packed)
    return content


def _some_of(packed: Any) -> bytes:
    """Return what an opened file unpacks to, unless it is too much."""
    content: bytes = packed.read(MOST_UNPACKED + 1)
    if len(content) > MOST_UNPACKED:
        raise ValueError(
            f"more than {MOST_UNPACKED:,} bytes once it is unpacked; unpack it first if you know it"
        )
    return content


def _header(text: str, separator: str) -> list[str]:
    """Return the names in the header line, without blanks around them."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    return [clean_text(name) for name in next((row for row in rows if row), [])]


def _separator(text: str) -> str:
    """Return the one of , ; and tab by which the first lines have equally many cells, and most.

    Where they have not, the most frequent one in the header line.
    """
    header = text.lstrip("\r\n").partition("\n")[0]
    widths = {}
    for one in SEPARATORS:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=one, skipinitialspace=True)
        try:
            seen = {len(row) for row in itertools.islice(filter(None, rows), LINES)}
        except csv.Error:  # a cell that is too long for it
            seen = set()
        widths[one] = seen.pop() if len(seen) == 1 else 0
    best = max(SEPARATORS, key=lambda one: widths[one])
    return best if widths[best] > 1 else max(SEPARATORS, key=header.count)
