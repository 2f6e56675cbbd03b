"""The pool for programs: questions brought and given, answers, and the change made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from quorate.collective.service import answers, publishing, questions
from quorate.collective.service.answers import Given
from quorate.collective.service.questions import Question
from quorate.collective.web.api.campaigns import ONE
from quorate.collective.web.api.members import CHANGED
from quorate.collective.web.described import ID, NUMBER, STATE, YES, answered, many
from quorate.collective.web.fields import UPLOAD_BYTES, not_expected
from quorate.collective.web.questions import (
    MOST_BROUGHT,
    checked_picture,
    most_brought,
    photo_of,
)
from quorate.errors import InputError
from quorate.test_time.http.described import TEXT, WHOLE, record
from quorate.test_time.http.service import RefusedError
from quorate.test_time.platforms.encoding import from_base64, to_base64

if TYPE_CHECKING:
    from starlette.responses import Response

    from quorate.collective.plans import TestPlan
    from quorate.collective.web.fields import Fields
    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit

PNG = {"type": "string", "format": "byte", "contentMediaType": "image/png"}
BROUGHT = {
    "type": "object",
    "required": ["png", "label", "in_subgroup"],
    "properties": {"png": PNG, "label": WHOLE, "in_subgroup": YES, "photo": WHOLE},
}
ANSWERED = record(counted=WHOLE, known=WHOLE, late=WHOLE, answers=WHOLE)


def add(routes: Routes) -> None:
    """Add these answers."""
    routes.change(
        f"{ONE}/questions",
        _bring,
        "organiser",
        limit=UPLOAD_BYTES,
        summary="Bring pictures that the platform is asked about",
        responses=answered(record(added=WHOLE, known=WHOLE, questions=WHOLE), *CHANGED),
        takes={"questions": many(BROUGHT, MOST_BROUGHT)},
    )
    for job in ("craft", "publish"):
        routes.change(
            f"{ONE}/{job}",
            _start(job),
            "organiser",
            summary="Close the pool, and have a change crafted"
            if job == "craft"
            else "Close the trial, and have the change published",
            responses=answered(record(job=ID, state=STATE), *CHANGED),
        )
    given = record(questions=many(record(question=ID, png=PNG, until=NUMBER)), left=WHOLE)
    routes.change(
        f"{ONE}/me/questions",
        _take,
        "member",
        summary="Be given questions to put to the platform",
        responses=answered(given, *CHANGED),
        takes={"count": {**WHOLE, "maximum": questions.MOST_AT_ONCE}},
    )
    one = {
        "type": "object",
        "required": ["question", "label"],
        "properties": {"question": TEXT, "label": WHOLE},
    }
    routes.change(
        f"{ONE}/me/answers",
        _answer,
        "member",
        summary="Send what the platform said",
        responses=answered(ANSWERED, *CHANGED),
        takes={"answers": many(one, answers.MOST_AT_ONCE)},
    )


async def _bring(visit: Visit, fields: Fields) -> Response:
    plan = questions.plan_of(visit.campaign)
    brought = fields.plain_list("questions", most_brought(plan))
    found = await visit.site.in_thread(lambda: [_question(one, plan) for one in brought])
    operation = questions.AddQuestions(visit.id, found)
    return JSONResponse(await visit.do(operation, fields, "organiser", dict(fields.values)))


def _question(one: Any, plan: TestPlan) -> Question:
    plain = one if isinstance(one, dict) else {}
    png, label, inside = (plain.get(name) for name in ("png", "label", "in_subgroup"))
    if not isinstance(png, str) or type(label) is not int or not isinstance(inside, bool):
        raise not_expected("png (base64), label and in_subgroup of each question", "questions", one)
    try:
        picture = checked_picture(from_base64(png), plan)
    except InputError as error:
        raise RefusedError(422, "bad_picture", str(error)) from None
    photo = plain.get("photo", photo_of(picture))
    if type(photo) is not int or not 0 <= photo < 2**31:
        raise not_expected("a whole number below 2^31", "photo", photo)
    return Question(picture, label, inside, photo)


def _start(job: str) -> Any:
    async def start(visit: Visit, fields: Fields) -> Response:
        operation = publishing.Start(visit.id, job)
        return JSONResponse(await visit.do(operation, fields, "organiser", {"job": job}))

    return start


async def _take(visit: Visit, fields: Fields) -> Response:
    assert visit.member is not None
    count = fields.plain_whole("count", 0, questions.MOST_AT_ONCE)
    operation = questions.Take(visit.id, visit.member.id, count)
    told = await visit.do(operation, fields, "member", {"count": count})
    digests = [one["picture"] for one in told["questions"]]
    files = await visit.site.read(questions.pictures, digests)
    given = [
        {
            "question": one["question"],
            "png": to_base64(files[one["picture"]]),
            "until": one["until"],
        }
        for one in told["questions"]
        if one["picture"] in files
    ]
    return JSONResponse({"questions": given, "left": told["left"]})


async def _answer(visit: Visit, fields: Fields) -> Response:
    assert visit.member is not None
    sent = fields.plain_list("answers", answers.MOST_AT_ONCE)
    found = []
    for one in sent:
        plain = one if isinstance(one, dict) else {}
        question, label = plain.get("question"), plain.get("label")
        if not isinstance(question, str) or type(label) is not int:
            raise not_expected("question and label of each answer", "answers", one)
        found.append(Given(question, label))
    operation = answers.Answer(visit.id, visit.member.id, found)
    return JSONResponse(await visit.do(operation, fields, "member", dict(fields.values)))
