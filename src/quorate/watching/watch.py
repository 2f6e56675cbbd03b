"""Watching a collective's success over time: read outcomes, and say what they show."""

from __future__ import annotations

from typing import Any

from quorate.validate import in_interval
from quorate.watching.outcomes import read_outcomes
from quorate.watching.periods import periods_of
from quorate.watching.result import WatchResult


def watch(
    outcomes: Any,
    target: float,
    confidence: float,
    success: str | None,
    time: str | None,
    separator: str | None,
    encoding: str | None,
) -> WatchResult:
    """Return what outcomes show: see ``quorate.watch``.

    Raises:
        InputError: a number is out of range, or the outcomes cannot be read.
    """
    in_interval("target", target, 0, 1, "It is the success to reach.", open_low=True)
    in_interval("confidence", confidence, 0, 1, "0.95 is usual.", open_low=True, open_high=True)
    read = read_outcomes(outcomes, success, time, separator, encoding)
    return WatchResult(read, periods_of(read.successes, target, confidence), target, confidence)
