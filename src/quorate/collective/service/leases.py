"""Questions that members hold: for a while, and then others are given them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from quorate.collective.storage import schema
from quorate.collective.storage.writer import Transaction

LEASE = 15 * 60  # seconds in which a member answers, before others are given the question


def held_by(connection: Connection, member: str) -> list[Row[Any]]:
    """Return the questions that a member holds and has not answered: id, picture, until."""
    q, a = schema.question, schema.answer
    held = (
        select(q.c.id, q.c.picture, a.c.until)
        .join(a, a.c.question == q.c.id)
        .where(a.c.member == member, a.c.label.is_(None))
        .order_by(q.c.place)
    )
    found: list[Any] = list(connection.execute(held))
    return found


def change_left(connection: Connection, questions: Sequence[str], by: int) -> None:
    """Add to the number of answers that questions are still to get."""
    q = schema.question
    for start in range(0, len(questions), 500):
        some = questions[start : start + 500]
        connection.execute(update(q).where(q.c.id.in_(some)).values(left=q.c.left + by))


def take_back_overdue(transaction: Transaction) -> None:
    """Give others the questions that were not answered in time: a chore."""
    a, connection = schema.answer, transaction.connection
    overdue = connection.execute(
        select(a.c.id, a.c.question).where(a.c.until <= transaction.now).limit(5000)
    ).all()
    for row in overdue:  # a question can be overdue with two members
        change_left(connection, [row.question], 1)
    for start in range(0, len(overdue), 500):
        some = [row.id for row in overdue[start : start + 500]]
        connection.execute(delete(a).where(a.c.id.in_(some)))
