"""Campaigns: created by an organiser, open until the quorum or the deadline, ended by either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from quorate.collective import chain, plans, secrets
from quorate.collective.plans import Draft
from quorate.collective.storage import schema
from quorate.collective.storage.writer import Body, Transaction
from quorate.test_time.http.service import RefusedError

# Made once, as in other modules: to build a statement takes as long as to run it.
_FOUND = select(*(one for one in schema.campaign.c if one.name != "source")).where(
    schema.campaign.c.id == bindparam("wanted")
)
AT_WORK = ("acting", "crafting", "measuring", "published")  # states after the quorum


@dataclass(frozen=True)
class Create:
    """An organiser sets up a campaign.

    Args:
        draft: what is planned.
        secret: random part of the organiser's secret.
    """

    draft: Draft
    secret: str

    def __call__(self, transaction: Transaction) -> Body:
        draft = self.draft
        if draft.deadline <= transaction.now:
            raise RefusedError(
                422,
                "deadline",
                "Expected a deadline that is still to come, got one that has passed. Choose a "
                "later one.",
            )
        id_ = secrets.new_id()
        plain = plans.to_plain(draft.plan)
        transaction.connection.execute(
            schema.campaign.insert(),
            {
                "id": id_,
                "kind": draft.plan.kind,
                "title": draft.title.strip(),
                "why": draft.why.strip(),
                "rules": draft.rules.strip(),
                "plan": plain,
                "source": None if draft.source is None else dict(draft.source),
                "quorum": draft.quorum,
                "deadline": draft.deadline,
                "state": "open",
                "created": transaction.now,
                "organiser_hash": secrets.hash_secret(f"{id_}.{self.secret}"),
                "pledges": 0,
                "members": 0,
                "answers": 0,
                "entries": 0,
                "head": chain.FIRST,
            },
        )
        transaction.log(
            id_,
            "created",
            title=draft.title.strip(),
            plan=plain,
            quorum=draft.quorum,
            deadline=draft.deadline,
        )
        return {"campaign": id_}


def find(connection: Connection, campaign: str) -> Row[Any]:
    """Return a campaign's row, without its source, which can be long: see ``find_source``.

    Raises:
        RefusedError: there is none with that id.
    """
    row = connection.execute(_FOUND, {"wanted": campaign}).first()
    if row is None:
        raise RefusedError(
            404,
            "no_campaign",
            "Expected the address of a campaign, got one that does not exist here. Ask the "
            "organiser for the link.",
        )
    return row


def find_source(connection: Connection, campaign: str) -> Mapping[str, Any] | None:
    """Return the source that a campaign rests on, as plain data; None if it has none."""
    table = schema.campaign
    found = connection.execute(select(table.c.source).where(table.c.id == campaign)).scalar()
    return None if found is None else dict(found)


def find_settled(transaction: Transaction, campaign: str) -> Row[Any]:
    """Return a campaign's row, once it has lapsed if its deadline has passed without a quorum."""
    row = transaction.campaigns.get(campaign) or find(transaction.connection, campaign)
    if row.state == "open" and row.deadline <= transaction.now:
        set_state(transaction, campaign, "lapsed", pledges=row.pledges, quorum=row.quorum)
        row = find(transaction.connection, campaign)
    transaction.campaigns[campaign] = row
    return row


def change(transaction: Transaction, campaign: str, **values: Any) -> None:
    """Set columns of a campaign's row."""
    transaction.campaigns.pop(campaign, None)
    table = schema.campaign
    transaction.connection.execute(update(table).where(table.c.id == campaign).values(**values))


def count(transaction: Transaction, campaign: str, **by: int) -> None:
    """Add to columns of a campaign's row that count."""
    columns = schema.campaign.c
    change(transaction, campaign, **{name: columns[name] + more for name, more in by.items()})


def set_state(transaction: Transaction, campaign: str, state: plans.State, **facts: Any) -> None:
    """Move a campaign to another state, and log it."""
    change(transaction, campaign, state=state)
    transaction.log(campaign, state, **facts)


def lapse_overdue(transaction: Transaction) -> None:
    """Let every campaign lapse whose deadline has passed without a quorum: a chore."""
    table = schema.campaign
    overdue = select(table.c.id).where(table.c.state == "open", table.c.deadline <= transaction.now)
    for (id_,) in transaction.connection.execute(overdue).all():
        find_settled(transaction, id_)


@dataclass(frozen=True)
class End:
    """The organiser ends a campaign: nobody is asked to do anything any more."""

    campaign: str
    reason: str

    def __call__(self, transaction: Transaction) -> Body:
        row = find_settled(transaction, self.campaign)
        if row.state not in ("lapsed", "ended"):
            set_state(transaction, self.campaign, "ended", reason=self.reason)
        return {"state": find(transaction.connection, self.campaign).state}
