"""Many requests at once: each answer is handed on as it comes, whatever happens to the others."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence

from quorate.errors import PlatformError, QuorateError, QuotaError
from quorate.runtime.interrupts import should_end
from quorate.test_time.http.patience import Stop
from quorate.test_time.platforms.answers import Part

MOMENT = 2.0  # seconds that requests under way get when a call is interrupted: they may be paid
GLANCE = 0.2  # seconds after which the waiting thread sees an interrupt, on any system

Came = tuple[list[Part], PlatformError | None]  # of one batch: what came, and what went wrong


def ask_all(
    batches: Sequence[list[int]],
    ask: Callable[[list[int], Stop], Came],
    take: Callable[[Part], None],
    in_flight: int,
) -> None:
    """Ask all batches, in threads that an interrupt does not reach; take each part as it comes.

    After an error that meets every request, what was not sent is refused. After an interrupt too,
    and requests under way get a moment. A thread that outlasts it is let go, and takes nothing.

    Args:
        batches: rows of each request.
        ask: sends a request, and waits as long as ``Stop`` lets it.
        take: takes what became of some rows; it is not called twice at once.
        in_flight: requests sent at once.

    Raises:
        PlatformError: the first that stopped the others; else the first of a key that is spent.
    """
    if not batches:
        return
    count = min(in_flight, len(batches))
    flight = _Flight(batches, ask, take, count)
    try:
        for _ in range(count):
            threading.Thread(target=flight.work, name="asking", daemon=True).start()
        # Not Thread.join: once interrupted, it takes a thread that runs for one that has ended.
        while not flight.over.wait(GLANCE):
            if should_end():
                raise KeyboardInterrupt
    except BaseException:
        flight.stop.set(MOMENT)
        flight.over.wait(MOMENT)
        with contextlib.suppress(QuorateError):
            flight.close()
        raise
    flight.close()
    flight.raise_first()


class _Flight:
    """What the threads of one call share; ``over`` is set once all of them have ended."""

    def __init__(
        self,
        batches: Sequence[list[int]],
        ask: Callable[[list[int], Stop], Came],
        take: Callable[[Part], None],
        threads: int,
    ) -> None:
        self.stop = Stop()
        self.over = threading.Event()
        self._at_work = threads
        self._waiting = deque(batches)
        self._ask = ask
        self._take = take
        self._taking = threading.Lock()
        self._closed = False
        self._failed: list[BaseException] = []  # beside the platform's errors: a full disk, say
        self._errors: list[PlatformError] = []

    def work(self) -> None:
        """Ask one batch after another."""
        try:
            while not self.stop.is_set:
                try:
                    rows = self._waiting.popleft()
                except IndexError:
                    return
                parts, error = self._ask(rows, self.stop)
                with self._taking:
                    if self._closed:
                        return
                    for part in parts:
                        self._take(part)
                if error is not None:
                    self._errors.append(error)
                    if not isinstance(error, QuotaError):
                        self.stop.set()
        except BaseException as error:
            self._failed.append(error)
            self.stop.set()
        finally:
            with self._taking:
                self._at_work -= 1
                if self._at_work == 0:
                    self.over.set()

    def close(self) -> None:
        """Take nothing more but the batches that were never asked, as refused."""
        with self._taking:
            self._closed = True
            rows = tuple(row for batch in self._waiting for row in batch)
            if rows:
                self._take(Part(refused=rows))

    def raise_first(self) -> None:
        """Raise what went wrong: an error that stopped everything says more than a spent key."""
        if self._failed:
            raise self._failed[0]
        others = [error for error in self._errors if not isinstance(error, QuotaError)]
        if others or self._errors:
            raise (others or self._errors)[0]
