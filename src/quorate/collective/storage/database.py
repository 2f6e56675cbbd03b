"""The database of a coordinator: one SQLite file, or PostgreSQL, and one server at a time."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from quorate.collective.storage import schema
from quorate.errors import InputError, StoreError
from quorate.printable import one_line
from quorate.validate import listed

if TYPE_CHECKING:
    from sqlalchemy import URL

LOCK = 7_186_402_915  # names the advisory lock in PostgreSQL: any number of ours
MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """A database that this server alone writes to; use it as a context manager.

    Args:
        url: ``sqlite:///FILE``, the path of a file, or ``postgresql://USER@HOST/NAME``.

    Raises:
        InputError: the address is none of these, or PostgreSQL's driver is not installed.
        StoreError: it cannot be reached, is another program's, or is in use by another server.
    """

    def __init__(self, url: str) -> None:
        self.url = read_url(url)
        self._engine = _engine(self.url)
        self._release: Callable[[], None] = lambda: None

    def __enter__(self) -> Database:
        try:
            self._release = self.take()
            self._keep_private()
            migrate(self._engine)
        except (SQLAlchemyError, sqlite3.Error) as error:
            self._close()
            raise StoreError(
                f"Expected a coordinator's database at {self.shown}, got: "
                f"{one_line(str(getattr(error, 'orig', error))).rstrip('.')}. Start the database "
                "server, or choose another --database."
            ) from None
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        self._release()
        self._engine.dispose()  # with the connection that held PostgreSQL's lock

    @property
    def shown(self) -> str:
        """The address, without a password."""
        return self.url.render_as_string(hide_password=True)

    @property
    def engine(self) -> Engine:
        """Connections of SQLAlchemy."""
        return self._engine

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the database, and changes nothing."""
        with self._engine.connect() as connection:
            yield connection

    def _keep_private(self) -> None:
        """Make an SQLite file that only its owner can read: it holds the server's keys."""
        if self.url.get_backend_name() == "sqlite":
            try:
                os.close(os.open(str(self.url.database), os.O_CREAT | os.O_RDWR, 0o600))
            except OSError as error:
                raise StoreError(
                    f"Expected a file that can be written to at {self.shown}, got: "
                    f"{error.strerror}. Choose another --database."
                ) from None

    def take(self) -> Callable[[], None]:
        """Take this server's lock, which ends with the process, and return how to release it."""
        taken = (
            f"Expected one server on {self.shown}, got another one that runs. Stop it first, or "
            "choose another --database."
        )
        if self.url.get_backend_name() == "sqlite":
            lock = FileLock(f"{self.url.database}.lock", timeout=0)
            try:
                lock.acquire()
            except Timeout:
                raise StoreError(taken) from None
            except OSError as error:
                raise StoreError(
                    f"Expected a folder that can be written to for {self.shown}, got: "
                    f"{error.strerror}. Choose another --database."
                ) from None
            return lock.release
        held = self._engine.connect()
        if not held.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}).scalar():
            held.close()
            raise StoreError(taken)
        held.commit()
        return held.close


def read_url(url: str) -> URL:
    """Return the address of a database; a path is that of an SQLite file.

    Raises:
        InputError: it is neither SQLite nor PostgreSQL.
    """
    fix = "Give the path of a file, or postgresql://USER@HOST/NAME."
    try:
        found = make_url(url if "://" in url else f"sqlite:///{url}")
        backend = found.get_backend_name()
    except ArgumentError:
        raise InputError(f"Expected a database, got {one_line(url)}. {fix}") from None
    if backend == "sqlite" and found.database not in (None, "", ":memory:"):
        return found.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        return found.set(drivername="postgresql+psycopg")
    raise InputError(f"Expected SQLite or PostgreSQL, got {one_line(url)}. {fix}")


def migrate(engine: Engine) -> None:
    """Bring the tables of a database to this version's, and fill in what every server has."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        tables = inspect(connection).get_table_names()
        if tables and "alembic_version" not in tables:
            raise StoreError(
                "Expected an empty database, or a coordinator's, got another program's tables: "
                f"{one_line(listed(tables))}. Choose another --database."
            )
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise StoreError(
                "Expected a coordinator's database of this version or an older one, got one that a "
                "newer quorate wrote. Upgrade quorate, or choose another --database."
            ) from None
        if connection.execute(select(schema.server.c.id)).first() is None:
            connection.execute(schema.server.insert(), _new_server())


def _new_server() -> dict[str, Any]:
    return {
        "id": 1,
        "key": secrets.token_bytes(32),
        "signing_key": secrets.token_bytes(32),  # any 32 bytes are a private key of Ed25519
        "setup_hash": "",  # nobody's: serving makes one
    }


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url,
            connect_args={"check_same_thread": False, "timeout": 30},
            hide_parameters=True,  # which are people's, and no log's
        )
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
        return engine
    try:
        # Reading pages sees one state, as on SQLite.
        return create_engine(
            url,
            isolation_level="REPEATABLE READ",
            # PostgreSQL plans while tables are still empty, and keeps that plan for a while: it
            # would read all answers for each question. An index is never much worse here.
            connect_args={"options": "-c enable_seqscan=off"},
            hide_parameters=True,
            pool_size=20,
            max_overflow=20,
            pool_pre_ping=True,
        )
    except ModuleNotFoundError:
        from quorate.extras import require

        require("postgresql", "PostgreSQL", instead="Or give the path of an SQLite file.")
        raise


def _set_up(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions, see _begin
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
