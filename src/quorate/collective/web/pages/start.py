"""The first page, and how the API describes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit


def add(routes: Routes) -> None:
    """Add these pages."""
    routes.page("/", _start)
    routes.page("/docs", _docs)
    routes.page("/robots.txt", _robots)


def _start(visit: Visit, _: Connection) -> Response:
    return visit.page("start.html")


def _docs(visit: Visit, _: Connection) -> Response:
    return visit.page("docs.html")


def _robots(visit: Visit, _: Connection) -> Response:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("User-agent: *\nDisallow: /\n")
