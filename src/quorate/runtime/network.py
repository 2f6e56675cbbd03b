"""Whether data may be fetched: who only reads what is stored opens no connection."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from quorate.errors import DataUnavailableError

_is_reading = ContextVar("_is_reading", default=False)


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Let nothing be fetched meanwhile."""
    before = _is_reading.set(True)
    try:
        yield
    finally:
        _is_reading.reset(before)


def check_online(what: str) -> None:
    """Raise DataUnavailableError where something would be fetched by who only reads."""
    if _is_reading.get():
        raise DataUnavailableError(
            f"Expected {what} on this machine, under the folder that QUORATE_DATA names, got none: "
            "reading what is stored opens no connection. Put a copy there, or run the command "
            "again that has made the results."
        )
