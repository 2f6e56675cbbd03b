"""What a file beside pictures says of them: metadata.csv, metadata.jsonl or metadata.parquet."""

from __future__ import annotations

import csv
import io
import json
import posixpath
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate.errors import InputError
from quorate.extras import require
from quorate.runtime.files import decoded
from quorate.validate import listed

FILE_NAME = "file_name"  # the column that says which picture a row is about
IMAGE, LABEL = "image", "label"  # the columns that folders give
SEPARATORS = ",;\t"
Value = str | int | float | bool | None
Line = Mapping[str, Any]


@dataclass(frozen=True)
class Metadata:
    """What is said of pictures.

    Args:
        columns: values by column, then by the picture's path.
        not_there: pictures that rows name, but that are not there.
    """

    columns: Mapping[str, Mapping[str, Value]]
    not_there: tuple[str, ...]


def read_metadata(folder: Path, files: Sequence[str], pictures: Sequence[str]) -> Metadata:
    """Return what all files of metadata below a folder say of its pictures.

    Args:
        folder: where the pictures are.
        files: paths of the metadata from there; each is about pictures in its own folder and below.
        pictures: paths of the pictures.

    Raises:
        InputError: a file cannot be read, names no pictures, or names one twice.
    """
    known, not_there = _by_spelling(pictures), []
    columns: dict[str, dict[str, Value]] = {}
    seen: set[str] = set()
    for file in files:
        lines = _lines(folder / file)
        for line in lines:
            named = _path(file, line.get(FILE_NAME), folder)
            path = known.get(named) or known.get(_composed(named))
            if path is None:
                not_there.append(named)
                continue
            if path in seen:
                raise InputError(
                    f"Expected one row a picture in {folder / file}, got two or more of {path}. "
                    "Take all but one out."
                )
            seen.add(path)
            for column, value in line.items():
                if column != FILE_NAME:
                    columns.setdefault(column, {})[path] = value
        if lines and IMAGE in lines[0]:
            raise InputError(
                f"Expected other columns than {IMAGE}, which is the picture itself, in "
                f"{folder / file}. Call it otherwise."
            )
    if not_there and not seen:
        raise InputError(
            f"Expected {listed(files)} in {folder} to name its pictures, got none of them: "
            f"{listed(not_there)}. Give their paths as seen from the folder of that file."
        )
    return Metadata({name: _as_numbers(one) for name, one in columns.items()}, tuple(not_there))


def _by_spelling(paths: Sequence[str]) -> dict[str, str]:
    """Return paths by themselves, and by accents as one letter, which some systems write as two."""
    return {_composed(path): path for path in paths} | {path: path for path in paths}


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _path(file: str, name: object, folder: Path) -> str:
    """Return a picture's path from the folder, as metadata name it from their own."""
    if not isinstance(name, str) or not name.strip():
        raise InputError(
            f"Expected the name of a picture in every row of {folder / file}, in the column "
            f"{FILE_NAME}, got {name!r}. Fill it in, or take the row out."
        )
    whole = posixpath.join(posixpath.dirname(file), name.strip().replace("\\", "/"))
    return posixpath.normpath(whole)


def _lines(file: Path) -> list[Line]:
    """Return the rows of a file of metadata, with the columns that the file has."""
    try:
        lines = NAMES[file.name.lower()](file)
    except InputError:
        raise
    except Exception as error:  # Parquet and JSON raise all kinds
        what = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(
            f"Expected {file} to hold a row a picture, got: {what[0].rstrip('.')}. Save it again "
            "in UTF-8, or move it out of the folder."
        ) from None
    if lines and FILE_NAME not in lines[0]:
        raise InputError(
            f"Expected a column {FILE_NAME} in {file}, got {listed(list(map(str, lines[0])))}. "
            "Name the pictures in it, or move the file out of the folder."
        )
    return lines


def _csv_lines(file: Path) -> list[Line]:
    text = decoded(file.read_bytes())
    header = text.lstrip().partition("\n")[0]
    separator = max(SEPARATORS, key=header.count)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
    names = [name.strip() for name in rows[0]] if rows else []
    if len(set(names)) < len(names):
        raise ValueError(f"a column twice: {listed(names)}")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(names):
            raise ValueError(f"{len(row)} values for {len(names)} columns in row {number}")
    return [dict(zip(names, (one.strip() for one in row), strict=True)) for row in rows[1:]]


def _json_lines(file: Path) -> list[Line]:
    lines = decoded(file.read_bytes()).splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def _parquet_lines(file: Path) -> list[Line]:
    require("data", "Parquet files", "pyarrow")
    import pyarrow.parquet as pq

    lines: list[Line] = pq.read_table(file).to_pylist()
    return lines


NAMES: Mapping[str, Callable[[Path], list[Line]]] = {
    "metadata.csv": _csv_lines,
    "metadata.jsonl": _json_lines,
    "metadata.parquet": _parquet_lines,
}


def _as_numbers(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return whole numbers as such where all values are, so that 10 comes after 9; empty is None.

    >>> _as_numbers({"a": "10", "b": "9"}), _as_numbers({"a": "007", "b": ""})
    ({'a': 10, 'b': 9}, {'a': '007', 'b': None})
    """
    filled = {path: None if value == "" else value for path, value in values.items()}
    texts = [value for value in filled.values() if value is not None]
    if all(isinstance(one, str) and _is_whole(one) for one in texts):
        return {path: None if one is None else int(one) for path, one in filled.items()}
    return filled


def _is_whole(text: str) -> bool:
    return len(text) < 19 and text.lstrip("-").isdecimal() and str(int(text)) == text
