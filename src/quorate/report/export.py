"""Results to take elsewhere: cells, critical masses and curves as CSV, Parquet or LaTeX.

Pure functions; rows are plain, one column a key.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from quorate.errors import InputError, StoreError, reason
from quorate.intervals import band
from quorate.report.correction import cell_row
from quorate.report.correction_summary import Row, rows_of
from quorate.report.files import replace_file, to_csv
from quorate.report.paper_tables import correction_table, mass_table, text_table
from quorate.runs.store import FILE as STORE
from quorate.studies import curves as lab
from quorate.studies.curves import CURVE, Curves
from quorate.studies.trial import Outcome
from quorate.test_time.study import running
from quorate.test_time.study.correction import FILE as CORRECTION
from quorate.validate import unknown

FORMATS = ("csv", "parquet", "latex")
TABLES = ("cells", "critical-mass", "curves")
RESULTS = "results.json"

Plain: TypeAlias = Mapping[str, Any]


def export(folder: str | Path, kind: str = "csv", what: str | None = None) -> bytes:
    """Return a table of what a folder holds, as the content of a file.

    Args:
        folder: of a study, of a correction, of membership inference or of a scenario.
        kind: csv, parquet, or latex: a table to \\input, of critical masses, or of a correction's
            means over seeds.
        what: cells, critical-mass, or curves: means over seeds with their 95% intervals. By
            default cells, and for latex the table that it is for.

    Raises:
        InputError: there is no such kind or table, or not of such a folder.
        StoreError: the folder holds no results, or they cannot be read.
    """
    if kind not in FORMATS:
        raise unknown("format", kind, FORMATS)
    if what is not None and what not in TABLES:
        raise unknown("table", what, TABLES)
    folder = Path(folder)
    kept = _kept(folder) if what in (None, "cells") else None
    if kept is not None:
        return _of_tables(kept, kind, what)
    if (folder / CORRECTION).exists() and not (folder / STORE).exists():
        return _of_correction(folder, kind, what)
    if kind == "latex":
        _only("latex", what, "critical-mass")
        return mass_table(lab.load(folder)).encode()
    tables: dict[str, Callable[[Curves], list[dict[str, Any]]]] = {
        "cells": lambda curves: [outcome_row(outcome) for outcome in curves.outcomes],
        "critical-mass": lambda curves: curves.critical_masses().to_rows(),
        "curves": curve_rows,
    }
    return _file(tables[what or "cells"](lab.load(folder)), kind)


def _kept(folder: Path) -> Plain | None:
    """Return the results of a report that keeps its rows and its tables; None of another one."""
    try:
        kept = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(kept, Mapping) and {"rows", "tables"} <= set(kept)
    return kept if whole else None


def _of_tables(kept: Plain, kind: str, what: str | None) -> bytes:
    """Return the rows of a report, or all its tables, one below the other."""
    if kind != "latex":
        return _file(kept["rows"], kind)
    _only("latex", what, "curves")
    return "\n".join(
        text_table(heading, rows) for heading, rows in kept["tables"].items() if rows
    ).encode()


def _of_correction(folder: Path, kind: str, what: str | None) -> bytes:
    if what == "critical-mass":
        raise InputError(
            f"Expected cells or curves of the correction in {folder}, got critical-mass: no target "
            "is reached or missed at test time. Use --what curves."
        )
    if kind == "latex":
        _only("latex", what, "curves")
    correction, cells = running.stored(folder)
    if kind == "latex":
        return correction_table(rows_of(cells, correction), correction).encode()
    if what == "curves":
        return _file([mean_row(row) for row in rows_of(cells, correction)], kind)
    return _file([cell_row(cell) for cell in {one["id"]: one for one in cells}.values()], kind)


def _only(kind: str, what: str | None, table: str) -> None:
    if what not in (None, table):
        raise InputError(
            f"Expected {table} for {kind}, which is for a table in a paper, got {what}. Use csv or "
            "parquet."
        )


def write_export(content: bytes, file: str | Path) -> None:
    """Write an export to a file, whole or not at all.

    Raises:
        StoreError: the file cannot be written.
    """
    path = Path(file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    except OSError as error:
        raise StoreError(
            f"Expected to write {path}, got: {reason(error)}. Make room, mend the permissions, or "
            "choose another --out."
        ) from error


# --------------------------------------------------------------------------------------- the files


def _file(rows: Sequence[Plain], kind: str) -> bytes:
    return to_csv(rows) if kind == "csv" else to_parquet(rows)


def to_parquet(rows: Sequence[Plain]) -> bytes:
    """Return rows as Parquet; a column for every key in any of them, null where there is none.

    A column of several types, such as numbers and words, is text.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    def column(name: str) -> Any:
        values = [row.get(name) for row in rows]
        try:
            return pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return pa.array([None if value is None else str(value) for value in values])

    names = dict.fromkeys(name for row in rows for name in row)
    file = io.BytesIO()
    pq.write_table(pa.table({name: column(name) for name in names}), file)
    return file.getvalue()


# ---------------------------------------------------------------------------------------- the rows


def outcome_row(outcome: Outcome) -> dict[str, Any]:
    """Return one cell as a row: what it measured, and what the training says of itself.

    Of the record those values that are one number or word, by their own names (``inner.NAME``
    within a defence), and the last epoch's α_eff.
    """
    row = lab.cell_row(outcome)
    return {**row, **_scalars(outcome.record), **row}  # where both say it, the cell does


def _scalars(record: Plain) -> dict[str, Any]:
    """Return the values of a record that fit into one field.

    >>> _scalars({"loss": 0.5, "alpha_effective": [0.1, 0.2], "inner": {"steps": 40}, "w": [1, 2]})
    {'loss': 0.5, 'alpha_effective': 0.2, 'inner.steps': 40}
    """
    found: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{key}": inner for key, inner in _scalars(value).items()}
        elif name == "alpha_effective" and value:
            found[name] = value[-1]
        elif not isinstance(value, list | tuple):
            found[name] = value
    return found


def curve_rows(curves: Curves) -> list[dict[str, Any]]:
    """Return one row a size of every curve: means over seeds and the ends of their intervals."""
    found = []
    for curve in curves:
        success, accuracy = band(curve.success), band(curve.accuracy)
        for place, alpha in enumerate(curve.alphas):
            row = {name: getattr(curve, name) for name in CURVE}
            row["called"] = curves.called(curve.learner)
            measured = int((~np.isnan(curve.success[place])).sum())
            row |= {"alpha": float(alpha), "seeds": measured}
            for name, ends in (("success", success), ("accuracy", accuracy)):
                row |= _ends(name, *(float(end[place]) for end in ends))
            found.append(row)
    return found


def mean_row(row: Row) -> dict[str, Any]:
    """Return what cells that differ in the seed alone found: means and their intervals."""
    who = ("platform", "proxy", "members", "queries", "epsilon")
    found = {name: getattr(row, name) for name in who}
    found |= {"pooled": row.pooled, "seeds": len(row.cells)}
    for name, one in row.numbers.items():
        found |= _ends(name, one.value, one.low, one.high)
    return found


def _ends(name: str, value: float, low: float, high: float) -> dict[str, float]:
    return {name: value, f"{name}.low": low, f"{name}.high": high}
