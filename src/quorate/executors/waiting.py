"""Waiting for the first worker, and for those that were lost."""

from __future__ import annotations

import time
from concurrent.futures import wait

from quorate.errors import WorkerError
from quorate.executors.executor import Pool
from quorate.executors.message import LostWorkerError
from quorate.runtime.progress import status

TICK = 0.5  # seconds between two looks at the workers
MOST_LOSSES = 3


def wait_for_first(pool: Pool, what: str) -> None:
    """Return once a worker has answered, of the same versions as here.

    Args:
        pool: the workers, whose ``look`` says when there has been nobody for too long.
        what: is waited for, in words, for a terminal.

    Raises:
        WorkerError: nobody came, those that came died at once, or they are of other versions.
    """
    with status(what) as say:
        for _ in range(MOST_LOSSES):
            answer = pool.submit(abs, -1)
            while not wait([answer], timeout=TICK).done:
                there = pool.look()
                if there is not None:
                    say(f"{what}: {there.in_words(0)}")
            try:
                answer.result()
            except LostWorkerError as error:
                last = error
            else:
                return
    raise WorkerError(
        f"Expected workers that live, got {MOST_LOSSES} that were lost before they did anything: "
        f"{last}. See their own logs."
    )


class Patience:
    """How long there has been nobody, against how long that may be.

    Args:
        limit: seconds for which there may be no worker.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._since: float | None = None  # when nobody was seen there first

    def is_over(self, ready: int) -> bool:
        """Whether nobody has been there for too long, now that so many are."""
        if ready:
            self._since = None
            return False
        if self._since is None:
            self._since = time.monotonic()
        return time.monotonic() - self._since > self.limit
