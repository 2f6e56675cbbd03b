"""Records of cells in SQLite: one writer, one transaction a cell, nothing is ever changed."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from quorate.errors import EmptyStoreError, StoreError
from quorate.runs.cell import Record
from quorate.runs.older import TRIAL_COLUMNS, read_cell_files, trial_as_json
from quorate.runtime.database import Database, open_database

FILE = "store.sqlite"
MEMORY = ":memory:"
# In the first format every cell was a trial, with a column for each number.
TRIALS = f"SELECT id, trial_as_json({', '.join(TRIAL_COLUMNS)}) AS plain, stored_at FROM cell"


class Store(Database):
    """The records of one folder, of any kind of cell. Use it as a context manager.

    Args:
        folder: where the store is, or will be made; None keeps everything in memory.
        write: take the folder's only writing place; without it the store is only read.

    Raises:
        StoreError: there is nothing to read, the file is not a whole store of this version or an
            older one, another run is writing to it, or the disk is full.
    """

    kind = "store"
    application_id = 0x51554F52  # "QUOR"
    migrations = (
        (
            """CREATE TABLE cell (
                id TEXT PRIMARY KEY,
                population TEXT NOT NULL, strategy TEXT NOT NULL, goal TEXT NOT NULL,
                learner TEXT NOT NULL, alpha REAL NOT NULL, seed INTEGER NOT NULL,
                members INTEGER NOT NULL, people INTEGER NOT NULL, seconds REAL NOT NULL,
                version TEXT NOT NULL,
                success REAL, accuracy REAL, worst_group_accuracy REAL, epsilon REAL, error TEXT,
                xi REAL, gap REAL, exact_law INTEGER,
                record TEXT NOT NULL, provenance TEXT NOT NULL, description TEXT NOT NULL,
                stored_at TEXT NOT NULL
            ) STRICT""",
            """CREATE TABLE study (
                number INTEGER PRIMARY KEY, plain TEXT NOT NULL, version TEXT NOT NULL,
                stored_at TEXT NOT NULL
            ) STRICT""",
        ),
        (
            """CREATE TABLE record (
                kind TEXT NOT NULL, id TEXT NOT NULL, plain TEXT NOT NULL, stored_at TEXT NOT NULL,
                PRIMARY KEY (kind, id)
            ) STRICT""",
            """CREATE TABLE file (
                kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, content BLOB NOT NULL,
                PRIMARY KEY (kind, id, name)
            ) STRICT""",
            f"INSERT INTO record SELECT 'trial', * FROM ({TRIALS})",
            "DROP TABLE cell",
        ),
    )
    patience = 30
    elsewhere = "another --out"
    again = "run the same command"

    def __init__(self, folder: str | Path | None, *, write: bool = False) -> None:
        self.folder = None if folder is None else Path(folder)
        self.path = Path(MEMORY) if self.folder is None else self.folder / FILE
        self._lock = _take_writing_place(self.folder) if write and self.folder else None
        in_memory = not write and not self.path.exists()
        with contextlib.ExitStack() as undo:
            if self._lock is not None:
                undo.callback(self._lock.release)
            with self._explained():
                self._db = _connect(Path(MEMORY) if in_memory else self.path, write or in_memory)
                undo.callback(self._db.close)
                self._db.create_function("trial_as_json", -1, trial_as_json, deterministic=True)
                self._older: dict[
                    tuple[str, str], Record
                ] = {}  # cells that are files, if only read
                self._open(write, in_memory)
            undo.pop_all()

    def _open(self, write: bool, in_memory: bool) -> None:
        if write or in_memory:
            self._bring_up_to_date()  # first of all: another program's file is left as it is
        if write and self.folder is not None:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")  # safe against kill -9 under WAL
        if self.folder is None:
            return
        known = set(self._db.execute(f"SELECT kind, id FROM {self._table}")) if self._table else ()
        older = read_cell_files(self.folder, known)
        if write:
            with self._transaction():
                for kind, record in older:
                    self._insert(kind, record)
            return
        self._older = {(kind, record.id): record for kind, record in older}
        if in_memory and not self._older:
            raise EmptyStoreError(
                f"Expected a store at {self.path}, got nothing there. Run quorate curve or quorate "
                f"run with --out {self.folder} first."
            )
        if not self._table and not self._older:
            raise EmptyStoreError(
                f"Expected cells in {self.path}, got none. Run a study there first."
            )

    @property
    def _table(self) -> str:
        """What records are selected from, in a file of any format; empty in an empty file."""
        return ("", f"(SELECT 'trial' AS kind, * FROM ({TRIALS}))", "record")[self._format()]

    def close(self) -> None:
        """Let go of the file and of the writing place."""
        super().close()
        if self._lock is not None:
            self._lock.release()

    def add(self, kind: str, record: Record) -> None:
        """Store one record; one that is there already stays as it is."""
        with self._transaction() if record.files else self._explained():
            self._insert(kind, record)

    def _insert(self, kind: str, record: Record) -> None:
        row = [kind, record.id, json.dumps(record.plain), record.stored_at or self._now()]
        files = [[kind, record.id, name, content] for name, content in record.files.items()]
        insert = "INSERT INTO {} ON CONFLICT DO NOTHING"
        self._db.execute(insert.format("record VALUES (?, ?, ?, ?)"), row)
        self._db.executemany(insert.format("file VALUES (?, ?, ?, ?)"), files)

    def add_study(self, plain: Mapping[str, Any], version: str) -> None:
        """Note that a study was run here, unless the last one was the same by the same version."""
        with self._explained():
            query = "SELECT plain, version FROM study ORDER BY number DESC"
            last = self._db.execute(query).fetchone()
            if last is None or (json.loads(last[0]), last[1]) != (plain, version):
                self._db.execute(
                    "INSERT INTO study (plain, version, stored_at) VALUES (?, ?, ?)",
                    [json.dumps(plain), version, self._now()],
                )

    def ids(self, kind: str) -> set[str]:
        """Return the ids of the records of a kind."""
        return {id_ for id_, *_ in self._select("id", kind)} | {
            id_ for of, id_ in self._older if of == kind
        }

    def records(self, kind: str, ids: Iterable[str] | None = None) -> list[Record]:
        """Return the records of a kind that are stored, of ``ids`` or of all, in no fixed order."""
        wanted = None if ids is None else set(ids)
        files: dict[str, dict[str, bytes]] = {}
        if self._format() > 1:  # before, no record had files
            for id_, name, content in self._select("id, name, content", kind, wanted, "file"):
                files.setdefault(id_, {})[name] = content
        rows = self._select("id, plain, stored_at", kind, wanted)
        with self._explained():
            found = [
                Record(id_, json.loads(plain), files.get(id_, {}), time)
                for id_, plain, time in rows
            ]
        older = [record for (of, _), record in self._older.items() if of == kind]
        return found + [one for one in older if wanted is None or one.id in wanted]

    def _select(
        self, what: str, kind: str, ids: Iterable[str] | None = None, table: str = ""
    ) -> list[Any]:
        """Return columns of the rows of a kind, of some ids or of all."""
        with self._explained():
            if not (table or self._table):
                return []
            some = "" if ids is None else "AND id IN (SELECT value FROM json_each(?))"
            query = f"SELECT {what} FROM {table or self._table} WHERE kind = ? {some}"
            given = [kind] if ids is None else [kind, json.dumps(list(ids))]
            return self._db.execute(query, given).fetchall()

    def studies(self) -> list[tuple[dict[str, Any], str]]:
        """Return the studies run here and their versions, oldest first."""
        with self._explained():
            rows = self._db.execute("SELECT plain, version FROM study ORDER BY number").fetchall()
            return [(json.loads(plain), version) for plain, version in rows]

    def _now(self) -> str:
        """Return the time; what is in memory alone is not stored at any."""
        return "" if self.folder is None else _utc()


def _connect(path: Path, write: bool) -> sqlite3.Connection:
    """Return a connection; one that only reads also reads where nothing can be written."""
    if write:
        return open_database(path, Store.patience)
    uri = f"file:{quote(str(path.resolve()))}"
    alone = "&immutable=1" if not os.access(path.parent, os.W_OK) else ""
    return open_database(f"{uri}?mode=ro{alone}", Store.patience, uri=True)


def stored_ids(folder: str | Path, kind: str) -> set[str]:
    """Return the ids of the records of a kind that a folder holds; none where it holds nothing.

    Raises:
        StoreError: the store cannot be read.
    """
    try:
        with Store(folder) as store:
            return store.ids(kind)
    except EmptyStoreError:
        return set()


def _take_writing_place(folder: Path) -> Any:
    """Return the lock of the folder's only writer; it is let go even by kill -9."""
    import filelock

    if folder.exists() and not folder.is_dir():
        raise StoreError(f"Expected {folder} to be a folder, got a file. Choose another --out.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".writing", timeout=0)
        lock.acquire()
    except filelock.Timeout:
        raise StoreError(
            f"Expected to be the only one writing to {folder}, got another run at work there. Wait "
            "for it to end, or choose another --out."
        ) from None
    except OSError as error:
        raise StoreError(
            f"Expected to write to the folder {folder}, got: {error.strerror or error}. Make room, "
            "mend its permissions, or choose another --out."
        ) from error
    return lock


def _utc() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
