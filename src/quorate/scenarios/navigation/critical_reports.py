"""The critical mass of reports: a search for the fewest that reach a target."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from quorate.validate import in_interval

FEWEST, MOST = 1.0, 1e6  # reports per street and hour between which is searched
PRECISION = 1.1  # the two ends of a bracket are at most so many times apart


@dataclass(frozen=True)
class ReportsBracket:
    """Two numbers of reports between which the target is reached.

    Args:
        low: the most reports per street and hour that were found to fall short; 0 where none was.
        high: the fewest that were found to reach the target; None where a million do not.
        reached: the relative fall at the most reports that were tried.
    """

    low: float
    high: float | None
    reached: float


def search_critical_reports(fall: Callable[[float], float], target: float) -> ReportsBracket:
    """Return the fewest reports per street and hour from which through-traffic falls by a target.

    A million reports are tried first, then one. From there the geometric middle of what falls short
    and what does not is tried, until the two are 10% apart. Where the fall does not grow with the
    reports throughout, the answer is one of several numbers at which the target is crossed.

    Args:
        fall: the relative fall of through-traffic at a number of reports.
        target: the fall to reach, in (0, 1].

    Raises:
        InputError: the target is not in (0, 1].

    >>> found = search_critical_reports(lambda reports: reports / (reports + 100), 0.5)
    >>> found.low < 100 <= found.high, found.high / found.low <= 1.1
    (True, True)
    """
    in_interval("target", target, 0, 1, "To halve the through-traffic, use 0.5.", open_low=True)
    reached = fall(MOST)
    if reached < target:
        return ReportsBracket(MOST, None, reached)
    if fall(FEWEST) >= target:
        return ReportsBracket(0.0, FEWEST, reached)
    low, high = FEWEST, MOST
    while high / low > PRECISION:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if fall(middle) >= target else (middle, high)
    return ReportsBracket(low, high, reached)
