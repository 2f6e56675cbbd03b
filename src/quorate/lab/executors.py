"""Ways to run cells: one after another here, or in worker processes. Same outcomes either way."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from quorate.errors import WorkerError
from quorate.lab.trial import Outcome, Trial


def run_here(cells: Sequence[Trial]) -> Generator[Outcome, None, None]:
    """Yield the outcome of each cell, in order."""
    for cell in cells:
        yield cell.run()


def run_in_processes(cells: Sequence[Trial], jobs: int) -> Generator[Outcome, None, None]:
    """Yield the outcome of each cell as it comes, from ``jobs`` worker processes.

    Raises:
        WorkerError: a worker died; outcomes yielded before are sound.
    """
    context = multiprocessing.get_context("spawn")
    workers = min(jobs, len(cells))
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker) as pool:
        try:
            futures = [pool.submit(Trial.run, cell) for cell in cells]
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool:
            raise WorkerError(
                f"Expected {workers} workers to live through the sweep, got one that died (out of "
                "memory?). What is stored is kept; run the same command with fewer --jobs."
            ) from None
        except BaseException:
            # The generator is closed, Ctrl-C, or a cell's error: do not wait for cells in flight.
            pool.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.terminate()
            raise


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
