"""The two readings of an "ε-suboptimal" platform: total variation and Huber contamination."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from quorate.validate import all_in_interval, unknown

Floats = npt.NDArray[np.float64]
Reading = Literal["tv", "huber"]


def suboptimality_constant(eps: npt.ArrayLike, reading: Reading) -> Floats:
    """Return c, the largest lead that an ε-suboptimal classifier may overturn.

    tv: c = 2ε; huber: c = ε/(1−ε). The readings are not equivalent. Status: derived.

    Args:
        eps: how far from Bayes-optimal the platform's classifier may be, in [0, 1); any shape.
        reading: "tv": optimal for a distribution within total variation ε of the received one;
            "huber": optimal for (1−ε) of the received one plus ε of any other.

    Returns:
        c, in the shape of ``eps``.

    >>> float(suboptimality_constant(0.01, "tv"))
    0.02

    Raises:
        InputError: eps is out of range, or the reading is unknown.
    """
    fix = "Use eps=0 for a Bayes-optimal platform."
    eps = all_in_interval("eps", eps, 0, 1, fix, open_high=True)
    if reading not in get_args(Reading):
        raise unknown("reading", reading, get_args(Reading))
    return (2 * eps if reading == "tv" else eps / (1 - eps))[()]
