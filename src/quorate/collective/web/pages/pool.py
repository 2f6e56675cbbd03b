"""The organiser's part in the pool: pictures brought, how far it is, crafting and publishing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from quorate.collective.pool.power import PoolPlan, in_words
from quorate.collective.pool.reliability import ALARM_OF_PHASE
from quorate.collective.service import publishing, questions
from quorate.collective.service.questions import Question
from quorate.collective.storage import schema
from quorate.collective.web.fields import UPLOAD_BYTES
from quorate.collective.web.questions import checked_picture, most_brought, photo_of
from quorate.errors import InputError
from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from starlette.responses import Response

    from quorate.collective.plans import TestPlan
    from quorate.collective.web.fields import Fields
    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit


def add(routes: Routes) -> None:
    """Add these pages."""
    routes.page("/c/{campaign}/organise/pool", _pool, "organiser")
    routes.form("/c/{campaign}/organise/questions", _bring, "organiser", UPLOAD_BYTES)
    routes.form("/c/{campaign}/organise/craft", _start("craft"), "organiser")
    routes.form("/c/{campaign}/organise/publish", _start("publish"), "organiser")


def _pool(visit: Visit, connection: Connection) -> Response:
    plan = questions.plan_of(visit.campaign)
    return visit.page(
        "pool.html",
        plan=plan,
        found=_found(plan, visit.campaign.quorum),
        counts=questions.count(connection, visit.id),
        job=publishing.find_job(connection, visit.id),
        excluded=left_out(connection, visit.id),
        fewest=publishing.FEWEST_ANSWERS,
        most=most_brought(plan),
    )


def _found(plan: TestPlan, quorum: int) -> str:
    """Return how surely false members are found, if as many as the quorum answer all they may."""
    queries = plan.queries - int(plan.queries * plan.reserved)
    if len(plan.classes) < 2 or quorum < 2 or not queries:
        return ""
    return in_words(
        PoolPlan(
            members=quorum,
            queries=queries,
            doubled=plan.doubled,
            classes=len(plan.classes),
            alarm=ALARM_OF_PHASE,
        )
    )


def left_out(connection: Connection, campaign: str) -> list[tuple[str, int]]:
    """Return why members' answers are left out, and of how many members for each reason."""
    table = schema.member
    rows = connection.execute(
        select(table.c.excluded, func.count())
        .where(table.c.campaign == campaign, table.c.excluded.is_not(None))
        .group_by(table.c.excluded)
    )
    return [(str(why), int(count)) for why, count in rows]


async def _bring(visit: Visit, fields: Fields) -> Response:
    plan = questions.plan_of(visit.campaign)
    files = fields.files.get("pictures", [])
    label = fields.whole("label", "what the pictures truly show")
    if not 0 < len(files) <= most_brought(plan):
        raise RefusedError(
            422,
            "pictures",
            f"Expected 1 to {most_brought(plan)} pictures at once, got {len(files)}. Choose PNG "
            "files, and send the rest afterwards.",
        )
    inside = fields.text("in_subgroup") == "yes"
    found = await visit.site.in_thread(_questions, files, plan, label, inside)
    operation = questions.AddQuestions(visit.id, found)
    asked: dict[str, Any] = {"label": label, "in_subgroup": inside}
    asked["pictures"] = [one.png for one in found]
    await visit.do(operation, fields, "organiser", asked)
    return visit.go("/organise/pool")


def _questions(
    files: list[tuple[str, bytes]], plan: TestPlan, label: int, inside: bool
) -> list[Question]:
    found = []
    for number, (_, content) in enumerate(files, start=1):
        try:
            picture = checked_picture(content, plan)
        except InputError as error:
            raise RefusedError(
                422, "bad_picture", f"Picture {number} of {len(files)} cannot be used. {error}"
            ) from None
        found.append(Question(picture, label, inside, photo_of(picture)))
    return found


def _start(job: str) -> Any:
    async def start(visit: Visit, fields: Fields) -> Response:
        operation = publishing.Start(visit.id, job)
        await visit.do(operation, fields, "organiser", {"job": job})
        return visit.go("/organise/pool")

    return start
