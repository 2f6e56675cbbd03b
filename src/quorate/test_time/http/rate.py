"""Request rates: a token bucket, used by the server and by the client."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from quorate.errors import InputError

SECONDS = {"s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "hour": 3600.0}


@dataclass(frozen=True)
class Rate:
    """A number of requests in a number of seconds."""

    requests: int
    seconds: float


def parse_rate(text: str | None) -> Rate | None:
    """Return the rate that text stands for; None and "none" mean there is no limit.

    >>> parse_rate("100/min")
    Rate(requests=100, seconds=60.0)

    Raises:
        InputError: it is no such text.
    """
    if text is None or text.strip().lower() == "none":
        return None
    match = re.fullmatch(r"\s*([0-9]{1,9})\s*/\s*([a-z]+)\s*", text)
    if match is None or match[2] not in SECONDS or int(match[1]) < 1:
        raise InputError(
            f"Expected a rate such as 5/s, 100/min or 1000/h, got {text!r}. Write requests/time."
        )
    return Rate(int(match[1]), SECONDS[match[2]])


class TokenBucket:
    """Lets through ``requests`` at once, and as many again every ``seconds``. Threads may share it.

    Args:
        rate: None lets everything through.
        clock: gives the time, in seconds.
    """

    def __init__(self, rate: Rate | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = float(rate.requests) if rate else 0.0
        self._filled_at = clock()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Return 0 and let one request through, or the seconds until the next one may come."""
        if self._rate is None:
            return 0.0
        per_second = self._rate.requests / self._rate.seconds
        with self._lock:
            now = self._clock()
            gained = (now - self._filled_at) * per_second
            self._tokens = min(self._rate.requests, self._tokens + gained)
            self._filled_at = now
            if self._tokens >= 1 - 1e-9:  # a wait to the exact moment may fall short by rounding
                self._tokens -= 1
                return 0.0
            return (1 - self._tokens) / per_second
