"""An assurance contract: members pledge, and are asked to act only once the quorum is reached."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import update

from quorate.collective import secrets
from quorate.collective.service import campaigns, members
from quorate.collective.storage import schema
from quorate.collective.storage.writer import Body, Transaction
from quorate.test_time.http.service import RefusedError


@dataclass(frozen=True)
class Pledge:
    """A member promises to act if enough others do. To pledge again changes nothing."""

    campaign: str
    member: str

    def __call__(self, transaction: Transaction) -> Body:
        row = campaigns.find_settled(transaction, self.campaign)
        member = members.find(transaction.connection, self.campaign, self.member)
        if row.state in ("lapsed", "ended"):
            raise RefusedError(
                409, "over", f"Expected a campaign that goes on, got one that has {row.state}."
            )
        if member.pledged is not None:
            return {"pledged": True, "pledges": row.pledges, "state": row.state}
        nonce = secrets.new_nonce()
        _set(transaction, self.member, pledged=transaction.now, pledge_nonce=nonce)
        return _counted(transaction, self.campaign, row.pledges + 1, nonce)


@dataclass(frozen=True)
class Withdraw:
    """A member takes a pledge back, which is possible until the quorum is reached."""

    campaign: str
    member: str

    def __call__(self, transaction: Transaction) -> Body:
        row = campaigns.find_settled(transaction, self.campaign)
        member = members.find(transaction.connection, self.campaign, self.member)
        if member.pledged is None:
            return {"pledged": False, "pledges": row.pledges, "state": row.state}
        if row.state in campaigns.AT_WORK:
            raise RefusedError(
                409,
                "quorum_reached",
                "Expected a pledge before the quorum, got one after it: others have begun to act "
                "because of it. You can still delete everything that is stored about you.",
            )
        _set(transaction, self.member, pledged=None, pledge_nonce=None)
        return _counted(transaction, self.campaign, row.pledges - 1, None)


def _set(transaction: Transaction, member: str, **values: object) -> None:
    table = schema.member
    transaction.connection.execute(update(table).where(table.c.id == member).values(**values))


def _counted(transaction: Transaction, campaign: str, pledges: int, nonce: str | None) -> Body:
    campaigns.change(transaction, campaign, pledges=pledges)
    if nonce is None:
        entry = transaction.log(campaign, "withdrawn", pledges=pledges)
    else:
        receipt = secrets.hash_secret(nonce)
        entry = transaction.log(campaign, "pledged", pledges=pledges, receipt=receipt)
    row = campaigns.find(transaction.connection, campaign)
    if row.state == "open" and pledges >= row.quorum:
        campaigns.set_state(transaction, campaign, "acting", pledges=pledges, quorum=row.quorum)
        row = campaigns.find(transaction.connection, campaign)
    return {
        "pledged": nonce is not None,
        "pledges": pledges,
        "state": row.state,
        "entry": entry.number,
    }
