"""The served platform's HTTP: FastAPI around ``Service``, with a page for people at /docs."""

# No "from __future__ import annotations" here: FastAPI reads the annotations of its endpoints, and
# could not resolve text that names what is imported inside a function.

import json
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from quorate.errors import InputError, StoreError
from quorate.test_time.http.service import IMAGES_AT_ONCE, RefusedError, Service
from quorate.test_time.platforms.encoding import to_base64
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.platform import Answers, Platform
from quorate.version import __version__

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

LOG = logging.getLogger(__name__)
FIX = "Install what the server needs: pip install 'quorate[server]'"
SPARE_BYTES = 65_536  # of a request's body, beside its images
ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "no key was sent"},
    403: {"description": "the key is not known"},
    413: {"description": "the body is too large, or holds too many images"},
    422: {"description": "not JSON, or not images of the model's shape"},
    429: {
        "description": "rate_limited, with Retry-After; or budget_exhausted, without: spent "
        "queries do not come back"
    },
}
IMAGES_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["images"],
                "properties": {
                    "images": {
                        "type": "array",
                        "items": {"type": "string", "format": "byte", "description": "8-bit PNG"},
                    }
                },
            }
        }
    },
}
FILE_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["image"],
                "properties": {"image": {"type": "string", "format": "binary"}},
            }
        }
    },
}


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
    try:
        import fastapi  # noqa: F401 - named first where it is missing
        import python_multipart  # noqa: F401 - reads uploads
        from fastapi_offline import FastAPIOffline
    except ImportError as error:
        raise InputError(f"Expected the module {error.name}, got none. {FIX}") from None
    c, h, w = platform.card.shape
    # PNG of noise is as large as its pixels, and base64 a third larger.
    limit = bytes_at_once or images_at_once * (2 * c * h * w + 1024) + SPARE_BYTES
    service = Service(platform, Ledger(ledger_path), keys, budget, rate, images_at_once, clock)

    @asynccontextmanager
    async def lifespan(_: Any) -> Any:
        yield
        service.ledger.close()

    made = FastAPIOffline(  # its pages for people load nothing from elsewhere
        title=f"quorate platform: {platform.card.id}",
        version=__version__,
        lifespan=lifespan,
        description="A black box that answers images, metered per key.",
    )
    _handle_errors(made)
    _add_public(made, service)
    _add_metered(made, service, limit)
    return made


def _add_public(made: "FastAPI", service: Service) -> None:
    @made.get("/healthz", summary="Whether the server is up")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @made.get("/v1/model", summary="What the model takes and gives")
    async def model() -> dict[str, Any]:
        card = service.platform.card
        return asdict(card) | {"images_at_once": service.images_at_once}


def _add_metered(made: "FastAPI", service: Service, limit: int) -> None:
    from fastapi import Depends
    from fastapi.concurrency import run_in_threadpool
    from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
    from starlette.requests import Request

    bearer = HTTPBearer(auto_error=False, description="A key of the platform's keys.txt")

    async def who(
        sent: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> str:
        return service.enter(sent.credentials if sent else None)

    def answered(key: str, images: list[object]) -> dict[str, Any]:
        said = service.predict(key, service.read_images(images))
        return {
            "model": service.platform.card.id,
            "predictions": _predictions(said, service.platform.card.classes),
            "usage": asdict(service.usage(key)),
        }

    @made.get("/v1/usage", summary="The key's own meter", responses=_only(401, 403))
    async def usage(key: Annotated[str, Depends(who)]) -> dict[str, Any]:
        return asdict(await run_in_threadpool(service.usage, key))

    @made.post(
        "/v1/predict",
        summary="Ask about images",
        responses=ERRORS,
        openapi_extra={"requestBody": IMAGES_BODY},
    )
    async def predict(request: Request, key: Annotated[str, Depends(who)]) -> dict[str, Any]:
        service.admit(key)
        images = _images(await _read(request, limit))
        return await run_in_threadpool(answered, key, images)

    @made.post(
        "/v1/predict/image",
        summary="Ask about one PNG file: curl -F image=@FILE",
        responses=ERRORS,
        openapi_extra={"requestBody": FILE_BODY},
    )
    async def predict_image(request: Request, key: Annotated[str, Depends(who)]) -> dict[str, Any]:
        service.admit(key)
        content = await _uploaded(request, await _read(request, limit))
        return await run_in_threadpool(answered, key, [to_base64(content)])


def _predictions(said: Answers, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return each answer as plain data: index, label, and where they are given the scores."""
    plain: list[dict[str, Any]] = [
        {"index": index, "label": classes[index]} for index in said.labels.tolist()
    ]
    if said.probabilities is not None:
        for one, scores in zip(plain, said.probabilities.tolist(), strict=True):
            one["scores"] = scores
    return plain


async def _read(request: "Request", limit: int) -> bytes:
    """Return the request's body, of which no more than the limit is ever held."""
    named = request.headers.get("content-length", "")
    body = bytearray()
    if not (named.isdigit() and int(named) > limit):
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                break
        else:
            return bytes(body)
    raise RefusedError(
        413,
        "too_large",
        f"Expected a body of at most {limit} bytes, got more. Send fewer images at once.",
        {"Connection": "close"},
    )


def _images(body: bytes) -> list[object]:
    fix = 'Send {"images": ["<base64 of a PNG>", ...]}.'
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(422, "not_json", f"Expected JSON, got: {error}. {fix}") from None
    images = plain.get("images") if isinstance(plain, dict) else None
    if not isinstance(images, list):
        raise RefusedError(422, "no_images", f'Expected a list under "images", got none. {fix}')
    return images


async def _uploaded(request: "Request", body: bytes) -> bytes:
    """Return the one file of a form."""
    from starlette.datastructures import UploadFile
    from starlette.exceptions import HTTPException
    from starlette.requests import Request

    async def once() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        async with Request(request.scope, once).form(max_files=1, max_fields=1) as form:
            sent = form.get("image")
            if isinstance(sent, UploadFile):
                return await sent.read()
    except HTTPException as error:
        raise RefusedError(
            422, "not_a_form", f"Expected one PNG file, got: {error.detail}."
        ) from None
    raise RefusedError(
        422, "no_image", 'Expected a file under "image", got none. Use curl -F image=@FILE.png.'
    )


def _only(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: ERRORS[status] for status in statuses}


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
        message = f"Expected a page that is described at /docs, got {request.url.path}."
        code = {404: "not_found", 405: "wrong_method"}.get(error.status_code, "refused")
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
