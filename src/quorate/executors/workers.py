"""Ways to do many pieces of work, until their last callers have moved to ``runs``."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from multiprocessing import resource_tracker
from typing import TypeVar

from quorate.errors import WorkerError
from quorate.runtime import device
from quorate.runtime.progress import silence

T = TypeVar("T")
R = TypeVar("R")

# Work that takes a millisecond would wait for its messages: a worker is sent several tasks, and
# hands back what it has not begun when its turn is over. So much work may be lost to kill -9.
MOST_SENT = 64
TURN = 0.1  # seconds


def run_here(work: Callable[[T], R], tasks: Sequence[T]) -> Generator[R, None, None]:
    """Yield the result of each task, in order."""
    for task in tasks:
        yield work(task)


def run_in_processes(
    work: Callable[[T], R], tasks: Sequence[T], jobs: int
) -> Generator[R, None, None]:
    """Yield the result of each task as it comes, from ``jobs`` worker processes.

    The workers are loky's: unlike the standard library's they need no ``if __name__ ==
    "__main__"`` in a user's script, and methods defined in a script or a notebook reach them.

    Raises:
        WorkerError: a worker died; results yielded before are sound.
    """
    from loky import ProcessPoolExecutor
    from loky.process_executor import BrokenProcessPool

    workers = min(jobs, len(tasks))
    pool = ProcessPoolExecutor(workers, initializer=_begin_worker, initargs=(os.getpid(),))
    try:
        waiting, at_work = deque(tasks), dict[Future[list[R]], list[T]]()
        while waiting or at_work:
            while waiting and len(at_work) < 2 * workers:  # one for each, and one at hand
                fair = math.ceil(len(waiting) / (2 * workers))
                some = [waiting.popleft() for _ in range(min(MOST_SENT, fair))]
                with _interrupts_held():
                    at_work[pool.submit(_run_some, work, some, device.current())] = some
            for future in wait(at_work, return_when=FIRST_COMPLETED).done:
                found = future.result()
                waiting.extendleft(reversed(at_work.pop(future)[len(found) :]))
                yield from found
    except BrokenProcessPool as broken:
        raise WorkerError(
            f"Expected {workers} workers to live through the sweep, got one that died (out of "
            "memory?). What is stored is kept; run the same command with fewer --jobs."
        ) from broken
    finally:
        # Done, Ctrl-C, a cell's error, or the generator is closed: wait for nothing in flight.
        pool.shutdown(wait=True, kill_workers=True)


def _run_some(work: Callable[[T], R], tasks: Sequence[T], place: device.Place) -> list[R]:
    """Return the results of the first tasks: of one at least, of no more once time is up.

    ``place`` is the device of the parent.
    """
    end = time.monotonic() + TURN
    with device.use(place):
        found = [work(tasks[0])]
        for task in tasks[1:]:
            if time.monotonic() > end:
                break
            found.append(work(task))
    return found


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


def _begin_worker(parent: int) -> None:
    """Leave Ctrl-C and the terminal to the parent, and end with it even if it is killed."""
    silence()
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
