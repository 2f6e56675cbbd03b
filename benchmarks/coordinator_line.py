"""One member's connection to a coordinator: no more than HTTP needs, so that many are cheap."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httptools


@dataclass(frozen=True)
class Reply:
    """What came back: the status, and the body as it was."""

    status: int
    body: bytes

    @property
    def plain(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


class Line(asyncio.Protocol):
    """A connection that is kept open, with one request under way at a time."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Reply] | None = None

    async def open(self) -> None:
        """Connect."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, self.host, self.port)

    def close(self) -> None:
        """Disconnect."""
        if self._transport is not None:
            self._transport.close()

    async def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send a request, and return the reply.

        Raises:
            ConnectionError: the connection broke before the whole reply was there.
        """
        if self._transport is None or self._transport.is_closing():
            await self.open()
        assert self._transport is not None
        sent = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        if sent or method in ("POST", "PUT"):
            lines += ["Content-Type: application/json", f"Content-Length: {len(sent)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._answer = asyncio.get_running_loop().create_future()
        self._parts: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write("\r\n".join([*lines, "\r\n"]).encode() + sent)
        return await self._answer

    # ----------------------------------------------------------- what asyncio and httptools call

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits."""
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the connection broke"))

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if self._answer is not None and not self._answer.done():
                self._answer.set_exception(ConnectionError(str(error)))

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """Give the reply to whoever waits."""
        if self._answer is not None and not self._answer.done():
            reply = Reply(self._parser.get_status_code(), b"".join(self._parts))
            self._answer.set_result(reply)
