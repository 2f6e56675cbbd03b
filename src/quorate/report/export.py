"""Results to take elsewhere: rows as CSV, Parquet or JSON, and tables in LaTeX."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from quorate.errors import StoreError, reason
from quorate.extras import require
from quorate.plain import finite
from quorate.report.files import to_csv
from quorate.report.latex import latex_table
from quorate.report.reports import DATA
from quorate.report.stored import load_result, load_results
from quorate.runs.reading import as_stored
from quorate.runs.result import Result, Row
from quorate.runs.store import FILE, WRITING
from quorate.runtime.files import check_file, write_file
from quorate.test_time.study.settings import FILE as CORRECTION
from quorate.validate import unknown

LATEX = "latex"
BY = "quorate export"
T = TypeVar("T")
# What a folder of results is read from, or would be, were it there.
OWN = (FILE, f"{FILE}-wal", f"{FILE}-shm", f"{FILE}-journal", DATA, CORRECTION, WRITING)


def export(folder: str | Path, kind: str = "csv", what: str | None = None) -> bytes:
    """Return what a folder holds, as the content of a file.

    Args:
        folder: of a run of any kind.
        kind: csv, parquet or json, of rows; or latex, of tables to \\input.
        what: which rows, such as cells, critical-mass or curves, by default the first; or the
            beginning of a table's heading, by default all tables, one below the other.

    Raises:
        InputError: there is no such kind, no such rows, or no such table.
        StoreError: the folder holds no results, or they cannot be read.
    """
    if kind not in (*FORMATS, LATEX):
        raise unknown("format", kind, (*FORMATS, LATEX))
    with as_stored(folder):
        result = load_result(folder)
        if kind == LATEX:
            return _latex(folder, result, what)
        return FORMATS[kind](_rows(folder, result, what))


def _rows(folder: str | Path, result: Result, what: str | None) -> list[Row]:
    tables = result.data()
    if what is None:
        return next(iter(tables.values()))
    if what not in tables:  # a comparison shares its folder with a correction
        tables = _all_of(folder, lambda one: one.data())
    if what not in tables:
        raise unknown("table", what, tables)
    return tables[what]


def _latex(folder: str | Path, result: Result, what: str | None) -> bytes:
    r"""Return the tables whose heading begins with ``what``, in lower case and with hyphens."""
    wanted = _headed(result.tables(), what)
    if not wanted:
        tables = _all_of(folder, lambda one: one.tables())
        if not (wanted := _headed(tables, what)):
            raise unknown("table", str(what), map(_slug, tables))
    return "\n".join(latex_table(*table) for table in wanted.items()).encode()


def _headed(tables: Mapping[str, list[T]], what: str | None) -> dict[str, list[T]]:
    """Return the tables whose heading begins with ``what``."""
    beginning = _slug(what or "")
    return {name: rows for name, rows in tables.items() if _slug(name).startswith(beginning)}


def _all_of(folder: str | Path, tables_of: Callable[[Result], dict[str, T]]) -> dict[str, T]:
    """Return the tables of all results in a folder; of two of one name, the main result's."""
    return {k: v for one in reversed(load_results(folder)) for k, v in tables_of(one).items()}


def _slug(heading: str) -> str:
    """Return a heading as a word of the command line.

    >>> _slug("Critical mass α* for S* = 0.9")
    'critical-mass-α-for-s-0-9'
    """
    return "-".join(re.findall(r"\w+", heading.lower()))


def check_export(file: str | Path, folder: str | Path) -> None:
    """Raise StoreError where an export would replace something else, before it is made.

    Args:
        file: to write.
        folder: that is read.
    """
    path, reads = Path(file), Path(folder)
    own = [reads / name for name in OWN]
    check_file(path, BY, [reads, *own])


def write_export(content: bytes, file: str | Path) -> None:
    """Write an export to a file, whole or not at all; one that it has written may be replaced.

    Raises:
        StoreError: there is a file that no export has written, or it cannot be written.
    """
    path = Path(file)
    try:
        check_file(path, BY)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, content, BY)
    except OSError as error:
        raise StoreError(
            f"Expected to write {path}, got: {reason(error)}. Make room, mend the permissions, or "
            "choose another --out."
        ) from error


def to_json(rows: Sequence[Row]) -> bytes:
    """Return rows as a JSON list; null where there is no number."""
    return json.dumps(finite(rows), indent=1, ensure_ascii=False, allow_nan=False).encode()


def to_parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as Parquet; a column for every key in any of them, null where there is none.

    A column of several types, such as numbers and words, is text.
    """
    require("data", "Parquet files", "pyarrow")
    import pyarrow as pa
    import pyarrow.parquet as pq

    def column(name: str) -> Any:
        values = [row.get(name) for row in rows]
        with contextlib.suppress(pa.ArrowException, OverflowError):
            found = pa.array(values)
            if "struct" not in str(found.type):  # a table without a key cannot be written
                return found
        return pa.array([None if value is None else str(value) for value in values])

    names = dict.fromkeys(name for row in rows for name in row)
    file = io.BytesIO()
    pq.write_table(pa.table({name: column(name) for name in names}), file)
    return file.getvalue()


FORMATS: dict[str, Callable[[Sequence[Row]], bytes]] = {
    "csv": to_csv,
    "parquet": to_parquet,
    "json": to_json,
}
