"""A disk cache for the results of slow pure functions, shared by runs and workers."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from quorate.runtime.arrays import pack, unpack
from quorate.runtime.writing import replace_file

F = TypeVar("F", bound=Callable[..., Any])
MISSING = object()


def folder() -> Path:
    """Return the cache folder: QUORATE_CACHE, else ``quorate`` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("QUORATE_CACHE") or Path(base) / "quorate")


def on_disk(function: F) -> F:
    """Cache the function's results, plain data and arrays, on disk; arrays come back memory-mapped.

    A file holds data alone: nothing in it can run. If the folder cannot be written, the disk is
    full, or a file is damaged, the function simply runs again.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def remembered(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs)
        given.apply_defaults()
        file = _file(function, given.arguments)
        found = _read(file)
        if found is MISSING:
            found = function(*args, **kwargs)
            with contextlib.suppress(OSError):
                file.parent.mkdir(parents=True, exist_ok=True)
                replace_file(file, pack(found))
        return found

    return cast(F, remembered)


def _file(function: Callable[..., Any], arguments: dict[str, Any]) -> Path:
    """Return where a result is: its name is a digest of the function's code and arguments."""
    import joblib

    name = f"{function.__module__}.{function.__qualname__}"
    return (
        folder() / "results" / name / f"{joblib.hash((_source(function), arguments))}.safetensors"
    )


@functools.cache
def _source(function: Callable[..., Any]) -> str:
    """Return the function's text, if it is there: with another one, older results are not used."""
    try:
        return inspect.getsource(function)
    except OSError:
        return ""


def _read(file: Path) -> Any:
    """Return the result in a file, or MISSING."""
    try:
        return unpack(np.memmap(file, np.uint8, "r"))
    except Exception:  # none there, or damaged: that may raise whatever its damage leads to
        return MISSING
