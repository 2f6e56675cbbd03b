"""The coordinator as an application: pages and API around one database and its writer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from quorate.collective.web import api_routes, page_routes
from quorate.collective.web.guard import Guard
from quorate.collective.web.refusals import Refusals
from quorate.collective.web.rendering import STATIC
from quorate.collective.web.routing import Routes
from quorate.collective.web.site import Settings, Site
from quorate.extras import require
from quorate.version import __version__

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Scope

    from quorate.collective.storage.database import Database
    from quorate.collective.storage.writer import Writer


def app(
    database: Database,
    writer: Writer,
    settings: Settings | None = None,
    *,
    clock: Callable[[], float] = time.time,
) -> FastAPI:
    """Return the coordinator as an ASGI app.

    Args:
        database, writer: where everything is; both opened by the caller.
        settings: how it is reached.
        clock: gives the time, in seconds since 1970.

    Raises:
        InputError: the extra ``collective`` is not installed.
    """
    require("collective", "a coordinator")
    from fastapi_offline import FastAPIOffline

    site = Site(database, writer, settings or Settings(), clock)
    made = FastAPIOffline(  # whose files describe the API without loading anything from elsewhere
        docs_url=None,
        redoc_url=None,
        title="quorate coordinator",
        version=__version__,
        redirect_slashes=False,  # behind a proxy with TLS they would lead to http://
        description="A collective that joins, pledges, acts and measures together.",
    )
    refusals = Refusals(site.rendering)
    refusals.handle(made)
    host = site.settings.public_url.partition("://")[2].rstrip("/")
    made.add_middleware(Guard, host=host, is_secure=site.settings.is_secure, tell=refusals)
    made.mount("/static", _Static(directory=Path(STATIC)), name="static")
    routes = Routes(made, site)
    for add in (*api_routes.ALL, *page_routes.ALL):  # in the order in which they are tried
        add(routes)
    return made


class _Static(StaticFiles):
    """Files that browsers keep: their addresses change with their contents."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        response = await super().get_response(path, scope)
        named = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if named else "public, no-cache"
        )
        return response
