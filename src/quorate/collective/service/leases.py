"""Questions that members hold: for a while, and then others are given them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from quorate.collective.storage import schema
from quorate.collective.storage.writer import Transaction

LEASE = 15 * 60  # seconds in which a member answers, before others are given the question


_GIVEN = (
    select(
        schema.question.c.id,
        schema.question.c.picture,
        schema.answer.c.given,
        schema.answer.c.until,
        schema.answer.c.label,
    )
    .join(schema.answer, schema.answer.c.question == schema.question.c.id)
    .where(schema.answer.c.member == bindparam("whose"))
    .order_by(schema.answer.c.given, schema.answer.c.id)
)
_CHANGE = (
    update(schema.question)
    .where(schema.question.c.id.in_(bindparam("some", expanding=True)))
    .values(left=schema.question.c.left + bindparam("by"))
)


def given_to(connection: Connection, member: str) -> Sequence[Row[Any]]:
    """Return the questions that a member was given: id, picture, given, until, and label or None.

    Those of which ``label`` is None are theirs to answer, until the time ``until``.
    """
    found: Sequence[Any] = connection.execute(_GIVEN, {"whose": member}).all()
    return found


def held_by(connection: Connection, member: str) -> list[Row[Any]]:
    """Return those questions that a member was given and has not answered."""
    return [one for one in given_to(connection, member) if one.label is None]


def change_left(connection: Connection, questions: Sequence[str], by: int) -> None:
    """Add to the number of answers that questions are still to get."""
    for start in range(0, len(questions), 500):
        connection.execute(_CHANGE, {"some": questions[start : start + 500], "by": by})


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
