"""The inverse question: how many members like these certify a given success?"""

from __future__ import annotations

import math
from collections.abc import Callable

from quorate.validate import in_interval

CHECKED, STEP = 4, 200  # sizes above the one found that are tried, each this part of it apart
RESTARTS = 20


def members_needed(
    success: Callable[[int], float],
    target: float,
    platform_size: int,
    counted: tuple[float, int] | None = None,
) -> int | None:
    """Return the smallest n from which on ``success(n)`` is at least S*, up to everyone.

    ``success`` certifies counts scaled to n members at fixed frequencies, as if further members
    were like those counted. If every count is a multiple of n, success does not fall once it is
    above 0, so bisection finds the exact n. (For planting with Hoeffding's radius: a won cell has
    P̂_planted > 2R(n), so n(P̂_planted − 2R(n)) grows with n, by at least what the others lose. For
    the rest it is tested; erasing with an assumed margin is an exception, as it needs enough
    others.) A count that must be whole, as in ``aggregate_success``, is rounded up, and success
    drops a little at each n where it steps. Given as ``counted``, n lies beyond the last drop below
    S*, provided that drops shrink with n, as they do. The exact certificate rounds many counts at
    once and drops a little in many places; four sizes up to 2% above what was found are tried as
    well, and the search goes on above one that falls short.

    Args:
        success: the certified success with n members, n in [1, N].
        target: S*, in [0, 1].
        platform_size: N.
        counted: a count that is rounded up, and the number of members it is counted among.

    Returns:
        A whole number of members, or None if not even everyone is enough. Status: derived.

    >>> members_needed(lambda n: 1 - 30 / n, 0.9, 1000)
    300
    """
    in_interval("target", target, 0, 1, "It is a success rate.")

    def enough(n: int) -> bool:
        return success(n) >= target

    if not enough(platform_size):
        return None
    share = counted[0] / counted[1] if counted else 0.0
    found = (
        _beyond_steps(enough, share, platform_size) if share else _first(enough, 1, platform_size)
    )
    for _ in range(RESTARTS):
        later = [found + math.ceil(found * step / STEP) for step in range(1, CHECKED + 1)]
        short = [n for n in later if n < platform_size and not enough(n)]
        if not short:
            break
        found = _first(enough, short[-1] + 1, platform_size)
    return found


def _beyond_steps(enough: Callable[[int], bool], share: float, platform_size: int) -> int:
    """Return the first n that is enough beyond the last drop, for a count rounded up."""
    # At n = ⌊j/share⌋ + 1 the rounded count steps from j to j + 1; between steps success rises.
    steps = math.ceil(platform_size * share) - 1  # the last step is at or before everyone

    def start(j: int) -> int:
        return min(math.floor(j / share) + 1, platform_size)

    j = _first(lambda step: step > steps or enough(start(step)), 0, steps + 1)
    if j == 0:
        return start(0)
    end = start(j) if j <= steps else platform_size
    return _first(lambda n: n == end or enough(n), start(j - 1), end)


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the smallest whole number in [low, high] from which ``holds``; it does at high."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
