"""Watching in Python: success as it is reported over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quorate.api.accepted import AnyOutcomes
    from quorate.watching.result import WatchResult


def watch(
    outcomes: AnyOutcomes,
    target: float = 0.9,
    confidence: float = 0.95,
    success: str | None = None,
    time: str | None = None,
    separator: str | None = None,
    encoding: str | None = None,
) -> WatchResult:
    """Watch whether an action works: is the target reached or excluded, and has success changed?

    The intervals are a confidence sequence: they hold at all times together, so that looking after
    every outcome, and stopping whenever one likes, is allowed.

    Args:
        outcomes: a CSV or Parquet file, a data frame, or a list or array in order: 1, yes or true
            for each success, 0, no or false for each failure.
        target: success to reach, in (0, 1].
        confidence: probability, in (0, 1), that an interval is right at all times; a change is
            seen where there is none with at most the rest.
        success: column of the outcomes; by default ``success``, or the only one beside the time.
        time: column of numbers or dates (2026-05-31) that outcomes are put in order by; by default
            ``time`` where there is one, else the order is that of the rows.
        separator, encoding: how a CSV file is written; by default this is found out.

    Returns:
        ``.status`` is "reached", "excluded", "open" or "unsteady"; ``.fell`` says whether success
        fell; ``.periods`` are the stretches of steady success with their intervals.

    Raises:
        InputError: a number is out of range, there is no such column, or nothing in it can be read.

    >>> found = watch([1] * 60 + [0] * 30, target=0.6)
    >>> found.status, found.fell, [one.stop for one in found.periods]
    ('excluded', True, [60, 90])
    """
    from quorate.watching.watch import watch

    return watch(outcomes, target, confidence, success, time, separator, encoding)
