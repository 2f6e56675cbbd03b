"""A member's own page: everything that is stored about them, their secret, and leaving."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from quorate.collective.service import members
from quorate.collective.web import words
from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from quorate.collective.storage.writer import Body
    from quorate.collective.web.fields import Fields
    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Role, Visit


def add(routes: Routes) -> None:
    """Add these pages."""
    routes.page("/c/{campaign}/me", _me, "member")
    routes.page("/c/{campaign}/me.json", _stored, "member")
    routes.form("/c/{campaign}/me/secret", _secret, "member")
    routes.form("/c/{campaign}/me/forget", _forget, "member")
    routes.form("/c/{campaign}/me/delete", _delete, "member")


def _me(visit: Visit, connection: Connection) -> Response:
    assert visit.member is not None
    told = members.stored_about(connection, visit.id, visit.member.id)
    return visit.page("me.html", stored=words.stored(told))


def _stored(visit: Visit, connection: Connection) -> Response:
    assert visit.member is not None
    return JSONResponse(members.stored_about(connection, visit.id, visit.member.id))


async def _secret(visit: Visit, _: Fields) -> Response:
    return secret_file(visit, "member")


def secret_file(visit: Visit, role: Role) -> Response:
    """Return the visitor's own secret as a file to save."""
    plain = {
        "what": f"Secret of {'a member' if role == 'member' else 'the organiser'} of a collective. "
        "Whoever has it can act as you: show it to nobody.",
        "title": visit.campaign.title,
        "url": visit.site.url(visit.request, f"/c/{visit.id}"),
        "campaign": visit.id,
        "role": role,
        "secret": visit.secrets[role],
    }
    return Response(
        json.dumps(plain, indent=1, ensure_ascii=False) + "\n",
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{role}-{visit.id}.json"'},
    )


async def _forget(visit: Visit, _: Fields) -> Response:
    response = visit.page(
        "done.html",
        title="This browser has forgotten you",
        message="You are still a member. To be known again, give the secret that you saved.",
    )
    visit.forget(response, "member")
    return response


def leaving(secret: str) -> str:
    """Return under which name a member leaves: one that still finds the answer afterwards."""
    return f"leave:{secret}"


async def leave(visit: Visit, fields: Fields, secret: str) -> Body:
    """Delete everything that is stored about the visitor."""
    assert visit.member is not None
    operation = members.Delete(visit.id, visit.member.id)
    return await visit.site.write(operation, actor=leaving(secret), key=fields.key, asked={})


async def _delete(visit: Visit, fields: Fields) -> Response:
    assert visit.member is not None
    if fields.text("sure") != "yes":
        raise RefusedError(
            422, "not_sure", "Expected you to confirm this, got no tick. Tick the box first."
        )
    await leave(visit, fields, visit.secrets["member"])
    response = visit.page(
        "done.html",
        title="Everything is deleted",
        message="Nothing about you is stored here any more. You are no member now; what you were "
        "asked to do, you need not do.",
    )
    visit.forget(response, "member")
    return response
