"""Members for programs: joining, pledging, what is stored about them, and leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from quorate.collective.service import confirmations, members, pledges
from quorate.collective.storage.writer import first_answer
from quorate.collective.web import visits
from quorate.collective.web.api.campaigns import ONE
from quorate.collective.web.described import ANY, ID, PLEDGED, YES, answered
from quorate.collective.web.fields import key_of
from quorate.collective.web.pages.joining import join
from quorate.collective.web.pages.member import leave, leaving
from quorate.test_time.http.described import TEXT, WHOLE, record
from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from quorate.collective.web.fields import Fields
    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit

MINE = (401, 403, 404)
CHANGED = (*MINE, 409, 413, 422)


def add(routes: Routes) -> None:
    """Add these answers."""
    routes.change(
        "/api/v1/invitations/{token}/join",
        _join,
        summary="Join by an invitation",
        responses=answered(record(campaign=ID, member=ID, secret=TEXT), 404, 409, 413, 422),
    )
    routes.answer(
        f"{ONE}/me",
        _me,
        "member",
        summary="Everything that is stored about me",
        responses=answered(ANY, *MINE),
    )
    routes.change(
        f"{ONE}/me",
        _leave,
        method="DELETE",
        summary="Delete everything that is stored about me, and leave",
        responses=answered(record(deleted=YES), *CHANGED),
        is_secret=True,
    )
    for method, act, summary in (
        ("PUT", _pledge, "Pledge to act"),
        ("DELETE", _withdraw, "Take my pledge back"),
    ):
        routes.change(
            f"{ONE}/me/pledge",
            act,
            "member",
            method=method,
            summary=summary,
            responses=answered(PLEDGED, *CHANGED),
        )
    routes.change(
        f"{ONE}/me/confirmation",
        _confirm,
        "member",
        method="PUT",
        summary="Say that I handed in my changed data",
        responses=answered(record(confirmed=WHOLE, rows=WHOLE), *CHANGED),
        takes={"rows": {**WHOLE, "maximum": confirmations.MOST_ROWS}},
    )


async def _join(visit: Visit, fields: Fields) -> Response:
    token = str(visit.request.path_params["token"])
    try:
        campaign, secret = await join(visit, fields, token)
    except RefusedError as refusal:
        if refusal.status == 404:
            visit.site.limits.failed(visit.request)
        raise
    member = secret.partition(".")[0]
    return JSONResponse({"campaign": campaign, "member": member, "secret": secret})


def _me(visit: Visit, connection: Connection) -> Response:
    assert visit.member is not None
    return JSONResponse(members.stored_about(connection, visit.id, visit.member.id))


async def _leave(visit: Visit, fields: Fields) -> Response:
    """Leave. A repeated request gets its first answer, although its sender is gone by then."""
    secret = visits.bearer(visit.request)
    if visit.member is None:
        done = await visit.site.read(first_answer, leaving(secret), key_of(fields.key))
        if done is None:
            raise visits.not_allowed("member", visit.is_organiser)
        return JSONResponse(done)
    return JSONResponse(await leave(visit, fields, secret))


async def _pledge(visit: Visit, fields: Fields) -> Response:
    assert visit.member is not None
    operation = pledges.Pledge(visit.id, visit.member.id)
    return JSONResponse(await visit.do(operation, fields, "member", {}))


async def _withdraw(visit: Visit, fields: Fields) -> Response:
    assert visit.member is not None
    operation = pledges.Withdraw(visit.id, visit.member.id)
    return JSONResponse(await visit.do(operation, fields, "member", {}))


async def _confirm(visit: Visit, fields: Fields) -> Response:
    assert visit.member is not None
    rows = fields.plain_whole("rows")
    operation = confirmations.Confirm(visit.id, visit.member.id, rows)
    return JSONResponse(await visit.do(operation, fields, "member", {"rows": rows}))
