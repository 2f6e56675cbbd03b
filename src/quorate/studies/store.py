"""Outcomes in SQLite: one writer, one transaction a cell, nothing stored is ever changed."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

from quorate.errors import EmptyStoreError, StoreError
from quorate.runtime.database import Database, open_database
from quorate.studies.trial import Outcome

FILE = "store.sqlite"
COLUMNS = tuple(f.name for f in fields(Outcome))
JSON_COLUMNS = ("record", "provenance", "description")


class Store(Database):
    """The outcomes of one folder. Use it as a context manager.

    Args:
        folder: where the store is, or will be made.
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
    )
    patience = 30
    elsewhere = "another --out"
    again = "run the same command"

    def __init__(self, folder: str | Path, *, write: bool = False) -> None:
        self.folder = Path(folder)
        self.path = self.folder / FILE
        self._lock = _take_writing_place(self.folder) if write else None
        if not write and not self.path.exists():
            raise StoreError(
                f"Expected a store at {self.path}, got nothing there. Run quorate curve or quorate "
                f"run with --out {self.folder} first."
            )
        with contextlib.ExitStack() as undo:
            if self._lock is not None:
                undo.callback(self._lock.release)
            with self._explained():
                self._db = _connect(self.path, write)
                undo.callback(self._db.close)
                self._open(write)
            undo.pop_all()

    def _open(self, write: bool) -> None:
        if write:
            self._bring_up_to_date()  # first of all: another program's file is left as it is
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")  # safe against kill -9 under WAL
        elif self._format() == 0:
            raise EmptyStoreError(
                f"Expected cells in {self.path}, got none. Run a study there first."
            )

    def close(self) -> None:
        """Let go of the file and of the writing place."""
        super().close()
        if self._lock is not None:
            self._lock.release()

    def add(self, outcome: Outcome) -> None:
        """Store one outcome; a cell that is there already stays as it is."""
        row = {name: getattr(outcome, name) for name in COLUMNS} | {"stored_at": _now()}
        row |= {name: json.dumps(row[name]) for name in JSON_COLUMNS}
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        with self._explained():
            self._db.execute(
                f"INSERT INTO cell ({names}) VALUES ({marks}) ON CONFLICT (id) DO NOTHING",
                list(row.values()),
            )

    def add_study(self, plain: Mapping[str, Any], version: str) -> None:
        """Note that a study was run here, unless the last one was the same by the same version."""
        with self._explained():
            query = "SELECT plain, version FROM study ORDER BY number DESC"
            last = self._db.execute(query).fetchone()
            if last is None or (json.loads(last[0]), last[1]) != (plain, version):
                self._db.execute(
                    "INSERT INTO study (plain, version, stored_at) VALUES (?, ?, ?)",
                    [json.dumps(plain), version, _now()],
                )

    def ids(self) -> set[str]:
        """Return the ids of the cells that are stored."""
        with self._explained():
            return {row[0] for row in self._db.execute("SELECT id FROM cell")}

    def outcomes(self, ids: Iterable[str] | None = None) -> list[Outcome]:
        """Return the outcomes of ``ids`` that are stored, or of all, in a fixed order."""
        wanted = None if ids is None else set(ids)
        query = (
            f"SELECT {', '.join(COLUMNS)} FROM cell "
            "ORDER BY population, strategy, goal, learner, alpha, seed, id"
        )
        with self._explained():
            rows = [dict(zip(COLUMNS, row, strict=True)) for row in self._db.execute(query)]
            return [_outcome(row) for row in rows if wanted is None or row["id"] in wanted]

    def studies(self) -> list[tuple[dict[str, Any], str]]:
        """Return the studies run here and their versions, oldest first."""
        with self._explained():
            rows = self._db.execute("SELECT plain, version FROM study ORDER BY number").fetchall()
            return [(json.loads(plain), version) for plain, version in rows]


def _connect(path: Path, write: bool) -> sqlite3.Connection:
    """Return a connection; one that only reads also reads where nothing can be written."""
    if write:
        return open_database(path, Store.patience)
    uri = f"file:{quote(str(path.resolve()))}"
    alone = "&immutable=1" if not os.access(path.parent, os.W_OK) else ""
    return open_database(f"{uri}?mode=ro{alone}", Store.patience, uri=True)


def stored_ids(folder: str | Path) -> set[str]:
    """Return the ids of the cells that a folder holds; none where there is no store yet.

    Raises:
        StoreError: the store cannot be read.
    """
    if not (Path(folder) / FILE).exists():
        return set()
    try:
        with Store(folder) as store:
            return store.ids()
    except EmptyStoreError:
        return set()


def _outcome(row: dict[str, Any]) -> Outcome:
    for name in JSON_COLUMNS:
        row[name] = json.loads(row[name])
    if row["exact_law"] is not None:
        row["exact_law"] = bool(row["exact_law"])
    return Outcome(**row)


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


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
