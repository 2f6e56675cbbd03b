"""What stands around every page and answer: security headers, and no writing from other sites."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request

from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger(__name__)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with that, browsers hide from this server which of its pages a form is on.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}
SAFE = ("GET", "HEAD", "OPTIONS")
API = "/api/"


class Guard:
    """Adds headers to every answer, refuses what another site sends, and hides what fails.

    Args:
        app: what is guarded.
        host: name and port of the address that people use; empty takes that of the request.
        is_secure: whether that address has TLS.
        tell: makes the answer to a refusal.
    """

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        is_secure: bool,
        tell: Callable[[Request, RefusedError], Response],
    ) -> None:
        self._app = app
        self._host = host
        self._headers = dict(HEADERS)
        if is_secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        request = Request(scope)
        try:
            if scope["method"] not in SAFE and not scope["path"].startswith(API):
                self._check_origin(request.headers)
            await self._app(scope, receive, guarded)
        except RefusedError as refusal:
            await self._tell(request, refusal)(scope, receive, guarded)
        except Exception:
            # Which route, not which address: addresses of invitations are secrets.
            route = getattr(scope.get("route"), "path", "none")
            LOG.exception("A request failed: %s %s", scope["method"], route)
            if started:
                raise
            failed = RefusedError(
                500,
                "failed",
                "Something went wrong here, and nothing was changed. Try again; if it goes on, "
                "tell the organiser, whose server has written down what failed.",
            )
            await self._tell(request, failed)(scope, receive, guarded)

    def _check_origin(self, headers: Headers) -> None:
        """Refuse what a page of another site has sent, as the browser tells.

        Raises:
            RefusedError: it does.
        """
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:
            if site in ("same-origin", "none"):
                return
        elif origin is None or origin.partition("://")[2] == (self._host or headers.get("host")):
            return
        raise RefusedError(
            403,
            "other_site",
            "Expected a form of this site, got one that another site has sent. Open the page here, "
            "and try again.",
            {"Connection": "close"},
        )
