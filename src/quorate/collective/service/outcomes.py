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
    """A member, or an auditor who joined as one, reports outcomes."""

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
        mine = connection.execute(
            select(func.count()).select_from(table).where(table.c.member == self.member)
        ).scalar_one()
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
            connection.execute(
                table.insert(),
                [
                    {
                        "id": secrets.new_id(),
                        "campaign": self.campaign,
                        "member": self.member,
                        "number": (last or 0) + place,
                        "turn": mine + place,
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
    before. Each is the time, whether it was a success, and which of its member's it is, from 1;
    that names nobody, and stays known once the member has left.

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
