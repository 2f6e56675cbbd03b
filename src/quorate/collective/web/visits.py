"""Who asks, and for which campaign: a stranger, a member, or the organiser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, Row, select
from starlette.responses import HTMLResponse, RedirectResponse

from quorate.collective import secrets
from quorate.collective.service import campaigns, members
from quorate.collective.storage import schema
from quorate.collective.web.limits import address_of
from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from quorate.collective.storage.writer import Body, Operation
    from quorate.collective.web.fields import Fields
    from quorate.collective.web.site import Site

Role = Literal["anyone", "member", "organiser", "setup"]
ROLES: tuple[Role, ...] = ("member", "organiser", "setup")  # a cookie each
COOKIE_SECONDS = 400 * 86_400  # the most that browsers keep one
LONGEST_SECRET = 128


@dataclass(frozen=True, eq=False)
class Visit:
    """One request, by somebody who may make it.

    Args:
        site: whose site.
        request: the request.
        row: the campaign's row; None on pages of no campaign.
        member: the member's row; None if none asks.
        secrets: those that were sent and are right, by role.
    """

    site: Site
    request: Request
    row: Row[Any] | None = None
    member: Row[Any] | None = None
    secrets: Mapping[Role, str] = field(default_factory=dict)

    @property
    def campaign(self) -> Row[Any]:
        """The campaign's row."""
        assert self.row is not None
        return self.row

    @property
    def id(self) -> str:
        """The campaign's id."""
        return str(self.campaign.id)

    @property
    def is_organiser(self) -> bool:
        """Whether the organiser asks."""
        return "organiser" in self.secrets

    @property
    def who(self) -> str:
        """Who asks, as memory is shared out: by secret, or else by network address."""
        hops = self.site.settings.hops
        return next(iter(self.secrets.values()), "") or address_of(self.request, hops)

    async def do(
        self, operation: Operation, fields: Fields, role: Role, asked: Mapping[str, Any]
    ) -> Body:
        """Have an operation done under the role's name, once."""
        actor = f"{role}:{'' if self.row is None else self.row.id}"
        if role == "member" and self.member is not None:
            actor = self.member.id
        named = {"operation": type(operation).__name__, **asked}
        return await self.site.write(operation, actor=actor, key=fields.key, asked=named)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page made from a template."""
        tokens = {role: self.site.form_token(one) for role, one in self.secrets.items()}
        html = self.site.rendering.page(
            template,
            campaign=self.row,
            member=self.member,
            is_organiser=self.is_organiser,
            tokens=tokens,
            new_key=secrets.new_nonce,
            path=self.request.url.path,
            **values,
        )
        return HTMLResponse(html, status)

    def go(self, path: str) -> Response:
        """Return an answer that leads to another page of the campaign, after a form."""
        return RedirectResponse(f"/c/{self.id}{path}", 303)

    def keep(self, response: Response, role: Role, secret: str, path: str) -> None:
        """Let the browser keep a secret, for these pages alone, and out of scripts' reach."""
        response.set_cookie(
            role,
            secret,
            max_age=COOKIE_SECONDS,
            path=path,
            secure=self.site.settings.is_secure or self.request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )

    def forget(self, response: Response, role: Role) -> None:
        """Let the browser forget a secret."""
        response.delete_cookie(
            role,
            path=f"/c/{self.id}",
            secure=self.site.settings.is_secure or self.request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )


def by_cookie(site: Site, request: Request, connection: Connection, role: Role) -> Visit:
    """Return the visit of a browser, if it may be made.

    Raises:
        RefusedError: the campaign does not exist, the secret is wrong, or is not of this role.
    """
    sent = {one: request.cookies.get(one, "") for one in ROLES}
    return _visit(site, request, connection, role, sent)


def by_bearer(site: Site, request: Request, connection: Connection, role: Role) -> Visit:
    """Return the visit of a program, which sends its secret in a header, if it may be made.

    Raises:
        RefusedError: the campaign does not exist, the secret is wrong, or is not of this role.
    """
    secret = bearer(request)
    named = str(request.path_params.get("campaign", ""))
    whose: Role = "member"
    if not named:
        whose = "setup"
    elif secrets.id_of(secret) == named:
        whose = "organiser"
    return _visit(site, request, connection, role, {whose: secret})


def bearer(request: Request) -> str:
    """Return the secret in a request's header; empty if there is none."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _visit(
    site: Site, request: Request, connection: Connection, role: Role, sent: Mapping[Role, str]
) -> Visit:
    named = request.path_params.get("campaign")
    row, member = None, None
    right: dict[Role, str] = {}
    if named is not None:
        try:
            row = campaigns.find(connection, checked_id(str(named)))
        except RefusedError:
            site.limits.failed(request)
            raise
        member = member_of(connection, str(row.id), sent.get("member", ""))
        if member is not None:
            right["member"] = sent["member"]
        if is_organiser(row, sent.get("organiser", "")):
            right["organiser"] = sent["organiser"]
    elif is_setup(connection, sent.get("setup", "")):
        right["setup"] = sent["setup"]
    if right:
        site.limits.known(next(iter(right.values())))
    elif any(sent.values()):
        site.limits.failed(request)
    else:
        site.limits.stranger(request)
    if role != "anyone" and role not in right:
        raise not_allowed(role, bool(right))
    return Visit(site, request, row, member, right)


def checked_id(text: str) -> str:
    """Return an id, or text that no row has."""
    return text if len(text) == 16 and text.isascii() and text.isalnum() else "-"


def member_of(connection: Connection, campaign: str, secret: str) -> Row[Any] | None:
    """Return the row of the member of a campaign who has a secret."""
    if not secret or len(secret) > LONGEST_SECRET:
        return None
    row = members.look_up(connection, campaign, checked_id(secrets.id_of(secret)))
    return row if row is not None and secrets.matches(secret, row.secret_hash) else None


def is_organiser(row: Row[Any], secret: str) -> bool:
    """Return whether a secret is that of a campaign's organiser."""
    return 0 < len(secret) <= LONGEST_SECRET and secrets.matches(secret, row.organiser_hash)


def is_setup(connection: Connection, secret: str) -> bool:
    """Return whether a secret is the one that lets create campaigns."""
    if not 0 < len(secret) <= LONGEST_SECRET:
        return False
    stored = connection.execute(select(schema.server.c.setup_hash)).scalar_one()
    return secrets.matches(secret, stored)


def not_allowed(role: Role, is_known: bool) -> RefusedError:
    """Return the refusal of whoever has not this role.

    Args:
        role: the role that was needed.
        is_known: whether a secret of another role was right.
    """
    if role == "setup":
        return RefusedError(
            401,
            "no_secret",
            "Expected the secret with which campaigns are set up here, got none that is right. "
            "Open the link that `quorate collective serve` printed when it started for the first "
            "time; with --new-setup it prints a new one.",
            {"WWW-Authenticate": "Bearer"},
        )
    who = {"member": "a member", "organiser": "the organiser"}.get(role, "somebody")
    if is_known:
        return RefusedError(
            403, "not_yours", f"Expected {who} of this campaign, got somebody else of it."
        )
    return RefusedError(
        401,
        "no_secret",
        f"Expected the secret of {who} of this campaign, got none that is right. Open the campaign "
        "in the browser in which you joined, or give the secret that you saved then.",
        {"WWW-Authenticate": "Bearer"},
    )
