"""Copies of a coordinator's SQLite file: taken while it runs, and put back while it does not."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from quorate.collective.storage.database import Database, read_url
from quorate.errors import InputError, StoreError, reason
from quorate.printable import one_line

OWN = 0o600  # a copy holds the keys of the server: its owner alone can read it


def back_up(url: str, to: Path) -> int:
    """Copy a coordinator's database into a new file, whether a server runs on it or not.

    Args:
        url: path or address of the database.
        to: the copy, which is whole or not there.

    Returns:
        The number of campaigns in the copy.

    Raises:
        InputError: there is a file at ``to`` already, or the database is PostgreSQL.
        StoreError: there is no such database, or it cannot be copied.
    """
    source = _file_of(url, "pg_dump --format=custom --file=COPY ADDRESS")
    if to.exists():
        raise InputError(
            f"Expected a new file for the copy, got {to}, which is there. Name another."
        )
    part = to.with_name(f".{to.name}.part")
    try:
        with contextlib.closing(_open(source)) as db:
            handle = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, OWN)
            os.close(handle)
            with contextlib.closing(sqlite3.connect(part)) as copy:
                db.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            count = _check(part)
        os.link(part, to)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"Expected to copy {source} to {to}, got: {one_line(reason(error))}. Make room, or "
            "name another place."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return count


def restore(copy: Path, url: str) -> int:
    """Put a copy in the place of a coordinator's database, on which no server may run.

    What was there is kept beside it, under its name with ``.before`` added.

    Returns:
        The number of campaigns in it.

    Raises:
        InputError: the database is PostgreSQL.
        StoreError: the copy is none, a server runs, or an earlier ``.before`` is in the way.
    """
    target = _file_of(url, "pg_restore --clean --if-exists --dbname=ADDRESS COPY", there=False)
    count = _check(copy)
    before = target.with_name(f"{target.name}.before")
    lock = Database(url)
    release = lock.take()
    try:
        if target.exists():
            if before.exists():
                raise StoreError(
                    f"Expected a free name for what is there now, got {before}. Move it away, once "
                    "you do not need it."
                )
            _settle(target)
            os.replace(target, before)
        with contextlib.closing(_open(copy)) as db:
            handle = os.open(target, os.O_CREAT | os.O_WRONLY | os.O_EXCL, OWN)
            os.close(handle)
            with contextlib.closing(sqlite3.connect(target)) as made:
                db.backup(made)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"Expected to restore {target}, got: {one_line(reason(error))}. What was there is at "
            f"{before}."
        ) from error
    finally:
        release()
    return count


def _file_of(url: str, tools: str, there: bool = True) -> Path:
    """Return the file of an SQLite database."""
    found = read_url(url)
    if found.get_backend_name() != "sqlite":
        raise InputError(
            "Expected an SQLite file, got PostgreSQL, which has tools of its own. Use: "
            f"{tools.replace('ADDRESS', found.set(drivername='postgresql').render_as_string())}"
        )
    path = Path(str(found.database))
    if there and not path.is_file():
        raise StoreError(
            f"Expected a coordinator's database at {path}, got none. Name it with --database."
        )
    return path


def _open(path: Path) -> sqlite3.Connection:
    """Return a connection that only reads."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)


def _check(path: Path) -> int:
    """Return the number of campaigns in a whole database of a coordinator."""
    try:
        with contextlib.closing(_open(path)) as db:
            sound = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            count = int(db.execute("SELECT count(*) FROM campaign").fetchone()[0])
            db.execute("SELECT id FROM server").fetchone()
    except sqlite3.Error as error:
        raise StoreError(
            f"Expected the copy of a coordinator's database at {path}, got: "
            f"{one_line(str(error))}. Give a file that quorate collective backup has made."
        ) from error
    if not sound:
        raise StoreError(
            f"Expected a whole database at {path}, got a damaged one. Take another copy."
        )
    return count


def _settle(path: Path) -> None:
    """Bring what stands in the log beside a file into it."""
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA journal_mode = DELETE")
