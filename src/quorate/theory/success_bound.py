"""The form that the population bounds share, and its inverse.

A collective of size α has two things against it: what honest people's data say, of which the
platform receives a part 1−α, and what stays however many act.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quorate.theory.suboptimality import Floats
from quorate.validate import all_in_interval


def success_bound(alpha: npt.ArrayLike, honest: Floats, fixed: Floats) -> Floats:
    """Return 1 − ((1−α)·honest + fixed)/α. Status: derived.

    Args:
        alpha: fraction of the data that the collective controls, in [0, 1]; any shape.
        honest: what honest data have against the collective, at least 0.
        fixed: what is against it whatever its size, at least 0.

    Returns:
        The bound, in the arguments' common shape; it is not clipped, and -inf at alpha = 0.

    >>> float(success_bound(0.5, np.float64(0.2), np.float64(0.1)))
    0.6

    Raises:
        InputError: alpha is out of range.
    """
    alpha = all_in_interval("alpha", alpha, 0, 1, "It is a fraction of the platform's data.")
    against = (1 - alpha) * honest + fixed
    safe = np.where(alpha > 0, alpha, 1.0)
    return np.where(alpha > 0, 1 - against / safe, -np.inf)[()]


def critical_mass_bound(target: npt.ArrayLike, honest: Floats, fixed: Floats) -> Floats:
    """Return the least α at which ``success_bound`` reaches ``target``.

    α = (honest + fixed)/(1 − S* + honest). Status: derived.

    Returns:
        A fraction in [0, 1], in the arguments' common shape: 0 means that every α > 0 is enough.
        Or inf, where even α = 1 is not enough by this bound.

    >>> critical_mass_bound([0.6, 1.0], np.float64(0.2), np.float64(0.1)).tolist()
    [0.5, inf]

    Raises:
        InputError: the target is out of range.
    """
    target = all_in_interval("target", target, 0, 1, "It is a success rate.")
    against, room = np.asarray(honest + fixed), 1 - target + honest
    needed = np.divide(
        against, room, out=np.full(np.broadcast_shapes(against.shape, room.shape), np.inf),
        where=(room > 0) & np.isfinite(against),
    )  # fmt: skip
    return np.where(against == 0, 0.0, np.where(needed <= 1, needed, np.inf))[()]
