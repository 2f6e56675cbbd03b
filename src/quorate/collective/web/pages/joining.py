"""Joining by an invitation's link, and being known again by a saved secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from quorate.collective import secrets
from quorate.collective.service import members
from quorate.collective.web import views, visits
from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row
    from starlette.responses import Response

    from quorate.collective.web.fields import Fields
    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Role, Visit


def add(routes: Routes) -> None:
    """Add these pages."""
    routes.page("/c/{campaign}/join/{token}", _invitation)
    routes.form("/c/{campaign}/join/{token}", _join)
    routes.page("/c/{campaign}/enter", _known_again)
    routes.form("/c/{campaign}/enter", _enter)


def _invited(visit: Visit, connection: Connection) -> Row[tuple[object, ...]]:
    """Return the row of the invitation that the address holds."""
    try:
        found = members.find_invitation(connection, str(visit.request.path_params["token"]))
        if found.campaign != visit.id:
            raise RefusedError(
                404,
                "no_invitation",
                "Expected an invitation to this campaign, got one to another. Open the link as it "
                "was sent to you.",
            )
    except RefusedError:
        visit.site.limits.failed(visit.request)
        raise
    return found


def _invitation(visit: Visit, connection: Connection) -> Response:
    invited = _invited(visit, connection)
    full = invited.used >= invited.cap
    return visit.page("join.html", full=full, **views.planned(visit, connection))


async def _join(visit: Visit, fields: Fields) -> Response:
    await visit.site.read(lambda connection: _invited(visit, connection))
    if fields.text("agreed") != "yes":
        raise RefusedError(
            422, "not_agreed", "Expected you to agree to the rules, got no tick. Read them first."
        )
    _, secret = await join(visit, fields, str(visit.request.path_params["token"]))
    response = visit.page(
        "joined.html",
        id=visit.id,
        title=visit.campaign.title,
        secret=secret,
        form=visit.site.form_token(secret),
    )
    visit.keep(response, "member", secret, f"/c/{visit.id}")
    return response


async def join(visit: Visit, fields: Fields, token: str) -> tuple[str, str]:
    """Let somebody join, and return the campaign's id and the member's secret.

    The secret follows from the request's key, so a request that is repeated gets the same one.
    """
    hashed = secrets.hash_secret(token)
    random = visit.site.derive(f"member\0{hashed}", fields.key)
    body = await visit.site.write(
        members.Join(token, random),
        actor=members.joining(hashed),
        key=fields.key,
        asked={"operation": "Join"},
    )
    return str(body["campaign"]), f"{body['member']}.{random}"


def _known_again(visit: Visit, _: Connection) -> Response:
    return visit.page("enter.html")


async def _enter(visit: Visit, fields: Fields) -> Response:
    given = fields.files.get("file", [])
    secret = _secret_in(given[0][1]) if given else fields.text("secret")
    role = await visit.site.read(lambda connection: _role_of(visit, connection, secret))
    response = visit.go("")
    visit.keep(response, role, secret, f"/c/{visit.id}")
    return response


def _role_of(visit: Visit, connection: Connection, secret: str) -> Role:
    if visits.member_of(connection, visit.id, secret) is not None:
        return "member"
    if visits.is_organiser(visit.campaign, secret):
        return "organiser"
    visit.site.limits.failed(visit.request)
    raise visits.not_allowed("member", False)


def _secret_in(content: bytes) -> str:
    """Return the secret in a file that this site has made, or in one that holds nothing else."""
    text = content[:4096].decode("utf-8", "replace").strip().removeprefix("\ufeff")
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return str(plain.get("secret", "")) if isinstance(plain, dict) else text
