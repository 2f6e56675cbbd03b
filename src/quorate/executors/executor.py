"""The role of an executor: where the cells of a run are computed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

R = TypeVar("R")


class Pool(Protocol):
    """Workers that are ready, in the shape of ``concurrent.futures``.

    Args:
        workers: how many messages are at work at once.
        turn: seconds of work that one message carries, so that small cells do not wait for
            messages; what a worker has not begun when its turn is over is handed back.
        is_remote: whether work is done in another process, which must check what it was sent.
        lost: what a future raises when its worker died, was preempted or ran out of time. That is
            not the fault of the work, which is tried again.
    """

    workers: int
    turn: float
    is_remote: bool
    lost: tuple[type[BaseException], ...]

    def submit(self, work: Callable[..., R], /, *args: Any) -> Future[R]:
        """Have ``work(*args)`` done by a worker; ``work`` is a function at the top of a module."""


@runtime_checkable
class Executor(Protocol):
    """Where cells are computed: a frozen dataclass whose fields are its parameters.

    The outcomes of a run do not depend on it, to the bit.
    """

    name: ClassVar[str]

    def open(self) -> AbstractContextManager[Pool]:
        """Start the workers, once for a whole run; on leaving, end what runs and release them."""
