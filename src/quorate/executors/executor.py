"""The role of an executor: where the cells of a run are computed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

R = TypeVar("R")


@dataclass(frozen=True)
class Workers:
    """How the workers of a pool are at the moment.

    Args:
        ready: workers that can be given something to do.
        waiting: workers that were asked for and are not there yet.
        lost: workers that died, or were taken away, since the pool was opened.
        queue: what those that are not there wait for, in words; empty where nothing is known.
    """

    ready: int
    waiting: int = 0
    lost: int = 0
    queue: str = ""

    def in_words(self, in_flight: int) -> str:
        """Return the numbers for a progress bar.

        Args:
            in_flight: messages that were sent and not answered.

        >>> Workers(3, waiting=2, lost=1, queue="Resources").in_words(4)
        '3 at work, 2 waiting (Resources), 1 lost'
        """
        parts = [f"{min(self.ready, in_flight)} at work"]
        if self.waiting:
            parts.append(f"{self.waiting} waiting" + (f" ({self.queue})" if self.queue else ""))
        if self.lost:
            parts.append(f"{self.lost} lost")
        return ", ".join(parts)


class Pool(Protocol):
    """Workers that are ready, in the shape of ``concurrent.futures``.

    Args:
        workers: how many messages are at work at once when all workers are there.
        turn: seconds of work that one message carries, so that small cells do not wait for
            messages; what a worker has not begun when its turn is over is handed back.
        is_remote: whether work is done in another process, which must check what it was sent.
        is_elsewhere: whether it may be done on another machine, with files, devices and versions of
            its own.
        falls_together: whether everything in flight is lost when one worker is lost.
        lost: what a future raises when its worker died, was preempted or ran out of time. That is
            not the fault of the work, which is tried again.
    """

    workers: int
    turn: float
    is_remote: bool
    is_elsewhere: bool = False
    falls_together: bool = True
    lost: tuple[type[BaseException], ...]

    def submit(self, work: Callable[..., R], /, *args: Any) -> Future[R]:
        """Have ``work(*args)`` done by a worker; ``work`` is a function at the top of a module."""

    def look(self) -> Workers | None:
        """Return how the workers are, for those who wait; None where they are all there at once.

        It is asked about twice a second.

        Raises:
            WorkerError: no worker is left, and none comes.
        """
        return None


@runtime_checkable
class Executor(Protocol):
    """Where cells are computed: a frozen dataclass whose fields are its parameters.

    The outcomes of a run do not depend on it, to the bit.

    Args:
        is_elsewhere: as of its pool, where that is known before it is opened.
    """

    name: ClassVar[str]
    is_elsewhere: ClassVar[bool] = False

    def check(self) -> None:
        """Raise InputError where it shows on this machine that no cell can be computed.

        It is called before anything is stored or started. By default, nothing is checked.
        """
        return

    def open(self) -> AbstractContextManager[Pool]:
        """Start the workers, once for a whole run; on leaving, end what runs and release them.

        Raises:
            InputError: a parameter is not as expected, the executor cannot be reached, or what it
                needs is not installed.
            WorkerError: no worker comes, or the workers have other versions of Python or quorate.
        """
