"""CSV and parquet files, and the columns in them as they are meant."""

from __future__ import annotations

import csv
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from quorate.errors import InputError, MissingPackageError
from quorate.extras import require
from quorate.populations.tables.csv_files import CsvRows, read_csv
from quorate.populations.tables.table_format import TableFormat
from quorate.populations.tables.written_columns import read_column
from quorate.populations.tables.written_numbers import two_ways
from quorate.validate import clean_text, listed, match_value, number_of, unknown

_UNREADABLE: tuple[type[Exception], ...] = (
    *(ValueError, OSError, EOFError, csv.Error),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile),
)
PARQUET = (".parquet", ".pq")
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
        notes: on its rows, in words.
        again: the line of the file where its header line comes again.
    """

    frame: Any
    path: str
    how: TableFormat
    written: bool = False
    from_file: bool = True
    notes: tuple[str, ...] = ()
    again: int | None = None

    @property
    def columns(self) -> list[str]:
        """The names of the columns, without blanks around them; a number for one without."""
        names = [clean_text(str(name)) for name in self.frame.columns]
        return [name or f"Unnamed: {at}" for at, name in enumerate(names)]

    def check_columns(self, names: Iterable[str | None], unused: Iterable[str] = ()) -> None:
        """Raise InputError unless there is each of the named columns, once if it is used.

        The header line may not come again among the rows either.
        """
        columns, unused = self.columns, list(unused)
        for name in (one for one in [*names, *unused] if one is not None):
            if name not in columns:
                fix = ""
                if self.written and any(number_of(one) is not None for one in columns):
                    fix = "They stand in the first line, which names the columns."
                elif self.written and len(columns) == 1:
                    fix = f"Where another sign separates: {self.how.say('separator', 'CHARACTER')}."
                raise unknown(f"column of {self.path}", name, columns, fix)
            if columns.count(name) > 1 and name not in unused:
                raise InputError(
                    f"Expected every column of {self.path} to have a name of its own, got {name!r} "
                    f"{columns.count(name)} times. Rename all but one, or leave all of them out: "
                    f"{self.how.say('drop', name)}."
                )
        if self.again is not None:
            raise InputError(
                f"Expected one header line in {self.path}, got it again in line {self.again}. Take "
                "it out there, or the rows below it where they are of another table."
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
        if self.written:
            self._check_header(wanted, of_names)
        found, decimals, as_missing = {}, {}, {}
        notes = list(self.notes)
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

    def _check_header(self, wanted: Sequence[str], of_names: Sequence[str | None]) -> None:
        """Raise InputError where the first line seems to be a person: its words are values below.

        A label must be among them, since answers of a survey may name their own columns.
        """
        columns = self.columns
        words = [name for name in wanted if number_of(name) is None]
        own = [name for name in words if (self.frame.iloc[:, columns.index(name)] == name).any()]
        if len(own) > 1 and any(name in own for name in of_names):
            raise InputError(
                f"Expected the names of the columns in the first line of {self.path}, got values "
                f"of people: {listed(own)} stand below it, too. Write a line of names above it."
            )

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
        is_parquet = content[:4] == b"PAR1" or file.suffix.lower() in PARQUET
        read = CsvRows(_read_parquet(file)) if is_parquet else read_csv(file, content, how, names)
    except MissingPackageError:
        raise
    except (*_UNREADABLE, pd.errors.ParserWarning) as error:
        raise _no_table(file, error, how) from error
    if not len(read.frame):
        raise InputError(
            f"Expected people or outcomes in {path}, got no rows. Give a file with a row for each."
        )
    return RawTable(
        read.frame, path, how, written=not is_parquet, notes=read.notes, again=read.again
    )


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
        reason = "rows of more cells than the first line has names"
        fix = (
            "Give every column a name in the header line, a saved index too, and take out comments "
            f"above it; or, for another separator, give {how.say('separator', 'CHARACTER')}."
        )
    elif "zero byte" in reason:
        fix = f"Mend it, or name the file's encoding, such as {how.say('encoding', 'utf-16')}."
    elif file.suffix.lower() in PARQUET:
        fix = "If it is a CSV file, name it .csv."
    return InputError(f"Expected {file} to be a table with a header line, got: {reason}. {fix}")


def _read_parquet(file: Path) -> Any:
    """Return a parquet file with its named index as columns: they are columns in the file."""
    require("data", "Parquet files", "pyarrow")
    import pandas as pd

    frame = pd.read_parquet(file)
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    return frame
