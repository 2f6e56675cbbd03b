"""CSV files as text with the place of every cell, so that all that is not changed stays as it is.

Cells are split as ``quorate.populations.tables.csv_files`` splits them; the same rules stand in
``web/static/acting_cells.js``, and tests hold both to one another.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from quorate.errors import InputError
from quorate.populations.tables.csv_files import find_separator
from quorate.validate import shown, unknown

MOST_BYTES = 2**28  # of a file: what a browser holds several times
ENCODINGS = ("utf-8", "cp1252", "latin-1")  # that a member can name; others are told by their mark
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_OTHERS = {
    b"\x1f\x8b": "a compressed file",
    b"BZh": "a compressed file",
    b"\xfd7zXZ\0": "a compressed file",
    b"PK\x03\x04": "an archive, or a file of a spreadsheet program",
    b"\xd0\xcf\x11\xe0": "a file of a spreadsheet program",
    b"PAR1": "a parquet file",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}
BLANKS = " \t\r\n\f\v\u200b\u200c\u200d\u2060\ufeff\u00a0"  # around a cell, and kept there

Place = tuple[int, int]  # where something begins and ends


@dataclass(frozen=True, eq=False)
class CsvCells:
    """A CSV file, and where its cells are.

    Args:
        text: the file's text, without the byte order mark.
        mark: the byte order mark; empty for none.
        encoding: of the text.
        separator: between cells.
        header: the places of the cells in the header line, blanks included.
        rows: the places of the cells of each row below it, blanks included.
        lines: where each row begins, and where the line after it begins.
    """

    text: str
    mark: bytes
    encoding: str
    separator: str
    header: list[Place]
    rows: list[list[Place]]
    lines: list[Place]

    def trimmed(self, place: Place) -> Place:
        """Return the place of a cell without the blanks around it."""
        return _trimmed(self.text, *place)

    def value(self, place: Place) -> str:
        """Return what a cell says, without blanks around it and its quotation marks."""
        start, end = self.trimmed(place)
        return unquoted(self.text[start:end])

    def encoded(self, text: str) -> bytes:
        """Return the bytes of a file with another text.

        Raises:
            InputError: a sign does not exist in the encoding.
        """
        try:
            return self.mark + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            sign = text[error.start : error.start + 1]
            raise InputError(
                f"Expected a value that can be written in {self.encoding}, the encoding of the "
                f"file, got {sign!r}. Save the file as UTF-8 first."
            ) from None


def unquoted(written: str) -> str:
    """Return what a cell says that is written so.

    >>> unquoted('"5"" pipe"'), unquoted("plain")
    ('5" pipe', 'plain')
    """
    if not written.startswith('"'):
        return written
    end = written.index('"', 1)
    while written[end + 1 : end + 2] == '"':
        end = written.index('"', end + 2)
    return written[1:end].replace('""', '"') + written[end + 1 :]


def read_cells(
    content: bytes, *, encoding: str | None = None, separator: str | None = None
) -> CsvCells:
    """Return a CSV file with the place of every cell.

    Args:
        content: the file.
        encoding: "utf-8", "cp1252" or "latin-1"; None for UTF-8, or by its byte order mark.
        separator: one sign; None for , or ; or tab, as in ``read_csv``.

    Raises:
        InputError: it is no such file; the message says how to save it as one.
    """
    text, mark, encoding = _decoded(content, encoding)
    if "\0" in text:
        raise InputError(
            "Expected a CSV file, got one with zero bytes. Save it as CSV (UTF-8) in the program "
            "that made it."
        )
    end = len(text.rstrip("\x1a"))  # as DOS ended files
    hint = re.match(r"sep=(.)\r?\n", text)  # how spreadsheets are told
    start = hint.end() if hint else 0
    body = text[start:end]
    separator = separator or (hint[1] if hint else find_separator(body))
    separator = "\t" if separator in ("tab", "\\t") else separator
    if len(separator) != 1 or separator in '" \r\n' or ord(separator) > 0xFFFF:
        raise InputError(
            f"Expected a separator of one sign, such as ; or tab, got {shown(separator, 20)}. "
            "Save the file with commas first."
        )
    rows, lines = _split(text, start, end, separator)
    if not rows:
        raise InputError("Expected a header line with the names of the columns, got none.")
    cells = CsvCells(text, mark, encoding, separator, rows[0], rows[1:], lines[1:])
    _check_rows(cells)
    return cells


def _decoded(content: bytes, named: str | None) -> tuple[str, bytes, str]:
    """Return a file's text, its byte order mark, and its encoding."""
    if len(content) > MOST_BYTES:
        raise InputError(
            f"Expected a file of at most {MOST_BYTES // 2**20} MB, got {len(content):,} bytes. "
            "Split it, and act on each part."
        )
    other = next((what for start, what in _OTHERS.items() if content.startswith(start)), None)
    if other is not None:
        raise InputError(
            f"Expected a CSV file, got {other}. Save it as CSV (UTF-8) in the program that made it."
        )
    if named is not None and named not in ENCODINGS:
        raise unknown("encoding", named, ENCODINGS, "Save the file as UTF-8 first.")
    mark = next((one for one in _MARKS if content.startswith(one)), b"")
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise InputError("Expected UTF-8 or UTF-16, got UTF-32. Save the file as UTF-8 first.")
    encoding = _MARKS[mark] if mark else named or "utf-8"
    try:
        return content[len(mark) :].decode(encoding), mark, encoding
    except UnicodeDecodeError:
        fix = "If a spreadsheet on Windows saved it, name the encoding cp1252; else save it as "
        raise InputError(
            f"Expected text in {encoding}, got other bytes. {fix}UTF-8 first."
        ) from None


def _split(
    text: str, start: int, end: int, separator: str
) -> tuple[list[list[Place]], list[Place]]:
    """Return the places of the cells of each row that is not blank, and those of its line."""
    space = " " if separator == "\t" else " \t"
    blank = re.compile(rf"[{space}]*(?:\r\n|\r|\n|\Z)")
    plain = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
    rows: list[list[Place]] = []
    lines: list[Place] = []
    at = start
    quote = text.find('"', at, end)
    while at < end:
        if empty := blank.match(text, at, end):
            at = empty.end()
            continue
        begin = at
        line = plain.match(text, at, end)
        if line is not None and not at <= quote < line.end():
            row = _plain_places(line[1], at, separator)
            at = line.end()
        else:
            row, at = _quoted_places(text, at, end, separator)
            quote = text.find('"', at, end)
        rows.append(row)
        lines.append((begin, at))
    return rows, lines


def _plain_places(line: str, at: int, separator: str) -> list[Place]:
    """Return the places of the cells of a line without quotation marks, which begins at ``at``."""
    row = []
    for cell in line.split(separator):
        row.append((at, at + len(cell)))
        at += len(cell) + 1
    return row


def _quoted_places(text: str, at: int, end: int, separator: str) -> tuple[list[Place], int]:
    """Return the places of the cells of the row that begins at ``at``, and where it ends."""
    sign = re.escape(separator)
    cell = re.compile(
        rf'( *(?:"[^"]*(?:""[^"]*)*"(?!")[^{sign}\r\n]*|(?! *")[^{sign}\r\n]*))'
        rf"({sign}|\r\n|\r|\n|\Z)"
    )
    row: list[Place] = []
    while True:
        found = cell.match(text, at, end)
        if found is None:
            line = text.count("\n", 0, at) + 1
            raise InputError(
                f"Expected every quotation mark to be closed, got one in line {line} that is not. "
                "Close it, or save the file again."
            )
        row.append(found.span(1))
        at = found.end()
        if found[2] != separator:
            return row, at
        if at == end:  # the file ends after a separator: one more empty cell
            return [*row, (at, at)], at


def _trimmed(text: str, start: int, end: int) -> Place:
    """Return the place of a cell without the blanks around it."""
    while start < end and text[start] == " ":
        start += 1
    while end > start and text[end - 1] in BLANKS:
        end -= 1
    if start == end or text[start] == '"':
        return start, end
    first = start
    while text[first] in BLANKS:
        first += 1
    return (start if text[first] == '"' else first), end  # a mark after other blanks is a sign


def _check_rows(cells: CsvCells) -> None:
    width = len(cells.header)
    ended = bool(cells.rows) and len(cells.rows[0]) == width + 1  # by a separator, as are all lines
    for number, row in enumerate(cells.rows, start=1):
        if ended and len(row) == width + 1:
            start, end = cells.trimmed(row[-1])
            del row[width + (start < end) :]
        if len(row) > width:
            raise InputError(
                f"Expected at most {width} cells in each row, as in the header line, got "
                f"{len(row)} in row {number} below it. Name every column, or give another "
                "separator."
            )
