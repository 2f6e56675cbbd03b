"""Asking by hand: a member looks at a picture, puts it to the platform, and enters the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from quorate.collective.service import answers, questions
from quorate.collective.service.answers import Given
from quorate.collective.service.leases import held_by
from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from quorate.collective.web.fields import Fields
    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit

AT_ONCE = 10  # questions by hand
BUTTONS = 30  # labels up to which each has a button


def add(routes: Routes) -> None:
    """Add these pages."""
    routes.page("/c/{campaign}/ask", _ask, "member")
    routes.form("/c/{campaign}/ask", _answer, "member")
    routes.form("/c/{campaign}/ask/take", _take, "member")
    routes.page("/c/{campaign}/ask/{question}.png", _picture, "member")


def _ask(visit: Visit, connection: Connection) -> Response:
    assert visit.member is not None
    plan = questions.plan_of(visit.campaign)
    held = held_by(connection, visit.member.id)
    return visit.page(
        "ask.html", plan=plan, held=held, at_once=AT_ONCE, buttons=BUTTONS, shape=plan.shape
    )


async def _take(visit: Visit, fields: Fields) -> Response:
    assert visit.member is not None
    operation = questions.Take(visit.id, visit.member.id, AT_ONCE)
    told = await visit.do(operation, fields, "member", {"count": AT_ONCE})
    if not told["questions"]:
        return visit.page(
            "nothing_to_ask.html", left=told["left"], plan=questions.plan_of(visit.campaign)
        )
    return visit.go("/ask")


async def _answer(visit: Visit, fields: Fields) -> Response:
    assert visit.member is not None
    given = Given(fields.text("question"), fields.whole("label", "one of the labels"))
    operation = answers.Answer(visit.id, visit.member.id, [given])
    asked = {"question": given.question, "label": given.label}
    told = await visit.do(operation, fields, "member", asked)
    if told["late"]:
        raise RefusedError(
            409,
            "late",
            "Expected the answer within 15 minutes, got it later: somebody else was given the "
            "picture. Nothing is wrong; take the next one.",
        )
    return visit.go("/ask")


def _picture(visit: Visit, connection: Connection) -> Response:
    assert visit.member is not None
    named = str(visit.request.path_params["question"])
    for one in held_by(connection, visit.member.id):
        if one.id == named:
            png = questions.pictures(connection, [one.picture])[one.picture]
            return Response(png, media_type="image/png")
    raise RefusedError(
        404,
        "no_question",
        "Expected a picture that you were given, got another one. Take the next.",
    )
