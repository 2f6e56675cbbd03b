"""Every route, as everyone who may try it: nobody reads or changes what is another's."""

from collections.abc import Mapping

import httpx
import pytest
from fastapi.routing import APIRoute
from web_visitors import Visitors

NOBODY = "aaaaaaaaaaaaaaaa"
# Who asks: a member; another member; a member and the organiser of another campaign; ...
ROLES = ("stranger", "member", "other", "foreign_member", "organiser", "foreign_organiser")
# What each of these gets.
PUBLIC = (200,) * 6
MEMBER = (401, 200, 200, 401, 403, 401)
ORGANISER = (401, 403, 403, 401, 200, 401)


def _same(status: int, found: tuple[int, ...]) -> tuple[int, ...]:
    """Return the row with another status for those who may."""
    return tuple(status if one == 200 else one for one in found)


# Forms first: they answer with another page (303), or 422 where their fields are missing.
PAGES: Mapping[str, tuple[int, ...]] = {
    "GET /": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /robots.txt": PUBLIC,
    "GET /healthz": PUBLIC,
    "GET /new": PUBLIC,
    "POST /new": (401,) * 6,
    "GET /new/{secret}": (401,) * 6,
    "GET /new/training": (401,) * 6,
    "GET /new/test": (401,) * 6,
    "POST /new/training": (401,) * 6,
    "POST /new/test": (401,) * 6,
    "POST /new/source": (401,) * 6,
    "GET /c/{campaign}": PUBLIC,
    "GET /c/{campaign}/live.json": PUBLIC,
    "GET /c/{campaign}/record": PUBLIC,
    "GET /c/{campaign}/log.jsonl": PUBLIC,
    "GET /c/{campaign}/apply": (404,) * 6,  # no change is published yet
    "GET /c/{campaign}/apply.html": (404,) * 6,
    "GET /c/{campaign}/join/{token}": (404,) * 6,
    "POST /c/{campaign}/join/{token}": (404,) * 6,
    "GET /c/{campaign}/enter": PUBLIC,
    "POST /c/{campaign}/enter": (401,) * 6,
    "POST /c/{campaign}/pledge": _same(303, MEMBER),
    "POST /c/{campaign}/withdraw": _same(303, MEMBER),
    "GET /c/{campaign}/me": MEMBER,
    "GET /c/{campaign}/me.json": MEMBER,
    "POST /c/{campaign}/me/secret": MEMBER,
    "POST /c/{campaign}/me/forget": MEMBER,
    "POST /c/{campaign}/me/delete": _same(422, MEMBER),
    "GET /c/{campaign}/ask": _same(409, MEMBER),
    "POST /c/{campaign}/ask": _same(422, MEMBER),
    "POST /c/{campaign}/ask/take": _same(409, MEMBER),
    "GET /c/{campaign}/ask/{question}.png": _same(404, MEMBER),
    "GET /c/{campaign}/outcomes": PUBLIC,
    "GET /c/{campaign}/outcomes.csv": PUBLIC,
    "POST /c/{campaign}/outcomes": _same(422, MEMBER),
    "GET /c/{campaign}/change.npz": (404,) * 6,
    "GET /c/{campaign}/report.html": (404,) * 6,
    "GET /c/{campaign}/signature.json": (404,) * 6,
    "GET /c/{campaign}/organise/pool": _same(409, ORGANISER),
    "POST /c/{campaign}/organise/questions": _same(409, ORGANISER),
    "POST /c/{campaign}/organise/craft": _same(409, ORGANISER),
    "POST /c/{campaign}/organise/publish": _same(409, ORGANISER),
    "GET /c/{campaign}/act": _same(409, MEMBER),
    "POST /c/{campaign}/act": _same(422, MEMBER),
    "GET /c/{campaign}/act.html": _same(409, MEMBER),
    "GET /c/{campaign}/organise": ORGANISER,
    "POST /c/{campaign}/organise/invite": _same(422, ORGANISER),
    "POST /c/{campaign}/organise/revoke": _same(404, ORGANISER),
    "POST /c/{campaign}/organise/secret": ORGANISER,
    "POST /c/{campaign}/organise/end": _same(422, ORGANISER),
}
API: Mapping[str, tuple[int, ...]] = {
    "GET /api/v1/server": PUBLIC,
    "POST /api/v1/campaigns": (401,) * 6,
    "GET /api/v1/campaigns/{campaign}": PUBLIC,
    "POST /api/v1/campaigns/{campaign}/invitations": _same(422, ORGANISER),
    "GET /api/v1/campaigns/{campaign}/invitations": ORGANISER,
    "DELETE /api/v1/campaigns/{campaign}/invitations/{invitation}": _same(404, ORGANISER),
    "POST /api/v1/campaigns/{campaign}/end": _same(422, ORGANISER),
    "POST /api/v1/invitations/{token}/join": (404,) * 6,
    "GET /api/v1/campaigns/{campaign}/me": MEMBER,
    "DELETE /api/v1/campaigns/{campaign}/me": MEMBER,
    "PUT /api/v1/campaigns/{campaign}/me/pledge": MEMBER,
    "DELETE /api/v1/campaigns/{campaign}/me/pledge": MEMBER,
    "PUT /api/v1/campaigns/{campaign}/me/confirmation": _same(422, MEMBER),
    "POST /api/v1/campaigns/{campaign}/questions": _same(422, ORGANISER),
    "POST /api/v1/campaigns/{campaign}/craft": _same(409, ORGANISER),
    "POST /api/v1/campaigns/{campaign}/publish": _same(409, ORGANISER),
    "POST /api/v1/campaigns/{campaign}/me/questions": _same(422, MEMBER),
    "POST /api/v1/campaigns/{campaign}/me/answers": _same(422, MEMBER),
    "POST /api/v1/campaigns/{campaign}/me/outcomes": _same(422, MEMBER),
    "GET /api/v1/campaigns/{campaign}/outcomes": PUBLIC,
    "GET /api/v1/campaigns/{campaign}/outcomes.csv": PUBLIC,
    "GET /api/v1/campaigns/{campaign}/change.npz": (404,) * 6,
    "GET /api/v1/campaigns/{campaign}/report": (404,) * 6,
    "GET /api/v1/campaigns/{campaign}/signature": (404,) * 6,
    "GET /api/v1/campaigns/{campaign}/log": PUBLIC,
}
NOT_OURS = ("/openapi.json", "/static", "/static-offline-docs", "/docs/oauth2-redirect")


def test_every_route_has_a_row(site: Visitors) -> None:
    found = {
        f"{method} {route.path}"
        for route in site.app.routes
        if isinstance(route, APIRoute)
        for method in route.methods - {"HEAD"}
    }
    assert found == {*PAGES, *API}
    others = {getattr(one, "path", "") for one in site.app.routes if not isinstance(one, APIRoute)}
    assert others <= set(NOT_OURS)


@pytest.mark.parametrize("named", [*PAGES, *API])
def test_who_may_do_what(site: Visitors, named: str) -> None:
    """Each tries it upon a fresh campaign's address, with the secret that they have."""
    method, _, path = named.partition(" ")
    people = site.campaign_with_people()
    for role, expected in zip(ROLES, {**PAGES, **API}[named], strict=True):
        answer = site.try_route(people, role, method, path)
        assert answer.status_code == expected, f"{role}: {answer.text[:300]}"
        assert_guarded(answer)
    assert site.try_route(people, "stranger", method, path, campaign=NOBODY).status_code in (
        *((404,) if "{campaign}" in path else ()),
        *(() if "{campaign}" in path else ({**PAGES, **API}[named][0],)),
    )


def assert_guarded(answer: httpx.Response) -> None:
    headers = answer.headers
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"]
    assert "server" not in headers
