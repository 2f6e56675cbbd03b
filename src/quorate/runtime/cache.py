"""Results of slow pure functions, kept on disk between runs and shared by workers."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def folder() -> Path:
    """Return the cache folder: QUORATE_CACHE, else ``quorate`` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("QUORATE_CACHE") or Path(base) / "quorate")


def on_disk(function: F) -> F:
    """Keep the function's results in the cache folder; arrays come back memory-mapped.

    Where the folder cannot be written, or the disk is full, the function is simply run again.
    """

    @functools.wraps(function)
    def remembered(*args: Any, **kwargs: Any) -> Any:
        import warnings

        import joblib

        # An error of the function's own, if it is one of these, is raised by the second call.
        with contextlib.suppress(OSError, KeyError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib warns where a result cannot be kept
            memory = joblib.Memory(folder(), mmap_mode="r", verbose=0)
            return memory.cache(function)(*args, **kwargs)
        return function(*args, **kwargs)

    return cast(F, remembered)
