"""Workers of a Dask scheduler, whoever started them."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from quorate.errors import WorkerError
from quorate.executors import message
from quorate.executors.executor import Pool, Workers
from quorate.executors.waiting import TICK, Patience

R = TypeVar("R")
TURN = 5.0  # seconds of work in a message


class DaskPool(Pool):
    """The workers of a Dask scheduler; each of them does one message at a time.

    Args:
        client: of the scheduler.
        workers: how many there will be; None for those that are there.
        patience: seconds for which there may be none.
    """

    turn, is_remote, is_elsewhere, falls_together = TURN, True, True, False
    lost = (message.LostWorkerError,)

    def __init__(self, client: Any, workers: int | None, patience: float) -> None:
        self._client = client
        self._engine = client.get_executor(pure=False)  # what is tried again is done again
        self._wanted, self._patience = workers, Patience(patience)
        self._seen, self._there = set[str](), dict[str, str]()  # addresses, with their names
        self._looked_at = -TICK
        self._in_flight: set[Future[Any]] = set()

    @property
    def workers(self) -> int:  # type: ignore[override]
        """How many there are when all are there."""
        return self._wanted or max(1, len(self._there))

    def submit(self, work: Callable[..., R], /, *args: Any) -> Future[R]:
        """Have work done by a worker that is idle."""
        from distributed.scheduler import KilledWorker

        with self._answering():
            lost = (KilledWorker, CancelledError)
            future = message.send(self._engine.submit, lost, work, args)
        self._in_flight.add(future)
        future.add_done_callback(self._in_flight.discard)
        return future

    def look(self) -> Workers:
        """Return how many there are, asked of the scheduler twice a second."""
        now = time.monotonic()
        if now - self._looked_at >= TICK:
            with self._answering():
                found = self._client.scheduler_info(n_workers=-1)["workers"]
            self._there = {address: str(one["name"]) for address, one in found.items()}
            self._looked_at = now
        self._seen |= set(self._there)
        ready = len(self._there)
        self._check(ready)
        lost = len(self._seen) - ready
        return Workers(ready, max(0, self.workers - ready), lost)

    def names(self) -> set[str]:
        """Return the names of the workers that are there."""
        return set(self._there.values())

    def _check(self, ready: int) -> None:
        """Raise WorkerError where nobody has been there for too long."""
        if self._patience.is_over(ready):
            raise WorkerError(
                f"Expected workers of the Dask scheduler at {self._address}, got none for "
                f"{self._patience.limit:g} seconds. Start some (dask worker), or wait longer "
                "(patience=SECONDS)."
            )

    @property
    def _address(self) -> str:
        return str(self._client.scheduler.address)

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn a scheduler that does not answer any more into an error that says what to do."""
        try:
            yield
        except (OSError, TimeoutError, RuntimeError, AttributeError) as error:
            raise WorkerError(
                f"Expected the Dask scheduler to answer, got: {error}. What was finished is "
                "stored: start it again, and run the same command to go on."
            ) from error

    def cancel(self) -> None:
        """Cancel all that was sent and not answered."""
        for future in list(self._in_flight):
            future.cancel()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what Dask logs from the terminal: what matters in it is said in other words."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado", "asyncio")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
