"""An answer as it comes from a stranger: no more bytes are held than were asked for."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from quorate.printable import one_line

if TYPE_CHECKING:
    import httpx

MOST_DEPTH = 32  # brackets of JSON inside one another
SMALL = 1 << 20  # bytes that any answer may have, such as an error
CARD = 1 << 22  # bytes of a card, which may name many classes
EACH_IMAGE, EACH_SCORE = 4096, 256  # bytes more of an answer, beside and for each label's score
PACKED = {"gzip", "x-gzip", "deflate"}
AUTOMATIC = 47  # zlib's window: 15 bits, and the head says whether it is gzip or deflate


class UnreadableError(Exception):
    """A body that is not read: it is too large, damaged, or packed in an unknown way."""


def most_bytes(images: int, labels: int) -> int:
    """Return the size of an answer about images, beyond which it is none."""
    return SMALL + images * (EACH_IMAGE + EACH_SCORE * labels)


def read_body(response: httpx.Response, most: int, check: Callable[[], None]) -> bytes:
    """Return a response's body, unpacked.

    Args:
        response: of which only the head was read.
        most: bytes that the body may have, packed or unpacked.
        check: is called for every part that comes, and may raise.

    Raises:
        UnreadableError: the body is larger, damaged, or packed in an unknown way.
    """
    parts: Iterator[bytes]
    if response.is_stream_consumed:  # a transport in memory
        parts, how = iter([response.content]), ""
    else:
        assert isinstance(response.stream, Iterable)  # whose other kind is for asyncio
        parts, how = iter(response.stream), response.headers.get("content-encoding", "")
    how = how.strip().lower()
    if how in PACKED:
        parts = _unpacked(parts, most)
    elif how not in ("", "identity"):
        raise UnreadableError(f"an answer that is packed as {one_line(how, 40)}")
    body = bytearray()
    for part in parts:
        check()
        body += part
        if len(body) > most:
            raise UnreadableError(f"more than {most} bytes")
    return bytes(body)


def _unpacked(parts: Iterator[bytes], most: int) -> Iterator[bytes]:
    """Yield what packed parts hold, never much more than ``most`` bytes at once."""
    unpacker, packed = zlib.decompressobj(AUTOMATIC), 0
    try:
        for part in parts:
            packed += len(part)
            if packed > most:
                raise UnreadableError(f"more than {most} bytes")
            yield unpacker.decompress(part, most + 1)
            if unpacker.unconsumed_tail:
                raise UnreadableError(f"more than {most} bytes")
    except zlib.error as error:
        raise UnreadableError(f"a damaged answer ({error})") from None
    if packed and not unpacker.eof:
        raise UnreadableError("an answer that was cut off")


def read_json(body: bytes) -> Any:
    """Return what JSON stands for; None where it is none, or nested beyond all reason."""
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError):
        return None
    level = [plain]
    for _ in range(MOST_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return plain
    return None


def read_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object that a body holds; None where it is none, or has NaN or Infinity."""
    plain = read_json(body)
    try:
        json.dumps(plain, allow_nan=False)
    except ValueError:
        return None
    return plain if isinstance(plain, dict) else None


def _inside(plain: Any) -> list[Any]:
    values = plain.values() if isinstance(plain, dict) else plain
    return (
        [v for v in values if isinstance(v, dict | list)] if isinstance(plain, dict | list) else []
    )


def without(text: str, secret: str) -> str:
    """Return text in which a secret is not to be read, as it is or as it stands in an address."""
    if not secret:
        return text
    for form in {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}:
        text = text.replace(form, "***")
    return text


def told(body: bytes, plain: Any, secret: str) -> str:
    """Return what an error's body says, in one line: of JSON, what stands in the common places."""
    inner = plain.get("error", plain) if isinstance(plain, dict) else {}
    said = inner
    if isinstance(inner, dict):
        said = inner.get("message") or inner.get("detail")
    if isinstance(said, str):
        return one_line(without(said[:10_000], secret), 400)
    return one_line(without(body[:10_000].decode("utf-8", "replace"), secret))
