"""No command writes over something that it did not make; what it made itself it may replace."""

import csv
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import quorate as library
from quorate.errors import InputError, StoreError
from quorate.report.files import check_report_folder, to_csv
from quorate.runs.store import FILE, WRITING, Store
from quorate.runtime import outputs
from quorate.runtime.files import (
    check_file,
    check_folder,
    replace_file,
    write_file,
    write_files,
    write_plain,
)
from quorate.test_time.perturbations.perturbation import Perturbation, save

STUDY: dict[str, Any] = {
    "population": "gaussian:n=40,held_out=40",
    "strategy": "planting:signal=columns,core=3",
    "learner": "naive-bayes",
    "alphas": "0.5",
    "seeds": 1,
}
OPTIONS = [word for key, value in STUDY.items() for word in (f"--{key}", str(value))]
MINE = b"mine, and nobody else's\n"

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first") / "run"
    library.curve(out=folder, **STUDY)
    return folder


@pytest.fixture
def run(first: Path, tmp_path: Path) -> Path:
    shutil.copytree(first, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def refused(quorate: Command) -> Callable[..., str]:
    """A function that runs a command, which must be refused in one line, and returns the line."""

    def run(*words: str | Path) -> str:
        code, _, said = quorate(*words)
        assert code == 2
        assert said.startswith("Error: Expected ")
        assert said.count("\n") == 1
        return said

    return run


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


# ---------------------------------------------------------------------------------- export --out


def other_names(run: Path) -> Iterator[tuple[str, Path]]:
    """Yield the store under other names: spelt otherwise, linked to, in a linked folder."""
    store, beside = run / FILE, run.parent
    yield "itself", store
    yield "spelt otherwise", run / ".." / run.name / "." / FILE
    (beside / "link.csv").symlink_to(store)
    yield "a link", beside / "link.csv"
    (beside / "hard.csv").hardlink_to(store)
    yield "a hard link", beside / "hard.csv"
    (beside / "folder").symlink_to(run, target_is_directory=True)
    yield "a linked folder", beside / "folder" / FILE


def test_export_never_writes_over_the_store_it_reads(
    run: Path, refused: Callable[..., str]
) -> None:
    for name, out in other_names(run):
        before = contents(run)
        for kind in ("csv", "json", "latex", "parquet"):
            said = refused("export", run, "--format", kind, "--out", out)
            assert "Instead, choose another --out" in said or "Remove it" in said, name
        assert contents(run) == before
    assert len(library.load(run).outcomes) == 2


@pytest.mark.parametrize("name", ["results.json", "report.html", "cells.csv", f"{FILE}-wal"])
def test_export_never_writes_over_what_another_command_made(
    name: str, run: Path, quorate: Command, refused: Callable[..., str], plain_pictures: None
) -> None:
    assert quorate("show", run)[0] == 0
    before = contents(run)
    refused("export", run, "--format", "json", "--out", run / name)
    assert contents(run) == before


@pytest.mark.parametrize("name", [FILE, "results.json", "correction.json", WRITING])
def test_export_does_not_take_the_place_of_what_a_folder_is_read_from(
    name: str, tmp_path: Path, refused: Callable[..., str]
) -> None:
    """A folder of a plan has no store; an export called so would be read as one."""
    rows = {"rows": [{"n": 1}], "tables": {}, "title": "t"}
    (tmp_path / "plan.json").write_text(json.dumps(rows))
    refused("export", tmp_path, "--out", tmp_path / name)
    assert not (tmp_path / name).exists()


def test_export_replaces_its_own_file_alone(
    run: Path, tmp_path: Path, quorate: Command, refused: Callable[..., str]
) -> None:
    out = tmp_path / "new folder" / "cells.csv"
    for kind in ("csv", "csv", "json"):
        assert quorate("export", run, "--format", kind, "--out", out)[0] == 0
    json.loads(out.read_text())
    out.write_bytes(out.read_bytes() + b"\n")  # what a person has added is not lost
    before = out.read_bytes()
    assert "which was changed since. Remove it, or choose another --out" in refused(
        "export", run, "--out", out
    )
    assert out.read_bytes() == before
    out.unlink()  # the fix works
    assert quorate("export", run, "--out", out)[0] == 0
    mine = tmp_path / "mine.csv"
    mine.write_bytes(MINE)
    assert "which quorate export did not write" in refused("export", run, "--out", mine)
    assert mine.read_bytes() == MINE


def test_export_writes_to_files_alone(
    run: Path, tmp_path: Path, refused: Callable[..., str]
) -> None:
    assert "got a folder" in refused("export", run, "--out", tmp_path)
    assert "got a device" in refused("export", run, "--out", "/dev/null")
    assert Path("/dev/null").is_char_device()
    os.mkfifo(tmp_path / "pipe")
    assert "got a device" in refused("export", run, "--out", tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert "got a link" in refused("export", run, "--out", tmp_path / "dangling")
    assert not (tmp_path / "nowhere").exists()


# ------------------------------------------------------------------------------ folders of results


@pytest.mark.parametrize("name", ["report.html", "results.json", "cells.csv"])
@pytest.mark.parametrize(
    "words",
    [
        ["curve", *OPTIONS],
        ["critical-mass", *OPTIONS[:6], "--budget", "1"],
        ["scenario", "navigation"],
        ["participation", "nowhere"],
        ["plan", "nowhere.csv", "--label", "y", "--platform-size", "10"],
        ["demo"],
    ],
    ids=lambda words: words[0],
)
def test_no_report_replaces_a_file_of_the_users(
    words: list[str], name: str, tmp_path: Path, refused: Callable[..., str]
) -> None:
    """It is said before anything is computed."""
    (tmp_path / name).write_bytes(MINE)
    said = refused(*words, "--out", tmp_path)
    assert f"Expected to write {name} to {tmp_path}, got a file there" in said
    assert contents(tmp_path) == {name: MINE}


def test_the_fix_works_and_a_report_is_made_anew(
    tmp_path: Path, quorate: Command, refused: Callable[..., str], plain_pictures: None
) -> None:
    (tmp_path / "cells.csv").write_bytes(MINE)
    (tmp_path / "notes.txt").write_bytes(MINE)
    refused("curve", *OPTIONS, "--out", tmp_path)
    (tmp_path / "cells.csv").rename(tmp_path / "mine.csv")
    for _ in range(2):
        assert quorate("curve", *OPTIONS, "--out", tmp_path)[0] == 0
        (tmp_path / "cells.csv").write_text("changed")  # what quorate makes, it makes again
        assert quorate("show", tmp_path)[0] == 0
        assert (tmp_path / "cells.csv").read_text() != "changed"
    assert (tmp_path / "mine.csv").read_bytes() == MINE
    assert (tmp_path / "notes.txt").read_bytes() == MINE


def test_a_file_of_the_users_with_a_later_name_is_kept(
    tmp_path: Path, quorate: Command, plain_pictures: None
) -> None:
    """Of names that are known only when there is a result, too: no file of it is written."""
    for name in ("curves.svg", "critical_mass.csv"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_bytes(MINE)
        for words in (("curve", *OPTIONS, "--out", folder), ("curve", *OPTIONS, "--out", folder)):
            code, _, said = quorate(*words)
            assert code == 2
            assert f"Expected to write {name} to " in said
        assert (folder / name).read_bytes() == MINE
        assert not (folder / "report.html").exists()
        (folder / name).unlink()  # the fix works, and nothing is trained again
        assert quorate("curve", *OPTIONS, "--out", folder)[0] == 0


def test_a_folder_that_was_moved_or_is_older_is_still_ours(
    tmp_path: Path, quorate: Command, plain_pictures: None
) -> None:
    assert quorate("curve", *OPTIONS, "--out", tmp_path / "a")[0] == 0
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b" / "results.json").write_text("old")
    assert quorate("curve", *OPTIONS, "--out", tmp_path / "b")[0] == 0
    assert (tmp_path / "b" / "results.json").read_text() != "old"


def test_an_older_folder_stays_ours_whatever_is_written_to_it(tmp_path: Path) -> None:
    """Its older files were never noted, and the next report may have other names."""
    page = b"<html>" + outputs.PAGE_MARKS[1]
    (tmp_path / "report.html").write_bytes(page)
    (tmp_path / "cells.csv").write_text("old")
    write_files(tmp_path, {"comparison.html": page, "comparison.csv": b"new"}, "")
    write_files(tmp_path, {"report.html": page, "cells.csv": b"new"}, "")
    assert (tmp_path / "cells.csv").read_bytes() == b"new"


def test_show_tells_results_where_it_can_make_no_page(
    run: Path, quorate: Command, plain_pictures: None
) -> None:
    (run / "report.html").write_bytes(MINE)
    code, printed, said = quorate("show", run)
    assert code == 0
    assert said.startswith("No report: Expected to write")
    assert "naive-bayes" in printed
    assert (run / "report.html").read_bytes() == MINE


def test_links_in_a_strangers_folder_lead_nowhere(
    run: Path, tmp_path: Path, quorate: Command, plain_pictures: None
) -> None:
    mine = tmp_path / "mine"
    mine.write_bytes(MINE)
    for name in ("report.html", "results.json", "cells.csv", "curves.csv"):
        (run / name).symlink_to(mine)
    assert "got a link" in quorate("show", run)[2]
    assert mine.read_bytes() == MINE


@pytest.mark.parametrize("kind", ["link", "text"])
def test_the_lock_of_a_folder_is_no_file_of_anyone(kind: str, tmp_path: Path) -> None:
    """Some ways to lock a file follow links, and empty what they lock."""
    mine = tmp_path / "mine"
    mine.write_bytes(MINE)
    folder = tmp_path / "run"
    folder.mkdir()
    if kind == "link":
        (folder / WRITING).symlink_to(mine)
    else:
        shutil.copyfile(mine, folder / WRITING)
    with pytest.raises(StoreError, match="empty file that quorate locks"):
        Store(folder, write=True)
    assert mine.read_bytes() == (folder / WRITING).read_bytes() == MINE


def test_a_settings_file_of_another_program_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "correction.json"
    for text in ("not ours", '{"theirs": 1}', "[" * 100_000):
        file.write_text(text)
        with pytest.raises(StoreError, match=r"Expected to write correction\.json"):
            write_plain(file, {"population": "digits"}, "population")
        assert file.read_text() == text
    file.write_text('{"population": "mnist"}')  # ours, by an older version
    write_plain(file, {"population": "digits"}, "population")
    file.write_text('{"popul')  # ours, and damaged
    write_plain(file, {"population": "digits"}, "population")
    assert json.loads(file.read_text()) == {"population": "digits"}


# ------------------------------------------------------------------------------------- pictures


@pytest.fixture
def photo(tmp_path: Path) -> tuple[Path, Path]:
    """A perturbation file and a picture."""
    delta = np.full((2, 1, 8, 8), 0.01, np.float32)
    change = Perturbation("additive", {"delta": delta}, ("a", "b"), (1, 8, 8), 0.1)
    save(change, tmp_path / "change.npz")
    Image.fromarray(np.full((8, 8), 100, np.uint8)).save(tmp_path / "photo.png")
    return tmp_path / "change.npz", tmp_path / "photo.png"


def test_apply_never_writes_over_a_picture_that_it_did_not_make(
    photo: tuple[Path, Path], tmp_path: Path, quorate: Command, refused: Callable[..., str]
) -> None:
    change, picture = photo
    other, out = tmp_path / "other.png", tmp_path / "out.png"
    shutil.copyfile(picture, other)
    (tmp_path / "link.png").symlink_to(other)
    (tmp_path / "hard.png").hardlink_to(picture)
    before = contents(tmp_path)
    for target in (picture, other, tmp_path / "link.png", tmp_path / "hard.png"):
        refused("apply", change, picture, target, "--label", "a")
        refused("apply", change, picture, out, "--label", "a", "--preview", target)
    refused("apply", change, picture, out, "--label", "a", "--preview", out)
    assert contents(tmp_path) == before
    for label in ("a", "a", "b"):  # its own it makes again
        words = ("apply", change, picture, out, "--label", label, "--preview", tmp_path / "p.png")
        assert quorate(*words)[0] == 0
    with pytest.raises(InputError, match="Expected a new file, or one that quorate apply wrote"):
        library.apply(change, picture, other, label="a")
    assert other.read_bytes() == picture.read_bytes()


# --------------------------------------------------------------------------------- a full disk


@pytest.mark.parametrize("step", ["os.fsync", "os.replace", "os.fdopen", "os.chmod"])
def test_a_failed_write_leaves_the_old_file_and_no_half_one(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    by = "quorate export"
    for name in ("a", "new"):
        if name == "a":
            write_file(tmp_path / "a", b"old", by)
        before = contents(tmp_path)
        with monkeypatch.context() as patched:
            patched.setattr(step, full)
            with pytest.raises(OSError, match="No space left"):
                replace_file(tmp_path / name, b"new" * 1000)
            with pytest.raises(StoreError, match=r"No space left on device.*make room"):
                write_files(tmp_path / "folder", {name: b"new"}, "try again")
        assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a"]


def test_a_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after the rename must not leave an empty file; so is the new name synced."""
    order: list[str] = []
    sync, rename = os.fsync, os.replace

    def synced(handle: int) -> None:
        is_folder = os.path.isdir(f"/proc/self/fd/{handle}")
        order.append("folder" if is_folder else "file")
        sync(handle)

    def renamed(*names: Any) -> None:
        order.append("rename")
        rename(*names)

    monkeypatch.setattr("os.fsync", synced)
    monkeypatch.setattr("os.replace", renamed)
    replace_file(tmp_path / "a", b"new")
    assert order == ["file", "rename", "folder"]


def test_where_the_cache_cannot_be_written_a_folder_is_ours_by_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUORATE_CACHE", "/dev/null/nowhere")
    page = outputs.PAGE_MARKS[0]
    for _ in range(2):
        write_files(tmp_path, {"a.html": b"<html>" + page, "b.csv": b"b"}, "")
    write_file(tmp_path / "c", b"c", "x")
    with pytest.raises(StoreError, match="which x did not write"):
        check_file(tmp_path / "c", "x")
    (tmp_path / "a.html").write_bytes(MINE)
    with pytest.raises(StoreError, match="got a file there that quorate did not make"):
        check_folder(tmp_path, ["b.csv"])


# ------------------------------------------------------------------------------------ names


@pytest.mark.parametrize("name", ["", "  ", "x" * 300, "a/" + "x" * 256 + "/b", "é" * 128, "a\0b"])
def test_names_that_no_file_can_have(
    name: str, run: Path, refused: Callable[..., str], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    for words in (
        ["curve", *OPTIONS, "--out", name],
        ["curve", *OPTIONS, f"--out={name}"],
        ["scenario", "navigation", "--out", name],
        ["export", run, "--out", name],
        ["show", name],
        ["run", name],
        ["plan", name, "--label", "y", "--platform-size", "10"],
        ["participation", name],
        ["compare-queries", name],
        ["apply", "a.npz", "b.png", name],
        ["platform", "serve", "--model", name],
    ):
        refused(*words)
    for out in (name, Path(name)) if name.strip() else (name,):
        with pytest.raises(InputError, match=r"Expected (the name of a folder|a name of at most)"):
            library.curve(out=out, **STUDY)
        with pytest.raises(InputError, match=r"Expected (the name of a folder|a name of at most)"):
            library.scenario("participation", out=out, folder=run)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


# -------------------------------------------------------------------------------------- CSV

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "-x"]


def test_no_text_is_a_formula_to_a_spreadsheet() -> None:
    rows = [{"=head": text, "n": -0.5, "m": float("nan"), "k": -3, "b": True} for text in FORMULAS]
    read = list(csv.DictReader(io.StringIO(to_csv(rows).decode(), newline="")))
    assert [row["'=head"] for row in read] == [f"'{text}".replace("\r", "\n") for text in FORMULAS]
    assert {(row["n"], row["m"], row["k"], row["b"]) for row in read} == {
        ("-0.5", "", "-3", "True")
    }
    plain = [{"a": text} for text in ("a=1", "0.5", "-0.5", "+3", "-1e-5", "'a'", "", "é", None)]
    back = [row["a"] for row in csv.DictReader(io.StringIO(to_csv(plain).decode()))]
    assert back == ["a=1", "0.5", "-0.5", "+3", "-1e-5", "'a'", "", "é", ""]
    assert len({to_csv([{"a": text}]) for text in ("=1", "'=1", "''=1")}) == 3


@pytest.mark.parametrize("inside", ["", "deeper/still"])
@pytest.mark.parametrize("link", [False, True])
def test_a_file_or_a_link_to_nothing_is_no_folder(inside: str, link: bool, tmp_path: Path) -> None:
    place = tmp_path / "file"
    if link:
        place.symlink_to(tmp_path / "nothing")
    else:
        place.write_text("mine")
    with pytest.raises(StoreError, match=f"got {'a link to nothing' if link else 'a file'}"):
        check_report_folder(place / inside)
