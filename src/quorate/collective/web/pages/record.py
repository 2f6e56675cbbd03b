"""The record of a campaign: its log in words, to download and to check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quorate.collective.service import record
from quorate.collective.web import words
from quorate.collective.web.api.records import show_log

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit

SHOWN = 200  # entries


def add(routes: Routes) -> None:
    """Add these pages."""
    routes.page("/c/{campaign}/record", _record)
    routes.page("/c/{campaign}/log.jsonl", show_log)


def _record(visit: Visit, connection: Connection) -> Response:
    found = record.entries(connection, visit.id, max(0, visit.campaign.entries - SHOWN), SHOWN)
    shown = [
        {
            "number": one.number,
            "at": one.at,
            "digest": one.digest,
            "words": words.event(one.kind, one.facts),
        }
        for one in reversed(found)
    ]
    return visit.page("record.html", entries=shown)
