"""One cell after another, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from quorate.executors.executor import Executor, Pool
from quorate.runtime import device

R = TypeVar("R")


@dataclass(frozen=True)
class Serial(Executor):
    """One cell after another in this process; errors can be debugged where they happen."""

    name: ClassVar[str] = "serial"

    def check(self) -> None:
        """Raise InputError unless this machine has the device that is asked for."""
        device.current()

    @contextmanager
    def open(self) -> Iterator[Pool]:
        """Yield this process as a pool of one worker."""
        yield THIS_PROCESS


class _ThisProcess(Pool):
    workers, turn, is_remote = 1, 0.0, False
    lost = ()

    def submit(self, work: Callable[..., R], /, *args: Any) -> Future[R]:
        """Do the work at once, and return a future that is done."""
        future: Future[R] = Future()
        try:
            future.set_result(work(*args))
        except Exception as error:
            future.set_exception(error)
        return future


SERIAL, THIS_PROCESS = Serial(), _ThisProcess()
