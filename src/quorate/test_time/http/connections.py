"""Connections of strangers: how many there are, and how long each may take to say what it wants.

uvicorn waits for ever for the rest of a request that has begun. Here every connection has a
deadline for its request's head, for the body, and for taking in the answer; and where there are too
many, the one that has been silent for longest makes way.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from quorate.test_time.http.sparing import Sparing

LOG = logging.getLogger(__name__)
HEAD_SECONDS = 10.0  # for a request's head, from the connection's start or the head's first byte
BODY_SECONDS = 75.0  # for its body, of which the app itself waits 30 s for room and 30 s for bytes
UNREAD_SECONDS = 5.0  # for the rest of a body that nobody reads any more
TAKE_SECONDS = 30.0  # for a client that does not take in what it is sent
SILENT_SECONDS = 15  # between two requests; longer than the 5 s of common clients
HEAD_BYTES = 65_536  # of a request's head
CHUNK_BYTES = 8  # around each byte of a body in chunks
PIPELINED = 8  # requests that one connection may send ahead
MOST = 2048  # connections, each with up to a few hundred kilobytes of buffers
ACCEPTED_AT_ONCE = 50  # in one turn of the loop; it looks at them, and closes some, in later ones
QUEUED = 2048  # by the system, before they are accepted
# Beside connections: those of four turns that are not yet looked at or closed, the ledger, ...
SPARE_FILES = 4 * ACCEPTED_AT_ONCE + 64
FULL_BODY = (
    b'{"error": {"code": "busy", "message": "The server has too many connections. Ask again in a '
    b'few seconds."}}'
)
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 2\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(FULL_BODY), FULL_BODY)
)


def raise_file_limit() -> int:
    """Let this process open as many files as it may; return how many connections that leaves."""
    try:
        import resource
    except ImportError:  # Windows, where sockets are no files
        return MOST
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (OSError, ValueError):  # some systems promise more than they allow
            LOG.warning("The limit of open files stays at %d: more are not allowed.", soft)
    if soft == resource.RLIM_INFINITY:
        return MOST
    return max(8, min(MOST, soft - SPARE_FILES))


class Connections:
    """All connections of one server.

    Args:
        most: how many there may be.
        clock: gives the time, in seconds.
    """

    def __init__(self, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self.clock = clock
        self._open: dict[Guarded, None] = {}  # in the order in which they came

    def __len__(self) -> int:
        return len(self._open)

    def __call__(self, **options: Any) -> Guarded:
        """Return the protocol of a new connection, as uvicorn asks for one."""
        return Guarded(self, **options)

    def admit(self, one: Guarded) -> bool:
        """Take a connection in, if need be for one that asks nothing; return whether it is in."""
        if len(self._open) >= self.most:
            idle = self._idlest()
            if idle is None:
                LOG.warning("Refused a connection: all %d are being answered.", self.most)
                return False
            LOG.warning("Closed an idle connection: there are %d, no more are held.", self.most)
            self.leave(idle)
            idle.transport.abort()
        self._open[one] = None
        return True

    def _idlest(self) -> Guarded | None:
        """Return the oldest connection that asks nothing, or else that has not asked all yet."""
        silent = (one for one in self._open if not one.is_asking())
        sending = (one for one in self._open if one.is_sending())
        return next(silent, None) or next(sending, None)

    def leave(self, one: Guarded) -> None:
        """Forget a connection."""
        self._open.pop(one, None)

    def close_unfinished(self) -> None:
        """Close those whose request has not come whole: the server ends, and waits for none."""
        for one in [one for one in self._open if one.is_sending() or not one.is_asking()]:
            self.leave(one)
            one.transport.abort()

    def close_overdue(self) -> None:
        """Close those that keep the server waiting for too long."""
        now = self.clock()
        for one in [one for one in self._open if one.is_overdue(now)]:
            LOG.warning("Closed a connection that kept the server waiting for too long.")
            self.leave(one)
            one.transport.abort()


class _AtOnce:
    """A transport that sends together what is written in one turn of the loop: head and body."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send data at the end of this turn."""
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)

    def _send(self) -> None:
        if self._parts:
            self._transport.write(b"".join(self._parts))
            self._parts.clear()

    def close(self) -> None:
        """Send what was written, then close."""
        self._send()
        self._transport.close()


class Guarded(HttpToolsProtocol):
    """uvicorn's connection, with deadlines. Of each phase the time of its beginning is kept."""

    def __init__(self, all_of_them: Connections, **options: Any) -> None:
        super().__init__(**options)
        self._all = all_of_them
        self._head_since: float | None = None
        self._body_since: float | None = None
        self._stalled_since: float | None = None
        self._closing_since: float | None = None
        self._received = 0  # bytes, since the last request's or this one's head
        self._body_bytes = 0  # of these
        self._refused = False

    # ------------------------------------------------------------------------- deadlines

    def is_asking(self) -> bool:
        """Return whether a request has come that is not yet answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def is_sending(self) -> bool:
        """Return whether the body of a request has not come whole."""
        return self._body_since is not None

    def is_overdue(self, now: float) -> bool:
        """Return whether the client has kept the server waiting for too long."""
        if self.transport.is_closing() and self._closing_since is None:
            self._closing_since = now
        unread = BODY_SECONDS if self.is_asking() else UNREAD_SECONDS
        deadlines = (
            (self._head_since, HEAD_SECONDS),
            (self._body_since, unread),
            (self._stalled_since, TAKE_SECONDS),
            (self._closing_since, UNREAD_SECONDS),
        )
        return any(since is not None and now - since > most for since, most in deadlines)

    # ------------------------------------------------------------ what asyncio calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head, where there is a place."""
        self.transport = transport
        self._refused = not self._all.admit(self)
        if self._refused:
            transport.write(FULL)
            transport.close()
            return
        self._head_since = self._all.clock()
        super().connection_made(_AtOnce(transport, self.loop))  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave."""
        self._all.leave(self)
        if not self._refused:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; what is no body is counted, and a client that sends any owes a whole head."""
        if self._refused or self.transport.is_closing():
            return
        self._received += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        around = self._received - self._body_bytes  # lines of the head, of chunks and after them
        if around > HEAD_BYTES + CHUNK_BYTES * self._body_bytes:
            self.logger.warning("A request's head is too large.")
            self.transport.abort()
        elif not (self.is_sending() or self.is_asking() or self._head_since):
            self._head_since = self._all.clock()  # uvicorn waits no more for its silence to end

    def pause_writing(self) -> None:
        """Begin to wait for the client to take in what it was sent."""
        self._stalled_since = self._all.clock()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It has."""
        self._stalled_since = None
        super().resume_writing()

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing is upgraded here, and the operator has nothing to install."""

    # ----------------------------------------------------------- what the parser calls

    def on_message_begin(self) -> None:
        """Begin to wait for a head, unless that is what is waited for."""
        if len(self.pipeline) >= PIPELINED:
            raise ValueError("too many requests were sent ahead")
        if self._head_since is None:
            self._head_since = self._all.clock()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin to wait for the body."""
        self._head_since = None
        self._received = self._body_bytes = 0
        self._body_since = self._all.clock()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count the body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._body_since = None
        self._received = self._body_bytes = 0
        super().on_message_complete()


class Server(uvicorn.Server):
    """uvicorn's server, which looks for overdue connections every second."""

    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self.connections = connections

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen; more may queue than are accepted at once."""
        await super().startup(sockets)
        for one in sockets or []:
            one.listen(QUEUED)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, once those are answered who have asked; nobody can put that off by asking slowly."""
        self.connections.close_unfinished()
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Close what is overdue, ten ticks apart."""
        if counter % 10 == 0:
            self.connections.close_overdue()
        return await super().on_tick(counter)


def make_server(app: Any, connections: Connections) -> Server:
    """Return a server of an ASGI app whose connections are bounded in number and time."""
    config = uvicorn.Config(
        app,
        http=connections,  # type: ignore[arg-type]  # whatever makes a protocol will do
        ws="none",
        log_config=None,  # how a program logs is its own affair
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # which anyone on this machine could write, to be somebody else
        server_header=False,
        backlog=ACCEPTED_AT_ONCE,
        timeout_keep_alive=SILENT_SECONDS,
        timeout_graceful_shutdown=30,
    )
    ours = [f"{__package__}.{module}" for module in ("app", "connections")]
    for name in ("uvicorn.error", "asyncio", "python_multipart.multipart", *ours):
        Sparing.watch(logging.getLogger(name))
    return Server(config, connections)
