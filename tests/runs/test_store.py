"""The store: what goes in comes out, one writer, and nothing that is there is ever harmed."""

import dataclasses
import gc
import json
import math
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from quorate.errors import StoreError
from quorate.runs import store as store_module
from quorate.runs.store import FILE, Store
from quorate.studies.trial import TRIAL, Outcome, stored_outcomes


def outcome(id_: str = "a", **changes: object) -> Outcome:
    plain = Outcome(
        id=id_,
        population="digits:n=100",
        strategy="planting",
        goal="planted",
        learner="sgd:epochs=1",
        alpha=0.1,
        seed=3,
        members=10,
        people=100,
        seconds=0.25,
        version="0.1.0",
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def stored(folder: Path, *outcomes: Outcome) -> Path:
    """Write outcomes to a folder's store and return the store's file."""
    with Store(folder, write=True) as store:
        for one in outcomes:
            store.add(TRIAL, one.to_record())
    return folder / FILE


def read(folder: Path) -> list[Outcome]:
    with Store(folder) as store:
        return stored_outcomes(store)


def without_time(one: Outcome) -> Outcome:
    return dataclasses.replace(one, stored_at="")


# ------------------------------------------------------------------------------ round trips

FULL = outcome(
    "full",
    success=0.1 + 0.2,  # 0.30000000000000004: every digit comes back
    accuracy=1 / 3,
    worst_group_accuracy=0.0,
    epsilon=math.inf,
    xi=5e-324,  # the smallest number there is
    gap=1.0,
    exact_law=True,
    record={"loss": 2.5, "group_weights": [0.25, 0.75], "sampling": 'Poisson ‘q’ "n"', "a": None},
    provenance={"libraries": {"torch": "2"}, "git_revision": None},
    description={"learner": {"name": "sgd", "epochs": 1}, "alpha": 0.1},
)


@pytest.mark.parametrize(
    "one",
    [
        FULL,
        outcome("bare"),
        outcome("failed", error="Expected finite outputs; ünïcödé\n'quotes' -- DROP TABLE cell"),
        outcome("law", exact_law=False, xi=0.0, gap=0.0),
        outcome("big", seed=2**53 + 1, members=0, people=10**9, alpha=1.0, success=1.0),
    ],
    ids=lambda one: one.id,
)
def test_an_outcome_comes_back_as_it_was(tmp_path: Path, one: Outcome) -> None:
    stored(tmp_path, one)
    (back,) = read(tmp_path)
    assert without_time(back) == one
    assert repr(without_time(back)) == repr(one)  # types too: True is not 1
    assert back.stored_at.startswith("20")


def test_many_random_outcomes_come_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    some: dict[str, Outcome] = {}
    for i in range(300):
        numbers = [float(v) for v in rng.standard_normal(6) * 10 ** rng.uniform(-300, 300, 6)]
        some[f"cell {i}"] = outcome(
            f"cell {i}",
            success=numbers[0],
            accuracy=numbers[1],
            epsilon=numbers[2],
            xi=numbers[3],
            seed=int(rng.integers(2**40)),
            alpha=float(rng.random()),
            record={"n": numbers[4:]},
        )
    stored(tmp_path, *some.values())
    assert {one.id: without_time(one) for one in read(tmp_path)} == some


def test_the_first_outcome_of_a_cell_stays(tmp_path: Path) -> None:
    stored(tmp_path, outcome(success=0.25))
    (first,) = read(tmp_path)
    stored(tmp_path, outcome(success=0.75), outcome(error="no"))
    assert read(tmp_path) == [first]


def test_outcomes_come_in_a_fixed_order_and_by_id(tmp_path: Path) -> None:
    cells = [
        outcome("d", learner="b", alpha=0.5),
        outcome("c", learner="b", alpha=0.2, seed=1),
        outcome("b", learner="b", alpha=0.2, seed=0),
        outcome("a", learner="c"),
    ]
    stored(tmp_path, *cells)
    with Store(tmp_path) as store:
        assert [one.id for one in stored_outcomes(store)] == ["b", "c", "d", "a"]
        some = store.records(TRIAL, ["a", "d", "nowhere"])
        assert {record.id for record in some} == {"a", "d"}
        assert store.records(TRIAL, []) == store.records("another kind") == []
        assert store.ids(TRIAL) == {"a", "b", "c", "d"}


def test_a_folder_is_made_with_all_above_it(tmp_path: Path) -> None:
    stored(tmp_path / "a" / "b", outcome())
    assert len(read(tmp_path / "a" / "b")) == 1


# ------------------------------------------------------------------------------ one writer


def test_a_second_writer_is_told_to_wait(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        store.add(TRIAL, outcome("a").to_record())
        with pytest.raises(StoreError, match="another run at work") as refused:
            Store(tmp_path, write=True)
        assert "--out" in str(refused.value)
        assert [one.id for one in read(tmp_path)] == ["a"]  # reading is always allowed
        store.add(TRIAL, outcome("b").to_record())
    stored(tmp_path, outcome("c"))  # and the place is free again
    assert [one.id for one in read(tmp_path)] == ["a", "b", "c"]


def test_a_reader_sees_whole_cells_while_another_process_writes(tmp_path: Path) -> None:
    """The writer is another process; reading never fails, never shrinks, never sees half a cell."""
    code = (
        "import sys, dataclasses\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_store import outcome, Store\n"
        f"with Store({str(tmp_path)!r}, write=True) as store:\n"
        "    store.add('trial', outcome('first').to_record())\n"
        "    print('ready', flush=True)\n"
        "    for i in range(400):\n"
        "        one = outcome(f'{i:04}', success=i / 400, record={'number': i})\n"
        "        store.add('trial', one.to_record())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        seen = [0]
        while writer.poll() is None:
            cells = [one for one in read(tmp_path) if one.id != "first"]
            assert all(one.success == one.record["number"] / 400 for one in cells)
            seen.append(len(cells))
    assert writer.returncode == 0
    assert seen == sorted(seen)
    assert len(read(tmp_path)) == 401
    assert len(set(seen)) > 2  # the reader did look in between


# ------------------------------------------------------------------------------ studies


def test_studies_are_kept_in_order_and_a_repeated_one_once(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        for plain, version in [
            ({"seeds": [0]}, "0.1.0"),
            ({"seeds": [0]}, "0.1.0"),
            ({"seeds": [0, 1]}, "0.1.0"),
            ({"seeds": [0]}, "0.1.0"),
            ({"seeds": [0]}, "0.2.0"),  # the same study, by a later quorate
        ]:
            store.add_study(plain, version)
    with Store(tmp_path) as store:
        assert [(plain, version) for plain, version, *_ in store.studies()] == [
            ({"seeds": [0]}, "0.1.0"),
            ({"seeds": [0, 1]}, "0.1.0"),
            ({"seeds": [0]}, "0.1.0"),
            ({"seeds": [0]}, "0.2.0"),
        ]


# ------------------------------------------------------------------------------ files not ours


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE cell (id TEXT)")
        db.execute("INSERT INTO cell VALUES ('theirs')")
    db.close()


def _newer(path: Path) -> None:
    stored(path.parent, outcome())
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {len(Store.migrations) + 1}")
    db.close()


def _text(path: Path) -> None:
    path.write_text("This is no database, but a letter to a friend." * 100)


def _flipped(path: Path) -> None:
    stored(path.parent, *(outcome(str(i)) for i in range(200)))
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(255 - byte for byte in content[4096:])  # every page but the first
    path.write_bytes(content)


def _cut(path: Path) -> None:
    stored(path.parent, *(outcome(str(i)) for i in range(200)))
    path.write_bytes(path.read_bytes()[: 4096 * 3 + 100])


def _cut_in_the_header(path: Path) -> None:
    stored(path.parent, outcome())
    path.write_bytes(path.read_bytes()[:60])


def _zeros(path: Path) -> None:
    path.write_bytes(bytes(8192))


def _without_a_column(path: Path) -> None:
    stored(path.parent, outcome())
    db = sqlite3.connect(path)
    db.execute("ALTER TABLE record DROP COLUMN stored_at")
    db.close()


HARMED: dict[str, tuple[Callable[[Path], None], str]] = {
    "another program's": (_foreign, "another program's database"),
    "newer": (_newer, "newer quorate"),
    "text": (_text, "whole quorate store"),
    "corrupt": (_flipped, "whole quorate store"),
    "truncated": (_cut, "whole quorate store"),
    "truncated in the header": (_cut_in_the_header, "whole quorate store"),
    "zeros": (_zeros, "Expected"),
    "another layout": (_without_a_column, "whole quorate store"),
}


@pytest.mark.parametrize("kind", HARMED)
def test_a_file_that_is_no_whole_store_is_named_and_left_as_it_is(
    tmp_path: Path, kind: str
) -> None:
    harm, named = HARMED[kind]
    path = tmp_path / FILE
    harm(path)
    before = path.read_bytes()

    def read_it() -> None:
        with Store(tmp_path) as store:
            stored_outcomes(store)

    def write_it() -> None:
        with Store(tmp_path, write=True) as store:
            store.ids(TRIAL)
            stored_outcomes(store)
            store.add(TRIAL, outcome("new").to_record())

    for use in (read_it, write_it):
        with pytest.raises(StoreError, match=named) as error:
            use()
        message = str(error.value)
        assert str(path) in message
        assert message.startswith("Expected")
        assert "--out" in message or "Upgrade" in message or "copy" in message
        del error
    gc.collect()
    assert path.read_bytes() == before
    left = {file.name for file in tmp_path.iterdir()} - {FILE, ".writing"}
    assert not left


def test_a_refused_store_gives_its_writing_place_back(tmp_path: Path) -> None:
    """Even while the error is still held, as it is in an interactive session."""
    _newer(tmp_path / FILE)
    errors = []
    for _ in range(2):
        with pytest.raises(StoreError, match="newer quorate") as error:
            Store(tmp_path, write=True)
        errors.append(error)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"got nothing there\. Run quorate curve"):
        Store(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()  # looking makes nothing


def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreError, match="to be a folder, got a file"):
        Store(tmp_path / "taken", write=True)
    with pytest.raises(StoreError, match="got nothing there"):
        Store(tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "a file"


def test_an_empty_file_is_a_new_store_to_a_writer_and_nothing_to_a_reader(tmp_path: Path) -> None:
    """A process killed between making the file and the first transaction leaves it empty."""
    (tmp_path / FILE).touch()
    with pytest.raises(StoreError, match="got none"):
        Store(tmp_path)
    stored(tmp_path, outcome())
    assert len(read(tmp_path)) == 1


def test_our_files_carry_our_mark(tmp_path: Path) -> None:
    header = stored(tmp_path, outcome()).read_bytes()[:100]
    assert header.startswith(b"SQLite format 3\x00")
    assert int.from_bytes(header[68:72], "big") == Store.application_id
    assert Store.application_id.to_bytes(4, "big") == b"QUOR"
    assert int.from_bytes(header[60:64], "big") == len(Store.migrations)


# ------------------------------------------------------------------------------ a full disk


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let SQLite itself run out of room: SQLITE_FULL, as on a full disk."""
    connect = sqlite3.connect

    def limit(pages: int) -> None:
        def connect_small(*args: object, **options: object) -> sqlite3.Connection:
            db = connect(*args, **options)  # type: ignore[call-overload]
            if pages:
                db.execute(f"PRAGMA max_page_count = {pages}")
            return db  # type: ignore[no-any-return]

        monkeypatch.setattr(store_module.sqlite3, "connect", connect_small)

    return limit


def test_a_full_disk_keeps_what_is_stored(
    tmp_path: Path, small_disk: Callable[[int], None]
) -> None:
    small_disk(20)
    with Store(tmp_path, write=True) as store:
        with pytest.raises(StoreError, match="full") as full:  # noqa: PT012 - one of them fails
            for kept in range(10_000):
                store.add(TRIAL, outcome(f"{kept:05}", record={"padding": "x" * 500}).to_record())
        assert "make room on the disk" in str(full.value)
    assert kept > 20
    small_disk(0)
    assert [one.id for one in read(tmp_path)] == [f"{i:05}" for i in range(kept)]
    stored(tmp_path, outcome("later"))  # with room again it goes on
    assert len(read(tmp_path)) == kept + 1
    db = sqlite3.connect(tmp_path / FILE)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()


def test_no_room_for_a_new_store(tmp_path: Path, small_disk: Callable[[int], None]) -> None:
    small_disk(1)
    with pytest.raises(StoreError, match="make room"):
        Store(tmp_path, write=True)
    small_disk(0)
    stored(tmp_path, outcome())
    assert len(read(tmp_path)) == 1


def test_json_in_the_file_is_plain(tmp_path: Path) -> None:
    """Whoever opens the file with another tool finds numbers and JSON."""
    path = stored(tmp_path, dataclasses.replace(FULL, epsilon=8.0))
    db = sqlite3.connect(path)
    row = db.execute("SELECT plain, json_extract(plain, '$.success') FROM record").fetchone()
    db.close()
    plain = json.loads(row[0])
    assert (plain["success"], plain["record"], plain["exact_law"]) == (0.1 + 0.2, FULL.record, True)
    assert row[1] == pytest.approx(0.3, abs=1e-15)  # SQLite reads JSON to 15 digits


def test_a_store_is_read_where_nothing_can_be_written(tmp_path: Path, monkeypatch) -> None:
    """An archived result: the folder is read-only, and no file may appear beside the store."""
    with Store(tmp_path, write=True) as store:
        store.add_study({"title": "t"}, "0")
    (tmp_path / ".writing").unlink(missing_ok=True)
    monkeypatch.setattr("os.access", lambda *_: False)
    with Store(tmp_path) as store:
        assert store.studies() == [({"title": "t"}, "0")]
        assert [file.name for file in tmp_path.iterdir()] == ["store.sqlite"]
