"""Exports: what is stored comes back from the file, to the last bit."""

import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from quorate.errors import InputError, StoreError
from quorate.report.export import export, to_parquet, write_export
from quorate.studies.curve import row_with_record
from quorate.studies.curves import Curves
from quorate.studies.loading import load

AWKWARD = 0.1 + 0.2  # 0.30000000000000004: lost by anything that rounds


def measure(cell: Any) -> dict[str, Any]:
    """One learner fails, and success is a number that needs all its digits."""
    if type(cell.learner).name == "group-dro" and cell.seed == 1:
        return {"error": 'it diverged, "nan"\nat once'}
    success = {0.0: 0.1, 0.01: AWKWARD, 0.1: 1.0}[cell.alpha]
    return {"success": success / (1 + cell.seed), "accuracy": 0.875, "exact_law": False}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, store_curves: Any) -> tuple[Path, Curves]:
    folder = tmp_path_factory.mktemp("exported")
    return folder, store_curves(folder, measure)


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def frame_of(content: bytes) -> list[dict[str, Any]]:
    return pq.read_table(io.BytesIO(content)).to_pylist()


# --------------------------------------------------------------------------------------- the cells


def test_cells_come_back_from_csv(stored: tuple[Path, Curves]) -> None:
    folder, curves = stored
    rows = rows_of(export(folder))
    assert len(rows) == 18
    for row, outcome in zip(rows, curves.outcomes, strict=True):
        assert row["id"] == outcome.id
        assert float(row["alpha"]) == outcome.alpha
        assert (int(row["members"]), int(row["seed"])) == (outcome.members, outcome.seed)
        if outcome.error:
            assert (row["success"], row["error"]) == ("", outcome.error)
        else:
            assert float(row["success"]) == outcome.success
        assert row["noise_multiplier"] == ("2.0" if outcome.epsilon else "")


def test_cells_come_back_from_parquet(stored: tuple[Path, Curves]) -> None:
    folder, _ = stored
    rows, curves = frame_of(export(folder, "parquet")), load(folder)
    nested = {"record", "provenance", "description", "group_accuracy"}
    names = set(vars(curves.outcomes[0])) - nested
    for row, outcome in zip(rows, curves.outcomes, strict=True):
        assert {name: row[name] for name in names} == {n: getattr(outcome, n) for n in names}
        assert row["steps"] == (40 if outcome.epsilon and not outcome.error else None)
    assert pd.read_parquet(io.BytesIO(export(folder, "parquet"))).members.dtype == np.int64


def test_the_record_is_flattened(make_curves: Any) -> None:
    record = {
        "loss": 0.5,
        "alpha_effective": [0.1, None, 0.25],
        "weights": [0.5, 0.5],
        "epsilon": 7.0,
        "inner": {"noise_multiplier": AWKWARD, "deeper": {"steps": 3}},
        "warnings": [],
    }
    curves = make_curves(learner="sgd")
    for outcome in curves.outcomes:
        outcome.record.clear()
        outcome.record.update(record)
    row = row_with_record(curves.outcomes[0])
    assert row["alpha_effective"] == 0.25
    assert row["inner.noise_multiplier"] == AWKWARD
    assert row["inner.deeper.steps"] == 3
    assert row["epsilon"] is None  # the cell's own
    assert not {"weights", "warnings", "inner", "record", "provenance", "description"} & set(row)
    assert list(row)[:3] == ["id", "population", "strategy"]


# ---------------------------------------------------------------------------- masses and the curves


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_critical_masses_come_back(stored: tuple[Path, Curves], kind: str) -> None:
    folder, _ = stored
    content = export(folder, kind, "critical-mass")
    expected = load(folder).critical_masses().to_rows()
    if kind == "parquet":
        rows: Any = frame_of(content)
    else:
        rows = rows_of(content)
    for row, wanted in zip(rows, expected, strict=True):
        assert row["learner"] == wanted["learner"]
        for name in ("estimate", "low", "high", "members", "reached"):
            assert float(row[name]) == wanted[name]
    assert math.isinf(float(rows[0]["estimate"]))  # the second seed never reaches 0.9


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_curves_are_means_with_their_ends(stored: tuple[Path, Curves], kind: str) -> None:
    folder, _ = stored
    content = export(folder, kind, "curves")
    rows: Any = frame_of(content) if kind == "parquet" else rows_of(content)
    assert len(rows) == 9
    assert [float(row["alpha"]) for row in rows[:3]] == [0.0, 0.01, 0.1]
    assert float(rows[1]["success"]) == (AWKWARD + AWKWARD / 2) / 2
    assert float(rows[1]["success.low"]) <= float(rows[1]["success"])
    assert float(rows[1]["success"]) <= float(rows[1]["success.high"]) <= 1
    assert [int(row["seeds"]) for row in rows[::3]] == [2, 2, 1]  # a failed training is none


# ----------------------------------------------------------------------------------------- parquet


def test_a_column_of_several_types_is_text_and_missing_is_null() -> None:
    rows = [{"a": 1, "b": True}, {"a": "x", "b": None}, {"c": 2.5}]
    assert frame_of(to_parquet(rows)) == [
        {"a": "1", "b": True, "c": None},
        {"a": "x", "b": None, "c": None},
        {"a": None, "b": None, "c": 2.5},
    ]
    assert to_parquet(rows) == to_parquet(rows)


def test_infinite_and_undefined_numbers_come_back() -> None:
    values = [math.inf, -math.inf, 5e-324, -0.0, AWKWARD, 1.7976931348623157e308]
    assert [row["x"] for row in frame_of(to_parquet([{"x": value} for value in values]))] == values
    (row,) = frame_of(to_parquet([{"x": math.nan}]))
    assert math.isnan(row["x"])


# ------------------------------------------------------------------------------------------- latex


def test_a_table_for_a_paper(tmp_path: Path, store_curves: Any) -> None:
    store_curves(tmp_path)
    text = export(tmp_path, "latex", "critical-mass").decode()
    assert text in export(tmp_path, "latex").decode()
    head, *lines = text.splitlines()
    assert head.startswith("% quorate")
    assert head.endswith(r"S{*} = 0.9, 95\% interval over seeds")
    assert lines[1] == r"\begin{tabular}{lrrrrr}"
    at = lines.index(r"\midrule")
    assert lines[at + 1 : at + 4] == [
        r"sgd & 10\% & (1\%, 10\%{]} & 20 & 2 of 2 & 0\% \\",
        r"dp-sgd:epsilon=1,max\_grad\_norm=1 & not reached & (10\%, not reached{]} & -- "
        r"& 0 of 2 & 0\% \\",
        r"group-dro & 0\% & (0\%, 0\%{]} & 0 & 2 of 2 & -- \\",
    ]
    ends = export(tmp_path, "latex", "without-a-collective").decode().splitlines()
    at = ends.index(r"\midrule")
    assert r"success at $\alpha$ = 0 & success at the largest $\alpha$" in ends[at - 1]
    assert ends[at + 1 : at + 4] == [
        r"sgd & 0.125 & 1.000 & 0.875 & 0.875 \\",
        r"dp-sgd:epsilon=1,max\_grad\_norm=1 & 0.062 & 0.500 & 0.875 & 0.875 \\",
        r"group-dro & 1.000 & 1.000 & 0.750 & 0.750 \\",
    ]


def test_several_strategies_are_told_apart(tmp_path: Path, store_curves: Any) -> None:
    strategies = ["planting:size=2", "planting:size=4"]
    store_curves(tmp_path, strategy=strategies, learner="sgd", title="50% of $x_1$")
    text = export(tmp_path, "latex").decode()
    for strategy in strategies:
        assert f"\ndigits:n=200, {strategy}: sgd & 10\\% & " in text
        assert f"\ndigits:n=200, {strategy}: sgd & 0.125 & " in text
    assert text.isascii()


def test_nothing_was_measured(tmp_path: Path, store_curves: Any) -> None:
    store_curves(tmp_path, lambda cell: {"error": "it diverged"}, learner="sgd")
    text = export(tmp_path, "latex").decode()
    assert r"sgd & not measured & -- & -- & 0 of 2 & -- \\" in text
    assert r"sgd & -- & -- & -- & -- \\" in text
    assert rows_of(export(tmp_path, "csv", "curves"))[0]["success"] == ""


# --------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("kind", "what", "message"),
    [
        ("xlsx", None, "Expected a known format, got 'xlsx'"),
        ("Latex", None, "Did you mean latex"),
        ("csv", "cell", "Expected a known table, got 'cell'. Did you mean cells"),
        ("latex", "cells", "Expected a known table, got 'cells'.*critical-mass"),
        ("latex", "curves", "Expected a known table, got 'curves'"),
    ],
)
def test_unknown_names(
    stored: tuple[Path, Curves], kind: str, what: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        export(stored[0], kind, what)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"Expected the folder of a run at .*, got one without"):
        export(tmp_path)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "new" / "x.csv"
    write_export(b"one", file)
    write_export(b"two", file)
    assert file.read_bytes() == b"two"
    assert [path.name for path in file.parent.iterdir()] == ["x.csv"]
    with pytest.raises(StoreError, match=r"Expected to write .*x\.csv/y, got: "):
        write_export(b"three", file / "y")
    with pytest.raises(StoreError, match=r"choose another --out"):
        write_export(b"three", file.parent)
    assert [path.name for path in file.parent.iterdir()] == ["x.csv"]


# ------------------------------------------------------------------------------------- the command


def test_json_knows_no_infinity(stored: tuple[Path, Curves]) -> None:
    rows = json.loads(export(stored[0], "json", "critical-mass"))
    assert rows[0]["estimate"] is None
    assert json.loads(export(stored[0], "json"))[0]["seed"] == 0


def test_the_command_prints_or_writes(
    quorate: Callable[..., tuple[int, str, str]], stored: tuple[Path, Curves], tmp_path: Path
) -> None:
    folder, _ = stored
    assert quorate("export", folder) == (0, export(folder).decode().replace("\r\n", "\n"), "")
    file = tmp_path / "x.parquet"
    words = ("--format", "parquet", "--what", "curves", "--out", file)
    assert quorate("export", folder, *words) == (0, f"Wrote {file}\n", "")
    assert file.read_bytes() == export(folder, "parquet", "curves")


def test_the_command_answers_mistakes(
    quorate: Callable[..., tuple[int, str, str]], stored: tuple[Path, Curves], tmp_path: Path
) -> None:
    for words, message in (
        ((stored[0], "--format", "parquet"), "Error: Expected a file for parquet"),
        ((stored[0], "--format", "xml"), "Error: Expected a known format, got 'xml'"),
        ((tmp_path,), "Error: Expected the folder of a run at"),
        ((stored[0], "--out", tmp_path), "Error: Expected to write"),
    ):
        code, printed, told = quorate("export", *words)
        assert (code, printed) == (2, "")
        assert told.startswith(message)
