"""The one thread that writes: requests in their order, many in one transaction, each once.

A request is acknowledged when its transaction is on the disk. Requests that arrive meanwhile are
written together in the next one, each within a savepoint of its own, so one that is refused takes
nothing along. A request that is repeated under its idempotency key gets its first answer.
"""

from __future__ import annotations

import hashlib
import json
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from quorate.collective import chain
from quorate.collective.secrets import hash_secret
from quorate.collective.storage import schema
from quorate.collective.storage.database import Database
from quorate.errors import StoreError
from quorate.test_time.http.service import RefusedError

MOST_AT_ONCE = 256  # requests in one transaction
CHORES_EVERY = 1.0  # seconds
KEPT = 7 * 86_400  # seconds in which a request can be repeated

Body = dict[str, Any]  # plain data, which goes out as JSON


@dataclass(frozen=True)
class Transaction:
    """What an operation may use: one connection, inside a savepoint, and the time.

    Args:
        connection: of the transaction that all requests of this moment share.
        now: seconds since 1970.
    """

    connection: Connection
    now: float

    def log(self, campaign: str, kind: str, **facts: Any) -> chain.Entry:
        """Append an entry to a campaign's log, and return it."""
        table = schema.campaign
        row = self.connection.execute(
            select(table.c.entries, table.c.head).where(table.c.id == campaign)
        ).one()
        entry = chain.chain(row.entries + 1, self.now, kind, facts, row.head)
        self.connection.execute(schema.event.insert(), {"campaign": campaign, **entry.to_plain()})
        self.connection.execute(
            update(table)
            .where(table.c.id == campaign)
            .values(entries=entry.number, head=entry.digest)
        )
        return entry


Operation = Callable[[Transaction], Body]


@dataclass(frozen=True, eq=False)
class _Waiting:
    operation: Operation
    actor: str
    key: str | None
    asked: str
    answer: Future[Body]


class Writer:
    """The one writer of a database; use it as a context manager.

    Args:
        database: where to write.
        chores: what is done about once a second, such as ending what has passed its deadline.
        clock: gives the time, in seconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        chores: Sequence[Callable[[Transaction], object]] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._chores = chores
        self._clock = clock
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._done_at = 0.0

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.put(None)
        self._thread.join()

    def submit(
        self,
        operation: Operation,
        *,
        actor: str,
        key: str | None = None,
        asked: Mapping[str, Any] | None = None,
    ) -> Future[Body]:
        """Have an operation done, and return its answer once it is on the disk.

        Args:
            operation: what to do; it may raise ``RefusedError``, and then leaves nothing.
            actor: whose request it is, such as a member's id.
            key: the request's idempotency key; None if it need not be repeatable.
            asked: the request as plain data: a key that comes with another one is refused.
        """
        plain = json.dumps(asked or {}, sort_keys=True, default=_digest_of)
        answer: Future[Body] = Future()
        self._waiting.put(
            _Waiting(operation, actor, key, hashlib.sha256(plain.encode()).hexdigest(), answer)
        )
        return answer

    def do(self, operation: Operation, **request: Any) -> Body:
        """Submit an operation, and wait for its answer."""
        return self.submit(operation, **request).result()

    # ------------------------------------------------------------------------------- the thread

    def _work(self) -> None:
        while True:
            batch, ends = self._next_batch()
            if batch:
                self._write(batch)
            if self._clock() - self._done_at >= CHORES_EVERY:
                self._done_at = self._clock()
                for chore in self._chores:
                    self._write([_Waiting(_nothing_said(chore), "server", None, "", Future())])
            if ends:
                return

    def _next_batch(self) -> tuple[list[_Waiting], bool]:
        """Return the requests that wait, and whether the writer is to end after them."""
        batch: list[_Waiting] = []
        try:
            found = self._waiting.get(timeout=CHORES_EVERY)
            while found is not None:
                batch.append(found)
                if len(batch) == MOST_AT_ONCE:
                    return batch, False
                found = self._waiting.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True

    def _write(self, batch: list[_Waiting]) -> None:
        """Write a batch in one transaction, and answer when it is on the disk."""
        answers: list[Body | BaseException] = []
        try:
            with self._database.engine.begin() as connection:
                transaction = Transaction(connection, self._clock())
                answers = [self._answer(transaction, one) for one in batch]
        except Exception as error:
            failed = StoreError(f"The database could not be written to: {type(error).__name__}.")
            failed.__cause__ = error
            answers = [failed] * len(batch)
        for one, answer in zip(batch, answers, strict=True):
            if one.answer.set_running_or_notify_cancel():
                if isinstance(answer, BaseException):
                    one.answer.set_exception(answer)
                else:
                    one.answer.set_result(answer)

    def _answer(self, transaction: Transaction, one: _Waiting) -> Body | BaseException:
        savepoint = transaction.connection.begin_nested()
        try:
            known = self._known(transaction.connection, one)
            body = one.operation(transaction) if known is None else known
            if known is None and one.key is not None:
                transaction.connection.execute(
                    schema.reply.insert(),
                    {
                        "actor": hash_secret(one.actor),
                        "key_hash": hash_secret(one.key),
                        "asked": one.asked,
                        "body": body,
                        "at": transaction.now,
                    },
                )
            savepoint.commit()
        except RefusedError as refusal:
            savepoint.rollback()
            return refusal
        except Exception as error:
            if not transaction.connection.in_transaction():
                raise
            savepoint.rollback()
            return error
        return body

    def _known(self, connection: Connection, one: _Waiting) -> Body | None:
        """Return the first answer to a request that is repeated."""
        if one.key is None:
            return None
        table = schema.reply
        row = connection.execute(
            select(table.c.asked, table.c.body).where(
                table.c.actor == hash_secret(one.actor), table.c.key_hash == hash_secret(one.key)
            )
        ).first()
        if row is None:
            return None
        if row.asked != one.asked:
            raise RefusedError(
                409,
                "key_reused",
                "Expected one Idempotency-Key for one request, got it with another request. Make a "
                "new key for each.",
            )
        return dict(row.body)


def forget_replies(transaction: Transaction) -> None:
    """Remove the answers to requests that nobody will repeat any more: a chore."""
    table = schema.reply
    transaction.connection.execute(delete(table).where(table.c.at < transaction.now - KEPT))


def first_answer(connection: Connection, actor: str, key: str) -> Body | None:
    """Return the answer to a request that was done already, even if its actor is gone by now."""
    table = schema.reply
    row = connection.execute(
        select(table.c.body).where(
            table.c.actor == hash_secret(actor), table.c.key_hash == hash_secret(key)
        )
    ).first()
    return None if row is None else dict(row.body)


def _nothing_said(chore: Callable[[Transaction], object]) -> Operation:
    def operation(transaction: Transaction) -> Body:
        chore(transaction)
        return {}

    return operation


def _digest_of(value: Any) -> str:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    return repr(value)
