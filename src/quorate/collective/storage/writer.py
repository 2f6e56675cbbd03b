"""The one thread that writes: requests in their order, many in one transaction, each once.

A request is acknowledged when its transaction is on the disk. Requests that arrive meanwhile are
written together in the next one, each within a savepoint of its own, so one that is refused takes
nothing along. A request that is repeated under its idempotency key gets its first answer.
"""

from __future__ import annotations

import functools
import hashlib
import json
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, tuple_, update

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


@dataclass(eq=False)
class Transaction:
    """What an operation may use: one connection, inside a savepoint, and the time.

    Entries of logs and answers to requests are kept back, and written together at the end: single
    statements for each would take as long as all the rest.

    Args:
        connection: of the transaction that all requests of this moment share.
        now: seconds since 1970.
        campaigns: rows of campaigns as they are now, by id: whoever changes one removes it here.
    """

    connection: Connection
    now: float
    campaigns: dict[str, Row[Any]] = field(default_factory=dict)
    _entries: list[tuple[str, chain.Entry]] = field(default_factory=list)
    _heads: dict[str, tuple[int, str]] = field(default_factory=dict)
    _replies: dict[tuple[str, str], Body] = field(default_factory=dict)

    def log(self, campaign: str, kind: str, **facts: Any) -> chain.Entry:
        """Append an entry to a campaign's log, and return it."""
        number, head = self._head(campaign)
        entry = chain.chain(number + 1, self.now, kind, facts, head)
        self._entries.append((campaign, entry))
        self._heads[campaign] = entry.number, entry.digest
        return entry

    def head(self, campaign: str) -> str:
        """Return the digest of a campaign's last entry, which its row may not hold yet."""
        return self._head(campaign)[1]

    def forget(self, actor: str, member: str | None = None) -> None:
        """Remove the answers to all requests of somebody; with a member, those that name it."""
        hashed, table = hash_secret(actor), schema.reply
        found = delete(table).where(table.c.actor == hashed)
        if member is not None:
            found = found.where(table.c.body["member"].as_string() == member)
        self.connection.execute(found)
        self._replies = {
            name: one
            for name, one in self._replies.items()
            if name[0] != hashed or member not in (None, one["body"].get("member"))
        }

    def _head(self, campaign: str) -> tuple[int, str]:
        if (known := self._heads.get(campaign)) is not None:
            return known
        table = schema.campaign
        row = self.connection.execute(
            select(table.c.entries, table.c.head).where(table.c.id == campaign)
        ).one()
        return row.entries, row.head

    def _take_back(self, mark: int) -> None:
        """Forget the entries from a number on."""
        while len(self._entries) > mark:
            campaign, entry = self._entries.pop()
            self._heads[campaign] = entry.number - 1, entry.previous

    def _write(self) -> None:
        """Write what was kept back."""
        if self._entries:
            rows = [{"campaign": campaign, **vars(entry)} for campaign, entry in self._entries]
            self.connection.execute(schema.event.insert(), rows)
            heads = {campaign: self._heads[campaign] for campaign, _ in self._entries}
            self.connection.execute(
                _HEADS,
                [{"of": one, "number": n, "digest": head} for one, (n, head) in heads.items()],
            )
        if self._replies:
            self.connection.execute(schema.reply.insert(), [*self._replies.values()])


_HEADS = (
    update(schema.campaign)
    .where(schema.campaign.c.id == bindparam("of"))
    .values(entries=bindparam("number"), head=bindparam("digest"))
)
_KNOWN = select(schema.reply).where(
    tuple_(schema.reply.c.actor, schema.reply.c.key_hash).in_(bindparam("names", expanding=True))
)
Operation = Callable[[Transaction], Body]


@dataclass(eq=False)
class _Waiting:
    operation: Operation
    actor: str
    key: str | None
    asked: str
    answer: Future[Body]

    @functools.cached_property
    def name(self) -> tuple[str, str]:
        """What the answer is kept under: hashes of the actor and the key."""
        return hash_secret(self.actor), hash_secret(self.key or "")


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
                known = _known(connection, batch)
                # Not begin_nested, whose names are new each time: none is prepared or cached.
                connection.exec_driver_sql("SAVEPOINT request")
                answers = [self._answer(transaction, one, known) for one in batch]
                transaction._write()
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

    def _keep(self, connection: Connection) -> None:
        """Begin the next savepoint, once what was done in this one is kept."""
        if self._database.url.get_backend_name() == "sqlite":
            connection.exec_driver_sql("RELEASE SAVEPOINT request")
            connection.exec_driver_sql("SAVEPOINT request")
        else:  # one way to the server and back in place of two
            connection.exec_driver_sql("RELEASE SAVEPOINT request; SAVEPOINT request")

    def _answer(
        self, transaction: Transaction, one: _Waiting, known: dict[tuple[str, str], Body]
    ) -> Body | BaseException:
        """Return an operation's answer; if it fails, it leaves nothing."""
        if (first := known.get(one.name)) is not None:
            return _again(first, one)
        mark = len(transaction._entries)
        try:
            body = one.operation(transaction)
        except Exception as error:
            transaction.connection.exec_driver_sql("ROLLBACK TO SAVEPOINT request")
            transaction.campaigns.clear()
            transaction._take_back(mark)
            return error
        self._keep(transaction.connection)
        if one.key is not None:
            actor, key_hash = one.name
            reply = {"actor": actor, "key_hash": key_hash, "asked": one.asked, "body": body}
            known[one.name] = transaction._replies[one.name] = {**reply, "at": transaction.now}
        return body


def _known(connection: Connection, batch: list[_Waiting]) -> dict[tuple[str, str], Body]:
    """Return the first answers to those requests of a batch that are repeated, by their names."""
    names = [one.name for one in batch if one.key is not None]
    if not names:
        return {}
    rows = connection.execute(_KNOWN, {"names": names}).mappings()
    return {(row["actor"], row["key_hash"]): dict(row) for row in rows}


def _again(first: Body, one: _Waiting) -> Body | RefusedError:
    """Return the first answer to a request that is repeated; a refusal if it is another request."""
    if first["asked"] == one.asked:
        return dict(first["body"])
    return RefusedError(
        409,
        "key_reused",
        "Expected one Idempotency-Key for one request, got it with another request. Make a new key "
        "for each.",
    )


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
