"""Members: they join by an invitation, see all that is stored about them, and delete it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, select, update

from quorate.collective import secrets
from quorate.collective.service import campaigns
from quorate.collective.service.leases import change_left
from quorate.collective.storage import schema
from quorate.collective.storage.writer import Body, Transaction
from quorate.errors import InputError
from quorate.test_time.http.service import RefusedError
from quorate.validate import in_interval

_FOUND = select(schema.member).where(
    schema.member.c.id == bindparam("wanted"), schema.member.c.campaign == bindparam("of")
)
MOST_USES = 100_000


@dataclass(frozen=True)
class Invite:
    """The organiser makes an invitation.

    Args:
        campaign: id of the campaign.
        cap: how many can join by it; 1 is single-use.
        token: random part of the link.
    """

    campaign: str
    cap: int
    token: str

    def __call__(self, transaction: Transaction) -> Body:
        try:
            in_interval("cap", self.cap, 1, MOST_USES, "Use 1 for a link for one person.")
        except InputError as error:
            raise RefusedError(422, "cap", str(error)) from None
        campaigns.find_settled(transaction, self.campaign)
        id_ = secrets.new_id()
        transaction.connection.execute(
            schema.invitation.insert(),
            {
                "id": id_,
                "campaign": self.campaign,
                "token_hash": secrets.hash_secret(self.token),
                "cap": self.cap,
                "used": 0,
                "revoked": False,
                "created": transaction.now,
            },
        )
        transaction.log(self.campaign, "invited", cap=self.cap)
        return {"invitation": id_, "cap": self.cap}


@dataclass(frozen=True)
class Revoke:
    """The organiser takes an invitation back: nobody else joins by it."""

    campaign: str
    invitation: str

    def __call__(self, transaction: Transaction) -> Body:
        table = schema.invitation
        found = transaction.connection.execute(
            update(table)
            .where(table.c.id == self.invitation, table.c.campaign == self.campaign)
            .values(revoked=True)
        )
        if not found.rowcount:
            raise RefusedError(
                404, "no_invitation", "Expected an invitation of this campaign, got another one."
            )
        transaction.log(self.campaign, "revoked")
        return {"invitation": self.invitation, "revoked": True}


def find_invitation(connection: Connection, token: str) -> Row[Any]:
    """Return the row of the invitation behind a link.

    Raises:
        RefusedError: there is none, or it was taken back.
    """
    table = schema.invitation
    row = connection.execute(
        select(table).where(table.c.token_hash == secrets.hash_secret(token))
    ).first()
    if row is None or row.revoked:
        raise RefusedError(
            404,
            "no_invitation",
            "Expected an invitation link that is valid, got one that does not exist or was taken "
            "back. Ask the organiser for a new link.",
        )
    return row


def joining(token_hash: str) -> str:
    """Return under which name people join by an invitation: their requests have no other."""
    return f"join:{token_hash}"


@dataclass(frozen=True)
class Join:
    """Somebody joins by an invitation.

    Args:
        token: random part of the invitation's link.
        secret: random part of the member's secret.
    """

    token: str
    secret: str

    def __call__(self, transaction: Transaction) -> Body:
        connection = transaction.connection
        invited = find_invitation(connection, self.token)
        row = campaigns.find_settled(transaction, invited.campaign)
        if row.state in ("lapsed", "ended"):
            raise RefusedError(
                409, "over", f"Expected a campaign that goes on, got one that has {row.state}."
            )
        if invited.used >= invited.cap:
            raise RefusedError(
                409,
                "used_up",
                f"Expected an invitation with a place left, got one that {invited.used} of "
                f"{invited.cap} people have used. Ask the organiser for a new link.",
            )
        id_ = secrets.new_id()
        connection.execute(
            schema.member.insert(),
            {
                "id": id_,
                "campaign": invited.campaign,
                "invitation": invited.id,
                "secret_hash": secrets.hash_secret(f"{id_}.{self.secret}"),
                "joined": transaction.now,
            },
        )
        table = schema.invitation
        uses = update(table).where(table.c.id == invited.id)
        connection.execute(uses.values(used=table.c.used + 1))
        campaigns.count(transaction, invited.campaign, members=1)
        transaction.log(invited.campaign, "joined", members=row.members + 1)
        return {"member": id_, "campaign": invited.campaign}


def look_up(connection: Connection, campaign: str, member: str) -> Row[Any] | None:
    """Return a member's row; None if there is no such member of the campaign."""
    return connection.execute(_FOUND, {"of": campaign, "wanted": member}).first()


def find(connection: Connection, campaign: str, member: str) -> Row[Any]:
    """Return a member's row.

    Raises:
        RefusedError: there is no such member of the campaign.
    """
    row = look_up(connection, campaign, member)
    if row is None:
        raise RefusedError(
            401,
            "no_member",
            "Expected the secret of a member of this campaign, got another one. Open the campaign "
            "in the browser in which you joined, or give the file that you saved then.",
        )
    return row


def stored_about(connection: Connection, campaign: str, member: str) -> Body:
    """Return everything that is stored about a member, as plain data."""
    row = find(connection, campaign, member)
    told = {name: value for name, value in row._mapping.items() if name != "secret_hash"}
    for table, name in ((schema.answer, "answers"), (schema.outcome, "outcomes")):
        rows = connection.execute(select(table).where(table.c.member == member)).all()
        told[name] = [dict(one._mapping) for one in rows]
    mine = schema.reply.c.actor == secrets.hash_secret(member)
    replies = select(func.count()).select_from(schema.reply).where(mine)
    told["kept_replies"] = connection.execute(replies).scalar_one()
    return told


@dataclass(frozen=True)
class Delete:
    """A member deletes everything that is stored about them, and leaves.

    A pledge goes with them, and so do answers that no published change was made from. Outcomes that
    they reported stay, linked to nobody. The place on the invitation stays used.
    """

    campaign: str
    member: str

    def __call__(self, transaction: Transaction) -> Body:
        connection = transaction.connection
        row = find(connection, self.campaign, self.member)
        campaign = campaigns.find_settled(transaction, self.campaign)
        self._leave_questions(transaction)
        transaction.forget(self.member)
        self._forget_joining(transaction, row.invitation)
        connection.execute(delete(schema.member).where(schema.member.c.id == self.member))
        pledged = row.pledged is not None
        campaigns.count(transaction, self.campaign, members=-1, pledges=-int(pledged))
        transaction.log(
            self.campaign,
            "left",
            members=campaign.members - 1,
            pledges=campaign.pledges - int(pledged),
        )
        return {"deleted": True}

    def _forget_joining(self, transaction: Transaction, invitation: str) -> None:
        """Remove the answer to the request to join, which holds the member's id."""
        table = schema.invitation
        token_hash = transaction.connection.execute(
            select(table.c.token_hash).where(table.c.id == invitation)
        ).scalar_one()
        transaction.forget(joining(token_hash), self.member)

    def _leave_questions(self, transaction: Transaction) -> None:
        """Take the member's answers out of the pool: others are given the questions, if any are.

        Also while a change is crafted: if that fails, members go on answering.
        """
        a, connection = schema.answer, transaction.connection
        rows = connection.execute(
            select(a.c.question, a.c.label).where(a.c.member == self.member)
        ).all()
        change_left(connection, [row.question for row in rows], 1)
        answered = sum(row.label is not None for row in rows)
        campaigns.count(transaction, self.campaign, answers=-answered)
