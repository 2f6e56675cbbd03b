"""The files a result leaves in its folder: one page, pictures, and data to take away."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from quorate.figures.style import render
from quorate.report.other_pages import link_pages
from quorate.report.page import render_page
from quorate.runs.digests import with_digest
from quorate.runs.result import Picture, Result
from quorate.runtime.files import begin_folder, write_files
from quorate.runtime.progress import status

# Signs that spreadsheets begin a formula or a command with; ' is what escapes them.
FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def write_result(result: Result, folder: str | Path) -> Path:
    """Write the page, the pictures and the data of a result to a folder; return the page's path.

    Each file is replaced whole or not at all.

    Args:
        result: what is written.
        folder: where to.

    Raises:
        StoreError: a file would be replaced that quorate did not make, the folder cannot be
            written, or the disk is full.
    """
    folder = Path(folder)
    with status("Drawing pictures and writing the page"):
        return _write(result, folder)


def _write(result: Result, folder: Path) -> Path:
    write_files(folder, render_files(result), "run the same command again")
    link_pages(folder)
    return folder / f"{result.stem}.html"


def render_files(result: Result) -> dict[str, bytes]:
    """Return every file of a result by name; its page, which holds the others, is the last."""
    pictures = result.pictures()
    files = {name: content for item in pictures.items() for name, content in _drawn(*item).items()}
    for name, rows in result.data().items():
        files[f"{name.replace('-', '_')}.csv"] = to_csv(rows)
    own = result.stem == Result.stem
    files["results.json" if own else f"{result.stem}.json"] = json.dumps(
        with_digest(result.stored()), indent=1, ensure_ascii=False, allow_nan=False
    ).encode()
    files |= result.files()
    files[f"{result.stem}.html"] = render_page(result, pictures, files).encode()
    return files


def check_report_folder(folder: Path) -> None:
    """Raise StoreError, before anything is computed, where a report would replace others' files."""
    begin_folder(folder, (f"{Result.stem}.html", "results.json", "cells.csv"))


def _drawn(name: str, picture: Picture) -> dict[str, bytes]:
    """Return the files of a picture: photographs as PNG, a drawing as SVG and PDF too."""
    kinds: tuple[Literal["svg", "png", "pdf"], ...] = ("svg", "png", "pdf")
    if picture.photographs:
        kinds = ("png",)
    return {f"{name}.{kind}": render(picture.figure, kind) for kind in kinds}


def to_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as CSV; a column for every key in any of them, empty where there is no number.

    A text that a spreadsheet would read as a formula has a ' before it, as in OWASP's advice on CSV
    injection; '' stands before one that begins with ' and such a sign.
    """
    text = io.StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_cell, columns))
    for row in rows:
        writer.writerow([_cell(row.get(key, "")) for key in columns])
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """Return what is written of a value: nothing for NaN, and no formula for a text.

    >>> _cell("=1+1"), _cell("-0.5"), _cell(-0.5), _cell("a=1"), _cell("'=1"), _cell("- all")
    ("'=1+1", '-0.5', -0.5, 'a=1', "''=1", "'- all")
    """
    if isinstance(value, float) and math.isnan(value):
        return ""
    if value is None or isinstance(value, int | float):
        return value
    plain = str(value).replace("\r\n", "\n").replace("\r", "\n")  # a \r alone is not quoted
    return f"'{plain}" if FORMULA.match(plain) and not NUMBER.fullmatch(plain) else plain
