"""Workers of a Dask scheduler, whoever started them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from quorate.errors import WorkerError
from quorate.executors.clusters import message, sender
from quorate.executors.clusters.waiting import TICK, Patience
from quorate.executors.executor import Pool, Workers
from quorate.runtime.progress import tell

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
        self._wanted, self._patience = workers, Patience(patience)
        self._seen, self._there = set[str](), dict[str, Any]()  # addresses, with what is known
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
            lost = (KilledWorker, CancelledError, asyncio.CancelledError)
            future = message.send(self._hand_over, lost, work, args)
        self._in_flight.add(future)
        future.add_done_callback(self._in_flight.discard)
        return future

    def _hand_over(self, function: Callable[..., R], *args: Any) -> Future[R]:
        """Hand a function to the scheduler; what is tried again is done again.

        Dask's own executor fails where a worker dies just after its answer has come.
        """
        asked = self._client.submit(function, *args, pure=False)
        sent: Future[R] = Future()

        async def pass_on() -> None:
            try:
                (found,) = await self._client.gather([asked], asynchronous=True)
            except BaseException as error:
                if sent.set_running_or_notify_cancel():
                    sent.set_exception(error)
            else:
                if sent.set_running_or_notify_cancel():
                    sent.set_result(found)

        sent.add_done_callback(lambda one: asked.cancel() if one.cancelled() else None)
        self._client.loop.add_callback(pass_on)
        return sent

    def look(self) -> Workers:
        """Return how many there are, asked of the scheduler twice a second.

        It waits while the scheduler does not answer, until the client has given it up.
        """
        while self._client.status == "connecting":
            time.sleep(TICK / 5)
        now = time.monotonic()
        if now - self._looked_at >= TICK:
            with self._answering():
                self._there = dict(self._client.scheduler_info(n_workers=-1)["workers"])
            self._looked_at = now
        self._seen |= set(self._there)
        ready = len(self._there)
        self._check(ready)
        lost = len(self._seen) - ready
        return Workers(ready, max(0, self.workers - ready), lost)

    def check_all(self) -> None:
        """Check every worker that is there: later ones are checked as they begin.

        Raises:
            WorkerError: one has other versions, or no quorate.
        """
        self.look()
        call = message.pack_call(message.check_versions, sender.describe())
        with self._answering():
            answers = self._client.run(pickle.loads, call, on_error="return")
        for address, answer in answers.items():
            if isinstance(answer, WorkerError):
                raise answer
            if isinstance(answer, ImportError | AttributeError):
                raise message.lacks_quorate(answer, f"the worker at {address}")
        if any(one.get("nthreads", 1) > 1 for one in self._there.values()):
            tell(
                "Some of Dask's workers have several threads, and each worker computes one cell "
                "at a time. To use all cores: dask worker --nworkers auto --nthreads 1"
            )

    def _check(self, ready: int) -> None:
        """Raise WorkerError where nobody has been there for too long."""
        if self._patience.is_over(ready):
            raise WorkerError(
                f"Expected workers of the Dask scheduler at {self._address}, got none for "
                f"{self._patience.limit:g} seconds. Start some (dask worker), or wait longer "
                "(patience=10m)."
            )

    @property
    def _address(self) -> str:
        return str(self._client.scheduler.address)

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn what is raised where the scheduler has gone into an error that says what to do."""
        try:
            yield
        except Exception as error:
            if self._client.status == "running":
                raise
            raise WorkerError(
                "Expected the Dask scheduler to answer, got no connection to it any more. What "
                "was finished is stored: start the scheduler again, and run the same command to "
                "go on."
            ) from error

    def cancel(self) -> None:
        """Cancel all that was sent and not answered."""
        for future in list(self._in_flight):
            future.cancel()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what Dask logs from the terminal: what matters in it is said in other words."""
    import dask
    import distributed  # noqa: F401  # it sets up its loggers

    loggers = [
        logging.getLogger(name)
        for name in logging.root.manager.loggerDict
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio")
    ]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}):
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
