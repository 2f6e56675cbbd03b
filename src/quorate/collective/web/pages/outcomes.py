"""Is it working? What members report over time, with a chart that may be looked at every day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quorate.collective.service import campaigns, outcomes
from quorate.collective.service.outcomes import Outcome
from quorate.collective.web.api.results import show_csv
from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from quorate.collective.web.fields import Fields
    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit


def add(routes: Routes) -> None:
    """Add these pages."""
    routes.page("/c/{campaign}/outcomes", _outcomes)
    routes.page("/c/{campaign}/outcomes.csv", show_csv)
    routes.form("/c/{campaign}/outcomes", _report, "member")


def _outcomes(visit: Visit, connection: Connection) -> Response:
    row = visit.campaign
    told = visit.site.outcomes.told(connection, row)
    may_report = row.state in campaigns.AT_WORK
    return visit.page("outcomes.html", view=told.view, chart=told.chart, may_report=may_report)


async def _report(visit: Visit, fields: Fields) -> Response:
    assert visit.member is not None
    said = fields.text("success")
    if said not in ("yes", "no"):
        raise RefusedError(
            422, "success", "Expected yes or no, got neither. Use one of the two buttons."
        )
    operation = outcomes.Report(visit.id, visit.member.id, [Outcome(said == "yes")])
    await visit.do(operation, fields, "member", {"success": said})
    return visit.go("/outcomes")
