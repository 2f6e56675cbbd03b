"""Worker processes on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any, ClassVar, TypeVar

from quorate.bring_your_own.handed_in import sent_by_file
from quorate.errors import InputError
from quorate.executors.executor import Executor, Pool
from quorate.runtime import device, interrupts
from quorate.runtime.progress import silence
from quorate.spec import param
from quorate.validate import at_least, shown

R = TypeVar("R")
MOMENT = 2.5  # seconds for workers at work that is not to be cut off
MOST_WORKERS = 1024


@dataclass(frozen=True)
class Processes(Executor):
    """Worker processes on this machine, one thread each.

    The workers are loky's: unlike the standard library's they need no ``if __name__ ==
    "__main__"`` in a user's script, and methods defined in a script or a notebook reach them.

    Raises:
        InputError: there is not at least one worker.
    """

    name: ClassVar[str] = "processes"
    workers: int = param(2, "Number of worker processes, at least 1.")

    def __post_init__(self) -> None:
        check_workers("workers", self.workers)

    def check(self) -> None:
        """Raise InputError unless this machine has the device that is asked for."""
        device.current()

    @contextlib.contextmanager
    def open(self) -> Iterator[Pool]:
        """Yield a pool whose workers start with the first piece of work."""
        pool = _LokyPool(self.workers)
        with sent_by_file():
            try:
                yield pool
            finally:
                pool.stop()


def check_workers(name: str, workers: int) -> None:
    """Raise InputError unless a run can have so many workers."""
    at_least(name, workers, 1, "Use one worker or more.")
    if workers > MOST_WORKERS:
        raise InputError(
            f"Expected {name}={shown(workers)} to be at most {MOST_WORKERS}: each is a process, "
            "and one hands them all their work. Use fewer; on this machine, as many as there are "
            "cores."
        )


class _LokyPool(Pool):
    """Loky's pool. When one of its workers dies, all that is in flight is lost with it."""

    turn, is_remote = 0.1, True  # so much work may be lost to kill -9

    def __init__(self, workers: int) -> None:
        from loky.process_executor import BrokenProcessPool

        self.workers, self.lost = workers, (BrokenProcessPool,)
        self._pool: Any = None
        self._ending: Any = None  # tells the workers
        self._at_it: Any = None  # counts those that look whether they are told

    def submit(self, work: Callable[..., R], /, *args: Any) -> Future[R]:
        """Send work to a worker; if one has died before, the others are replaced as well."""
        with _interrupts_held():
            try:
                return self._running().submit(work, *args)  # type: ignore[no-any-return]
            except self.lost:
                self.stop()
                return self._running().submit(work, *args)  # type: ignore[no-any-return]

    def _running(self) -> Any:
        from loky import ProcessPoolExecutor
        from loky.backend import get_context

        if self._pool is None:
            context = get_context("loky")
            self._ending, self._at_it = context.Event(), context.Semaphore(0)
            told = os.getpid(), self._ending, self._at_it
            self._pool = ProcessPoolExecutor(self.workers, initializer=_begin_worker, initargs=told)
        return self._pool

    def stop(self) -> None:
        """End the workers, whatever they are at; what waits is cancelled.

        Those that are at work which is not to be cut off get a moment to end it.
        """
        if self._pool is None:
            return
        try:
            self._ending.set()
            end = time.monotonic() + MOMENT
            while self._at_it.acquire(block=False) and time.monotonic() < end:
                self._at_it.release()  # somebody is: macOS cannot tell otherwise
                time.sleep(0.02)
        finally:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait while workers start: they inherit the block, so it never reaches them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # it is needed anyway, and its start would lift the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker(parent: int, ending: Any, at_it: Any) -> None:
    """Leave Ctrl-C and the terminal to the parent, and end with it even if it is killed."""
    from loky import process_executor

    # Where psutil is installed, loky replaces workers that grow, as each does with its libraries.
    process_executor._MAX_MEMORY_LEAK_SIZE = sys.maxsize
    silence()
    interrupts.listen(ending, at_it)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
