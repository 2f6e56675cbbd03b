"""Stores of strangers: whatever is done to one, it is read, or refused in one line, and in time.

A store is read in nine ways, so that a twentieth of the rounds of ``fuzzing`` are run of each way
to change one. By hand, with the counts at the end:

    QUORATE_FUZZ_ROUNDS=20000 QUORATE_FUZZ_SEED=1 python -m pytest -s tests/fuzz/test_fuzz_stores.py
"""

import contextlib
import io
import json
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from fuzzing import ROUNDS, SEED, Rng
from rich.console import Console

import quorate
from quorate.errors import QuorateError
from quorate.report.export import export
from quorate.report.stored import load_result
from quorate.report.terminal import print_result
from quorate.runs.digests import digest_of
from quorate.runs.reading import as_stored
from quorate.runs.store import FILE, Store
from quorate.studies.critical_mass.search import last_search

STORES = max(1, ROUNDS // 20)  # changed in each way
SECONDS = 60  # in which any store is read; most take a hundredth
STUDY: dict[str, Any] = {
    "population": "gaussian:n=40,held_out=40",
    "strategy": "planting:signal=columns,core=3",
    "learner": "naive-bayes",
    "alphas": "0.5",
    "seeds": 2,
}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study of four cells, and the arrays of another kind of cell."""
    folder = tmp_path_factory.mktemp("first") / "run"
    quorate.curve(out=folder, **STUDY)
    return folder


# ------------------------------------------------------------------------------------ the bytes


def flip_bits(content: bytearray, rng: Rng) -> None:
    for at in rng.integers(len(content), size=int(rng.integers(1, 30))):
        content[at] ^= 1 << int(rng.integers(8))


def cut(content: bytearray, rng: Rng) -> None:
    del content[int(rng.integers(len(content))) :]


def lengthen(content: bytearray, rng: Rng) -> None:
    content += rng.bytes(int(rng.integers(1, 9000)))


def overwrite(content: bytearray, rng: Rng) -> None:
    start = int(rng.integers(len(content)))
    length = min(len(content) - start, int(rng.integers(1, 3000)))
    content[start : start + length] = bytes(length) if rng.random() < 0.5 else rng.bytes(length)


def swap_pages(content: bytearray, rng: Rng) -> None:
    a, b = (4096 * int(at) for at in rng.integers(len(content) // 4096, size=2))
    content[a : a + 4096], content[b : b + 4096] = (
        content[b : b + 4096],
        content[a : a + 4096],
    )


def change_header(content: bytearray, rng: Rng) -> None:
    content[int(rng.integers(100))] = int(rng.integers(256))


BYTES: tuple[Callable[[bytearray, Rng], None], ...] = (
    *(flip_bits, cut, lengthen, overwrite, swap_pages, change_header),
)


def change_bytes(run: Path, rng: Rng) -> None:
    content = bytearray((run / FILE).read_bytes())
    BYTES[int(rng.integers(len(BYTES)))](content, rng)
    (run / FILE).write_bytes(content)


def litter(run: Path, rng: Rng) -> None:
    """Leave something beside the store that SQLite would read with it."""
    name = f"{FILE}-{rng.choice(['wal', 'journal', 'shm'])}"
    header = (
        bytes.fromhex("377f0682002de218") if rng.random() < 0.5 else b"\xd9\xd5\x05\xf9 \xa1c\xd7"
    )
    (run / name).write_bytes(header + rng.bytes(int(rng.integers(5000))))


# ------------------------------------------------------------------------------------ the tables

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT {} FROM n"
BOMB = [
    f"CREATE VIEW v{i} AS SELECT * FROM v{i - 1} AS a, v{i - 1} AS b, v{i - 1} AS c"
    for i in range(1, 30)
]
RECORD = "'trial' AS kind, i AS id, '{}' AS plain, '' AS stored_at, '' AS digest"
FOREIGN = {
    "an endless view": ["DROP TABLE record", f"CREATE VIEW record AS {ENDLESS.format(RECORD)}"],
    "an endless study": [
        "DROP TABLE study",
        "CREATE VIEW study AS "
        + ENDLESS.format(
            "i AS number, '{}' AS plain, '' AS version, '' AS stored_at, '' AS digest"
        ),
    ],
    "endless files": [
        "DROP TABLE file",
        "CREATE VIEW file AS "
        + ENDLESS.format("'trial' AS kind, i AS id, '' AS name, x'00' AS content"),
    ],
    "a trigger": [
        "CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM study; END",
    ],
    "an endless trigger": [
        f"CREATE VIEW endless AS {ENDLESS.format('i')}",
        "CREATE TRIGGER t BEFORE INSERT ON record BEGIN SELECT count(*) FROM endless; END",
    ],
    "views inside views": ["CREATE VIEW v0 AS SELECT * FROM record", *BOMB],
    "a view of views": [
        "ALTER TABLE record RENAME TO real",
        "CREATE VIEW v0 AS SELECT * FROM real",
        *BOMB[:12],
        "CREATE VIEW record AS SELECT * FROM v12",
    ],
    "another table": ["CREATE TABLE more (a)"],
    "an index": ["CREATE INDEX more ON record (length(plain))"],
    "a generated column": ["ALTER TABLE record ADD COLUMN g TEXT AS (hex(zeroblob(9999)))"],
    "no strict types": [
        "ALTER TABLE record RENAME TO old",
        "CREATE TABLE record (kind, id, plain, stored_at, digest, PRIMARY KEY (kind, id))",
        "INSERT INTO record SELECT * FROM old",
        "UPDATE record SET plain = CAST(plain AS BLOB), stored_at = 5, digest = 0.5",
        "DROP TABLE old",
    ],
    "a check": [
        "ALTER TABLE study RENAME TO old",
        "CREATE TABLE study (number INTEGER PRIMARY KEY, plain TEXT NOT NULL CHECK (length(hex("
        "zeroblob(100000))) > 1), version TEXT NOT NULL, stored_at TEXT NOT NULL, digest TEXT NOT "
        "NULL DEFAULT '') STRICT",
        "DROP TABLE old",
    ],
    "a virtual table": [
        "DROP TABLE record",
        "CREATE VIRTUAL TABLE record USING fts5(kind, id, plain, stored_at, digest)",
    ],
    "no tables": ["DROP TABLE record", "DROP TABLE study", "DROP TABLE file", "DROP TABLE damaged"],
    "no study": ["DELETE FROM study"],
    "no rows": ["DELETE FROM record"],
    "a table less": ["DROP TABLE file"],
    "a column less": ["ALTER TABLE record DROP COLUMN digest"],
    "older": ["PRAGMA user_version = 2"],
    "oldest": ["PRAGMA user_version = 1"],
    "empty": ["PRAGMA user_version = 0"],
    "below": ["PRAGMA user_version = -5"],
    "newer": ["PRAGMA user_version = 4"],
    "of the first format": [
        *("DROP TABLE record", "DROP TABLE file", "DROP TABLE damaged"),
        "PRAGMA user_version = 1",
        f"CREATE VIEW cell AS {ENDLESS.format('i')}",
    ],
    "utf-16": ["VACUUM"],
}


def change_tables(run: Path, rng: Rng) -> None:
    names = list(FOREIGN)
    statements = FOREIGN[names[int(rng.integers(len(names)))]]
    with closing(sqlite3.connect(run / FILE, isolation_level=None)) as db:
        with contextlib.suppress(sqlite3.Error):
            for statement in statements:
                db.execute(statement)
        if rng.random() < 0.3:
            db.execute("PRAGMA writable_schema = ON")
            with contextlib.suppress(sqlite3.Error):
                db.execute("UPDATE sqlite_master SET sql = replace(sql, 'TEXT', 'BLOB')")


# --------------------------------------------------------------------- what rows say, with digests

STRANGE: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0,
        2**63,
        2**70,
        10**400,
        0.5,
        -0.5,
        1e308,
        5e-324,
        float("inf"),
        float("nan"),
    ),
    *("", "a", "nan", "=1+1", "\x1b[2J\x07", "\ud800", "a" * 5000, "((((", "sgd:epochs=1,epochs=1"),
    *([], {}, [[]], [{}], {"a": {}}, [1, "a", None], {"name": 1}, {"name": "sgd", "x": 1}),
)


def deep(rng: Rng) -> Any:
    found: Any = 0
    for _ in range(int(rng.choice([30, 70, 900]))):
        found = [found] if rng.random() < 0.5 else {"a": found}
    return found


def places(plain: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where something stands in plain data."""
    pairs: Any = ()
    if isinstance(plain, dict):
        pairs = plain.items()
    elif isinstance(plain, list):
        pairs = enumerate(plain)
    for key, value in pairs:
        yield (*at, key)
        yield from places(value, (*at, key))


def spoilt(plain: Any, rng: Rng) -> Any:
    """Return plain data in which one thing is missing, of another type, or called otherwise."""
    where = list(places(plain))
    if not where or rng.random() < 0.05:
        return STRANGE[int(rng.integers(len(STRANGE)))]
    *path, last = where[int(rng.integers(len(where)))]
    inside = plain
    for key in path:
        inside = inside[key]
    what = rng.random()
    if what < 0.15:
        del inside[last]
    elif what < 0.25 and isinstance(inside, dict):
        inside["strange"] = inside.pop(last)
    else:
        strange = deep(rng) if what > 0.9 else STRANGE[int(rng.integers(len(STRANGE)))]
        inside[last] = strange
    return plain


def change_rows(run: Path, rng: Rng) -> None:
    """Change what rows say and give them the right digests, as a stranger would."""
    with closing(sqlite3.connect(run / FILE, isolation_level=None)) as db:
        for _ in range(int(rng.integers(1, 4))):
            if rng.random() < 0.7:
                row, kind, id_, text, time = db.execute(
                    "SELECT rowid, kind, id, plain, stored_at FROM record ORDER BY random() LIMIT 1"
                ).fetchone()
            else:
                row, kind, id_, text, time = db.execute(
                    "SELECT number, 'study', version, plain, stored_at FROM study"
                ).fetchone()
            try:
                plain = json.dumps(spoilt(json.loads(text), rng))
            except (ValueError, RecursionError):
                continue
            if rng.random() < 0.05:
                plain = "[" * 100_000
            table, number = ("study", "number") if kind == "study" else ("record", "rowid")
            db.execute(
                f"UPDATE {table} SET plain = ?, digest = ? WHERE {number} = ?",
                [plain, digest_of(kind, id_, plain, time), row],
            )


def change_report(run: Path, rng: Rng) -> None:
    """Put the report of another result in its place, and change it."""
    plain: Any = {
        "title": "t",
        "sentences": ["s"],
        "rows": [{"seed": 0, "n": 0.5, "word": "a"}],
        "tables": {"T": [{"a": "1", "b": "2"}]},
    }
    for _ in range(int(rng.integers(1, 3))):
        plain = spoilt(plain, rng)
    text = json.dumps(plain).encode()
    if rng.random() < 0.1:
        text = text[: int(rng.integers(len(text)))]
    (run / "results.json").write_bytes(text)
    if rng.random() < 0.5:
        (run / FILE).unlink()


CHANGES: tuple[Callable[[Path, Rng], None], ...] = (
    *(change_bytes, litter, change_tables, change_rows, change_report),
)

# ------------------------------------------------------------------------------------ the readers


def show(run: Path) -> None:
    with as_stored(run):
        result = load_result(run)
        print_result(result, Console(file=io.StringIO(), width=100, markup=False))
        json.dumps(result.to_json(), allow_nan=False)


def write(run: Path) -> None:
    with Store(run, write=True) as store:
        store.records("trial")
        store.studies()


READERS: dict[str, Callable[[Path], Any]] = {
    "load": quorate.load,
    "show": show,
    "csv": lambda run: export(run, "csv"),
    "parquet": lambda run: export(run, "parquet"),
    "json": lambda run: export(run, "json"),
    "latex": lambda run: export(run, "latex"),
    "search": last_search,
    "write": write,
    "again": lambda run: quorate.curve(out=run, **STUDY),
}


@contextlib.contextmanager
def in_time() -> Iterator[None]:
    """Fail where something never ends."""

    def stop(_: int, frame: FrameType | None) -> None:
        raise AssertionError(f"no end in {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_any_store_is_read_or_refused_in_one_line(
    change: Callable[[Path, Rng], None], first: Path, tmp_path: Path
) -> None:
    counts = Counter[str]()
    for number in range(STORES):
        rng = np.random.default_rng((SEED, CHANGES.index(change), number))
        run = tmp_path / str(number)
        shutil.copytree(first, run)
        change(run, rng)
        for name, read in READERS.items():
            try:
                with in_time(), contextlib.redirect_stderr(io.StringIO()):
                    read(run)
                counts["read"] += 1
            except QuorateError as error:
                message = str(error)
                assert message.startswith("Expected "), (number, name)
                assert "\n" not in message, (number, name)
                assert "\x1b" not in message, (number, name)
                assert len(message) < 5000, (number, name)
                counts["refused"] += 1
            except Exception as error:  # a traceback to a user
                raise AssertionError(f"{change.__name__} {number}, {name}: {error!r}") from error
        shutil.rmtree(run)
    came = ", ".join(f"{name} {number:,}" for name, number in sorted(counts.items()))
    print(
        f"\n{change.__name__}: {STORES:,} stores with seed {SEED}, read in {len(READERS)} ways: "
        f"{came}"
    )
    assert counts["refused"]
    assert counts["read"]


@pytest.mark.parametrize("name", FOREIGN)
def test_every_strange_table_is_refused_or_harmless(name: str, first: Path, tmp_path: Path) -> None:
    """Each of them once: what is no table of ours is refused, by readers and by writers."""
    run = tmp_path / "run"
    shutil.copytree(first, run)
    with closing(sqlite3.connect(run / FILE, isolation_level=None)) as db:
        for statement in FOREIGN[name]:
            db.execute(statement)
    harmless = name in ("no study", "no rows", "utf-16")
    for read in (quorate.load, write):
        with in_time():
            if harmless and (read is write or name == "utf-16"):
                read(run)
            else:
                with pytest.raises(QuorateError, match=r"^Expected [^\n]+$"):
                    read(run)
