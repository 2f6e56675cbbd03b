"""The files a result leaves in its folder: one page, pictures, and data to take away."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from quorate.figures.style import render
from quorate.report.other_pages import link_pages
from quorate.report.page import render_page
from quorate.runs.result import Picture, Result
from quorate.runtime.files import write_files


def write_result(result: Result, folder: str | Path) -> Path:
    """Write the page, the pictures and the data of a result to a folder; return the page's path.

    Each file is replaced whole or not at all.

    Args:
        result: what is written.
        folder: where to.

    Raises:
        StoreError: the folder cannot be written, or the disk is full.
    """
    folder = Path(folder)
    pictures = result.pictures()
    files = {name: content for item in pictures.items() for name, content in _drawn(*item).items()}
    for name, rows in result.data().items():
        files[f"{name.replace('-', '_')}.csv"] = to_csv(rows)
    own = result.stem == Result.stem
    files["results.json" if own else f"{result.stem}.json"] = json.dumps(
        result.stored(), indent=1, ensure_ascii=False, allow_nan=False
    ).encode()
    files |= result.files()
    page = f"{result.stem}.html"
    files[page] = render_page(result, pictures, files).encode()
    write_files(folder, files, "run the same command again")
    link_pages(folder)
    return folder / page


def _drawn(name: str, picture: Picture) -> dict[str, bytes]:
    """Return the files of a picture: photographs as PNG, a drawing as SVG and PDF too."""
    kinds: tuple[Literal["svg", "png", "pdf"], ...] = ("svg", "png", "pdf")
    if picture.photographs:
        kinds = ("png",)
    return {f"{name}.{kind}": render(picture.figure, kind) for kind in kinds}


def to_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as CSV; a column for every key in any of them, empty where there is no number."""
    text = io.StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n", restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: "" if _is_nan(value) else value for key, value in row.items()})
    return text.getvalue().encode()


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
