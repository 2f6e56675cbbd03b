"""What a search takes over from earlier searches of one call: where it begins."""

from __future__ import annotations

import math
from collections.abc import Sequence

from quorate.studies.critical_mass.rounds import Cell, SearchEnd

NEAR = 2.0  # ratio by which the critical mass may well differ from where it is expected


def first_cells(ends: Sequence[SearchEnd], people: int, width: float) -> tuple[Cell, ...]:
    """Return the cells that a search begins with, from what earlier ones have found.

    The critical mass is expected where the last one was, or, of two and more, as far from the last
    as that is from the one before. Four seeds are trained once each: two at the ends of an interval
    of the wanted width around that place, two further away on either side, by ``NEAR`` or by the
    last step, whichever is more. Intervals rest on a learner's own trainings alone. Source:
    derived; what it saves is measured by ``python -m benchmarks.critical_mass --neighbours``.

    Args:
        ends: of the earlier searches, in their order.
        people: n.
        width: of the interval, high/low, that is wanted.

    Returns:
        The cells, none where the last critical mass is not known or not positive and finite.
    """
    estimates = [end.bracket.estimate for end in ends[-2:]]
    if not estimates or not 0 < estimates[-1] < math.inf:
        return ()
    step = 0.0
    if len(estimates) > 1 and 0 < estimates[0] < math.inf:
        step = math.log(estimates[-1] / estimates[0])
    place = min(math.log(estimates[-1]) + step, math.log(people))
    half, far = math.log(width) / 2, max(math.log(NEAR), abs(step))
    sizes = [math.exp(place + away) for away in (-half, half, -far, far)]
    return tuple((min(max(1, round(size)), people), seed) for seed, size in enumerate(sizes))
