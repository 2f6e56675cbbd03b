"""Tables of a run that are read again: CSV files, or the same compressed, as results keep them."""

from __future__ import annotations

import csv
import io
import lzma
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from quorate.errors import InputError, StoreError, reason

PLAIN, PACKED = ".csv", ".csv.xz"
VALUES = {"": None, "True": True, "False": False}


def pack_table(content: bytes) -> bytes:
    """Return a CSV file compressed: the same bytes for the same table.

    >>> lzma.decompress(pack_table(b"seed,success"))
    b'seed,success'
    """
    return lzma.compress(content, lzma.FORMAT_XZ, preset=9 | lzma.PRESET_EXTREME)


def has_table(folder: Path, name: str) -> bool:
    """Return whether a folder holds a table, compressed or not."""
    return any((folder / f"{name}{ending}").is_file() for ending in (PACKED, PLAIN))


def read_texts(folder: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of a table as they are written; none where there is no such table.

    Args:
        folder: of a run, or of its results that are kept.
        name: of the table, without an ending.

    Raises:
        StoreError: it cannot be read.
    """
    packed, plain = folder / f"{name}{PACKED}", folder / f"{name}{PLAIN}"
    path = packed if packed.is_file() else plain
    if not path.is_file():
        return []
    try:
        content = path.read_bytes()
        text = (lzma.decompress(content) if path == packed else content).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    except (OSError, UnicodeDecodeError, lzma.LZMAError, csv.Error) as error:
        raise StoreError(f"Expected to read {path}, got: {reason(error)}. Mend it.") from error
    for number, row in enumerate(rows, start=1):
        if None in row or None in row.values():  # csv's marks of values too many, and too few
            raise StoreError(
                f"Expected as many values as columns in {path}, got others in row {number}. Run "
                "the experiment again."
            )
    return rows


def read_rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a table as they were before they were written, None for no value.

    Raises:
        StoreError: as ``read_texts``.
    """
    return [{key: _value(text) for key, text in row.items()} for row in read_texts(folder, name)]


def _value(text: str) -> Any:
    """Return what a text in a table stands for.

    >>> _value("3"), _value("0.5"), _value("inf"), _value("True"), _value(""), _value("sgd")
    (3, 0.5, inf, True, None, 'sgd')
    """
    if text in VALUES:
        return VALUES[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


@dataclass(frozen=True)
class KeptTables:
    """The tables of a folder, read when they are asked for.

    Args:
        folder: of a run, or of its results that are kept.
    """

    folder: Path

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a table, none where it is not there; see ``read_rows``."""
        return read_rows(self.folder, name)

    def needed(self, name: str = "cells") -> list[dict[str, Any]]:
        """Return the rows of a table.

        Raises:
            InputError: there are none.
        """
        rows = self.rows(name)
        if not rows:
            raise InputError(
                f"Expected {name}{PACKED} in {self.folder}, got no row. Run the experiment again."
            )
        return rows


R = TypeVar("R")


def with_rows(result: R, rows: Sequence[Mapping[str, Any]]) -> R:
    """Return a result that caches its rows as ``_rows``, with rows that were read back in it."""
    vars(result)["_rows"] = list(rows)
    return result
