"""About the server: whether it is up, and by which key it signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from quorate.collective.web.api.results import public_key
from quorate.collective.web.described import HEALTH, SERVER, answered
from quorate.version import __version__

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit


def add(routes: Routes) -> None:
    """Add these answers."""
    routes.answer("/healthz", _health, summary="Whether it is up", responses=answered(HEALTH))
    routes.answer(
        "/api/v1/server", _server, summary="Its version and public key", responses=answered(SERVER)
    )


def _health(_: Visit, __: Connection) -> Response:
    return JSONResponse({"status": "ok"})


def _server(visit: Visit, _: Connection) -> Response:
    return JSONResponse({"version": __version__, "public_key": public_key(visit)})
