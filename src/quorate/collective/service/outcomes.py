"""Outcomes over time: whether it worked, as members report it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from quorate.collective import secrets
from quorate.collective.service import campaigns, members
from quorate.collective.storage import schema
from quorate.collective.storage.writer import Body, Transaction
from quorate.test_time.http.service import RefusedError

MOST_AT_ONCE = 200
MOST_OF_ONE = 10_000  # outcomes of one member
DAY = 86_400.0  # seconds, of UTC: of a day's outcomes of one member the first one counts


@dataclass(frozen=True)
class Outcome:
    """Whether it worked once: the platform said the target, or a corrected picture passed.

    Args:
        success: whether it did.
        at: when, in seconds since 1970; None is now.
    """

    success: bool
    at: float | None = None


@dataclass(frozen=True)
class Report:
    """A member, or an auditor who joined as one, reports outcomes.

    Members differ in how often it works for them, so many outcomes of one in a row would look like
    a change: the first of each day alone has a turn. Days are those of reporting, by the server's
    clock, so that which outcome counts is known before it is reported.
    """

    campaign: str
    member: str
    outcomes: Sequence[Outcome]

    def __call__(self, transaction: Transaction) -> Body:
        connection = transaction.connection
        row = campaigns.find_settled(transaction, self.campaign)
        members.find(connection, self.campaign, self.member)
        if row.state not in campaigns.AT_WORK:
            raise RefusedError(
                409,
                "not_now",
                f"Expected a campaign in which members act, got one that is {row.state}. There is "
                "nothing to report before the quorum.",
            )
        table = schema.outcome
        told = (func.count(), func.max(table.c.turn), func.max(table.c.reported))
        mine, turns, before = connection.execute(
            select(*told).where(table.c.member == self.member)
        ).one()
        if len(self.outcomes) > MOST_AT_ONCE or mine + len(self.outcomes) > MOST_OF_ONE:
            raise RefusedError(
                422,
                "too_many",
                f"Expected at most {MOST_AT_ONCE} outcomes at once and {MOST_OF_ONE:,} of one "
                f"member, got {len(self.outcomes)} beside {mine:,}. Report fewer.",
            )
        times = [transaction.now if one.at is None else one.at for one in self.outcomes]
        if any(not row.created <= at <= transaction.now + 60 for at in times):
            raise RefusedError(
                422,
                "time",
                "Expected times between the start of the campaign and now, got another one. Leave "
                "the time out to report what happened now.",
            )
        if self.outcomes:
            last = connection.execute(
                select(func.max(table.c.number)).where(table.c.campaign == self.campaign)
            ).scalar_one()
            counts = before is None or before // DAY < transaction.now // DAY
            connection.execute(
                table.insert(),
                [
                    {
                        "id": secrets.new_id(),
                        "campaign": self.campaign,
                        "member": self.member,
                        "number": (last or 0) + place,
                        "turn": (turns or 0) + 1 if counts and place == 1 else 0,
                        "reported": transaction.now,
                        "at": at,
                        "success": one.success,
                    }
                    for place, (at, one) in enumerate(zip(times, self.outcomes, strict=True), 1)
                ],
            )
            successes = sum(one.success for one in self.outcomes)
            transaction.log(
                self.campaign, "reported", outcomes=len(self.outcomes), successes=successes
            )
        return {"reported": len(self.outcomes), "yours": mine + len(self.outcomes)}


def all_of(connection: Connection, campaign: str, after: int = 0) -> list[tuple[float, bool, int]]:
    """Return a campaign's outcomes in the order in which they were reported.

    Not in that of their times: what is reported late, or dated back, would change what was said
    before. Each is the time, whether it was a success, and which of its member's days it speaks
    for, from 1, or 0; that names nobody, and stays known once the member has left.

    Args:
        connection: to read by.
        campaign: its id.
        after: number of outcomes that are known already, and left out: none of them ever changes.
    """
    table = schema.outcome
    rows = connection.execute(
        select(table.c.at, table.c.success, table.c.turn)
        .where(table.c.campaign == campaign, table.c.number > after)
        .order_by(table.c.number)
    ).all()
    return [(at, success, turn) for at, success, turn in rows]
