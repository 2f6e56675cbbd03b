"""The ledger's file: SQLite that several processes write to; its locks and its errors."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from quorate.errors import StoreError

APPLICATION_ID = 0x51554F4C  # "QUOL": tells our files from other people's
MIGRATIONS = (
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
PATIENCE = 60  # seconds that a transaction waits for another one


class LedgerFile:
    """One file of questions. Threads may share it; processes open their own.

    Args:
        path: the file; it is made where there is none.

    Raises:
        StoreError: the file is not a whole ledger of this version or an older one, or the disk
            is full.
    """

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
            # A transaction begins and ends where it is written: isolation_level=None.
            self._db = sqlite3.connect(
                self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
            )
            undo.callback(self._db.close)
            self._open()
            undo.pop_all()

    def __reduce__(self) -> tuple[type[Self], tuple[Path]]:
        return type(self), (self.path,)

    def _open(self) -> None:
        if self._format() < len(MIGRATIONS):
            with self._transaction() as db:
                version = self._format()  # another process may have made it meanwhile
                for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
                    for statement in statements:
                        db.execute(statement)
                    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    db.execute(f"PRAGMA user_version = {number}")
        self._use_wal()
        # What was paid for outlives a power cut too: a commit waits for the disk.
        self._db.execute("PRAGMA synchronous = FULL")

    def _format(self) -> int:
        """Return the file's format; 0 where it is empty."""
        # In this order: another process may make the tables, in one transaction, in between.
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if tables and application != APPLICATION_ID:
            raise StoreError(
                f"Expected {self.path} to be a quorate ledger, got another program's database. "
                "Choose another file."
            )
        if version > len(MIGRATIONS):
            raise StoreError(
                f"Expected a ledger of format {len(MIGRATIONS)} or older at {self.path}, got "
                f"format {version}, written by a newer quorate. Upgrade quorate, or choose another "
                "file."
            )
        return version

    def _use_wal(self) -> None:
        """Readers and the writer do not wait for each other. The switch itself cannot wait."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL").fetchone()
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

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
        """Hold the file's only writing place; all of it is stored, or nothing."""
        with self._using, self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into ones that say what to do."""
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError, zlib.error) as error:
            code = getattr(error, "sqlite_errorname", "")
            if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                raise StoreError(
                    f"Expected {self.path} to be free within {PATIENCE} seconds, got another "
                    "program at work in it. Wait for it to end."
                ) from error
            if code.startswith(
                ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")
            ):
                raise StoreError(
                    f"Expected to write to {self.path}, got: {error}. What is stored is kept; make "
                    "room on the disk (or mend its permissions) and do the same again to go on."
                ) from error
            raise StoreError(
                f"Expected a whole quorate ledger at {self.path}, got: {error}. The file was left "
                "as it is; restore it from a copy, or choose another file."
            ) from error
