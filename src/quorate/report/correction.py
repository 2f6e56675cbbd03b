"""The files that a correction leaves in its folder: one page, figures, pictures and their data."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.figures.correction import (
    AccuracyMark,
    GapCurve,
    gap_figure,
    groups_figure,
    transfer_figure,
)
from quorate.figures.style import render
from quorate.report.correction_page import render_correction
from quorate.report.correction_pictures import Sheet, changes_sheet, people_sheet
from quorate.report.correction_summary import (
    Cell,
    Row,
    headline_of,
    numbers_of,
    rows_of,
    summary,
)
from quorate.report.correction_words import budget
from quorate.report.files import to_csv, write_files
from quorate.test_time.perturbations.perturbation import load
from quorate.test_time.study.cell import CELLS
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.people import people_of

FORMS = ("svg", "png")


def write_correction(
    cells: Sequence[Cell],
    correction: Correction,
    out: str | Path,
    finding: Mapping[str, Any] | None = None,
) -> Path:
    """Write the page, the figures, the pictures and the data; return the page's path.

    Args:
        cells: as ``run_correction`` returns them.
        correction: the study that they are of.
        out: the folder that it ran in, which holds the cells' perturbations.
        finding: a claim with its verdict, as plain data.

    Raises:
        InputError: a perturbation is not there any more, or damaged.
        StoreError: the folder cannot be written, or the disk is full.
    """
    out = Path(out)
    rows = rows_of(cells, correction)
    shown = headline_of(rows, correction)
    found = summary(cells, correction)
    files: dict[str, bytes] = {
        "results.json": json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False).encode(),
        "cells.csv": to_csv(
            [cell_row(cell) for cell in {one["id"]: one for one in cells}.values()]
        ),
    }
    files |= _gap_files(rows, shown, correction)
    files |= _figure_files("groups", groups_figure(_sections(shown)), _group_rows(shown))
    files |= _transfer_files(rows, shown, correction)
    perturbations, sheets = _pictures(shown, correction, out)
    for name, sheet in sheets.items():
        files[f"{name}.png"] = render(sheet.figure, "png")
        files[f"{name}.csv"] = to_csv(sheet.rows)
    files |= perturbations
    times = {name: sheet.times for name, sheet in sheets.items()}
    files["report.html"] = render_correction(
        found, correction, cells, files, times, finding
    ).encode()
    write_files(out, files, "run the same command again")
    return out / "report.html"


def cell_row(cell: Cell) -> dict[str, Any]:
    """Return a cell as one row: who and what, then each number with its ends."""
    plain = {
        name: cell[name]
        for name in (
            "id", "seed", "platform", "platform_id", "proxy", "members", "queries_per_member",
            "epsilon", "norm",
        )
    }  # fmt: skip
    asked = {name: cell["queries"][name] for name in ("pooled", "evaluation")}
    row = {**plain, **asked, "label_free.best": next(iter(cell["label_free"]), "")}
    for name, one in numbers_of(cell).items():
        row |= {name: one.value, f"{name}.low": one.low, f"{name}.high": one.high}
    return {**row, "seconds": cell["seconds"], "notes": " ".join(cell["notes"])}


# ------------------------------------------------------------------------------------------ figures


def _figure_files(name: str, figure: Any, rows: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    return {
        f"{name}.svg": render(figure, "svg"),
        f"{name}.png": render(figure, "png"),
        f"{name}.csv": to_csv(rows),
    }


def _gap_files(rows: Sequence[Row], shown: Row, correction: Correction) -> dict[str, bytes]:
    """Return gap closed by members and by pooled queries, of the platform and proxy shown."""
    same = [row for row in rows if (row.platform, row.proxy) == (shown.platform, shown.proxy)]
    panels, data = [], []
    for epsilon in dict.fromkeys(row.epsilon for row in same):
        at = [row for row in same if row.epsilon == epsilon]
        traces = [
            _trace([row for row in at if row.queries == each], f"{each:,} queries a member")
            for each in dict.fromkeys(row.queries for row in at)
        ]
        most = [row for row in at if row.queries == shown.queries]
        if not math.isnan(shown["label_free.best.gap_closed"].value):
            label = f"label-free, {shown.queries:,} queries a member"
            traces.append(_trace(most, label, "label_free.best.gap_closed"))
        panels.append((f"ε = {budget(epsilon, correction.norm)}", traces))
        for row in at:
            data += [_gap_row(row, "per class", "gap_closed")]
            data += [_gap_row(row, "label-free", "label_free.best.gap_closed")]
    return _figure_files("gap", gap_figure(panels), data)


def _trace(rows: Sequence[Row], label: str, name: str = "gap_closed") -> GapCurve:
    rows = sorted(rows, key=lambda row: row.members)

    def over(of: Callable[[Row], float]) -> npt.NDArray[np.float64]:
        return np.array([float(of(row)) for row in rows])

    return GapCurve(
        label,
        members=over(lambda row: row.members),
        pooled=over(lambda row: row.pooled),
        value=over(lambda row: row[name].value),
        low=over(lambda row: row[name].low),
        high=over(lambda row: row[name].high),
        free=name != "gap_closed",
    )


def _gap_row(row: Row, change: str, name: str) -> dict[str, Any]:
    return {
        "platform": row.platform,
        "proxy": row.proxy,
        "epsilon": row.epsilon,
        "members": row.members,
        "queries": row.queries,
        "pooled": row.pooled,
        "change": change,
        "gap_closed": row[name].value,
        "low": row[name].low,
        "high": row[name].high,
    }


def _sections(row: Row) -> list[tuple[str, list[AccuracyMark]]]:
    """Return the accuracies by group, the controls, and the platforms that adapt."""
    *_, subgroup = row.cells[0]["before"]["accuracy_by_group"]
    was = row[f"before.accuracy[{subgroup}]"].value
    by_group = [
        _mark(row, f"after.accuracy[{group}]", group, row[f"before.accuracy[{group}]"].value)
        for group in row.cells[0]["before"]["accuracy_by_group"]
    ]
    free = [
        _mark(row, f"label_free.{family}.accuracy", f"label-free {family}", was, kind="free")
        for family in row.cells[0]["label_free"]
    ]
    controls = [
        _mark(row, "controls.wrong_class", "change of a wrong class", was, kind="control"),
        _mark(row, "controls.random_sign", "random signs", was, kind="control"),
        _mark(row, "controls.force_rate", "force rate: the class is told", kind="force"),
    ]
    adapted = [
        _mark(row, f"adaptive.{name}.after", name, row[f"adaptive.{name}.before"].value)
        for name in row.cells[0]["adaptive"]
    ]
    sections = [("accuracy by group", by_group), (f"{subgroup}, how much is real", free + controls)]
    return [*sections, *([(f"{subgroup}, platforms that adapt", adapted)] if adapted else [])]


def _mark(
    row: Row, name: str, label: str, before: float = math.nan, kind: Any = "accuracy"
) -> AccuracyMark:
    one = row[name]
    whole = all(math.isfinite(end) for end in (one.low, one.high))
    low, high = (one.low, one.high) if whole else (one.value, one.value)
    return AccuracyMark(label, one.value, low, high, before, kind)


def _group_rows(row: Row) -> list[dict[str, Any]]:
    return [
        {
            "section": section,
            "label": mark.label,
            "before": mark.before,
            "value": mark.value,
            "low": mark.low,
            "high": mark.high,
        }
        for section, marks in _sections(row)
        for mark in marks
    ]


def _transfer_files(rows: Sequence[Row], shown: Row, correction: Correction) -> dict[str, bytes]:
    """Return what each platform does after each proxy's change; none where there is one of each."""
    platforms, proxies = (
        tuple(dict.fromkeys(v)) for v in (correction.platforms, correction.proxies)
    )
    if len(platforms) == len(proxies) == 1:
        return {}
    asked = (shown.members, shown.queries, shown.epsilon)
    same = [row for row in rows if (row.members, row.queries, row.epsilon) == asked]
    *_, subgroup = shown.cells[0]["before"]["accuracy_by_group"]
    before, after, closed = np.full((3, len(platforms), len(proxies)), math.nan)  # 3 of (p, q)
    for row in same:
        at = platforms.index(row.platform), proxies.index(row.proxy)
        before[at] = row[f"before.accuracy[{subgroup}]"].value
        after[at] = row[f"after.accuracy[{subgroup}]"].value
        if row["before.accuracy_gap"].low > 0:  # there was one to close
            closed[at] = row["gap_closed"].value
    data = [
        {**_gap_row(row, change, name), "proxy_agreement": row["proxy_agreement"].value}
        for row in same
        for change, name in (
            ("per class", "gap_closed"),
            ("label-free", "label_free.best.gap_closed"),
        )
    ]
    return _figure_files(
        "transfer", transfer_figure(platforms, proxies, before, after, closed), data
    )


# ----------------------------------------------------------------------------------------- pictures


def _pictures(
    shown: Row, correction: Correction, out: Path
) -> tuple[dict[str, bytes], dict[str, Sheet]]:
    """Return the files of the perturbations that are shown, and what they look like."""
    cell = shown.cells[0]
    stored = {
        "perturbation.npz": out / CELLS / f"{cell['id']}.npz",
        "perturbation-label-free.npz": out / CELLS / f"{cell['id']}-label-free.npz",
    }
    if not cell["label_free"]:
        stored.pop("perturbation-label-free.npz")
    changes = {name: load(path) for name, path in stored.items()}
    split = people_of(correction, cell["seed"])
    given = (split, changes["perturbation.npz"], changes.get("perturbation-label-free.npz"))
    sheets = {"pictures": people_sheet(*given), "perturbations": changes_sheet(*given)}
    return {name: path.read_bytes() for name, path in stored.items()}, sheets
