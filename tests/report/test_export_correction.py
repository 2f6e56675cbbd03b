"""Exports of a correction's folder: its cells, its means over seeds, a table."""

import csv
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from correction_cells import Cell, cells_of, study

from quorate.errors import InputError, StoreError
from quorate.report.export import export
from quorate.runtime.files import write_plain
from quorate.test_time.study import cell as cells_module
from quorate.test_time.study.cell import CELLS, ids_of
from quorate.test_time.study.correction import FILE, Correction
from quorate.test_time.study.running import stored


def keep(correction: Correction, out: Path, cells: list[Cell]) -> list[Cell]:
    """Store cells by hand where a run leaves them, under their own ids."""
    write_plain(out / FILE, correction.describe())
    ids = [id_ for group in correction.groups() for id_ in ids_of(correction, out, group).values()]
    named = [{**cell, "id": id_} for cell, id_ in zip(cells, ids, strict=True)]
    for cell in named:
        write_plain(out / CELLS / f"{cell['id']}.json", cell)
    return named


@pytest.fixture(scope="module", autouse=True)
def platform() -> Iterator[None]:
    """The platform that they were measured on, which nobody has trained."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells_module, "platform_id", lambda *_: "0123456789abcdef")
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Cell]]:
    out = tmp_path_factory.mktemp("corrected")
    correction = study(members="5,8", seeds=2)
    closes = {5: [0.1 + 0.2, None], 8: [0.5, 1.5]}
    cells = cells_of(correction, lambda group, _: {"closed": closes[group.members][group.seed]})
    kept = keep(correction, out, cells)
    write_plain(out / CELLS / "another.json", {"id": "another"})  # of another study: not ours
    return out, kept


def test_cells_come_back(folder: tuple[Path, list[Cell]]) -> None:
    out, cells = folder
    assert stored(out)[1] == cells
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(export(out, "parquet"))).to_pylist()
    assert [row["id"] for row in rows] == [cell["id"] for cell in cells]
    assert rows[0]["gap_closed"] == 0.1 + 0.2
    assert rows[0]["gap_closed.high"] == math.inf  # no bound
    plain = list(csv.DictReader(io.StringIO(export(out).decode())))
    assert [row["gap_closed"] for row in plain] == ["0.30000000000000004", "0.5", "", "1.5"]
    assert plain[0]["after.accuracy[low-light]"] == "0.7"


def test_curves_are_means_over_seeds(folder: tuple[Path, list[Cell]]) -> None:
    rows = pq.read_table(io.BytesIO(export(folder[0], "parquet", "curves"))).to_pylist()
    assert [(row["members"], row["seeds"], row["gap_closed"]) for row in rows] == [
        (5, 2, 0.1 + 0.2),  # the other seed had no gap
        (8, 2, 1.0),
    ]
    assert rows[1]["gap_closed.low"] == pytest.approx(-3.58405, abs=1e-4)  # as summaries are


def test_a_table_for_a_paper(folder: tuple[Path, list[Cell]]) -> None:
    text = export(folder[0], "latex").decode()
    lines = text.splitlines()
    at = lines.index(r"\midrule")
    assert lines[at - 1] == (
        r"members & queries & $\varepsilon$ & gap closed & 95\% interval & before & after "
        r"& force rate & label-free \\"
    )
    assert lines[at + 1] == (
        r"5 & 10 & 8/255 & 0.300 & {[}0.200, $\infty$) & 0.500 & 0.700 & 0.400 & 0.250 \\"
    )
    assert lines[2] == r"\begin{tabular}{rrrrlrrrr}"
    assert text.isascii()


def test_what_differs_has_a_column_of_its_own(tmp_path: Path) -> None:
    correction = study(proxy=["mlp", "cnn"], norm="l2", epsilon=1.5)
    keep(correction, tmp_path, cells_of(correction, lambda *_: {"closed": None, "free": {}}))
    text = export(tmp_path, "latex").decode()
    row = r"cnn & 20 & 10 & 1.5 (L2) & -- & -- & 0.500 & 0.700 & 0.400 & -- \\"
    assert row in text.splitlines()


def test_mistakes_are_answered(folder: tuple[Path, list[Cell]], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Expected cells or curves of the correction in"):
        export(folder[0], "csv", "critical-mass")
    with pytest.raises(InputError, match=r"Expected a known table, got 'cells'\. Known: curves"):
        export(folder[0], "latex", "cells")
    correction = study(seeds=2)
    kept = keep(correction, tmp_path, cells_of(correction))
    (tmp_path / CELLS / f"{kept[1]['id']}.json").unlink()
    with pytest.raises(StoreError, match=r"run to its end in .*, got 1 of 2 cells"):
        export(tmp_path)
    (tmp_path / FILE).write_text(json.dumps([1]))
    with pytest.raises(InputError, match="Expected the folder of a correction"):
        export(tmp_path)
