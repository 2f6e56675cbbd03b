"""Cells that an older version has left as files: read, taken in once, and never in the way."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from quorate.errors import EmptyStoreError
from quorate.runs.cell import Record
from quorate.runs.store import FILE, Store, stored_ids


def arrays(**named: float) -> bytes:
    """Return a file of arrays."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: np.array(value) for name, value in named.items()})
    return buffer.getvalue()


CHANGE = arrays(delta=0.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two cells of a scenario, one of a correction, and a damaged file."""
    cells = tmp_path / "cells"
    cells.mkdir()
    for name in ("a", "b"):
        (cells / f"{name}.json").write_text(json.dumps({"cell": {}, "result": {"n": name}}))
    (cells / "c.json").write_text(json.dumps({"id": "c", "seed": 0}))
    (cells / "c.npz").write_bytes(CHANGE)
    (cells / "d.json").write_text('{"cell": {}, "res')
    return tmp_path


def test_they_are_read_where_there_is_no_store(folder: Path) -> None:
    with Store(folder) as store:
        assert store.ids("scenario") == {"a", "b"}
        (correction,) = store.records("correction")
    assert correction.files == {"perturbation.npz": CHANGE}
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


@pytest.mark.parametrize("harm", ["flipped", "cut", "emptied", "replaced"])
def test_a_cell_with_a_damaged_file_is_named_and_missing(
    folder: Path, harm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that it is measured again, and not taken in and reported for ever."""
    file = folder / "cells" / "c.npz"
    flipped = bytearray(CHANGE)
    flipped[len(CHANGE) // 3] ^= 1
    file.write_bytes(
        {"flipped": bytes(flipped), "cut": CHANGE[:-9], "emptied": b"", "replaced": b"text"}[harm]
    )
    for write in (False, True, True):
        with Store(folder, write=write) as store:
            assert store.ids("correction") == set()
            assert store.ids("scenario") == {"a", "b"}
            assert not store.records("correction")
        said = capsys.readouterr().err
        assert said.startswith("Damaged: 2 ")
        assert said.count("Damaged") == 1
        assert all(name in said for name in ("c.json", "d.json"))
    with Store(folder, write=True) as store:  # it is measured again
        store.add("correction", Record("c", {"id": "c"}, {"perturbation.npz": arrays(delta=1)}))
    capsys.readouterr()
    with Store(folder) as store:
        (again,) = store.records("correction")
        assert again.files == {"perturbation.npz": arrays(delta=1)}
    assert "c.json" not in capsys.readouterr().err


def test_a_deep_or_strange_cell_file_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "cells" / "a.json").write_text("[" * 100_000)
    (folder / "cells" / "b.json").write_text('{"result": {"n": ' + "[" * 80 + "]" * 80 + "}}")
    with Store(folder) as store:
        assert store.records("scenario") == []
    said = capsys.readouterr().err
    assert all(f"cells/{name}.json" in said for name in "abd")
