"""Work that is not to be cut off: a worker says that it is at it, and is told that it should end.

An interrupt that is raised anywhere would meet libraries in the midst of their imports; here it is
asked for, where work can end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

_ending: Any = None  # an event of the parent's, in a worker
_at_it: Any = None  # a semaphore that counts the workers which are at such work


def listen(ending: Any, at_it: Any) -> None:
    """Let this process, a worker, be told by an event that it should end, and count its work."""
    global _ending, _at_it
    _ending, _at_it = ending, at_it


def should_end() -> bool:
    """Whether the parent of this worker waits for it to end."""
    return _ending is not None and bool(_ending.is_set())


@contextlib.contextmanager
def heeded() -> Iterator[None]:
    """Let the parent wait a moment before it ends this worker: ``should_end`` is looked at."""
    if _at_it is None:
        yield
        return
    _at_it.release()
    try:
        yield
    finally:
        _at_it.acquire(block=False)
