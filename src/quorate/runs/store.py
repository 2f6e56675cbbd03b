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
TRIALS = f"SELECT id, trial_as_json({', '.join(TRIAL_COLUMNS)}), stored_at FROM cell"


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
        older = self._older_cells() if self.folder is not None and not write else []
        if older:
            self.path = Path(MEMORY)
        self._writes = write or str(self.path) == MEMORY
        self._lock = _take_writing_place(self.folder) if write and self.folder else None
        with contextlib.ExitStack() as undo:
            if self._lock is not None:
                undo.callback(self._lock.release)
            with self._explained():
                self._db = _connect(self.path, self._writes)
                undo.callback(self._db.close)
                self._open()
            for kind, record in older:
                self.add(kind, record)
            undo.pop_all()

    def _open(self) -> None:
        self._db.create_function("trial_as_json", -1, trial_as_json, deterministic=True)
        if self._writes:
            self._bring_up_to_date()  # first of all: another program's file is left as it is
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")  # safe against kill -9 under WAL
            if self.folder is not None and str(self.path) != MEMORY:
                self._take_in(self.folder)
        elif self._format() == 0:
            raise EmptyStoreError(
                f"Expected cells in {self.path}, got none. Run a study there first."
            )

    def _older_cells(self) -> list[tuple[str, Record]]:
        """Return the cells of a folder without a store, that an older version has left as files."""
        assert self.folder is not None
        if self.path.exists():
            return []
        older = list(read_cell_files(self.folder, ()))
        if not older:
            raise StoreError(
                f"Expected a store at {self.path}, got nothing there. Run quorate curve or quorate "
                f"run with --out {self.folder} first."
            )
        return older

    def _take_in(self, folder: Path) -> None:
        """Take in the cells that an older version has left as files; they stay where they are."""
        known = {row[0] for row in self._db.execute("SELECT id FROM record")}
        for kind, record in read_cell_files(folder, known):
            self.add(kind, record)

    def close(self) -> None:
        """Let go of the file and of the writing place."""
        super().close()
        if self._lock is not None:
            self._lock.release()

    def add(self, kind: str, record: Record) -> None:
        """Store one record; one that is there already stays as it is."""
        row = [kind, record.id, json.dumps(record.plain), record.stored_at or self._now()]
        files = [[kind, record.id, name, content] for name, content in record.files.items()]
        insert = "INSERT INTO {} ON CONFLICT DO NOTHING"
        with self._transaction() if files else self._explained():
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
        with self._explained():
            if self._format() == 1:
                rows = self._db.execute("SELECT id FROM cell WHERE ? = 'trial'", [kind])
            else:
                rows = self._db.execute("SELECT id FROM record WHERE kind = ?", [kind])
            return {row[0] for row in rows}

    def records(self, kind: str, ids: Iterable[str] | None = None) -> list[Record]:
        """Return the records of a kind that are stored, of ``ids`` or of all, in no fixed order."""
        wanted = None if ids is None else set(ids)
        with self._explained():
            if self._format() == 1:
                rows = self._db.execute(f"{TRIALS} WHERE ? = 'trial'", [kind])
                files: dict[str, dict[str, bytes]] = {}
            else:
                query = "SELECT id, plain, stored_at FROM record WHERE kind = ?"
                rows, files = self._db.execute(query, [kind]), self._files(kind, wanted)
            return [
                Record(id_, json.loads(plain), files.get(id_, {}), stored_at)
                for id_, plain, stored_at in rows
                if wanted is None or id_ in wanted
            ]

    def _files(self, kind: str, wanted: set[str] | None) -> dict[str, dict[str, bytes]]:
        """Return the files of records, by id and name."""
        found: dict[str, dict[str, bytes]] = {}
        query = "SELECT id, name, content FROM file WHERE kind = ?"
        for id_, name, content in self._db.execute(query, [kind]):
            if wanted is None or id_ in wanted:
                found.setdefault(id_, {})[name] = content
        return found

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
    if not (Path(folder) / FILE).exists():
        return {record.id for of, record in read_cell_files(Path(folder), ()) if of == kind}
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
