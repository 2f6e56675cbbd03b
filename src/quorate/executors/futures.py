"""Any executor in the shape of ``concurrent.futures``: Parsl's, mpi4py's, loky's, ..."""

from __future__ import annotations

import concurrent.futures
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from quorate.errors import InputError, WorkerError
from quorate.executors.clusters import message
from quorate.executors.clusters.waiting import wait_for_first
from quorate.executors.executor import Executor, Pool
from quorate.printable import one_line
from quorate.validate import shown

R = TypeVar("R")
GOODBYE = 10.0  # seconds for what was begun, where a run stops


@dataclass(frozen=True)
class Futures(Executor):
    """Workers of an executor that is handed in, and that is not shut down afterwards.

    Args:
        engine: anything with ``submit(function, *args)`` that returns a
            ``concurrent.futures.Future``.
        workers: how many pieces of work are done at once; None asks the engine.

    Raises:
        InputError: the engine has no ``submit``, or does not say how many workers it has.
    """

    name: ClassVar[str] = "futures"
    is_elsewhere: ClassVar[bool] = True
    engine: Any = field(repr=False)
    workers: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.engine, type) or not callable(getattr(self.engine, "submit", None)):
            raise InputError(
                "Expected an executor with submit(function, *args), as those of "
                f"concurrent.futures have, got {shown(self.engine)}. Hand in one, or name one: "
                "processes:workers=4."
            )

    @contextlib.contextmanager
    def open(self) -> Iterator[Pool]:
        """Yield the engine as a pool; what waits is cancelled on leaving."""
        pool = _FuturesPool(self.engine, self.workers or _count_workers(self.engine))
        try:
            wait_for_first(pool, f"Waiting for {type(self.engine).__name__}")
            yield pool
        finally:
            pool.cancel()


def _count_workers(engine: Any) -> int:
    for said in ("_max_workers", "max_workers", "num_workers"):
        if isinstance(count := getattr(engine, said, None), int) and count >= 1:
            return count
    raise InputError(
        f"Expected {type(engine).__name__} to say how many workers it has, got nothing. Say it: "
        "quorate.executors.futures.Futures(engine, workers=4)."
    )


class _FuturesPool(Pool):
    """An engine that is somebody else's: what breaks it cannot be mended here."""

    turn, is_remote, is_elsewhere = 1.0, True, True
    lost = (message.LostWorkerError,)

    def __init__(self, engine: Any, workers: int) -> None:
        self.workers = workers
        self._engine = engine
        self._sent: set[Future[Any]] = set()  # of the engine

    def submit(self, work: Callable[..., R], /, *args: Any) -> Future[R]:
        """Hand the work to the engine."""
        try:
            return message.send(self._hand_over, (BrokenExecutor,), work, args)
        except BrokenExecutor as error:
            raise WorkerError(
                f"Expected {type(self._engine).__name__} to go on when a worker is lost, got: "
                f"{one_line(str(error)).rstrip('.')}. What was finished is stored: hand in a new "
                "executor to go on, or use processes:workers=..., which replaces its workers."
            ) from error
        except RuntimeError as error:  # shut down
            raise InputError(
                f"Expected an executor that is open, got: {error}. Hand in one that was not shut "
                "down."
            ) from error

    def _hand_over(self, function: Callable[..., R], *args: Any) -> Future[R]:
        sent: Future[R] = self._engine.submit(function, *args)
        self._sent.add(sent)
        sent.add_done_callback(self._sent.discard)
        return sent

    def cancel(self) -> None:
        """Cancel what waits, and give what was begun, which this engine cannot end, a moment."""
        left = list(self._sent)
        for sent in left:
            message.cancel(sent)
        concurrent.futures.wait(left, GOODBYE)
