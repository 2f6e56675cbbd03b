"""A campaign's first page: why, what is planned, where it stands; and pledging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from quorate.collective.service import pledges, record
from quorate.collective.web import views

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from quorate.collective.web.fields import Fields
    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit


def add(routes: Routes) -> None:
    """Add these pages."""
    routes.page("/c/{campaign}", _campaign)
    routes.page("/c/{campaign}/live.json", _live)
    routes.form("/c/{campaign}/pledge", _pledge, "member")
    routes.form("/c/{campaign}/withdraw", _withdraw, "member")


def _campaign(visit: Visit, connection: Connection) -> Response:
    return visit.page(
        "campaign.html",
        next=views.next_step(visit),
        reason=record.reason_ended(connection, visit.id) if visit.campaign.state == "ended" else "",
        invitations=views.invitations_used(connection, visit.id),
        **views.planned(visit, connection),
    )


def _live(visit: Visit, _: Connection) -> Response:
    return JSONResponse(views.live(visit.campaign))


async def _pledge(visit: Visit, fields: Fields) -> Response:
    assert visit.member is not None
    await visit.do(pledges.Pledge(visit.id, visit.member.id), fields, "member", {})
    return visit.go("")


async def _withdraw(visit: Visit, fields: Fields) -> Response:
    assert visit.member is not None
    await visit.do(pledges.Withdraw(visit.id, visit.member.id), fields, "member", {})
    return visit.go("")
