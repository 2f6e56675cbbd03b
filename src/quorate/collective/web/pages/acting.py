"""Acting at training time: a member changes their own file in the browser, and confirms it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from quorate.collective import plans
from quorate.collective.acting.instruction import Instruction
from quorate.collective.acting.planned import instruction_of
from quorate.collective.plans import TrainingPlan
from quorate.collective.service import campaigns, confirmations
from quorate.collective.web.acting_page import ACT_SCRIPTS, act_page, offered_instruction
from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from quorate.collective.web.fields import Fields
    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit


def add(routes: Routes) -> None:
    """Add these pages."""
    routes.page("/c/{campaign}/act", _act, "member")
    routes.page("/c/{campaign}/act.html", _file, "member")
    routes.form("/c/{campaign}/act", _confirm, "member")


def asked_of(visit: Visit) -> Instruction:
    """Return what the campaign asks of its members.

    Raises:
        RefusedError: nobody is asked to act, or not to change their own data.
    """
    row = visit.campaign
    if row.kind != "training" or row.state not in campaigns.AT_WORK:
        raise RefusedError(
            409,
            "not_now",
            "Expected a campaign in which members change their own data now, got one that is "
            f"{row.state}. Nobody is asked to act before the quorum.",
        )
    plan = plans.from_plain(row.plan)
    assert isinstance(plan, TrainingPlan)
    return instruction_of(plan)


def _act(visit: Visit, _: Connection) -> Response:
    acting = offered_instruction(asked_of(visit))
    return visit.page("act.html", acting=acting, scripts=ACT_SCRIPTS)


def _file(visit: Visit, _: Connection) -> Response:
    return Response(
        act_page(asked_of(visit)),
        media_type="text/html",
        headers={"Content-Disposition": f'attachment; filename="act-{visit.id}.html"'},
    )


async def _confirm(visit: Visit, fields: Fields) -> Response:
    assert visit.member is not None
    rows = fields.whole("rows", "how much you handed in")
    operation = confirmations.Confirm(visit.id, visit.member.id, rows)
    await visit.do(operation, fields, "member", {"rows": rows})
    return visit.go("/act")
