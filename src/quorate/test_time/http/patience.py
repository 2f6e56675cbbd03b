"""How long a request is waited for, and how often it is tried, whatever the server says."""

from __future__ import annotations

import email.utils
import math
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

LONGEST = 60.0  # seconds between two tries, where the server does not say
SHORTEST = 1.0  # a shorter wait that the server asks for is a failure like any other
MOST_TRIES = 100  # of one request, waits that the server asked for included
DATE = 64  # characters of a date, at most


class Stop:
    """Ends the requests of one call: none is begun any more, those under way get a moment.

    ``until`` is when that moment ends, on the clock of ``time.monotonic``.
    """

    def __init__(self) -> None:
        self._set = threading.Event()
        self.until = math.inf

    @property
    def is_set(self) -> bool:
        """Whether no more requests shall be sent."""
        return self._set.is_set()

    def set(self, moment: float = math.inf) -> None:
        """Let no more requests be sent, and those under way take so many seconds at most."""
        self.until = min(self.until, time.monotonic() + moment)
        self._set.set()

    def wait(self, seconds: float) -> None:
        """Wait so long, or until no more requests shall be sent."""
        self._set.wait(seconds)


class Tries:
    """The tries of one request: how many, how long they took, whether one may have been metered.

    Args:
        retries: tries after the first that failed. Waits of a second and longer that the server
            asks for are none of these, but there are ``MOST_TRIES`` in all.
        patience: seconds that all tries and waits may take together.
        clock: gives the time, in seconds.
    """

    def __init__(
        self, retries: int, patience: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.retries = retries
        self.patience = patience
        self.count = 0
        self.metered = False
        self._failed = 0
        self._waited = 0.0
        self._clock = clock
        self._began = clock()

    def wait_after(self, asked: float | None, metered: bool) -> float | None:
        """Note a try that failed; return the seconds until the next one, None if it was the last.

        Args:
            asked: seconds that the server asks to wait, if it does.
            metered: whether the platform may have counted the images of this try.
        """
        self.count += 1
        self.metered |= metered
        told = asked is not None and asked >= SHORTEST
        self._failed += not told
        # None of two requests' waits are alike, or those that failed together would come together.
        own = random.uniform(0, min(LONGEST, 0.5 * 2.0 ** min(self._failed - 1, 30)))
        wait = asked + random.uniform(0, 0.25) if asked is not None and told else own
        self._waited += wait
        elapsed = max(self._waited, self._clock() - self._began + wait)
        over = self._failed > self.retries or self.count >= MOST_TRIES or elapsed > self.patience
        return None if over else wait


def read_retry_after(values: Sequence[str]) -> float | None:
    """Return the seconds that headers Retry-After ask to wait; None where they make no sense.

    A number or a date, as RFC 9110 has it; what has passed is 0. The longest of several counts.

    >>> read_retry_after(["12"]), read_retry_after(["3, 5"]), read_retry_after(["0"])
    (12.0, 5.0, 0.0)
    >>> read_retry_after(["-1"]), read_retry_after(["nan"]), read_retry_after([])
    (None, None, None)
    """
    found = [wait for value in values for wait in _seconds(value.strip())]
    return max(found, default=None)


def _seconds(value: str) -> list[float]:
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{0,12})?(\s*,\s*[0-9]{1,12})*", value):
        return [float(part) for part in value.split(",")]
    if re.fullmatch(r"[0-9]{13,}", value):
        return [math.inf]
    if len(value) > DATE:
        return []
    try:
        until = email.utils.parsedate_to_datetime(value)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return [max(0.0, (until - datetime.now(UTC)).total_seconds())]
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return []
