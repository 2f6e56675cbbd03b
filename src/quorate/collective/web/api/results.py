"""Results for programs: outcomes over time, and the published change with its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from quorate.collective.facts.outcomes import outcomes_csv
from quorate.collective.publishing.signing import SIGNED, public_key_of
from quorate.collective.service import outcomes, publishing
from quorate.collective.service.outcomes import Outcome
from quorate.collective.web.api.campaigns import ONE
from quorate.collective.web.api.members import CHANGED
from quorate.collective.web.described import ANY, NUMBER, YES, answered, many
from quorate.collective.web.fields import not_expected
from quorate.test_time.http.described import TEXT, WHOLE, record
from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from quorate.collective.web.fields import Fields
    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit

REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


def add(routes: Routes) -> None:
    """Add these answers."""
    one = {
        "type": "object",
        "required": ["success"],
        "properties": {"at": {"anyOf": [NUMBER, {"type": "null"}]}, "success": YES},
    }
    routes.change(
        f"{ONE}/me/outcomes",
        _report,
        "member",
        summary="Report whether it worked",
        responses=answered(record(reported=WHOLE, yours=WHOLE), *CHANGED),
        takes={"outcomes": many(one, outcomes.MOST_AT_ONCE)},
    )
    told = record(at=NUMBER, success=YES, turn=WHOLE)
    routes.answer(
        f"{ONE}/outcomes",
        _outcomes,
        summary="All outcomes in the order of their reports",
        responses=answered(record(outcomes=many(told)), 404),
    )
    routes.answer(
        f"{ONE}/outcomes.csv",
        show_csv,
        summary="Those of them that count as CSV, for quorate watch",
        responses=answered(TEXT, 404, media="text/csv"),
    )
    routes.answer(
        f"{ONE}/change.npz",
        show_change,
        summary="The published change",
        responses=answered(TEXT, 404, media="application/octet-stream"),
    )
    routes.answer(f"{ONE}/report", _show_report, summary="Its report", responses=answered(ANY, 404))
    routes.answer(
        f"{ONE}/signature",
        show_signature,
        summary="Its signature (Ed25519) with all that it covers, in hex digits",
        responses=answered(record(**dict.fromkeys(SIGNED, TEXT)), 404),
    )


async def _report(visit: Visit, fields: Fields) -> Response:
    assert visit.member is not None
    sent = fields.plain_list("outcomes", outcomes.MOST_AT_ONCE)
    operation = outcomes.Report(visit.id, visit.member.id, [_outcome(one) for one in sent])
    return JSONResponse(await visit.do(operation, fields, "member", dict(fields.values)))


def _outcome(one: Any) -> Outcome:
    plain = one if isinstance(one, dict) else {}
    success, at = plain.get("success"), plain.get("at")
    if not isinstance(success, bool) or not (at is None or type(at) in (int, float)):
        raise not_expected("success (true or false) of each outcome", "outcomes", one)
    return Outcome(success, None if at is None else float(at))


def _outcomes(visit: Visit, connection: Connection) -> Response:
    rows = outcomes.all_of(connection, visit.id)
    told = [{"at": at, "success": success, "turn": turn} for at, success, turn in rows]
    return JSONResponse({"outcomes": told})


def show_csv(visit: Visit, connection: Connection) -> Response:
    """Return the outcomes that count as CSV, of which ``quorate watch`` says what the page says."""
    made = outcomes_csv(outcomes.all_of(connection, visit.id))
    name = f'attachment; filename="outcomes-{visit.id}.csv"'
    return Response(made, media_type="text/csv", headers={"Content-Disposition": name})


def published(visit: Visit, connection: Connection) -> Row[Any]:
    """Return the row of the published change.

    Raises:
        RefusedError: none is published yet.
    """
    row = publishing.find_change(connection, visit.id)
    if row.published is None:
        raise RefusedError(
            404,
            "no_change",
            "Expected a published change, got one that members still try. Come back later.",
        )
    return row


def show_change(visit: Visit, connection: Connection) -> Response:
    """Return the file of the change."""
    name = f'attachment; filename="change-{visit.id}.npz"'
    return Response(
        published(visit, connection).npz,
        media_type="application/octet-stream",
        headers={"Content-Disposition": name},
    )


def show_report_page(visit: Visit, connection: Connection) -> Response:
    """Return the report for people, which has its own styles inside, and may run nothing."""
    page = published(visit, connection).page
    if not page:
        raise RefusedError(404, "no_page", "Expected a report, got a change without one.")
    return Response(
        page, media_type="text/html", headers={"Content-Security-Policy": REPORT_POLICY}
    )


def _show_report(visit: Visit, connection: Connection) -> Response:
    return JSONResponse(published(visit, connection).report)


def show_signature(visit: Visit, connection: Connection) -> Response:
    """Return the signature of the change, all that it covers, and the key to check it with."""
    return JSONResponse(publishing.find_signature(connection, visit.id).to_plain())


def public_key(visit: Visit) -> str:
    """Return the key by which this server's signatures are checked, 64 hex digits."""
    return public_key_of(visit.site.signing_key)
