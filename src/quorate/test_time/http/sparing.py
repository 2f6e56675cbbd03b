"""A log that strangers cannot fill: one line of a kind every few seconds, with a count."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

SECONDS = 5.0


class Sparing(logging.Filter):
    """Lets through one line of a kind every few seconds, which says how many were left out.

    Lines are of one kind if their first line is the same, before values are filled in, and their
    error's type.

    Args:
        clock: gives the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._shown: dict[object, float] = {}  # when each kind was shown
        self._left_out: dict[object, int] = {}

    @classmethod
    def watch(cls, logger: logging.Logger) -> None:
        """Put one on a logger that has none."""
        if not any(isinstance(one, Sparing) for one in logger.filters):
            logger.addFilter(cls())

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is shown."""
        error = record.exc_info[0] if record.exc_info else None
        text = str(record.msg).split("\n", 1)[0][:200]
        kind = (record.levelno, text, error)
        now = self._clock()
        shown = self._shown.get(kind)
        if shown is not None and now - shown < SECONDS:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return False
        if len(self._shown) >= 256:  # kinds come from the program's text: there are not many
            self._shown.clear()
        self._shown[kind] = now
        missed = self._left_out.pop(kind, 0)
        if missed:
            record.msg = f"{record.getMessage()} ({missed} more such lines were left out)"
            record.args = None
        return True
