"""What is in reach: the largest success that some number of members like these certifies."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quorate.theory.certificates.counts import Floats
from quorate.theory.certificates.members_needed import members_needed

ROUNDING = 1e-9  # of a product that should be whole


@dataclass(frozen=True)
class Reach:
    """The largest success in reach, and the members that it takes.

    Args:
        success: certified with these members, rounded down to a whole percentage (to 0.001 below
            1%), since the last fraction of a percent would cost most members.
        members: number of members like these from which on it is certified.
        platform_size: N.
    """

    success: float
    members: int
    platform_size: int

    @property
    def share(self) -> float:
        """α, the members among all people on the platform, in (0, 1]."""
        return self.members / self.platform_size

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"success": self.success, "members": self.members, "share": self.share}


def find_reach(
    success: Callable[[int], float],
    sizes: Floats,
    certified: Floats,
    platform_size: int,
    counted: tuple[float, int] | None = None,
) -> Reach | None:
    """Return the largest certified success over numbers of members, or None if there is none.

    As a rule success does not fall as members grow, so it is the one with everyone; a certificate
    that needs enough others, as for erasing, has it at one of the ``sizes``.

    Args:
        success: the certified success with n members, n in [1, N].
        sizes: numbers of members that were tried, ascending, (a,); N is the last.
        certified: the success certified for each, (a,).
        platform_size: N.
        counted: as in ``members_needed``.

    >>> import numpy as np
    >>> sizes = np.array([10.0, 100.0, 1000.0])
    >>> find_reach(lambda n: 0.757 - 30 / n, sizes, 0.757 - 30 / sizes, 1000)
    Reach(success=0.72, members=811, platform_size=1000)
    """
    if not len(sizes) or not certified.max() > 0:
        return None
    at = int(certified.argmax())  # the first, if several are equal
    target = _rounded(float(certified[at]))
    if certified[-1] >= target:
        members = members_needed(success, target, platform_size, counted)
        assert members is not None
        return Reach(target, members, platform_size)
    first = at
    while first and certified[first - 1] >= target:
        first -= 1
    low, high = int(sizes[first - 1]) + 1 if first else 1, int(sizes[first])
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if success(middle) >= target else (middle + 1, high)
    return Reach(target, high, platform_size)


def _rounded(success: float) -> float:
    """Return a success rounded down to a whole percentage, or to a thousandth below that.

    >>> _rounded(0.7599), _rounded(0.57), _rounded(0.0042), _rounded(0.0002)
    (0.75, 0.57, 0.004, 0.0002)
    """
    for parts in (100, 1000):
        whole = math.floor(success * parts + ROUNDING)
        if whole:
            return min(whole / parts, success)
    return success
