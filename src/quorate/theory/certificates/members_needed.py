"""The inverse question: how many members like these certify a success?"""

from __future__ import annotations

import math
from collections.abc import Callable

from quorate.validate import in_interval


def members_needed(
    success: Callable[[int], float],
    target: float,
    platform_size: int,
    counted: tuple[float, int] | None = None,
) -> int | None:
    """Return the smallest n from which on ``success(n)`` is at least S*, up to everyone.

    ``success`` is a certificate of counts that are scaled up or down to n members, frequencies
    fixed: what further members would certify if they were like those counted. With every count a
    multiple of n it never falls once it is above 0, so the n is exact, by bisection. (For planting
    with Hoeffding's radius: a cell that is won has P̂_planted > 2R(n), so n(P̂_planted − 2R(n)) grows
    with n, and no more than that do the others lose. For the rest it is tested. An exception is
    erasing with an assumed margin, which needs enough others as well.) Where a count
    has to be whole, as in ``aggregate_success``, it is rounded up, and success drops by a little at
    each n where it moves on; give it as ``counted``, and the n returned lies beyond the last drop
    below S*, where these drops shrink with n, as they do.

    Args:
        success: the certified success with n members, n in [1, N].
        target: S*, in [0, 1].
        platform_size: N.
        counted: a count that is rounded up, and of how many members it is.

    Returns:
        A whole number of members, or None where not even everyone is enough. Status: derived.

    >>> members_needed(lambda n: 1 - 30 / n, 0.9, 1000)
    300
    """
    in_interval("target", target, 0, 1, "It is a success rate.")

    def enough(n: int) -> bool:
        return success(n) >= target

    if not enough(platform_size):
        return None
    share = counted[0] / counted[1] if counted else 0.0
    if not share:
        return _first(enough, 1, platform_size)
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
    """Return the smallest whole number in [low, high] that it holds from; at high it holds."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
