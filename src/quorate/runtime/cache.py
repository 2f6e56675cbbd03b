"""A disk cache for the results of slow pure functions, shared by runs and workers."""

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
    """Cache the function's results on disk; arrays come back memory-mapped.

    If the folder cannot be written or the disk is full, the function simply runs again.
    """

    @functools.wraps(function)
    def remembered(*args: Any, **kwargs: Any) -> Any:
        import warnings

        import joblib

        # If the function itself raises one of these, its second call raises it again.
        with contextlib.suppress(OSError, KeyError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib warns if a result cannot be stored
            memory = joblib.Memory(folder(), mmap_mode="r", verbose=0)
            return memory.cache(function)(*args, **kwargs)
        return function(*args, **kwargs)

    return cast(F, remembered)
