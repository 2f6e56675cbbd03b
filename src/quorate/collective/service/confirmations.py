"""Members confirm that they handed in their changed data to the platform."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from quorate.collective.service import campaigns, members
from quorate.collective.storage import schema
from quorate.collective.storage.writer import Body, Transaction
from quorate.test_time.http.service import RefusedError

MOST_ROWS = 10**9


@dataclass(frozen=True)
class Confirm:
    """A member who has pledged says that they handed in so many rows or pictures; 0 takes it back.

    Nobody can check it: it counts as what members say.
    """

    campaign: str
    member: str
    rows: int

    def __call__(self, transaction: Transaction) -> Body:
        connection = transaction.connection
        row = campaigns.find_settled(transaction, self.campaign)
        member = members.find(connection, self.campaign, self.member)
        if row.kind != "training" or row.state not in campaigns.AT_WORK:
            raise RefusedError(
                409,
                "not_now",
                "Expected a campaign in which members hand in their own data, got one that is "
                f"{row.state}. Nobody is asked to act before the quorum.",
            )
        if member.pledged is None:
            raise RefusedError(
                403, "no_pledge", "Expected a pledge first, got none. Pledge, and then act."
            )
        if not 0 <= self.rows <= MOST_ROWS:
            raise RefusedError(
                422, "rows", f"Expected 0 to {MOST_ROWS:,} rows, got {self.rows}. Count them again."
            )
        table = schema.member
        is_new = self.rows != (member.confirmed_rows or 0)
        connection.execute(
            update(table)
            .where(table.c.id == self.member)
            .values(
                confirmed=transaction.now if self.rows else None,
                confirmed_rows=self.rows or None,
            )
        )
        told = count(connection, self.campaign)
        if is_new:
            transaction.log(self.campaign, "confirmed", **told)
        return told


def count(connection: Connection, campaign: str) -> Body:
    """Return how many members have confirmed, and how many rows they handed in."""
    table = schema.member
    row = connection.execute(
        select(func.count(), func.coalesce(func.sum(table.c.confirmed_rows), 0)).where(
            table.c.campaign == campaign, table.c.confirmed.is_not(None)
        )
    ).one()
    return {"confirmed": row[0], "rows": int(row[1])}
