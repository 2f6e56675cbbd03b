"""What an older version stored is read, and nothing of it is done again: see stored/README.md."""

import json
import os
import re
import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import quorate as library
from quorate.catalog import CATALOG

STORED = Path(__file__).parent / "stored"
# Numbers that a later version words more safely from the same cells: the search takes in what means
# with their errors leave open, which its older form did not.
WIDER = {"critical-mass": {"high": 0.3375}}
WHERE = ("provenance", "hardware")  # what a command says of the machine it is run on
SINCE = (
    "epsilon_leaves_out",
    "tuned_apart",
    "settings_id",
)  # words, no number, that stand beside what was stored before


def commands() -> dict[str, list[str]]:
    """Return the words of each command in the README, by the folder or the command it names."""
    blocks = re.findall(r"```sh\n(.*?)```", (STORED / "README.md").read_text(), re.DOTALL)
    found = {}
    for line in "".join(blocks).replace("\\\n", " ").splitlines():
        _, *words = shlex.split(line)
        found[words[words.index("--out") + 1] if "--out" in words else words[0]] = words
    return found


COMMANDS = commands()


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the stored folders, which is also the working folder."""
    shutil.copytree(STORED, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def nothing_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any training fails."""

    def refuse(*given: Any, **more: Any) -> None:
        raise AssertionError("something is trained again")

    for learner in CATALOG["learners"].values():
        monkeypatch.setattr(learner, "fit", refuse)
        if hasattr(learner, "fit_many"):
            monkeypatch.setattr(learner, "fit_many", refuse)


def kept(folder: Path) -> dict[str, Any]:
    """Return what the folders hold by path: bytes and when written, of databases their rows."""
    rooms = ("cells", "platform", "platforms", "ledgers")
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.name == "store.sqlite":
            continue  # see ``cells``: a store of an older format is brought up to date
        if path.suffix == ".sqlite":
            found[str(name)] = rows(path)
        elif path.is_file() and set(name.parts) & {*rooms} and path.suffix != ".asking":
            found[str(name)] = (path.stat().st_mtime_ns, path.read_bytes())
    return {name: what for name, what in found.items() if not name.endswith(("-shm", "-wal"))}


def rows(path: Path) -> list[str]:
    """Return a database as SQL, a line a row."""
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())


def cells(folder: Path) -> dict[str, set[tuple[str, str | None]]]:
    """Return the cells of each folder, in a store of any format or as files, with their times.

    Comparisons are left out, which older versions did not keep.
    """
    found: dict[str, set[tuple[str, str | None]]] = {}
    for one in folder.iterdir():
        stems = {path.stem for path in (one / "cells").glob("*") if "-" not in path.stem}
        found[one.name] = {(stem, None) for stem in stems}
        if (one / "store.sqlite").exists():
            with closing(sqlite3.connect(one / "store.sqlite")) as db:
                tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
                kept_before = "record WHERE kind NOT IN ('attack', 'pool')"
                table = kept_before if "record" in tables else "cell"
                stored = db.execute(f"SELECT id, stored_at FROM {table}").fetchall()
            found[one.name] |= {(id_, time) for id_, time in stored if id_ not in stems}
    return {name: ids for name, ids in found.items() if ids}


def facts(plain: Any) -> Any:
    """Return plain data without what is said of the machine, or in words that are newer."""
    if isinstance(plain, dict):
        return {key: facts(value) for key, value in plain.items() if key not in WHERE + SINCE}
    return [facts(one) for one in plain] if isinstance(plain, list) else plain


@pytest.mark.usefixtures("nothing_learns", "plain_pictures")
@pytest.mark.parametrize("name", COMMANDS)
def test_the_same_command_prints_the_same_and_does_nothing_again(
    name: str, stored: Path, quorate: Any
) -> None:
    before, cells_before = kept(stored), cells(stored)
    code, printed, said = quorate(*COMMANDS[name], "--json")
    assert code == 0, said
    expected = json.loads((STORED / "expected" / f"{name}.json").read_text())
    expected |= WIDER.get(name, {})
    assert facts(json.loads(printed)) == facts(expected)  # every number to the bit, seconds too
    after = kept(stored)
    if "--trust" in COMMANDS[name]:
        before, after = without_models(before), without_models(after)
        assert not list(stored.rglob("*.pickle"))
    assert after == before
    assert cells(stored) == cells_before


def without_models(found: dict[str, Any]) -> dict[str, Any]:
    """Leave out the models of platforms, which are written anew, and their cards."""
    return {name: what for name, what in found.items() if Path(name).parts[1][:8] != "platform"}


def test_a_pickled_platform_is_asked_only_if_it_is_trusted(stored: Path, quorate: Any) -> None:
    before = kept(stored)
    asks = [word for word in COMMANDS["compare-queries"] if word != "--trust"]
    code, _, said = quorate(*asks)
    assert code == 2
    assert "got model.pickle, which can" in said
    assert kept(stored) == before
    (stored / "correct" / "platform" / "model.pickle").write_bytes(b"whatever it may be")
    for words in (["show", "correct"], ["export", "correct"]):  # results need no model
        code, _, said = quorate(*words)
        assert code == 0, said


@pytest.fixture
def read_only(stored: Path) -> Iterator[Path]:
    """The copy, where only a superuser can write."""
    folders = [stored, *(path for path in stored.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    yield stored
    for folder in folders:
        folder.chmod(0o755)


@pytest.mark.parametrize("name", ["curve", "critical-mass", "experiment", "effective-size"])
def test_a_store_is_read_where_nothing_can_be_written(name: str, read_only: Path) -> None:
    file = read_only / name / "store.sqlite"
    before = file.read_bytes()
    curves = library.load(read_only / name)
    with closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as db:
        (cells,) = db.execute("SELECT count(*) FROM cell").fetchone()
    assert 0 < len(curves.to_frame()) <= cells
    assert file.read_bytes() == before
    if not os.access(file.parent, os.W_OK):
        assert [path.name for path in file.parent.glob("*.sqlite*")] == [file.name]
