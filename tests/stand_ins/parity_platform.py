"""A platform whose answers are worked by hand: the sum of an image's pixels, modulo the labels."""

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import httpx
import numpy as np

from quorate.test_time.platforms.platform import Answers, Card, Pixels, Platform

SHAPE = (1, 2, 3)
CLASSES = ("cat", "dog", "eel")


class Parity(Platform):
    """Answers from its card; ``seen`` holds what it was asked, in order."""

    def __init__(
        self,
        gives: str = "labels",
        shape: tuple[int, int, int] = SHAPE,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self._card = Card("parity", CLASSES, shape, gives)  # type: ignore[arg-type]
        self.seen: list[tuple[bytes, str]] = []
        self.before = before

    @property
    def card(self) -> Card:
        return self._card

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        self.before()
        self.seen += [(one.tobytes(), key) for one, key in zip(x, keys, strict=True)]
        scores = parity_scores(x) if self.card.gives == "scores" else None
        return Answers(parity(x), scores)


def parity(x: Pixels) -> np.ndarray:
    return x.reshape(len(x), -1).sum(axis=1, dtype=np.int64) % 3


def parity_scores(x: Pixels) -> np.ndarray:
    """0.1 everywhere, 0.8 at the label: (n, 3)."""
    return np.where(np.arange(3) == parity(x)[:, None], 0.8, 0.1)


def images(n: int, first: int = 0, shape: tuple[int, int, int] = SHAPE) -> Pixels:
    """n images that all differ: the number of each, in its first two pixels."""
    flat = np.zeros((n, math.prod(shape)), dtype=np.uint8)
    number = np.arange(first, first + n)
    flat[:, 0], flat[:, 1] = number % 256, number // 256
    return flat.reshape(n, *shape)


class InProcessPlatform(httpx.BaseTransport):
    """Carries a client's requests to an ASGI app in a loop of its own: no network, no sockets."""

    def __init__(self, app: Any) -> None:
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        parts = list(request.stream)  # type: ignore[arg-type]

        async def body() -> AsyncIterator[bytes]:
            for part in parts:
                yield part

        async def handle() -> httpx.Response:
            same = httpx.Request(
                request.method, request.url, headers=request.headers, content=body()
            )
            response = await self._inner.handle_async_request(same)
            content = b"".join([part async for part in response.stream])
            return httpx.Response(response.status_code, headers=response.headers, content=content)

        return asyncio.run_coroutine_threadsafe(handle(), self._loop).result(30)

    def close(self) -> None:
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._loop.shutdown_default_executor(), self._loop).result(
            9
        )
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(9)
        self._loop.close()
