"""Exports of a correction's folder: its cells, its means over seeds, a table."""

import csv
import io
import json
import math
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from correction_outcomes import Change, outcomes_of, study

from quorate.errors import InputError, StoreError
from quorate.report.export import export
from quorate.runs.store import Store
from quorate.runtime.files import write_plain
from quorate.test_time.search.settings import EditSearch
from quorate.test_time.study.cell import cells_of
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.deployment import Deployment
from quorate.test_time.study.measuring import CorrectionWork
from quorate.test_time.study.outcome import CorrectionOutcome
from quorate.test_time.study.running import stored
from quorate.test_time.study.settings import FILE
from quorate.test_time.study.stored_cells import find_stored


def keep(
    correction: Correction, out: Path, change: Change | None = None
) -> list[CorrectionOutcome]:
    """Store outcomes made by hand where a run leaves them, under the ids of their cells."""
    write_plain(out / FILE, correction.describe())
    cells, found = cells_of(Deployment(correction, out)), outcomes_of(correction, change)
    outcomes = [replace(one, id=cell.id) for cell, one in zip(cells, found, strict=True)]
    with Store(out, write=True) as store:
        for one in outcomes:
            store.add(CorrectionWork.kind, one.to_record())
    return outcomes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[CorrectionOutcome]]:
    out = tmp_path_factory.mktemp("corrected")
    closes = {5: [0.1 + 0.2, None], 8: [0.5, 1.5]}
    correction = study(members="5,8", seeds=2)
    kept = keep(correction, out, lambda group, _: {"closed": closes[group.members][group.seed]})
    with Store(out, write=True) as store:  # of another study: not ours
        store.add(CorrectionWork.kind, replace(kept[0], id="another").to_record())
    return out, kept


def test_cells_searched_otherwise_are_another_studys(tmp_path: Path) -> None:
    correction = replace(study(proxy="edits"), search=EditSearch(method="halving"))
    kept = keep(correction, tmp_path)
    (cell,) = cells_of(Deployment(correction, tmp_path))
    records = [replace(one, description=cell.describe()).to_record() for one in kept]
    others = study(proxy="edits")
    assert len(find_stored(correction, records)) == 1
    assert find_stored(others, records) == []


def test_cells_come_back(folder: tuple[Path, list[CorrectionOutcome]]) -> None:
    out, kept = folder
    found = stored(out).outcomes
    assert [(one.to_plain(), one.files) for one in found] == [
        (one.to_plain(), one.files) for one in kept
    ]
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(export(out, "parquet"))).to_pylist()
    assert [row["id"] for row in rows] == [one.id for one in kept]
    assert rows[0]["gap_closed"] == 0.1 + 0.2
    assert rows[0]["gap_closed.high"] == math.inf  # no bound
    plain = list(csv.DictReader(io.StringIO(export(out).decode())))
    assert [row["gap_closed"] for row in plain] == ["0.30000000000000004", "0.5", "", "1.5"]
    assert plain[0]["after.accuracy[low-light]"] == "0.7"


def test_curves_are_means_over_seeds(folder: tuple[Path, list[CorrectionOutcome]]) -> None:
    rows = pq.read_table(io.BytesIO(export(folder[0], "parquet", "curves"))).to_pylist()
    assert [(row["members"], row["seeds"], row["gap_closed"]) for row in rows] == [
        (5, 2, 0.1 + 0.2),  # the other seed had no gap
        (8, 2, 1.0),
    ]
    assert rows[1]["gap_closed.low"] == pytest.approx(-3.58405, abs=1e-4)  # as summaries are


def test_a_table_for_a_paper(folder: tuple[Path, list[CorrectionOutcome]]) -> None:
    text = export(folder[0], "latex", "every-collective").decode()
    lines = text.splitlines()
    at = lines.index(r"\midrule")
    assert lines[at - 1] == (
        r"members $\times$ queries & $\varepsilon$ & gap closed, label-free & per class "
        r"& force rate & worst group & least where it adapts \\"
    )
    assert lines[at + 1] == (
        r"5 $\times$ 10 & 8/255 & 0.25 {[}0.25, 0.25{]} & 0.30 {[}0.20, $\infty$) & 0.400 "
        r"& 0.500 $\to$ 0.700 & jpeg 0.300 \\"
    )
    assert text.isascii()
    assert text in export(folder[0], "latex").decode()  # the tables, one below the other


def test_what_differs_has_a_column_of_its_own(tmp_path: Path) -> None:
    correction = study(proxy=["mlp", "cnn"], norm="l2", epsilon=1.5)
    keep(correction, tmp_path, lambda *_: {"closed": None, "free": {}, "adaptive": {}})
    text = export(tmp_path, "latex").decode()
    row = r"cnn & 20 $\times$ 10 & 1.5 (L2) & -- & -- & 0.400 & 0.500 $\to$ 0.700 & -- \\"
    assert row in text.splitlines()


def test_mistakes_are_answered(
    folder: tuple[Path, list[CorrectionOutcome]], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="Expected a known table, got 'critical-mass'"):
        export(folder[0], "csv", "critical-mass")
    with pytest.raises(InputError, match="Expected a known table, got 'cells'"):
        export(folder[0], "latex", "cells")
    kept = keep(study(seeds=2), tmp_path)
    with sqlite3.connect(tmp_path / "store.sqlite") as db:
        db.execute("DELETE FROM record WHERE id = ?", [kept[1].id])
    with pytest.raises(
        StoreError, match=r"run to its end in .*, got 1 of 2 cells.* with --anyway if"
    ):
        export(tmp_path)
    (tmp_path / FILE).write_text(json.dumps([1]))
    with pytest.raises(InputError, match="Expected the folder of a correction"):
        export(tmp_path)
