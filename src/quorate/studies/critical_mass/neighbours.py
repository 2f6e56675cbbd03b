"""What a search takes over from earlier searches of one call: of learners that may be alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from quorate.intervals import Floats
from quorate.studies.critical_mass.monotone_fit import PRIOR
from quorate.studies.critical_mass.rounds import Cell, SearchEnd

WEIGHT = 0.5  # of what the last neighbour says of slope and spread; the rest is the flat prior
NEAR = 2.0  # ratio by which the critical mass may well differ from where it is expected


def learn_from(
    ends: Sequence[SearchEnd], people: int, width: float
) -> tuple[tuple[Cell, ...], Floats | None]:
    """Return the cells that a search begins with and its prior, from what earlier ones have found.

    The critical mass is expected where the last one was, or, of two and more, as far from the last
    as that is from the one before. Four seeds are trained once each: two at the ends of an interval
    of the wanted width around that place, two further away on either side, by ``NEAR`` or by the
    last step, whichever is more. The prior of slope and spread is half the flat one, half the last
    neighbour's posterior, blurred by one step of the grid: a neighbour that is unlike costs little,
    and a slope or spread that it rules out is still possible. Source: derived; what it saves is
    measured by ``python -m benchmarks.critical_mass --neighbours``.

    Args:
        ends: of the earlier searches, in their order.
        people: n.
        width: of the interval, high/low, that is wanted.

    Returns:
        The cells, none where the last critical mass is not known or not positive and finite; and
        the log prior, (b, w), None where no earlier training succeeded.
    """
    fits = [end.bracket.fit for end in ends if end.bracket.fit is not None]
    if not fits:
        return (), None
    flat = np.exp(PRIOR) / np.exp(PRIOR).sum()  # (b, w)
    prior = np.log(WEIGHT * _blurred(fits[-1].kinds) + (1 - WEIGHT) * flat)
    return _first_cells([end.bracket.estimate for end in ends[-2:]], people, width), prior


def _first_cells(estimates: Sequence[float], people: int, width: float) -> tuple[Cell, ...]:
    """Return cells of four seeds around where the next estimate, in members, is expected."""
    if not 0 < estimates[-1] < math.inf:
        return ()
    step = 0.0
    if len(estimates) > 1 and 0 < estimates[0] < math.inf:
        step = math.log(estimates[-1] / estimates[0])
    place = min(math.log(estimates[-1]) + step, math.log(people))
    half, far = math.log(width) / 2, max(math.log(NEAR), abs(step))
    sizes = [math.exp(place + away) for away in (-half, half, -far, far)]
    return tuple((min(max(1, round(size)), people), seed) for seed, size in enumerate(sizes))


def _blurred(mass: Floats) -> Floats:
    """Return mass on a grid, a quarter of it moved one step to either side along each axis."""
    for axis in (0, 1):
        padded = np.pad(mass, [(1, 1) if axis == one else (0, 0) for one in (0, 1)], mode="edge")
        below, middle, above = (
            np.take(padded, np.arange(mass.shape[axis]) + turn, axis) for turn in range(3)
        )
        mass = below / 4 + middle / 2 + above / 4
    return np.asarray(mass / mass.sum())
