"""Setting up a campaign: by hand, or from the file of a plan or a correction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse

from quorate.collective.plans import Draft
from quorate.collective.service import campaigns
from quorate.collective.web import drafts, visits
from quorate.collective.web.fields import UPLOAD_BYTES
from quorate.errors import InputError
from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from quorate.collective.web.fields import Fields
    from quorate.collective.web.routing import Routes
    from quorate.collective.web.visits import Visit

PATH = "/new"


def add(routes: Routes) -> None:
    """Add these pages."""
    routes.page("/new", _choose)
    routes.form("/new", _enter)
    routes.page("/new/training", _blank("training"), "setup")
    routes.page("/new/test", _blank("test"), "setup")
    routes.form("/new/training", _create("training"), "setup", UPLOAD_BYTES)
    routes.form("/new/test", _create("test"), "setup", UPLOAD_BYTES)
    routes.form("/new/source", _from_source, "setup", UPLOAD_BYTES)
    routes.page("/new/{secret}", _follow)


def _choose(visit: Visit, _: Connection) -> Response:
    return visit.page("new.html")


def _follow(visit: Visit, connection: Connection) -> Response:
    """The link that the coordinator printed: the browser keeps its secret from here on."""
    return _known(visit, connection, str(visit.request.path_params["secret"]))


async def _enter(visit: Visit, fields: Fields) -> Response:
    secret = fields.text("secret").rpartition("/")[2]
    return await visit.site.read(lambda connection: _known(visit, connection, secret))


def _known(visit: Visit, connection: Connection, secret: str) -> Response:
    if not visits.is_setup(connection, secret):
        visit.site.limits.failed(visit.request)
        raise visits.not_allowed("setup", False)
    response = RedirectResponse(PATH, 303)
    visit.keep(response, "setup", secret, PATH)
    return response


def _blank(kind: str) -> Any:
    def blank(visit: Visit, _: Connection) -> Response:
        return _form(visit, kind, {})

    return blank


def _form(
    visit: Visit, kind: str, given: Mapping[str, Any], error: str = "", status: int = 200
) -> Response:
    week = datetime.fromtimestamp(visit.site.clock(), UTC) + timedelta(days=14)
    known = {**drafts.BLANK, "deadline": week.strftime("%Y-%m-%dT18:00"), **given}
    return visit.page(
        "new_campaign.html",
        status,
        kind=kind,
        given=known,
        error=error,
        source=known.get("source", ""),
    )


async def _from_source(visit: Visit, fields: Fields) -> Response:
    uploaded = fields.files.get("source", [])
    if not uploaded:
        raise RefusedError(
            422,
            "no_file",
            "Expected plan.json of quorate plan, or results.json of quorate correct, got no file. "
            "Choose one.",
        )
    kind, given = await visit.site.in_thread(drafts.from_source, uploaded[0][1])
    return _form(visit, kind, given)


def _create(kind: str) -> Any:
    async def create(visit: Visit, fields: Fields) -> Response:
        try:
            draft = await visit.site.in_thread(drafts.read, kind, fields)
            id_, secret = await created(visit, fields, draft)
        except (RefusedError, InputError) as error:
            return _form(visit, kind, fields.values, str(error), 422)
        response = visit.page(
            "created.html",
            id=id_,
            secret=secret,
            address=visit.site.url(visit.request, f"/c/{id_}"),
            form=visit.site.form_token(secret),
        )
        visit.keep(response, "organiser", secret, f"/c/{id_}")
        return response

    return create


async def created(visit: Visit, fields: Fields, draft: Draft) -> tuple[str, str]:
    """Create a campaign, and return its id and its organiser's secret."""
    random = visit.site.derive("organiser", fields.key)
    asked = {name: value for name, value in fields.values.items() if name != "form"}
    body = await visit.do(campaigns.Create(draft, random), fields, "setup", asked)
    return str(body["campaign"]), f"{body['campaign']}.{random}"
