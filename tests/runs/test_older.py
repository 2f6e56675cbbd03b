"""Cells that an older version has left as files: read, taken in once, and never in the way."""

import json
from pathlib import Path

import pytest

from quorate.errors import EmptyStoreError
from quorate.runs.cell import Record
from quorate.runs.store import FILE, Store, stored_ids


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two cells of a scenario, one of a correction, and a damaged file."""
    cells = tmp_path / "cells"
    cells.mkdir()
    for name in ("a", "b"):
        (cells / f"{name}.json").write_text(json.dumps({"cell": {}, "result": {"n": name}}))
    (cells / "c.json").write_text(json.dumps({"id": "c", "seed": 0}))
    (cells / "c.npz").write_bytes(b"change")
    (cells / "d.json").write_text('{"cell": {}, "res')
    return tmp_path


def test_they_are_read_where_there_is_no_store(folder: Path) -> None:
    with Store(folder) as store:
        assert store.ids("scenario") == {"a", "b"}
        (correction,) = store.records("correction")
    assert correction.files == {"perturbation.npz": b"change"}
    assert stored_ids(folder, "scenario") == {"a", "b"}
    assert not (folder / FILE).exists()  # reading writes nothing


@pytest.mark.parametrize("stored", ["an empty file", "another cell"])
def test_they_are_read_beside_a_store(folder: Path, stored: str) -> None:
    if stored == "an empty file":  # as a process leaves it that is killed at once
        (folder / FILE).touch()
    else:
        old = folder / "cells"
        old.rename(folder / "away")
        with Store(folder, write=True) as store:
            store.add("scenario", Record("e", {"result": {}}))
        (folder / "away").rename(old)
    before = (folder / FILE).read_bytes()
    expected = {"a", "b"} | ({"e"} if stored == "another cell" else set())
    with Store(folder) as store:
        assert store.ids("scenario") == expected
        assert {record.id for record in store.records("scenario", ["a", "e"])} == expected - {"b"}
    assert stored_ids(folder, "scenario") == expected
    assert (folder / FILE).read_bytes() == before


def test_a_writer_takes_them_in_once_and_leaves_the_files(folder: Path) -> None:
    for _ in range(2):
        with Store(folder, write=True) as store:
            assert store.ids("scenario") == {"a", "b"}
            assert store.ids("correction") == {"c"}
    (folder / "cells" / "a.json").write_text(json.dumps({"cell": {}, "result": {"n": "changed"}}))
    with Store(folder, write=True) as store:
        (first,) = store.records("scenario", ["a"])
    assert first.plain["result"] == {"n": "a"}  # what is stored is never changed


def test_one_id_may_be_of_two_kinds(folder: Path) -> None:
    cells = folder / "cells"
    cells.rename(folder / "away")
    with Store(folder, write=True) as store:
        store.add("another", Record("a", {"is": "another"}))
    (folder / "away").rename(cells)
    with Store(folder, write=True) as store:
        assert store.ids("scenario") == {"a", "b"}
        assert store.records("another")[0].plain == {"is": "another"}


def test_a_folder_with_damaged_files_alone_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "a.json").write_text("[]")
    (tmp_path / "cells" / "b.npz").write_bytes(b"PK")
    with pytest.raises(EmptyStoreError, match="got nothing there"):
        Store(tmp_path)
    assert stored_ids(tmp_path, "scenario") == set()
