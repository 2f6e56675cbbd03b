"""One thread for each cell, so that sums are taken in the same order whatever else is running."""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from quorate.extras import is_installed

THREADED = ("torch", "sklearn.base", "scipy.special")  # libraries with threads of their own


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Run in one thread inside: sums are taken in one order, whatever else is running.

    Only libraries that are loaded before obey: see ``load_libraries``.
    """
    loaded = [name in sys.modules for name in ("torch", "sklearn", "scipy")]
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else 1
    if torch:
        torch.set_num_threads(1)
    try:
        with _thread_pools(*loaded).limit(limits=1):
            yield
    finally:
        if torch:
            torch.set_num_threads(threads)


def load_libraries(names: Iterable[str] = THREADED) -> None:
    """Load libraries that have threads of their own: all of them, or those that will be used.

    One that is not installed is left out: nothing here can use it.
    """
    for name in names:
        if is_installed(name.partition(".")[0]):
            importlib.import_module(name)


@functools.cache
def _thread_pools(*loaded: bool) -> Any:
    """Return the thread pools of the libraries loaded so far: finding them takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
