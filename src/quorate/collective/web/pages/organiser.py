"""The organiser's page: invitations, and the end of the campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from quorate.collective.service import campaigns, confirmations, members
from quorate.collective.storage import schema
from quorate.collective.web.pages.member import secret_file
from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from typing import Any

    from starlette.responses import Response

    from quorate.collective.web.fields import Fields
    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit


def add(routes: Routes) -> None:
    """Add these pages."""
    routes.page("/c/{campaign}/organise", _organise, "organiser")
    routes.form("/c/{campaign}/organise/invite", _invite, "organiser")
    routes.form("/c/{campaign}/organise/revoke", _revoke, "organiser")
    routes.form("/c/{campaign}/organise/secret", _secret, "organiser")
    routes.form("/c/{campaign}/organise/end", _end, "organiser")


def _organise(visit: Visit, connection: Connection, **more: Any) -> Response:
    address = visit.site.url(visit.request, f"/c/{visit.id}")
    shown = {"link": "", "cap": 1, **more}
    return visit.page(
        "organise.html",
        invitations=invitations(connection, visit.id),
        address=address,
        confirmed=confirmations.count(connection, visit.id),
        too_small=visit.site.sources.quorum(connection, visit.campaign),
        **shown,
    )


def invitations(connection: Connection, campaign: str) -> list[dict[str, Any]]:
    """Return the invitations of a campaign, the newest first."""
    table = schema.invitation
    columns = (table.c.id, table.c.cap, table.c.used, table.c.revoked, table.c.created)
    rows = connection.execute(
        select(*columns).where(table.c.campaign == campaign).order_by(table.c.created.desc())
    )
    return [dict(row._mapping) for row in rows]


async def _invite(visit: Visit, fields: Fields) -> Response:
    cap = fields.whole("cap", "the people who may join")
    link = await invite(visit, fields, cap)
    return await visit.site.read(
        lambda connection: _organise(visit, connection, link=link["link"], cap=cap)
    )


async def invite(visit: Visit, fields: Fields, cap: int) -> dict[str, Any]:
    """Make an invitation, and return its id, its cap and its link."""
    token = visit.site.derive(f"invitation\0{visit.id}", fields.key)
    made = await visit.do(members.Invite(visit.id, cap, token), fields, "organiser", {"cap": cap})
    link = visit.site.url(visit.request, f"/c/{visit.id}/join/{token}")
    return {**made, "link": link}


async def _revoke(visit: Visit, fields: Fields) -> Response:
    invitation = fields.text("invitation")
    asked = {"invitation": invitation}
    await visit.do(members.Revoke(visit.id, invitation), fields, "organiser", asked)
    return visit.go("/organise")


async def _secret(visit: Visit, _: Fields) -> Response:
    return secret_file(visit, "organiser")


async def _end(visit: Visit, fields: Fields) -> Response:
    if fields.text("sure") != "yes" or not fields.text("reason"):
        raise RefusedError(
            422,
            "not_sure",
            "Expected a reason and a tick, got one of them at most. Members read the reason.",
        )
    reason = fields.text("reason")
    await visit.do(campaigns.End(visit.id, reason), fields, "organiser", {"reason": reason})
    return visit.go("/organise")
