"""What pages and answers tell of a campaign, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from quorate.collective import plans
from quorate.collective.service import campaigns, confirmations, questions
from quorate.collective.storage import schema
from quorate.collective.web import words

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from quorate.collective.web.visits import Visit


def live(row: Row[Any]) -> dict[str, Any]:
    """Return what of a campaign changes while its page is open."""
    return {
        "state": row.state,
        "pledges": row.pledges,
        "quorum": row.quorum,
        "members": row.members,
        "deadline": row.deadline,
        "entries": row.entries,
        "head": row.head,
    }


def public(row: Row[Any], connection: Connection) -> dict[str, Any]:
    """Return what anyone may know of a campaign who has its address."""
    return {
        "campaign": row.id,
        "kind": row.kind,
        "title": row.title,
        "why": row.why,
        "rules": row.rules,
        "limits": list(words.limits(plans.from_plain(row.plan))),
        "plan": row.plan,
        "source": campaigns.find_source(connection, row.id),
        "created": row.created,
        "invitations": invitations_used(connection, row.id),
        "answers": row.answers,
        "questions": questions.count(connection, row.id) if row.kind == "test" else {},
        "confirmed": confirmations.count(connection, row.id),
        **live(row),
    }


def invitations_used(connection: Connection, campaign: str) -> int:
    """Return by how many invitations members have come."""
    table = schema.invitation
    used = select(func.count()).where(table.c.campaign == campaign, table.c.used > 0)
    return int(connection.execute(used).scalar_one())


def planned(visit: Visit, connection: Connection) -> dict[str, Any]:
    """Return what the pages say of a campaign's plan."""
    plan = plans.from_plain(visit.campaign.plan)
    sources = visit.site.sources
    return {
        "does": words.does(plan),
        "planned": words.planned(plan),
        "limits": words.limits(plan),
        "told": sources.told(connection, visit.campaign),
        "joining": sources.joining(connection, visit.campaign),
        "chart": sources.chart(connection, visit.campaign),
        "too_small": sources.quorum(connection, visit.campaign),
    }


def next_step(visit: Visit) -> tuple[str, str] | None:
    """Return where a member acts next, and what the button says; None if there is nothing to do."""
    row = visit.campaign
    if row.kind == "training" and row.state == "acting":
        return "/act", "Change my data"
    if row.kind == "test" and row.state in ("acting", "measuring"):
        return "/ask", "Ask the platform"
    if row.kind == "test" and row.state == "published":
        return "/apply", "Change a picture"
    return None
