"""What goes out where a request is refused: a page for people, JSON for programs."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from quorate.collective.web.guard import API
from quorate.errors import InputError, StoreError
from quorate.printable import one_line
from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from quorate.collective.web.rendering import Rendering

LOG = logging.getLogger(__name__)
TITLES = {
    401: "We do not know this browser",
    403: "This is somebody else's",
    404: "There is nothing here",
    405: "This page does not take that",
    408: "That took too long",
    409: "That is not possible now",
    413: "That is too large",
    422: "Something is missing, or not as expected",
    429: "That was very often",
    500: "Something went wrong here",
    503: "The coordinator is busy",
}


class Refusals:
    """Makes the answers to refused requests.

    Args:
        rendering: the templates.
    """

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering

    def __call__(self, request: Request, refusal: RefusedError) -> Response:
        """Return a page or JSON, as the request would have got."""
        headers = dict(refusal.headers)
        if request.url.path.startswith(API) or _wants_json(request):
            return Response(
                json.dumps(refusal.body), refusal.status, headers, media_type="application/json"
            )
        campaign = request.url.path.split("/")[2] if request.url.path.startswith("/c/") else ""
        html = self._rendering.page(
            "refused.html",
            title=TITLES.get(refusal.status, "That did not work"),
            message=str(refusal),
            status=refusal.status,
            campaign_id=campaign if campaign.isalnum() and campaign.isascii() else "",
        )
        return HTMLResponse(html, refusal.status, headers)

    def handle(self, made: FastAPI) -> None:
        """Let an application answer all its errors so."""

        @made.exception_handler(RefusedError)
        async def refused(request: Request, error: RefusedError) -> Response:
            return self(request, error)

        @made.exception_handler(InputError)
        async def unusable(request: Request, error: InputError) -> Response:
            return self(request, RefusedError(422, "unusable", str(error)))

        @made.exception_handler(HTTPException)
        async def http(request: Request, error: HTTPException) -> Response:
            came = one_line(f"{request.method} {request.url.path}")[:120]
            message = f"Expected an address of this site, got {came}. Open the link you were given."
            code = {404: "not_found", 405: "wrong_method"}.get(error.status_code, "refused")
            if error.status_code == 405:
                known = (error.headers or {}).get("Allow", "another method")
                message = f"Expected {known} there, got {came}. Use the buttons of the pages."
            return self(request, RefusedError(error.status_code, code, message, error.headers))

        @made.exception_handler(StoreError)
        async def storage(request: Request, error: StoreError) -> Response:
            LOG.error("%s", error)
            message = "The coordinator cannot store anything now. Nothing was changed: try again "
            return self(
                request,
                RefusedError(503, "storage", message + "in a minute.", {"Retry-After": "30"}),
            )


def _wants_json(request: Request) -> bool:
    """Return whether a script asks, rather than somebody who opens a page."""
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted
