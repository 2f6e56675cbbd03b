"""Bit rot: whatever bit of a store is flipped, no result changes unnoticed, and cells come back."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import quorate
from quorate.errors import StoreError
from quorate.executors.serial import SERIAL
from quorate.runs.cell import Record
from quorate.runs.store import FILE, Store, stored_ids
from quorate.scenarios.running import run_cells

STUDY = {
    "population": "gaussian:n=40,held_out=40",
    "strategy": "planting:signal=columns,core=3",
    "learner": "naive-bayes",
    "alphas": "0.1,0.5",
    "seeds": 2,
}


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the six cells of a small study."""
    folder = tmp_path_factory.mktemp("first") / "run"
    quorate.curve(out=folder, **STUDY)
    return folder


@pytest.fixture
def run(first: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(first, tmp_path / "run")
    return tmp_path / "run"


def rows(curves: Any) -> list[dict[str, Any]]:
    """Return what was measured, without what a new run measures anew: seconds."""
    left_out = ("seconds", "stored_at")
    return [{k: v for k, v in row.items() if k not in left_out} for row in curves.rows()]


def change(run: Path, *statements: str) -> None:
    with closing(sqlite3.connect(run / FILE)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def flip(content: bytes, at: int, bit: int = 1) -> bytes:
    changed = bytearray(content)
    changed[at] ^= bit
    return bytes(changed)


def test_no_flipped_bit_changes_a_result_unnoticed(
    first: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever a bit is flipped: the same result, fewer cells and told, or one error."""
    whole = (run / FILE).read_bytes()
    expected = rows(quorate.load(first))
    rng = np.random.default_rng(0)
    seen = {"same": 0, "told": 0, "refused": 0}
    for at in rng.choice(len(whole), size=120, replace=False):
        (run / FILE).write_bytes(flip(whole, int(at), 1 << int(rng.integers(8))))
        try:
            found = rows(quorate.load(run))
        except StoreError:
            seen["refused"] += 1
            continue
        told = capsys.readouterr().err
        if found == expected:
            seen["same"] += 1
            continue
        assert "Damaged: " in told, at
        assert all(row in expected for row in found), at
        seen["told"] += 1
    assert min(seen.values()) > 3, seen  # all three did happen


DAMAGE = {
    "a digit of a result": "UPDATE record SET plain = replace(plain, '\"success\": ', "
    "'\"success\": 0') WHERE rowid = 2",
    "its text": "UPDATE record SET plain = '{\"loss\": ' WHERE rowid = 2",
    "its id": "UPDATE record SET id = 'x' || substr(id, 2) WHERE rowid = 2",
    "its kind": "UPDATE record SET kind = 'triam' WHERE rowid = 2",
    "its time": "UPDATE record SET stored_at = '2020' WHERE rowid = 2",
    "its digest": "UPDATE record SET digest = 'x' || substr(digest, 2) WHERE rowid = 2",
    "no text at all": "UPDATE record SET plain = CAST(x'ff00fe' AS TEXT) WHERE rowid = 2",
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_row_is_named_and_its_cell_measured_again(
    name: str, first: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(run, DAMAGE[name])
    expected = rows(quorate.load(first))
    found = rows(quorate.load(run))
    assert len(found) == 5
    assert all(row in expected for row in found)
    told = capsys.readouterr().err
    assert told.startswith(f"Damaged: 1 of 6 records in {run / FILE} (")
    assert told.count("\n") == 1

    again = quorate.curve(out=run, **STUDY)
    assert rows(again) == expected
    told = capsys.readouterr().err
    assert told.startswith(f"Damaged: 1 of 6 records in {run / FILE} (")
    assert "measured again" in told
    assert told.count("\n") == 1

    assert rows(quorate.load(run)) == expected
    quorate.curve(out=run, **STUDY)
    assert capsys.readouterr().err == ""  # and is not reported for ever
    with closing(sqlite3.connect(run / FILE)) as db:  # what was damaged can still be looked at
        assert db.execute("SELECT count(*) FROM damaged").fetchone() == (1,)


def test_only_the_damaged_cell_is_measured_again(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change(run, DAMAGE["its text"], DAMAGE["its text"].replace("2", "5"))
    measured = list[Any]()
    add = Store.add

    def counted(self: Store, kind: str, record: Record) -> None:
        measured.append(record.id)
        add(self, kind, record)

    monkeypatch.setattr(Store, "add", counted)
    quorate.curve(out=run, **STUDY)
    assert len(measured) == 2


def test_a_damaged_study_is_named(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(run, "UPDATE study SET plain = replace(plain, 'naive', 'native')")
    with pytest.raises(StoreError, match="Expected a study in"):
        quorate.load(run)
    assert "Damaged: 1 in" in capsys.readouterr().err
    assert len(quorate.curve(out=run, **STUDY).outcomes) == 6
    capsys.readouterr()
    assert len(quorate.load(run).outcomes) == 6
    assert capsys.readouterr().err == ""


def test_the_command_line_shows_what_is_whole_and_says_what_is_not(
    run: Path, quorate: Any, plain_pictures: None
) -> None:
    change(run, DAMAGE["a digit of a result"])
    for words in (("show", run, "--json"), ("export", run)):
        code, printed, said = quorate(*words)
        assert code == 0
        assert said.startswith("Damaged: 1 of 6 records in")
        assert "left out" in said
        assert printed.count("naive-bayes") >= 5


# ------------------------------------------------------------------------------ files of records


def with_files(folder: Path) -> dict[str, bytes]:
    files = {"a.npz": os.urandom(9000), "b.npz": b"b" * 10}
    with Store(folder, write=True) as store:
        store.add("correction", Record("one", {"n": 1}, files))
        store.add("correction", Record("two", {"n": 2}, files))
        store.add("scenario", Record("three", {"n": 3}))
    return files


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE file SET content = x'00' WHERE id = 'one' AND name = 'a.npz'",
        "UPDATE file SET name = 'c.npz' WHERE id = 'one' AND name = 'a.npz'",
        "UPDATE file SET id = 'onf' WHERE id = 'one' AND name = 'a.npz'",
        "DELETE FROM file WHERE id = 'one' AND name = 'b.npz'",
        "INSERT INTO file VALUES ('correction', 'one', 'd.npz', x'00')",
    ],
)
def test_a_record_whose_files_are_not_as_they_were_is_missing(damage: str, tmp_path: Path) -> None:
    files = with_files(tmp_path)
    change(tmp_path, damage)
    assert stored_ids(tmp_path, "correction") == {"two"}
    with Store(tmp_path, write=True) as store:
        assert store.ids("correction") == {"two"}
        store.add("correction", Record("one", {"n": 1}, files))
        assert {one.id: one.files for one in store.records("correction")} == {
            "one": files,
            "two": files,
        }


# --------------------------------------------------------------------- older stores, other places


def of_format_2(run: Path) -> None:
    """Bring a store to the format without digests, as the version before wrote it."""
    change(
        run,
        "ALTER TABLE record DROP COLUMN digest",
        "ALTER TABLE study DROP COLUMN digest",
        "DROP TABLE damaged",
        "PRAGMA user_version = 2",
    )


def test_a_store_without_digests_is_read_and_brought_up_to_date(
    first: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of_format_2(run)
    before = (run / FILE).read_bytes()
    assert rows(quorate.load(run)) == rows(quorate.load(first))
    assert (run / FILE).read_bytes() == before
    with Store(run, write=True) as store:
        assert len(store.ids("trial")) == 6
    assert capsys.readouterr().err == ""  # nothing to tell
    change(run, DAMAGE["a digit of a result"])
    with Store(run) as store:
        assert len(store.ids("trial")) == 5


def test_a_store_without_digests_and_with_damaged_text(
    first: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of_format_2(run)
    change(run, DAMAGE["its text"])
    assert len(rows(quorate.load(run))) == 5
    assert "Damaged: 1 in" in capsys.readouterr().err
    assert rows(quorate.curve(out=run, **STUDY)) == rows(quorate.load(first))
    assert "measured again" in capsys.readouterr().err


def test_an_index_that_is_damaged_is_made_anew(first: Path, run: Path) -> None:
    expected = rows(quorate.load(first))
    with closing(sqlite3.connect(run / FILE)) as db:
        (page,) = db.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_record_1'"
        ).fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
        (id_,) = db.execute("SELECT id FROM record LIMIT 1").fetchone()
    content = (run / FILE).read_bytes()
    at = content.index(id_.encode(), (page - 1) * size)
    assert at < page * size
    (run / FILE).write_bytes(flip(content, at + 5))
    assert rows(quorate.load(run)) == expected
    quorate.curve(out=run, **STUDY)
    with closing(sqlite3.connect(run / FILE)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("SELECT count(*) FROM record").fetchone() == (6,)


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """A function that makes a folder as a killed run leaves it: a store with its log beside."""

    def kill() -> Path:
        at_work, left = tmp_path / "at work", tmp_path / "left"
        with Store(at_work, write=True) as store:
            store.add("trial", Record("in the log", {"n": 1}))
            left.mkdir()
            for name in (FILE, f"{FILE}-wal"):
                shutil.copyfile(at_work / name, left / name)
        assert (left / f"{FILE}-wal").stat().st_size > 0
        return left

    return kill


def test_the_log_of_a_killed_run_is_read_where_nothing_can_be_written(
    killed: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = killed()
    monkeypatch.setattr("os.access", lambda *_: False)
    before = {path.name: path.read_bytes() for path in left.iterdir()}
    for _ in range(2):
        with Store(left) as store:
            assert store.ids("trial") == {"in the log"}
    assert {path.name: path.read_bytes() for path in left.iterdir()} == before


def test_the_log_of_a_killed_run_is_read_where_it_can_be_written(
    killed: Callable[[], Path],
) -> None:
    left = killed()
    for write in (False, True, False):
        with Store(left, write=write) as store:
            assert store.ids("trial") == {"in the log"}


def test_cells_of_a_scenario_are_measured_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = [{"seed": seed} for seed in range(3)]

    def measured() -> list[Any]:
        with Store(tmp_path, write=True) as store, SERIAL.open() as pool:
            return [one["n"] for one in run_cells(doubled, cells, store, pool, "Doubling")]

    assert measured() == [0, 2, 4]
    change(tmp_path, "UPDATE record SET plain = replace(plain, '\"n\": 4', '\"n\": 5')")
    assert measured() == [0, 2, 4]
    assert capsys.readouterr().err.count("Damaged: 1 of 3") == 1
    assert measured() == [0, 2, 4]
    assert capsys.readouterr().err == ""
    with Store(tmp_path) as store:
        assert json.dumps([one.plain["result"]["n"] for one in store.records("scenario")])


def doubled(cell: Any) -> dict[str, Any]:
    return {"n": 2 * cell["seed"]}
