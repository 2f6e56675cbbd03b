"""Campaigns for programs: created, read, invited to and ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from quorate.collective.plans import MOST_MEMBERS, Draft
from quorate.collective.service import campaigns, members
from quorate.collective.web import drafts, views
from quorate.collective.web.described import (
    ANY,
    ID,
    INVITATION,
    LIVE,
    NUMBER,
    SOME_TEXT,
    STATE,
    YES,
    answered,
    many,
)
from quorate.collective.web.fields import UPLOAD_BYTES
from quorate.collective.web.pages.creating import created
from quorate.collective.web.pages.organiser import invitations, invite
from quorate.collective.web.visits import checked_id
from quorate.test_time.http.described import TEXT, WHOLE, record

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from quorate.collective.web.fields import Fields
    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit

ONE = "/api/v1/campaigns/{campaign}"
DRAFT = {
    "title": SOME_TEXT,
    "why": SOME_TEXT,
    "rules": SOME_TEXT,
    "plan": ANY,
    "quorum": {"type": "integer", "minimum": 1, "maximum": MOST_MEMBERS},
    "deadline": NUMBER,
    "source": {"anyOf": [ANY, {"type": "null"}]},
}
MADE = record(invitation=ID, cap=WHOLE, link=TEXT)


def add(routes: Routes) -> None:
    """Add these answers."""
    routes.change(
        "/api/v1/campaigns",
        _create,
        "setup",
        limit=UPLOAD_BYTES,
        summary="Create a campaign",
        responses=answered(record(campaign=ID, secret=TEXT, url=TEXT), 401, 409, 413, 422),
        takes=DRAFT,
        optional=("source",),
    )
    told = {"campaign": ID, "kind": TEXT, "title": TEXT, "plan": ANY, **LIVE}
    public = {"type": "object", "required": list(told), "properties": told}
    routes.answer(ONE, _public, summary="What anyone may know", responses=answered(public, 404))
    routes.change(
        f"{ONE}/invitations",
        _invite,
        "organiser",
        summary="Make an invitation",
        responses=answered(MADE, 401, 403, 404, 409, 413, 422),
        takes={"cap": {"type": "integer", "minimum": 1, "maximum": members.MOST_USES}},
    )
    listed = record(invitations=many(INVITATION))
    routes.answer(
        f"{ONE}/invitations",
        _list,
        "organiser",
        summary="All invitations, without their links",
        responses=answered(listed, 401, 403, 404),
    )
    routes.change(
        f"{ONE}/invitations/{{invitation}}",
        _revoke,
        "organiser",
        method="DELETE",
        summary="Take an invitation back",
        responses=answered(record(invitation=ID, revoked=YES), 401, 403, 404, 409, 422),
    )
    routes.change(
        f"{ONE}/end",
        _end,
        "organiser",
        summary="End the campaign for everyone",
        responses=answered(record(state=STATE), 401, 403, 404, 409, 413, 422),
        takes={"reason": SOME_TEXT},
    )


async def _create(visit: Visit, fields: Fields) -> Response:
    draft = await visit.site.in_thread(lambda: drafts.checked(Draft.from_plain(fields.values)))
    id_, secret = await created(visit, fields, draft)
    url = visit.site.url(visit.request, f"/c/{id_}")
    return JSONResponse({"campaign": id_, "secret": secret, "url": url})


def _public(visit: Visit, connection: Connection) -> Response:
    return JSONResponse(views.public(visit.campaign, connection))


async def _invite(visit: Visit, fields: Fields) -> Response:
    return JSONResponse(await invite(visit, fields, fields.plain_whole("cap")))


def _list(visit: Visit, connection: Connection) -> Response:
    return JSONResponse({"invitations": invitations(connection, visit.id)})


async def _revoke(visit: Visit, fields: Fields) -> Response:
    named = checked_id(str(visit.request.path_params["invitation"]))
    operation = members.Revoke(visit.id, named)
    return JSONResponse(await visit.do(operation, fields, "organiser", {"invitation": named}))


async def _end(visit: Visit, fields: Fields) -> Response:
    reason = fields.plain_text("reason")
    operation = campaigns.End(visit.id, reason)
    return JSONResponse(await visit.do(operation, fields, "organiser", {"reason": reason}))
