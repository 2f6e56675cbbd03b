"""The files a result leaves in its folder: whole, equal for equal data, and all or nothing."""

import csv
import errno
import io
import json
import math
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from quorate.errors import StoreError
from quorate.report import files as files_module
from quorate.report.files import write_result
from quorate.runs.digests import is_unchanged
from quorate.studies.curves import Curves

Make = Callable[..., Curves]
NAMES = {
    "curves.svg",
    "curves.png",
    "curves.pdf",
    "cells.csv",
    "critical_mass.csv",
    "curves.csv",
    "results.json",
    "report.html",
}


@pytest.fixture(scope="module")
def folder(curves: Curves, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "new" / "folder"
    assert write_result(curves, folder) == folder / "report.html"
    return folder


@pytest.fixture
def plain_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw nothing: pictures take a second each and have tests of their own."""
    monkeypatch.setattr(Curves, "plot", lambda curves: None)
    monkeypatch.setattr(files_module, "render", lambda figure, kind: b"<svg></svg>")


def test_the_folder_holds_these_files_and_nothing_half_done(folder: Path) -> None:
    assert {file.name for file in folder.iterdir()} == NAMES
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG\r\n")
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o777 == 0o644  # others may read what is shared


def test_results_are_strict_json_and_the_same_as_the_curves_say(
    folder: Path, curves: Curves
) -> None:
    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is no JSON")

    text = (folder / "results.json").read_text(encoding="utf-8")
    kept = json.loads(text, parse_constant=refuse)
    assert is_unchanged(kept)
    assert len(kept.pop("digest")) == 64
    assert {key: kept.pop(key) for key in curves.told()} == curves.told()
    assert kept == curves.to_json()


def test_cells_are_a_csv_that_comes_back(folder: Path, curves: Curves) -> None:
    rows = list(csv.DictReader(io.StringIO((folder / "cells.csv").read_text(encoding="utf-8"))))
    assert len(rows) == len(curves.outcomes) == 18
    for row, outcome in zip(rows, curves.outcomes, strict=True):
        assert row["learner"] == outcome.learner
        assert float(row["alpha"]) == outcome.alpha
        assert float(row["success"]) == outcome.success
    masses = pd.read_csv(folder / "critical_mass.csv")
    assert masses.estimate.tolist() == [0.1, math.inf, 0.0]


def test_the_page_holds_the_files(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    for name in NAMES - {"report.html"}:
        assert f'download="{name}"' in page


@pytest.mark.usefixtures("plain_pictures")
def test_equal_data_give_equal_files(curves: Curves, make_curves: Make, tmp_path: Path) -> None:
    write_result(curves, tmp_path / "one")
    write_result(make_curves(title="Whose digits?"), tmp_path / "other")
    for name in NAMES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


@pytest.mark.usefixtures("plain_pictures")
def test_a_learner_that_never_trained_does_not_break_the_report(
    make_curves: Make, tmp_path: Path
) -> None:
    def failing(cell):
        if type(cell.learner).name == "sgd":
            return {"error": "it diverged"}
        return {"success": 1.0, "accuracy": 0.5}

    write_result(make_curves(failing), tmp_path)
    masses = json.loads((tmp_path / "results.json").read_text())["critical_mass"]
    assert [row["estimate"] for row in masses] == [None, 0.0, 0.0]


@pytest.mark.usefixtures("plain_pictures")
@pytest.mark.parametrize("fails_at", ["write", "replace"])
@pytest.mark.parametrize("number", [0, 4, 6])
def test_a_file_is_replaced_whole_or_not_at_all(
    curves: Curves,
    make_curves: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fails_at: str,
    number: int,
) -> None:
    """Room runs out at the file with this number: each file is the old one or the new one."""
    other = make_curves(title="Other", learner="sgd")
    write_result(curves, tmp_path)
    old = {name: (tmp_path / name).read_bytes() for name in NAMES}
    write_result(other, tmp_path)
    new = {name: (tmp_path / name).read_bytes() for name in NAMES}
    write_result(curves, tmp_path)
    count = iter(range(100))

    class Full(io.FileIO):
        def write(self, content) -> int:
            if next(count) == number:
                super().write(bytes(content)[:10])  # some of it still fits
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(content)

    def replace(source: str, target: Path) -> None:
        if next(count) == number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real_replace(source, target)

    real_replace = os.replace
    if fails_at == "write":
        monkeypatch.setattr(os, "fdopen", lambda handle, mode: Full(handle, mode))
    else:
        monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(StoreError, match="No space left on device") as error:
        write_result(other, tmp_path)
    monkeypatch.undo()
    assert "make room, then run the same command again" in str(error.value)
    assert {file.name for file in tmp_path.iterdir()} == NAMES  # nothing half done is left
    found = {name: (tmp_path / name).read_bytes() for name in NAMES}
    assert all(found[name] in (old[name], new[name]) for name in NAMES)
    if number:
        assert any(found[name] != old[name] for name in NAMES)  # those before it are new
    assert any(found[name] != new[name] for name in NAMES)


@pytest.mark.usefixtures("plain_pictures")
def test_a_folder_that_cannot_be_made_is_named(curves: Curves, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    for folder in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(StoreError, match="to be a folder, got a file"):
            write_result(curves, folder)
