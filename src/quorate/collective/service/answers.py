"""Answers of the platform, as members send them to the pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from quorate.collective.service import campaigns, members, questions
from quorate.collective.storage import schema
from quorate.collective.storage.writer import Body, Transaction
from quorate.test_time.http.service import RefusedError

MOST_AT_ONCE = 200
_STORE = update(schema.answer).where(schema.answer.c.id == bindparam("of"))


@dataclass(frozen=True)
class Given:
    """What the platform said about one picture: the index of its label."""

    question: str
    label: int


@dataclass(frozen=True)
class Answer:
    """A member sends answers: to questions that they were given, each once.

    An answer that is there already is counted as known. One that comes too late, when somebody else
    has been given the question, is counted as late and left out.
    """

    campaign: str
    member: str
    answers: Sequence[Given]

    def __call__(self, transaction: Transaction) -> Body:
        connection = transaction.connection
        row = campaigns.find_settled(transaction, self.campaign)
        members.find(connection, self.campaign, self.member)
        plan = questions.plan_of(row)
        if len(self.answers) > MOST_AT_ONCE:
            raise RefusedError(
                422,
                "too_many",
                f"Expected at most {MOST_AT_ONCE} answers at once, got {len(self.answers)}.",
            )
        held = self._held(connection)
        known = late = 0
        new: list[dict[str, Any]] = []
        for one in self.answers:
            if not 0 <= one.label < len(plan.classes):
                raise RefusedError(
                    422, "label", f"Expected labels 0 to {len(plan.classes) - 1}, got {one.label}."
                )
            mine = held.get(one.question)
            if mine is None or row.state not in ("acting", "measuring"):
                late += 1
            elif mine.label is not None:
                if mine.label != one.label:
                    raise RefusedError(
                        409,
                        "answered",
                        f"Expected one answer to question {one.question}, got another label than "
                        "the one you sent before. Answers cannot be changed.",
                    )
                known += 1
            else:
                new.append(
                    {"of": mine.id, "label": one.label, "at": transaction.now, "until": None}
                )
        counted = len({one["of"] for one in new})
        total = row.answers + counted
        if counted:
            connection.execute(_STORE, new)
            campaigns.change(transaction, self.campaign, answers=total)
            transaction.log(self.campaign, "answered", count=counted, answers=total)
        return {"counted": counted, "known": known, "late": late, "answers": total}

    def _held(self, connection: Connection) -> dict[str, Any]:
        """Return the member's rows for these questions."""
        a = schema.answer
        wanted = [one.question for one in self.answers]
        mine = select(a).where(a.c.member == self.member, a.c.question.in_(wanted))
        return {row.question: row for row in connection.execute(mine).all()}
