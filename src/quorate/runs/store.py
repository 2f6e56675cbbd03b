"""Records of cells in SQLite: one writer, one transaction a cell, nothing is ever changed.

Every row has a digest, checked when it is read: what bit rot has changed is left out, and told.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from quorate.errors import EmptyStoreError, StoreError
from quorate.plain import read_json
from quorate.runs.cell import Record
from quorate.runs.damage import Damage, check_pages, find_damage, set_aside
from quorate.runs.digests import digest_of, first_digest, line_of_whole, lines_of
from quorate.runs.older import CELLS, TRIAL_COLUMNS, read_cell_files, trial_as_json
from quorate.runs.opening import PATIENCE, connect
from quorate.runtime.database import Database, add_functions
from quorate.runtime.files import place
from quorate.runtime.progress import tell
from quorate.validate import listed

FILE, WRITING = "store.sqlite", ".writing"
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
        (
            "ALTER TABLE record ADD COLUMN digest TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE study ADD COLUMN digest TEXT NOT NULL DEFAULT ''",
            """UPDATE record SET digest = first_digest(kind, id, plain, stored_at, (
                SELECT group_concat(line_of_whole(name, content), char(10)) FROM file
                WHERE file.kind = record.kind AND file.id = record.id
            ))""",
            "UPDATE study SET digest = first_digest('study', version, plain, stored_at, NULL)",
            """CREATE TABLE damaged (
                kind ANY, id ANY, name TEXT NOT NULL, content ANY, found_at TEXT NOT NULL
            ) STRICT""",
        ),
    )
    functions = (trial_as_json, first_digest, line_of_whole)
    patience = PATIENCE
    elsewhere = "another --out"
    again = "run the same command"

    def __init__(self, folder: str | Path | None, *, write: bool = False) -> None:
        self.folder = None if folder is None else place(folder)
        self.path = Path(MEMORY) if self.folder is None else self.folder / FILE
        self._lock = _take_writing_place(self.folder) if write and self.folder else None
        self._older: dict[tuple[str, str], Record] = {}  # cells that are files, if only read
        self._damaged = Damage()
        in_memory = self.folder is None or (not write and not self.path.exists())
        with contextlib.ExitStack() as undo:
            if self._lock is not None:
                undo.callback(self._lock.release)
            with self._explained():
                self._db = connect(Path(MEMORY) if in_memory else self.path, write, undo)
                undo.callback(self._db.close)
                add_functions(self._db, type(self))
                self._open(write, in_memory)
            self._undo = undo.pop_all()

    def _open(self, write: bool, in_memory: bool) -> None:
        if not in_memory:
            self._check_layout()  # first of all: another program's file is left as it is
            check_pages(self._db, write)
        if write or in_memory:
            self._bring_up_to_date()
        if self.folder is None:
            return
        if write:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")  # safe against kill -9 under WAL
        if self._format() == len(self.migrations) and not in_memory:
            self._damaged = find_damage(self._db)
        if write and self._damaged:
            with self._transaction() as db:
                set_aside(db, self._damaged, _utc())
            tell(
                f"Damaged: {self._damaged.words(self.path)}. They were set aside; what this "
                "command needs of them is measured again."
            )
            self._damaged = Damage()
        self._take_cell_files(self.folder, write, in_memory)

    def _take_cell_files(self, folder: Path, write: bool, in_memory: bool) -> None:
        """Take in the cells that older versions left as files; a reader keeps them in memory."""
        known = set(self._db.execute(f"SELECT kind, id FROM {self._table}")) if self._table else ()
        damaged: list[str] = []
        older = list(read_cell_files(folder, known, damaged))
        if write:
            with self._transaction():
                for kind, record in older:
                    self._insert(kind, record)
            if damaged:
                tell(
                    f"Damaged: {len(damaged)} of the cells' files in {folder / CELLS} "
                    f"({listed(damaged)}). They are left out; what this command needs of them is "
                    "measured again."
                )
            return
        self._damaged.older |= {f"{CELLS}/{name}" for name in damaged}
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
        first = f"(SELECT 'trial' AS kind, * FROM ({TRIALS}))"
        # Not by its index, which bit rot may have changed.
        return ("", first, "record", "record NOT INDEXED")[self._format()]

    def close(self) -> None:
        """Let go of the file and of the writing place."""
        self._undo.close()

    def add(self, kind: str, record: Record) -> None:
        """Store one record; one that is there already stays as it is."""
        with self._transaction() if record.files else self._explained():
            self._insert(kind, record)

    def _insert(self, kind: str, record: Record) -> None:
        plain, stored_at = json.dumps(record.plain), record.stored_at or self._now()
        digest = digest_of(kind, record.id, plain, stored_at, lines_of(record.files.items()))
        files = [[kind, record.id, name, content] for name, content in record.files.items()]
        insert = "INSERT INTO {} ON CONFLICT DO NOTHING"
        row = [kind, record.id, plain, stored_at, digest]
        self._db.execute(insert.format("record VALUES (?, ?, ?, ?, ?)"), row)
        self._db.executemany(insert.format("file VALUES (?, ?, ?, ?)"), files)

    def add_study(self, plain: Mapping[str, Any], version: str) -> None:
        """Note that a study was run here, unless the last one was the same by the same version."""
        with self._explained():
            query = "SELECT plain, version FROM study ORDER BY number DESC"
            last = self._db.execute(query).fetchone()
            if last is None or (_read(last[0]), last[1]) != (plain, version):
                row = json.dumps(plain), version, self._now()
                self._db.execute(
                    "INSERT INTO study (plain, version, stored_at, digest) VALUES (?, ?, ?, ?)",
                    [*row, digest_of("study", version, row[0], row[2])],
                )

    def ids(self, kind: str) -> set[str]:
        """Return the ids of the records of a kind that are whole."""
        return {id_ for id_, *_ in self._select("id", kind)} | {
            id_ for of, id_ in self._older if of == kind
        }

    def kinds(self) -> dict[str, int]:
        """Return how many records there are, by kind."""
        found: dict[str, int] = {}
        with self._explained():
            if self._table:
                found |= self._db.execute(f"SELECT kind, count(*) FROM {self._table} GROUP BY kind")
        for kind, _ in self._older:
            found[kind] = found.get(kind, 0) + 1
        return found

    def records(self, kind: str, ids: Iterable[str] | None = None) -> list[Record]:
        """Return the records of a kind that are stored, of ``ids`` or of all, in no fixed order.

        Damaged ones are left out, which is told once.
        """
        wanted = None if ids is None else set(ids)
        files: dict[str, dict[str, bytes]] = {}
        if self._format() > 1:  # before, no record had files
            for id_, name, content in self._select("id, name, content", kind, wanted, "file"):
                files.setdefault(id_, {})[name] = content
        found: dict[str, Record] = {}
        for id_, text, stored_at in self._select("id, plain, stored_at", kind, wanted):
            plain = self._plain(kind, id_, text)
            if plain is not None:
                found.setdefault(id_, Record(id_, plain, files.get(id_, {}), stored_at))
        self._tell_of_damage()
        for (of, id_), record in self._older.items():
            if of == kind and (wanted is None or id_ in wanted):
                found.setdefault(id_, record)
        return list(found.values())

    def _plain(self, kind: str, id_: str, text: str) -> dict[str, Any] | None:
        """Return the plain data of a record; None where it is damaged, as only old ones can be.

        Raises:
            StoreError: the digest is right, and yet it is no record.
        """
        try:
            plain = read_json(text)
        except ValueError as error:
            plain, said = None, str(error)
        else:
            said = f"{type(plain).__name__} in its place"
        if isinstance(plain, dict):
            return plain
        if self._format() < len(self.migrations):
            self._damaged.older.add(f"{kind} {id_[:12]}")
            return None
        raise StoreError(self._advice(sqlite3.DataError(f"{said}, of {kind} {id_[:12]}")))

    def _tell_of_damage(self) -> None:
        """Say once what a reader leaves out; a writer has set it aside."""
        if self._damaged and not self._damaged.told:
            self._damaged.told = True
            tell(
                f"Damaged: {self._damaged.words(self.path)}. They are left out; run the command "
                "that made them again, and they are measured again."
            )

    def _select(
        self, what: str, kind: str, ids: Iterable[str] | None = None, table: str = ""
    ) -> list[Any]:
        """Return columns of the whole rows of a kind, of some ids or of all."""
        with self._explained():
            if not (table or self._table):
                return []
            given = [kind]
            query = f"SELECT {what} FROM {table or self._table} WHERE kind = ?"
            if ids is not None:
                query += " AND id IN (SELECT value FROM json_each(?))"
                given.append(json.dumps(list(ids)))
            if self._damaged.records and not table:
                query += " AND rowid NOT IN (SELECT value FROM json_each(?))"
                given.append(json.dumps(list(self._damaged.records)))
            return self._db.execute(query, given).fetchall()

    def studies(self) -> list[tuple[dict[str, Any], str]]:
        """Return the studies run here and their versions, oldest first; whole ones alone."""
        found = []
        with self._explained():
            skipped = json.dumps(list(self._damaged.studies))
            rows = self._db.execute(
                "SELECT number, plain, version FROM study "
                "WHERE number NOT IN (SELECT value FROM json_each(?)) ORDER BY number",
                [skipped],
            ).fetchall()
        for number, text, version in rows:
            plain = self._plain("study", str(number), text)
            if plain is not None:
                found.append((plain, version))
        self._tell_of_damage()
        return found

    def _now(self) -> str:
        """Return the time; what is in memory alone is not stored at any."""
        return "" if self.folder is None else _utc()


def _read(text: str) -> Any:
    """Return what JSON says; None for what is none."""
    try:
        return read_json(text)
    except ValueError:
        return None


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

    mark = folder / WRITING
    try:
        if folder.exists() and not folder.is_dir():
            raise StoreError(f"Expected {folder} to be a folder, got a file. Choose another --out.")
        if mark.is_symlink() or (mark.exists() and (not mark.is_file() or mark.stat().st_size)):
            raise StoreError(
                f"Expected {mark} to be the empty file that quorate locks, got another one. Remove "
                "it, or choose another --out."
            )
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(mark, timeout=0)
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
