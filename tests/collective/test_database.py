"""The coordinator's database: made and migrated on both kinds, by one server at a time."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from coordinators import coordinator_at
from sqlalchemy import select, text

from quorate.collective.storage import schema
from quorate.collective.storage.database import Database, read_url
from quorate.collective.storage.writer import KEPT, Transaction, Writer, forget_replies
from quorate.errors import InputError, StoreError
from quorate.test_time.http.service import RefusedError


def keep(name: str) -> Any:
    def operation(transaction: Transaction) -> dict[str, Any]:
        transaction.connection.execute(schema.picture.insert(), {"digest": name, "png": b""})
        return {"kept": name}

    return operation


def kept(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.execute(select(schema.picture.c.digest)).scalars())


def test_migrations_make_the_tables_that_the_code_uses(database_url: str) -> None:
    with Database(database_url) as database, database.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, schema.metadata) == []


def test_a_server_has_keys_that_stay(database_url: str) -> None:
    found = []
    for _ in range(2):
        with Database(database_url) as database, database.read() as connection:
            found.append(connection.execute(select(schema.server)).one())
    assert found[0] == found[1]
    assert len(found[0].key) == len(found[0].signing_key) == 32


def test_one_server_at_a_time(database_url: str) -> None:
    with Database(database_url), pytest.raises(StoreError, match="got another one that runs"):
        Database(database_url).__enter__()
    with Database(database_url):  # once the first has ended
        pass


def test_a_refused_request_leaves_nothing_and_takes_nothing_along(database_url: str) -> None:
    def refused(transaction: Transaction) -> dict[str, Any]:
        keep("half")(transaction)
        raise RefusedError(409, "no", "No.")

    def broken(transaction: Transaction) -> dict[str, Any]:
        keep("broken")(transaction)
        return keep("broken")(transaction)  # the same digest again

    with Database(database_url) as database, Writer(database) as writer:
        work = [keep("a"), refused, keep("b"), broken, keep("c")]
        answers: list[Future[Any]] = [writer.submit(one, actor="x") for one in work]
        errors = [type(answer.exception()).__name__ for answer in answers]
        assert errors == ["NoneType", "RefusedError", "NoneType", "IntegrityError", "NoneType"]
        assert kept(database) == ["a", "b", "c"]


def test_a_key_stands_for_one_request_of_one_actor(database_url: str) -> None:
    with coordinator_at(database_url) as made:
        do = made.writer.do
        for _ in range(2):
            assert do(keep("a"), actor="x", key="k", asked={"n": 1}) == {"kept": "a"}
        with pytest.raises(RefusedError, match="Make a new key for each"):
            do(keep("a"), actor="x", key="k", asked={"n": 2})
        assert do(keep("b"), actor="y", key="k", asked={"n": 2}) == {"kept": "b"}
        assert kept(made.database) == ["a", "b"]
        made.clock[0] += KEPT + 1
        made.do(forget_replies)
        assert made.read(lambda connection: connection.execute(select(schema.reply)).all()) == []


def test_another_programs_file_is_refused_and_left(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but my notes" * 50)
    before = file.read_bytes()
    with pytest.raises(StoreError, match="Expected a coordinator's database at"):
        Database(str(file)).__enter__()
    assert file.read_bytes() == before
    with pytest.raises(StoreError, match=r"Expected a .*notes\.txt"):
        Database(str(file / "inside.sqlite")).__enter__()
    with Database(str(tmp_path / "new" / "file.sqlite")):  # a folder is made
        pass


def test_another_programs_tables_are_refused(database_url: str) -> None:
    engine = Database(database_url).engine
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (text TEXT)"))
    engine.dispose()
    with pytest.raises(StoreError, match="got another program's tables: notes"):
        Database(database_url).__enter__()


def test_a_password_is_not_shown() -> None:
    url = "postgresql://me:secret@127.0.0.1:1/none?connect_timeout=1"
    with pytest.raises(StoreError) as refused:
        Database(url).__enter__()
    assert "secret" not in str(refused.value)
    assert "me:***@127.0.0.1" in str(refused.value)


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", ":memory:", "http://x", "://"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(InputError, match="Give the path of a file, or postgresql"):
        read_url(url)


def test_the_tables_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    url = str(tmp_path / "a.sqlite")
    with Database(url) as database, database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer quorate"):
        Database(url).__enter__()
