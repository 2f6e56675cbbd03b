"""SQLite files of this library: recognised, migrated, and with errors that say what to do."""

from __future__ import annotations

import contextlib
import functools
import json
import sqlite3
import zlib
from abc import ABC
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from quorate.errors import StoreError
from quorate.printable import one_line

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
    functions: ClassVar[tuple[Callable[..., str], ...]] = ()  # that migrations call, by their names
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
        if version < 0:
            raise StoreError(self._advice(sqlite3.DatabaseError(f"format {version}")))
        if version > len(self.migrations):
            raise StoreError(
                f"Expected a {self.kind} of format {len(self.migrations)} or older at {self.path}, "
                f"got format {version}, written by a newer quorate. Upgrade quorate, or choose "
                f"{self.elsewhere}."
            )
        return version

    def _check_layout(self) -> None:
        """Raise StoreError unless the tables are those of the file's format, and nothing else.

        A view in the place of a table may never end, and a trigger may do anything.
        """
        with contextlib.ExitStack() as undo:
            if not self._db.in_transaction:  # else another process may come in between
                self._db.execute("BEGIN")
                undo.callback(self._db.execute, "ROLLBACK")
            if _layout_of(self._db) != _layouts(type(self))[self._format()]:
                raise StoreError(self._advice(sqlite3.DatabaseError("other tables than its own")))

    def _bring_up_to_date(self) -> None:
        """Create or migrate the tables to this version's format."""
        if self._format() == len(self.migrations):
            self._check_layout()
            return
        with self._transaction() as db:
            version = self._format()  # another process may have migrated meanwhile
            self._check_layout()
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
        unreadable = (UnicodeDecodeError, zlib.error, json.JSONDecodeError, OverflowError)
        try:
            yield
        except (sqlite3.Error, *unreadable) as error:
            raise StoreError(self._advice(error)) from error

    def _advice(self, error: Exception) -> str:
        code, said = getattr(error, "sqlite_errorname", ""), one_line(str(error))
        if code.startswith(TAKEN):
            return (
                f"Expected {self.path} to be free within {self.patience} seconds, got another "
                "program at work in it. Wait for it to end."
            )
        if code.startswith(NO_ROOM):
            return (
                f"Expected to write to {self.path}, got: {said}. What is stored is kept; make "
                f"room on the disk (or mend its permissions) and {self.again} to go on."
            )
        return (
            f"Expected a whole quorate {self.kind} at {self.path}, got: {said}. The file was left "
            f"as it is; restore it from a copy, or choose {self.elsewhere}."
        )


Layout = tuple[frozenset[tuple[str, str, int]], frozenset[tuple[object, ...]]]


def _layout_of(db: sqlite3.Connection) -> Layout:
    """Return the kinds and names of all that a file holds, and the columns of its tables."""
    checks = "length(sql) - length(replace(upper(sql), 'CHECK', ''))"  # they may never end
    listed = db.execute(
        f"SELECT type, name, {checks} FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'"
    )
    found = frozenset(listed.fetchall())
    if not {kind for kind, *_ in found} <= {"table", "index"}:
        return found, frozenset()
    columns = set[tuple[object, ...]]()
    for kind, name, _ in found:
        if kind == "table":
            quoted = name.replace('"', '""')
            about = db.execute(f'PRAGMA table_list("{quoted}")').fetchall()
            columns |= {(name, *row[2:]) for row in about}  # table or virtual, columns, strict
            columns |= {(name, *row) for row in db.execute(f'PRAGMA table_xinfo("{quoted}")')}
    return found, frozenset(columns)


@functools.cache
def _layouts(kind: type[Database]) -> list[Layout]:
    """Return the layout of each format of a kind of file, the empty one first."""
    with contextlib.closing(open_database(":memory:", 0)) as db:
        add_functions(db, kind)
        found = [_layout_of(db)]
        for statements in kind.migrations:
            for statement in statements:
                db.execute(statement)
            found.append(_layout_of(db))
    return found


def add_functions(db: sqlite3.Connection, kind: type[Database]) -> None:
    """Give a connection the functions that migrations call."""
    for function in kind.functions:
        db.create_function(function.__name__, -1, function, deterministic=True)


SUPER_JOURNAL = bytes.fromhex("d9d505f920a163d7")  # ends a journal that names another one


def _check_journal(path: Path) -> None:
    """Raise StoreError for a journal that names another file, which SQLite would remove.

    One is made only by a transaction over several databases, and so never here.
    """
    journal = path.with_name(f"{path.name}-journal")
    try:
        content = journal.read_bytes()
    except OSError:
        return
    if content.endswith(SUPER_JOURNAL):
        raise StoreError(
            f"Expected no journal beside {path} that names other files, got one in {journal}, "
            "which quorate never makes. Remove it, or choose another folder."
        )


def open_database(path: Path | str, patience: int, *, uri: bool = False) -> sqlite3.Connection:
    """Return a connection whose transactions are explicit.

    Threads may share it as long as only one uses it at a time.

    Raises:
        StoreError: a journal beside it would have SQLite remove another file.
    """
    if not uri and path != ":memory:":
        _check_journal(Path(path))
    db = sqlite3.connect(
        path, timeout=patience, isolation_level=None, uri=uri, check_same_thread=False
    )
    db.execute("PRAGMA trusted_schema = OFF")
    return db
