"""Opening an executor: when there is something to compute, and once for all that a command does."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextvars import ContextVar
from typing import Any, TypeVar

from quorate.executors.executor import Executor, Pool, Workers

R = TypeVar("R")
_open: ContextVar[tuple[LazyPool, ...]] = ContextVar("open pools", default=())


@contextlib.contextmanager
def workers_of(executor: Executor) -> Iterator[Pool]:
    """Yield the workers of an executor, which are started when they are first needed.

    Inside another ``workers_of`` of the same executor, its workers are used and left open. So a
    command that runs several studies waits for a cluster's queue once, and not at all where
    everything is stored.
    """
    for pool in _open.get():
        if pool.executor is executor:
            yield pool
            return
    with contextlib.ExitStack() as stack:
        pool = LazyPool(executor, stack)
        token = _open.set((*_open.get(), pool))
        try:
            yield pool
        finally:
            _open.reset(token)


class LazyPool(Pool):
    """The pool of an executor, opened when something is asked of it.

    Args:
        executor: whose pool it is.
        stack: where the pool is closed.
    """

    def __init__(self, executor: Executor, stack: contextlib.ExitStack) -> None:
        self.executor, self._stack = executor, stack

    @functools.cached_property
    def _pool(self) -> Pool:
        return self._stack.enter_context(self.executor.open())

    @property
    def workers(self) -> int:  # type: ignore[override]
        """As the pool says."""
        return self._pool.workers

    @property
    def turn(self) -> float:  # type: ignore[override]
        """As the pool says."""
        return self._pool.turn

    @property
    def is_remote(self) -> bool:  # type: ignore[override]
        """As the pool says."""
        return self._pool.is_remote

    @property
    def is_elsewhere(self) -> bool:  # type: ignore[override]
        """As the executor says, or else the pool."""
        return self.executor.is_elsewhere or self._pool.is_elsewhere

    @property
    def falls_together(self) -> bool:  # type: ignore[override]
        """As the pool says."""
        return self._pool.falls_together

    @property
    def lost(self) -> tuple[type[BaseException], ...]:  # type: ignore[override]
        """As the pool says."""
        return self._pool.lost

    def submit(self, work: Callable[..., R], /, *args: Any) -> Future[R]:
        """Have it done by the pool."""
        return self._pool.submit(work, *args)

    def look(self) -> Workers | None:
        """Return how the pool's workers are."""
        return self._pool.look()
