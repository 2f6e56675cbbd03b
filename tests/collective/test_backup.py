"""A coordinator's SQLite file is copied while it is written to, and put back."""

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from coordinators import coordinator_at

from quorate.collective.service import campaigns
from quorate.collective.storage.backup import back_up, restore
from quorate.errors import InputError, StoreError


def test_a_copy_of_a_running_coordinator_is_whole_and_can_be_restored(tmp_path: Path) -> None:
    database, copy = tmp_path / "a.sqlite", tmp_path / "copy.sqlite"
    with coordinator_at(str(database)) as running:
        id_, token = running.campaign()
        ended = threading.Event()

        def join() -> None:
            while not ended.is_set():
                running.join(token) if running.row(id_).members < 90 else ended.wait(0.01)

        joining = threading.Thread(target=join)
        joining.start()
        try:
            while running.row(id_).members < 3:
                pass
            assert back_up(str(database), copy) == 1
        finally:
            ended.set()
            joining.join()
        before = running.row(id_).members
        with pytest.raises(StoreError, match="another one that runs"):
            restore(copy, str(database))
        assert running.row(id_).members == before
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.glob("*copy*")] == ["copy.sqlite"]

    assert restore(copy, str(database)) == 1
    with coordinator_at(str(database)) as restored:
        members = restored.row(id_).members
        assert 3 <= members <= before
        assert len(restored.log(id_)) == 2 + members  # created, invited, and each who joined
        restored.do(campaigns.End(id_, "enough"))
    assert (tmp_path / "a.sqlite.before").exists()
    with pytest.raises(StoreError, match="Move it away"):
        restore(copy, str(database))


def test_a_copy_is_never_written_over_another_file(tmp_path: Path) -> None:
    with coordinator_at(str(tmp_path / "a.sqlite")):
        pass
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(InputError, match="which is there"):
        back_up(str(tmp_path / "a.sqlite"), tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == "mine"


def test_what_is_no_copy_is_not_restored(tmp_path: Path) -> None:
    database = tmp_path / "a.sqlite"
    with coordinator_at(str(database)):
        pass
    before = database.read_bytes()
    (tmp_path / "text").write_text("no database, however long it may be " * 100)
    sqlite3.connect(tmp_path / "other").execute("CREATE TABLE x (y)").connection.close()
    for name in ("text", "other", "missing"):
        with pytest.raises(StoreError, match="Expected the copy of a coordinator's database"):
            restore(tmp_path / name, str(database))
    assert database.read_bytes() == before


def test_postgresql_has_tools_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="pg_dump") as found:
        back_up("postgresql://me:SECRET@host/name", tmp_path / "copy")
    assert "SECRET" not in str(found.value)


def test_the_commands(quorate: Any, tmp_path: Path) -> None:
    database, copy = tmp_path / "a.sqlite", tmp_path / "copy.sqlite"
    code, _, err = quorate("collective", "backup", copy, "--database", database)
    assert (code, "Expected a coordinator's database" in err) == (2, True)
    with coordinator_at(str(database)) as running:
        running.campaign()
    assert quorate("collective", "backup", copy, "--database", database)[0] == 0
    code, out, _ = quorate("collective", "restore", copy, "--database", tmp_path / "b.sqlite")
    assert (code, "1 campaigns" in out) == (0, True)
