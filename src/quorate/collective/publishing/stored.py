"""Answers as a campaign has them in its database."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, select

from quorate.collective.plans import TestPlan
from quorate.collective.publishing.answered import StoredAnswers
from quorate.collective.service.questions import POOL
from quorate.collective.storage import schema


def members_of(connection: Connection, campaign: str) -> list[Row[Any]]:
    """Return a campaign's members in the order in which they joined, which numbers them."""
    table = schema.member
    ordered = (
        select(table.c.id, table.c.invitation, table.c.excluded)
        .where(table.c.campaign == campaign)
        .order_by(table.c.joined, table.c.id)
    )
    found: list[Any] = list(connection.execute(ordered))
    return found


def read_answers(
    connection: Connection, campaign: str, plan: TestPlan, *, trial: bool
) -> StoredAnswers:
    """Return the questions and answers of a phase, questions in the order of photos.

    Args:
        connection: that sees one state of the database.
        campaign: id of the campaign.
        plan: of the campaign.
        trial: whether it is the trial that is read, or the pool.
    """
    q, a = schema.question, schema.answer
    phase = q.c.purpose != POOL if trial else q.c.purpose == POOL
    columns = (q.c.id, q.c.label, q.c.in_subgroup, q.c.photo, q.c.purpose, q.c.batch)
    questions = connection.execute(
        select(*columns, schema.picture.c.png)
        .join(schema.picture)
        .where(q.c.campaign == campaign, phase)
        .order_by(q.c.photo, q.c.place, q.c.id)
    ).all()
    members = members_of(connection, campaign)
    place = {row.id: number for number, row in enumerate(questions)}
    number = {row.id: number for number, row in enumerate(members)}
    answers = connection.execute(
        select(a.c.question, a.c.member, a.c.label)
        .join(q, q.c.id == a.c.question)
        .where(q.c.campaign == campaign, phase, a.c.label.is_not(None))
    ).all()
    found = sorted((place[row.question], number[row.member], row.label) for row in answers)
    table = np.array(found, dtype=np.int64).reshape(-1, 3)  # (a, 3)
    invitations = {one: at for at, one in enumerate(dict.fromkeys(m.invitation for m in members))}

    def each(values: Any, dtype: type = np.int64) -> Any:
        return np.array(list(values), dtype=dtype)

    return StoredAnswers(
        plan.shape,
        tuple(row.png for row in questions),
        each(row.label for row in questions),
        each((row.in_subgroup for row in questions), np.bool_),
        each(row.photo for row in questions),
        tuple(row.purpose for row in questions),
        table[:, 0],
        table[:, 1],
        table[:, 2],
        each(invitations[row.invitation] for row in members),
        each((row.excluded is not None for row in members), np.bool_),
        each(row.batch for row in questions),
    )
