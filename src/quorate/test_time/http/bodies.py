"""What comes in a request: how much of it is read, how long that may take, and the images in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from quorate.errors import InputError
from quorate.test_time.http.service import RefusedError, bad_image, too_many_images
from quorate.test_time.platforms.encoding import from_base64

if TYPE_CHECKING:
    from starlette.requests import Request

READ_SECONDS = 30.0  # for the whole body, however it trickles in
SKIPPED_BYTES = 65_536  # of a body that nobody reads, before its connection is given up instead
SPARE_COMMAS = 1024  # in a JSON body, beside those between images
DEPTH = 64  # brackets in a JSON body, which needs two
FIELDS = 64  # in a form, beside its file


def size_of(request: Request, limit: int) -> int:
    """Return the bytes that a request's body may have: as it says, or else the limit.

    Raises:
        RefusedError: it says more than the limit, or no number.
    """
    named = request.headers.get("content-length")
    if named is None:
        return limit if "transfer-encoding" in request.headers else 0
    if not (named.isascii() and named.isdigit()):
        raise RefusedError(
            400,
            "bad_length",
            f"Expected a number as Content-Length, got {named[:20]!r}. Mend it.",
            {"Connection": "close"},
        )
    if len(named) > 18 or int(named) > limit:
        raise _too_large(limit)
    return int(named)


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of a request, of which no more than the limit is ever held.

    Raises:
        RefusedError: it is larger, or takes too long.
    """
    from starlette.requests import ClientDisconnect

    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except ClientDisconnect:  # nobody hears this
        raise RefusedError(
            400, "cut_short", f"Expected the whole body, got {len(body)} bytes. Send it again."
        ) from None
    except TimeoutError:
        raise RefusedError(
            408,
            "too_slow",
            f"Expected the whole body within {READ_SECONDS:.0f} seconds, got {len(body)} bytes. "
            "Send fewer images at once.",
            {"Connection": "close"},
        ) from None
    return bytes(body)


def without_body(request: Request, refusal: RefusedError) -> RefusedError:
    """Return the refusal of a request whose body is not read.

    A short one is skipped; for any other the connection is closed.
    """
    named = request.headers.get("content-length", "")
    chunked = "transfer-encoding" in request.headers
    if chunked or (
        named and not (len(named) < 8 and named.isdigit() and int(named) <= SKIPPED_BYTES)
    ):
        refusal.headers["Connection"] = "close"
    return refusal


def _too_large(limit: int) -> RefusedError:
    return RefusedError(
        413,
        "too_large",
        f"Expected a body of at most {limit} bytes, got more. Send fewer images at once.",
        {"Connection": "close"},
    )


def images_in_json(body: bytes, most: int) -> Sequence[bytes]:
    """Return the PNG files in the JSON of a request.

    Raises:
        RefusedError: it is something else, or holds more than the most images.
    """
    fix = 'Send {"images": ["<base64 of a PNG>", ...]}.'
    # Looked at before it is parsed: a few bytes of JSON can make objects of fifty times their size.
    if body.count(b"[") + body.count(b"{") > DEPTH:
        raise RefusedError(
            422, "not_json", f"Expected one object with one list in it, got more of them. {fix}"
        )
    if body.count(b",") > 2 * most + SPARE_COMMAS:
        raise too_many_images(most, "many more")
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(422, "not_json", f"Expected JSON, got: {error}. {fix}") from None
    images = plain.get("images") if isinstance(plain, dict) else None
    if not isinstance(images, list):
        raise RefusedError(422, "no_images", f'Expected a list under "images", got none. {fix}')
    if len(images) > most:
        raise too_many_images(most, str(len(images)))
    return [_content(number, text) for number, text in enumerate(images)]


def _content(number: int, text: object) -> bytes:
    try:
        if not isinstance(text, str):
            raise InputError(
                f"Expected a PNG in base64, got {type(text).__name__}. Send it as text."
            )
        return from_base64(text)
    except InputError as error:
        raise bad_image(number, error) from None


async def image_in_form(request: Request, body: bytes) -> bytes:
    """Return the one file of a form.

    Raises:
        RefusedError: it is no form, or one with something else in it.
    """
    from starlette.datastructures import UploadFile
    from starlette.exceptions import HTTPException
    from starlette.requests import Request

    async def once() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    no_image = RefusedError(
        422, "no_image", 'Expected a file under "image", got none. Use curl -F image=@FILE.png.'
    )
    # A form of the other kind (image=text) holds no file, and is not looked into.
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise no_image
    try:
        async with Request(request.scope, once).form(max_files=1, max_fields=FIELDS) as form:
            sent = form.get("image")
            if isinstance(sent, UploadFile):
                return await sent.read()
    except HTTPException as error:
        came = str(error.detail).rstrip(".")
        raise RefusedError(422, "not_a_form", f"Expected one PNG file, got: {came}.") from None
    raise no_image
