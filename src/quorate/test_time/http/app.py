"""The served platform's HTTP: FastAPI around ``Service``, with a page for people at /docs."""

# No "from __future__ import annotations" here: FastAPI reads the annotations of its endpoints, and
# could not resolve text that names what is imported inside a function.

import functools
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quorate.errors import StoreError
from quorate.extras import require
from quorate.printable import one_line
from quorate.test_time.http.bodies import (
    image_in_form,
    images_in_json,
    read_body,
    size_of,
    without_body,
)
from quorate.test_time.http.described import (
    ERRORS,
    about,
    described,
    form_body,
    health,
    json_body,
    meter,
    predicted,
)
from quorate.test_time.http.desk import Desk, Room
from quorate.test_time.http.service import IMAGES_AT_ONCE, Asked, RefusedError, Service
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.platform import Answers, Platform
from quorate.version import __version__

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

LOG = logging.getLogger(__name__)
SPARE_BYTES = 65_536  # of a request's body, beside its images
HELD_BYTES = 64 * 1024 * 1024  # of the bodies of all requests at once


def app(
    platform: Platform,
    ledger_path: str | Path,
    keys: Mapping[str, str],
    budget: int | None = None,
    rate: str | None = None,
    *,
    images_at_once: int = IMAGES_AT_ONCE,
    bytes_at_once: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> "FastAPI":
    """Return a platform as an ASGI app, metered per key.

    Args:
        platform: platform that answers.
        ledger_path: file of the server's own meter.
        keys: names of the keys and their secrets; ``evaluation`` has neither budget nor rate.
        budget: queries per key; None is without end.
        rate: requests per key, such as 5/s or 100/min; None is without end.
        images_at_once: the most images in one request.
        bytes_at_once: the largest body of a request; by default what these images may need.
        clock: gives the time, in seconds.

    Raises:
        InputError: the extra ``server`` is not installed, or an argument is not usable.
        StoreError: the ledger cannot be used.
    """
    require("server", "a server")
    from fastapi_offline import FastAPIOffline

    c, h, w = platform.card.shape
    # PNG of noise is as large as its pixels, and base64 a third larger.
    limit = bytes_at_once or images_at_once * (2 * c * h * w + 1024) + SPARE_BYTES
    service = Service(platform, Ledger(ledger_path), keys, budget, rate, images_at_once, clock)
    desk = Desk(service.answer)

    @asynccontextmanager
    async def lifespan(_: Any) -> Any:
        service.open()
        yield
        desk.close()
        service.close()

    made = FastAPIOffline(  # its pages for people load nothing from elsewhere
        title=f"quorate platform: {platform.card.id}",
        version=__version__,
        lifespan=lifespan,
        redirect_slashes=False,  # behind a proxy with TLS they would lead to http://
        description="A black box that answers images, metered per key.",
    )
    _handle_errors(made)
    _add_metered(made, service, desk, limit)
    _add_public(made, service)
    return made


def _add_public(made: "FastAPI", service: Service) -> None:
    @made.get(
        "/healthz",
        summary="Whether the server is up",
        response_model=None,
        responses=described(health()),
    )
    async def healthz() -> Any:
        return plain({"status": "ok"})

    card = service.platform.card
    model_card = asdict(card) | {"images_at_once": service.images_at_once}

    @made.get(
        "/v1/model",
        summary="What the model takes and gives",
        response_model=None,
        responses=described(about()),
    )
    async def model() -> Any:
        return plain(model_card)


def _add_metered(made: "FastAPI", service: Service, desk: Desk, limit: int) -> None:
    from fastapi import Depends
    from fastapi.concurrency import run_in_threadpool
    from fastapi.routing import APIRoute
    from fastapi.security import HTTPBearer
    from starlette.requests import Request

    bearer = HTTPBearer(auto_error=False, description="A key of the platform's keys.txt")
    room = Room(HELD_BYTES, limit)
    card = service.platform.card

    class Direct(APIRoute):
        """A route whose function takes the request as it is; FastAPI only describes it."""

        def get_route_handler(self) -> Any:
            return self.endpoint

    add = functools.partial(
        made.router.add_api_route,
        route_class_override=Direct,
        dependencies=[Depends(bearer)],  # described so, and looked at below
        response_model=None,
    )

    @asynccontextmanager
    async def received(request: Request) -> AsyncIterator[tuple[str, bytes]]:
        """Yield who asks, and the body. Whoever may not ask is refused before it is read."""
        try:
            key = service.enter(_secret_of(request))
            service.admit(key, repeated="idempotency-key" in request.headers)
        except RefusedError as refusal:
            raise without_body(request, refusal) from None
        async with room.hold(key, size_of(request, limit)):
            yield key, await read_body(request, limit)

    async def answered(key: str, images: Callable[[], Sequence[bytes]]) -> Any:
        reply = await desk.ask(Asked(key, images))
        return plain(
            {
                "model": card.id,
                "predictions": _predictions(reply.answers, card.classes),
                "usage": asdict(reply.usage),
            }
        )

    async def usage(request: Request) -> Any:
        try:
            key = service.enter(_secret_of(request))
        except RefusedError as refusal:
            raise without_body(request, refusal) from None
        return plain(asdict(await run_in_threadpool(service.usage, key)))

    async def predict(request: Request) -> Any:
        async with received(request) as (key, body):
            return await answered(key, lambda: images_in_json(body, service.images_at_once))

    async def predict_image(request: Request) -> Any:
        async with received(request) as (key, body):
            content = await image_in_form(request, body)
            return await answered(key, lambda: [content])

    told = described(predicted(card), *ERRORS)
    add(
        "/v1/predict",
        predict,
        methods=["POST"],
        summary="Ask about images",
        responses=told,
        openapi_extra=json_body(card, service.images_at_once),
    )
    add(
        "/v1/predict/image",
        predict_image,
        methods=["POST"],
        summary="Ask about one PNG file: curl -F image=@FILE",
        responses=told,
        openapi_extra=form_body(card),
    )
    add(
        "/v1/usage",
        usage,
        summary="The key's own meter",
        responses=described(meter(), 401, 403, 503),
    )


def _secret_of(request: "Request") -> str | None:
    """Return the secret that a request is sent under."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def plain(content: Any) -> "Response":
    """Return plain data as a JSON answer."""
    from starlette.responses import Response

    return Response(json.dumps(content, ensure_ascii=False), media_type="application/json")


def _predictions(said: Answers, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return each answer as plain data: index, label, and where they are given the scores."""
    told: list[dict[str, Any]] = [
        {"index": index, "label": classes[index]} for index in said.labels.tolist()
    ]
    if said.probabilities is not None:
        for one, scores in zip(told, said.probabilities.tolist(), strict=True):
            one["scores"] = scores
    return told


def _handle_errors(made: "FastAPI") -> None:
    """Every error goes out as {"error": {"code": ..., "message": ...}}, none with a traceback."""
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import JSONResponse

    def told(refusal: RefusedError) -> JSONResponse:
        return JSONResponse(refusal.body, refusal.status, refusal.headers)

    @made.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> JSONResponse:
        return told(error)

    @made.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        came = one_line(f"{request.method} {request.url.path}")
        message = f"Expected a page that is described at /docs, got {came}. Mend the address."
        code = {404: "not_found", 405: "wrong_method"}.get(error.status_code, "refused")
        if error.status_code == 405:
            known = (error.headers or {}).get("Allow", "another method")
            message = f"Expected {known} there, got {came}. /docs says what each page takes."
        return told(RefusedError(error.status_code, code, message, error.headers))

    @made.exception_handler(StoreError)
    async def storage(_: Request, error: StoreError) -> JSONResponse:
        LOG.error("%s", error)
        return told(
            RefusedError(503, "storage", "The server cannot store answers now. Try again later.")
        )

    @made.exception_handler(Exception)
    async def unexpected(_: Request, __: Exception) -> JSONResponse:
        return told(
            RefusedError(500, "failed", "The server failed to answer. Its operator can see why.")
        )
