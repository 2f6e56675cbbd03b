"""Waiting for the first worker, and for those that were lost."""

from __future__ import annotations

import re
import time
from concurrent.futures import wait

from quorate.errors import InputError, WorkerError
from quorate.executors.clusters.message import LostWorkerError
from quorate.executors.executor import Pool
from quorate.runtime.progress import status
from quorate.validate import shown

TICK = 0.5  # seconds between two looks at the workers
MOST_LOSSES = 3
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


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


def seconds_of(name: str, text: str) -> float:
    """Return the seconds of a text such as 90, 90s, 30m, 12h or 2d.

    >>> seconds_of("patience", "90"), seconds_of("patience", "1.5h")
    (90.0, 5400.0)

    Raises:
        InputError: it is no such text.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", str(text).strip().lower(), re.ASCII)
    if found is None:
        raise InputError(
            f"Expected {name} to be a time, got {shown(text)}. Write {name}=30m, with s, m, h or d "
            "for seconds, minutes, hours or days."
        )
    return float(found[1]) * SECONDS[found[2]]
