"""A campaign's log, as anyone can read and download it."""

from __future__ import annotations

from sqlalchemy import Connection, select

from quorate.collective import chain
from quorate.collective.storage import schema


def reason_ended(connection: Connection, campaign: str) -> str:
    """Return why an organiser has ended a campaign; empty where none has."""
    table = schema.event
    found = connection.execute(
        select(table.c.facts).where(table.c.campaign == campaign, table.c.kind == "ended")
    ).scalar()
    return "" if found is None else str(found.get("reason", ""))


def entries(
    connection: Connection, campaign: str, after: int = 0, most: int | None = None
) -> list[chain.Entry]:
    """Return entries of a campaign's log in their order, those after a number."""
    table = schema.event
    columns = [table.c[name] for name in chain.KEYS]
    found = (
        select(*columns)
        .where(table.c.campaign == campaign, table.c.number > after)
        .order_by(table.c.number)
        .limit(most)
    )
    return [chain.Entry(**row._mapping) for row in connection.execute(found).all()]
