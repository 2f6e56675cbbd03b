"""SQLite files of this library: recognised, migrated, and with errors that say what to do."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from abc import ABC
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from quorate.errors import StoreError

NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")
TAKEN = ("SQLITE_BUSY", "SQLITE_LOCKED")


class Database(ABC):
    """One SQLite file, used as a context manager.

    Each kind of file is a class with its name in messages, the application id that tells it from
    other programs' files, the statements that migrate an older format, and advice for the user.
    """

    kind: ClassVar[str]
    application_id: ClassVar[int]
    migrations: ClassVar[tuple[tuple[str, ...], ...]]
    patience: ClassVar[int]  # seconds that a transaction waits for another one
    elsewhere: ClassVar[str]  # advice: how to use another file
    again: ClassVar[str]  # advice: how to resume

    path: Path
    _db: sqlite3.Connection

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
        """Close the file."""
        self._db.close()

    def _format(self) -> int:
        """Return the file's format; 0 if it is empty."""
        # In this order, because another process may create the tables in between.
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if tables and application != self.application_id:
            raise StoreError(
                f"Expected {self.path} to be a quorate {self.kind}, got another program's "
                f"database. Choose {self.elsewhere}."
            )
        if version > len(self.migrations):
            raise StoreError(
                f"Expected a {self.kind} of format {len(self.migrations)} or older at {self.path}, "
                f"got format {version}, written by a newer quorate. Upgrade quorate, or choose "
                f"{self.elsewhere}."
            )
        return version

    def _bring_up_to_date(self) -> None:
        """Create or migrate the tables to this version's format."""
        if self._format() == len(self.migrations):
            return
        with self._transaction() as db:
            version = self._format()  # another process may have migrated meanwhile
            for number, statements in enumerate(self.migrations[version:], start=version + 1):
                for statement in statements:
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {self.application_id}")
                db.execute(f"PRAGMA user_version = {number}")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock; everything inside is stored, or nothing."""
        with self._explained():
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
        unreadable = (UnicodeDecodeError, zlib.error, json.JSONDecodeError)
        try:
            yield
        except (sqlite3.Error, *unreadable) as error:
            raise StoreError(self._advice(error)) from error

    def _advice(self, error: Exception) -> str:
        code = getattr(error, "sqlite_errorname", "")
        if code.startswith(TAKEN):
            return (
                f"Expected {self.path} to be free within {self.patience} seconds, got another "
                "program at work in it. Wait for it to end."
            )
        if code.startswith(NO_ROOM):
            return (
                f"Expected to write to {self.path}, got: {error}. What is stored is kept; make "
                f"room on the disk (or mend its permissions) and {self.again} to go on."
            )
        return (
            f"Expected a whole quorate {self.kind} at {self.path}, got: {error}. The file was left "
            f"as it is; restore it from a copy, or choose {self.elsewhere}."
        )


def open_database(path: Path | str, patience: int, *, uri: bool = False) -> sqlite3.Connection:
    """Return a connection whose transactions are explicit.

    Threads may share it as long as only one uses it at a time.
    """
    return sqlite3.connect(
        path, timeout=patience, isolation_level=None, uri=uri, check_same_thread=False
    )
