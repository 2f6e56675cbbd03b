"""A line to one host that ends in time: whatever the other side sends, or does not send."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpcore
import httpx

from quorate.errors import InputError

SLICE = 0.2  # seconds after which a thread that waits for bytes looks whether it still should
PIECE = 8192  # bytes that are sent before the time is looked at again

_thread = threading.local()


@contextlib.contextmanager
def ending(end: Callable[[], float]) -> Iterator[None]:
    """Let what this thread asks of a ``Line`` be over by ``end()``, on time.monotonic's clock."""
    _thread.end = end
    try:
        yield
    finally:
        _thread.end = None


def _left(timeout: float | None) -> float:
    """Return the seconds that are left, above zero.

    Raises:
        httpcore.ReadTimeout: there are none.
    """
    end = getattr(_thread, "end", None)
    left = (timeout or 60.0) if end is None else end() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("no whole answer in time")
    return float(min(left, 3600.0))


class Line(httpx.BaseTransport):
    """Carries requests over connections that stay open, with a deadline for each request.

    No redirect is followed, no cookie kept. A proxy that the environment names is used for
    https alone, where it sees neither keys nor images.

    Args:
        url: address that it leads to.
    """

    def __init__(self, url: str) -> None:
        proxy = _proxy(httpx.URL(url))
        safe, backend = httpx.create_ssl_context(), _Backend()
        self._pool: httpcore.ConnectionPool = (
            httpcore.ConnectionPool(ssl_context=safe, network_backend=backend)
            if proxy is None
            else httpcore.HTTPProxy(
                str(proxy.url), proxy.raw_auth, ssl_context=safe, network_backend=backend
            )
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return its answer, of which only the head is read yet."""
        with _as_httpx():
            answer = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                )
            )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream))

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.close()


def _proxy(url: httpx.URL) -> httpx.Proxy | None:
    """Return the proxy that the environment names for an address of https.

    Raises:
        InputError: it is not one of HTTP.
    """
    if url.scheme != "https" or urllib.request.proxy_bypass(url.host):
        return None
    named = urllib.request.getproxies()
    proxy = named.get("https") or named.get("all")
    if not proxy:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not proxy.startswith(("http://", "https://")):
        raise InputError(
            f"Expected HTTPS_PROXY to name a proxy of HTTP, got {proxy.partition('://')[0]}://... "
            f"Set NO_PROXY={url.host} to do without it."
        )
    return httpx.Proxy(proxy)


class _Body(httpx.SyncByteStream):
    """The bytes of an answer, as they come."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._stream

    def close(self) -> None:
        """Let go of the connection; it is not used again if bytes are left."""
        self._stream.close()


@contextlib.contextmanager
def _as_httpx() -> Iterator[None]:
    """Raise httpx's error of the same name for one of httpcore's."""
    try:
        yield
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.ProxyError,
        httpcore.UnsupportedProtocol,
        httpcore.ConnectionNotAvailable,
    ) as error:
        kind = getattr(httpx, type(error).__name__, httpx.TransportError)
        raise kind(str(error)) from error


class _Backend(httpcore.SyncBackend):
    """Connects within the time that is left, all addresses of a name together."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a connection to the first address of a name that takes one."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host}: {error.strerror or error}") from error
        last: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in dict.fromkeys(str(one[4][0]) for one in found):
            try:
                left = _left(timeout)
                return _Stream(super().connect_tcp(address, port, left, local_address, []))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
            except httpcore.ReadTimeout:
                last = httpcore.ConnectTimeout("no connection in time")
                break
        raise last


class _Stream(httpcore.NetworkStream):
    """A connection that is read and written within the time that is left."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next bytes."""
        while True:
            left = _left(timeout)
            with contextlib.suppress(httpcore.ReadTimeout):
                return self._inner.read(max_bytes, min(left, SLICE))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        for start in range(0, len(buffer), PIECE):
            self._inner.write(buffer[start : start + PIECE], _left(timeout))

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Return the connection, encrypted from here on."""
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection knows of itself."""
        return self._inner.get_extra_info(info)
