"""CSV files: what packs them, their encoding, separator and header line, and rows that differ."""

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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate.populations.tables.table_format import TableFormat
from quorate.runtime.files import decoded
from quorate.validate import clean_text, number_of

SEPARATORS = ",;\t"
LINES = 20  # of a file by which its separator is found
_PACKED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
MOST_UNPACKED = 2**30  # bytes of a compressed file; a small one can hold a thousand times its size


@dataclass(frozen=True, eq=False)
class CsvRows:
    """The rows of a CSV file.

    Args:
        frame: a row a person, all of text.
        again: the line where the header line comes again; None for nowhere.
        notes: on the rows, in words.
    """

    frame: Any
    again: int | None = None
    notes: tuple[str, ...] = ()


def read_csv(file: Path, content: bytes, how: TableFormat, names: Sequence[str] | None) -> CsvRows:
    """Return a CSV file as text, cell by cell, with a name for every column.

    Args:
        file: the file, for messages.
        content: its bytes.
        how: what the user says of it.
        names: of columns without a header line, where lines beginning with | are skipped.

    Raises:
        ValueError, csv.Error: it is not a table of text.
    """
    import pandas as pd

    text = decoded(_unpacked(file, content), how.encoding).rstrip("\x1a")  # as DOS ended files
    if "\0" in text:
        raise ValueError(f"a zero byte in line {text[: text.index(chr(0))].count(chr(10)) + 1}")
    hint = re.match(r"sep=(.)\r?\n", text)  # how spreadsheets are told
    text = text[hint.end() :] if hint else text
    separator = how.separator or (hint[1] if hint else find_separator(text))
    separator = "\t" if separator in ("\\t", "tab") else separator
    headless = {} if names is None else {"names": list(names), "comment": "|"}
    rows = iter(()) if names is not None else _rows(text, separator)
    header, again, notes = _compare_rows(rows, bool(hint))
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # it loses data
        # Else a longer row shifts the columns, and each part of a long column has its own type.
        whole = {"index_col": False, "low_memory": False, "skipinitialspace": True}
        as_text = {"dtype": object, "keep_default_na": False, "na_filter": False}
        frame = pd.read_csv(io.StringIO(text), sep=separator, **whole, **as_text, **headless)
    if len(header) == len(frame.columns):
        frame.columns = header
    return CsvRows(frame, again, notes)


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


def _compare_rows(
    rows: Iterator[tuple[int, list[str]]], hinted: bool
) -> tuple[list[str], int | None, tuple[str, ...]]:
    """Return the names in the header line, where it comes again, and a note on shorter rows.

    Names that are all numbers may be a person's values: they do not come again.
    """
    header: list[str] = []
    short: list[int] = []
    again = None
    for line, row in rows:
        if not header:
            header = [clean_text(name) for name in row]
        elif len(row) < len(header):
            short.append(line + hinted)
        elif again is None and [clean_text(cell) for cell in row] == header:
            again = line + hinted
    if all(number_of(name) is not None for name in header):
        again = None
    if not short:
        return header, again, ()
    lines = f"{len(short):,} line{'s have' if len(short) > 1 else ' has'} fewer cells"
    note = f"{lines} than the header line, the first is line {short[0]}: what stands in none is "
    return header, again, (f"{note}missing.",)


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of every row that is not blank, and the line that it ends in."""
    if len(separator) > 1:  # any blanks
        for line, whole in enumerate(text.splitlines(), start=1):
            if whole.strip():
                yield line, [cell.strip('"') for cell in whole.split()]
        return
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    try:
        for row in rows:
            if len(row) > 1 or "".join(row).strip():
                yield rows.line_num, row
    except csv.Error:  # a cell that is too long for it, not for pandas
        return


def find_separator(text: str) -> str:
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
