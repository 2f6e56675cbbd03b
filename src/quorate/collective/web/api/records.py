"""The log of a campaign, as JSON lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.responses import Response

from quorate.collective.service import record
from quorate.collective.web.api.campaigns import ONE
from quorate.collective.web.described import answered
from quorate.test_time.http.described import TEXT

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit


def add(routes: Routes) -> None:
    """Add these answers."""
    routes.answer(
        f"{ONE}/log",
        show_log,
        summary="The log, one entry a line",
        responses=answered(TEXT, 404, media="application/x-ndjson"),
    )


def show_log(visit: Visit, connection: Connection) -> Response:
    """Return the whole log as a file."""
    entries = record.entries(connection, visit.id)
    lines = "".join(json.dumps(one.to_plain(), ensure_ascii=False) + "\n" for one in entries)
    return Response(
        lines,
        media_type="application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{visit.id}.jsonl"'},
    )
