"""How a store is opened: to write, to read, and to read where nothing can be written."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from urllib.parse import quote

from quorate.runtime.database import open_database

PATIENCE = 30  # seconds that a transaction waits for another one


def connect(path: Path, write: bool, undo: contextlib.ExitStack) -> sqlite3.Connection:
    """Return a connection; one that only reads also reads where nothing can be written.

    Args:
        path: the file, or ``:memory:``.
        write: whether it is written to.
        undo: removes what was made for reading.
    """
    if write or str(path) == ":memory:":
        return open_database(path, PATIENCE)
    if os.access(path.parent, os.W_OK):
        return _read(path)
    log = path.with_name(f"{path.name}-wal")
    if not log.exists() or log.stat().st_size == 0:
        return _read(path, "&immutable=1")
    # What a killed run has left in the log is a part of the store, and an immutable one has none.
    if path.with_name(f"{path.name}-shm").exists():
        with contextlib.suppress(sqlite3.OperationalError):
            return _tried(_read(path))
    folder = Path(undo.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
    for file in (path, log):
        shutil.copyfile(file, folder / file.name)
    return open_database(folder / path.name, PATIENCE)


def _read(path: Path, more: str = "") -> sqlite3.Connection:
    uri = f"file:{quote(str(path.resolve()))}?mode=ro{more}"
    return open_database(uri, PATIENCE, uri=True)


def _tried(db: sqlite3.Connection) -> sqlite3.Connection:
    """Return a connection that can be read from; close it where it cannot."""
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        db.close()
        raise
    return db
