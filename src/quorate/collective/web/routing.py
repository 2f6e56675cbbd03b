"""How a function becomes a route: who may ask, what is read of the request, in which thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from quorate.collective.web import visits
from quorate.collective.web.described import Schema, taken
from quorate.collective.web.fields import (
    FORM_BYTES,
    JSON_BYTES,
    Fields,
    check_names,
    read_form,
    read_json,
)
from quorate.collective.web.remembered import Remembered
from quorate.collective.web.site import Site
from quorate.collective.web.visits import Role, Visit
from quorate.test_time.http.bodies import size_of, without_body
from quorate.test_time.http.service import RefusedError

Show = Callable[[Visit, Connection], Response]
Act = Callable[[Visit, Fields], Awaitable[Response]]
TOKEN = "form"  # name of the hidden field that holds a form's token


class Direct(APIRoute):
    """A route whose function takes the request as it is; FastAPI only describes it."""

    def get_route_handler(self) -> Any:
        """Return the function itself."""
        return self.endpoint


@dataclass(frozen=True)
class Routes:
    """Adds routes to an application.

    Args:
        made: the application.
        site: what all routes use.
    """

    made: FastAPI
    site: Site
    remembered: Remembered = field(default_factory=Remembered)

    def page(self, path: str, show: Show, role: Role = "anyone") -> None:
        """Add a page; its function may read, and runs in a thread."""
        site = self.site

        def read(connection: Connection, request: Request) -> Response:
            return show(visits.by_cookie(site, request, connection, role), connection)

        async def page(request: Request) -> Response:
            return await site.read(read, request)

        self._add(path, page, "GET", role, methods=["GET", "HEAD"])

    def form(self, path: str, act: Act, role: Role = "anyone", limit: int = FORM_BYTES) -> None:
        """Add what a form is sent to. Whoever has a secret must send the form's token too."""
        site = self.site

        def look(connection: Connection, request: Request) -> Visit:
            return visits.by_cookie(site, request, connection, role)

        async def form(request: Request) -> Response:
            try:
                visit = await site.read(look, request)
            except RefusedError as refusal:
                raise without_body(request, refusal) from None
            async with site.room.hold(visit.who, size_of(request, limit)):
                return await act(visit, await checked(visit, request))

        async def checked(visit: Visit, request: Request) -> Fields:
            fields = await read_form(request, limit)
            if role != "anyone" and not site.is_form_token(fields.text(TOKEN), visit.secrets[role]):
                raise RefusedError(
                    403,
                    "old_form",
                    "Expected a form of a page that this browser has opened, got another one. Open "
                    "the page again, and send its form.",
                )
            return fields

        self._add(path, form, "POST", role)

    def answer(self, path: str, show: Show, role: Role = "anyone", **described: Any) -> None:
        """Add what programs read."""
        site = self.site

        def read(connection: Connection, request: Request) -> Response:
            return show(visits.by_bearer(site, request, connection, role), connection)

        async def answer(request: Request) -> Response:
            return await site.read(read, request)

        self._add(path, answer, "GET", role, **described)

    def change(
        self,
        path: str,
        act: Act,
        role: Role = "anyone",
        *,
        method: str = "POST",
        limit: int = JSON_BYTES,
        takes: Mapping[str, Schema] | None = None,
        optional: Collection[str] = (),
        is_secret: bool = False,
        **described: Any,
    ) -> None:
        """Add what programs change.

        Args:
            path, act, role, method, limit: as everywhere.
            takes: schemas of the fields of its body; other fields are refused.
            optional: those of them that may be left out.
            is_secret: whether the function looks at the secret itself.
            described: more for the description.
        """
        site = self.site

        def look(connection: Connection, request: Request) -> Visit:
            return visits.by_bearer(site, request, connection, role)

        async def change(request: Request) -> Response:
            try:
                visit = self.remembered.visit(site, request) if role == "member" else None
                if visit is None:
                    visit = await site.read(look, request)
                    self.remembered.keep(visit)
            except RefusedError as refusal:
                raise without_body(request, refusal) from None
            async with site.room.hold(visit.who, size_of(request, limit)):
                fields = await read_json(request, limit)
                check_names(fields.values, takes or {}, optional)
                return await act(visit, fields)

        described_role: Role = "member" if is_secret else role
        described["openapi_extra"] = taken(takes or {}, optional)
        self._add(path, change, method, described_role, **described)

    def _add(
        self,
        path: str,
        endpoint: Any,
        method: str,
        role: Role,
        methods: Sequence[str] = (),
        **described: Mapping[str, Any],
    ) -> None:
        bearer = HTTPBearer(auto_error=False, description="A secret of the collective.")
        self.made.router.add_api_route(
            path,
            endpoint,
            methods=[*methods] or [method],
            include_in_schema=bool(described),
            response_model=None,
            route_class_override=Direct,
            dependencies=[Depends(bearer)] if described and role != "anyone" else [],
            name=f"{method} {path} ({role})",
            **described,  # type: ignore[arg-type]  # summary, responses, openapi_extra
        )
