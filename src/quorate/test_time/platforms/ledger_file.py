"""The ledger's file: SQLite that several processes write to, and its locks."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from quorate.errors import StoreError
from quorate.runtime.database import Database, open_database


class LedgerFile(Database):
    """One file of questions. Threads may share it; processes open their own.

    Args:
        path: the file; it is made where there is none.

    Raises:
        StoreError: the file is not a whole ledger of this version or an older one, or the disk
            is full.
    """

    kind = "ledger"
    application_id = 0x51554F4C  # "QUOL"
    migrations = (
        (
            """CREATE TABLE question (
                number INTEGER PRIMARY KEY,
                platform TEXT NOT NULL, digest BLOB NOT NULL, key TEXT NOT NULL,
                purpose TEXT NOT NULL CHECK (purpose IN ('pooled', 'evaluation')),
                state TEXT NOT NULL CHECK (state IN ('reserved', 'answered')),
                label INTEGER, scores BLOB, reserved_at TEXT NOT NULL, answered_at TEXT,
                UNIQUE (platform, digest, key)
            ) STRICT""",
            "CREATE INDEX spent ON question (platform, purpose, key)",
            "CREATE TABLE image (digest BLOB PRIMARY KEY, shape TEXT NOT NULL, pixels BLOB) STRICT",
            """CREATE TABLE contradiction (
                number INTEGER PRIMARY KEY, platform TEXT NOT NULL, digest BLOB NOT NULL,
                key TEXT NOT NULL, label INTEGER NOT NULL, scores BLOB, stored_at TEXT NOT NULL
            ) STRICT""",
        ),
    )
    patience = 60
    elsewhere = "another file"
    again = "do the same again"

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._using = threading.Lock()  # one transaction at a time on the one connection
        self._turn = threading.Lock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"Expected to write to {self.path.parent}, got: {error.strerror or error}. Make "
                "room, mend its permissions, or choose another place."
            ) from error
        with contextlib.ExitStack() as undo, self._explained():
            self._db = open_database(self.path, self.patience)
            undo.callback(self._db.close)
            self._bring_up_to_date()
            self._use_wal()
            # What was paid for outlives a power cut too: a commit waits for the disk.
            self._db.execute("PRAGMA synchronous = FULL")
            undo.pop_all()

    def __reduce__(self) -> tuple[type[Self], tuple[Path]]:
        return type(self), (self.path,)

    def _use_wal(self) -> None:
        """Readers and the writer do not wait for each other. The switch itself cannot wait."""
        end = time.monotonic() + self.patience
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL").fetchone()
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > end:
                    raise
                time.sleep(0.01)

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Hold the ledger's asking place: the others wait, in this process and in every other.

        Whoever reserves, asks and stores in here alone knows that a reserved question is nobody's
        any more. The place is let go even by kill -9.
        """
        import filelock

        with self._turn:
            lock = filelock.FileLock(self.path.with_name(self.path.name + ".asking"))
            try:
                lock.acquire(poll_interval=0.01)
            except OSError as error:
                raise StoreError(
                    f"Expected to write beside {self.path}, got: {error.strerror or error}. Mend "
                    "the folder's permissions."
                ) from error
            try:
                yield
            finally:
                lock.release()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the file's only writing place, and the one connection that threads share."""
        with self._using, super()._transaction() as db:
            yield db
