"""Applying the published change: a page that works in the browser alone, and the same as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse

from quorate.collective.web import standalone
from quorate.collective.web.api.results import published

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit


def add(routes: Routes) -> None:
    """Add these pages."""
    routes.page("/c/{campaign}/apply", _apply)
    routes.page("/c/{campaign}/apply.html", _one_file)


def _apply(visit: Visit, connection: Connection) -> Response:
    change = standalone.offered_change(published(visit, connection).npz)
    return visit.page("apply.html", change=change, scripts=standalone.APPLY_SCRIPTS)


def _one_file(visit: Visit, connection: Connection) -> Response:
    page = standalone.apply_page(published(visit, connection).npz, visit.campaign.title)
    named = f'attachment; filename="apply-{visit.id}.html"'
    return HTMLResponse(page, headers={"Content-Disposition": named})
