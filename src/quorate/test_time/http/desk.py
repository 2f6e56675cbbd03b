"""Where requests wait: for room for their bodies, and for the one thread that answers them all."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from quorate.test_time.http.service import Asked, RefusedError, Reply

AT_ONCE = 64  # requests that are answered together
WAIT_SECONDS = 30.0  # for room

Answer = Callable[[Sequence[Asked]], "list[Reply | Exception]"]


class Desk:
    """Answers whatever waits, all of it together: one question to the model, one commit.

    While some are answered the next ones gather, so the more ask at once, the less each costs.

    Args:
        answer: answers requests, in a thread.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._waiting: deque[tuple[Asked, asyncio.Future[Reply]]] = deque()
        self._lock = threading.Lock()
        self._at_work = False
        self._thread: ThreadPoolExecutor | None = None

    async def ask(self, asked: Asked) -> Reply:
        """Return the reply to one request, when it is its turn."""
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.append((asked, reply))
            starts, self._at_work = not self._at_work, True
        if starts:
            self._thread = self._thread or ThreadPoolExecutor(1, "desk")
            self._thread.submit(self._work)
        return await reply

    def close(self) -> None:
        """Let the thread end, once nobody waits; whoever asks later starts another."""
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None

    def _work(self) -> None:
        """Answer until nobody waits."""
        while some := self._take():
            try:
                told = self._answer([asked for asked, _ in some])
            except BaseException as error:  # nobody is left waiting, whatever happens
                failed = error if isinstance(error, Exception) else RuntimeError(repr(error))
                told = [failed] * len(some)
            replies = [(future, reply) for (_, future), reply in zip(some, told, strict=True)]
            for loop in {future.get_loop() for future, _ in replies}:
                mine = [one for one in replies if one[0].get_loop() is loop]
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there
                    loop.call_soon_threadsafe(_tell, mine)

    def _take(self) -> list[tuple[Asked, asyncio.Future[Reply]]]:
        with self._lock:
            some = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            self._at_work = bool(some)
        return some


def _tell(replies: list[tuple[asyncio.Future[Reply], Reply | Exception]]) -> None:
    for future, reply in replies:
        if future.done():  # whoever asked is gone
            continue
        if isinstance(reply, Exception):
            future.set_exception(reply)
        else:
            future.set_result(reply)


class Room:
    """Bytes that the bodies of all requests may take together. In one event loop.

    Who has to wait is let in by turn; no key takes more than a quarter, so that one that sends
    slowly does not keep the others out.

    Args:
        size: bytes in all.
        largest: bytes of the largest body, for which there is always room at some time.
    """

    def __init__(self, size: int, largest: int) -> None:
        self._free = max(size, largest)
        self._share = max(size // 4, largest)
        self._held: Counter[str] = Counter()
        self._waiting: deque[tuple[str, int, asyncio.Future[bool]]] = deque()

    @contextlib.asynccontextmanager
    async def hold(self, key: str, size: int) -> AsyncIterator[None]:
        """Hold bytes for a request of a key, when there is room.

        Raises:
            RefusedError: there is none for a while.
        """
        overtakes = any(self._held[k] + n <= self._share for k, n, _ in self._waiting)
        if overtakes or not self._take(key, size):
            await self._wait(key, size)
        try:
            yield
        finally:
            self._free += size
            self._held[key] -= size
            if self._held[key] <= 0:
                del self._held[key]
            self._let_in()

    def _take(self, key: str, size: int) -> bool:
        if size > self._free or self._held[key] + size > self._share:
            return False
        self._free -= size
        self._held[key] += size
        return True

    async def _wait(self, key: str, size: int) -> None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((key, size, turn))
        late = loop.call_later(WAIT_SECONDS, _give_up, turn)
        try:
            if not await turn:
                raise busy()
        finally:
            late.cancel()
            with contextlib.suppress(ValueError):
                self._waiting.remove((key, size, turn))

    def _let_in(self) -> None:
        """Let in, by turn, all for whom there is room."""
        for waiting in list(self._waiting):
            key, size, turn = waiting
            if self._free <= 0:
                return
            if not turn.done() and self._take(key, size):
                self._waiting.remove(waiting)
                turn.set_result(True)


def _give_up(turn: asyncio.Future[bool]) -> None:
    if not turn.done():
        turn.set_result(False)


def busy() -> RefusedError:
    """Return the refusal of a request that the server has no place for."""
    return RefusedError(
        503,
        "busy",
        "The server has more requests than it can hold. Ask again in a few seconds.",
        {"Retry-After": "2"},
    )
