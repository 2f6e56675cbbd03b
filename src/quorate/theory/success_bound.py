"""The common form of the population bounds, and its inverse.

Two things work against a collective of size α: honest people's data, of which the platform receives
a share 1−α, and a constant that does not depend on how many act.
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
        honest: what honest data contribute against the collective, at least 0.
        fixed: what works against it at any size, at least 0.

    Returns:
        The bound in the arguments' common shape, not clipped; -inf at alpha = 0.

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
        A fraction in [0, 1] in the arguments' common shape, 0 if every α > 0 suffices, or inf if
        even α = 1 does not suffice by this bound.

    >>> critical_mass_bound([0.6, 1.0], np.float64(0.2), np.float64(0.1)).tolist()
    [0.5, inf]

    Raises:
        InputError: the target is out of range.
    """
    target = all_in_interval("target", target, 0, 1, "It is a success rate.")
    against, room = np.asarray(honest + fixed), 1 - target + honest
    possible = (room > 0) & np.isfinite(against)
    needed = np.divide(against, room, out=np.full(possible.shape, np.inf), where=possible)
    return np.where(against == 0, 0.0, np.where(needed <= 1, needed, np.inf))[()]
