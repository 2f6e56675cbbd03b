"""Learning-rate schedules."""

from __future__ import annotations

import math
from typing import Literal

Schedule = Literal["constant", "cosine", "linear", "step"]


def schedule_factor(schedule: Schedule, step: int, steps: int) -> float:
    """Return the factor on the learning rate at one of ``steps`` steps, counted from 0.

    cosine: (1 + cos(πt/T))/2. linear: 1 − t/T. step: a tenth from T/2, a hundredth from 3T/4.

    >>> [schedule_factor("step", t, 4) for t in range(4)]
    [1.0, 1.0, 0.1, 0.01]
    """
    part = step / steps
    if schedule == "cosine":
        return (1 + math.cos(math.pi * part)) / 2
    if schedule == "linear":
        return 1 - part
    if schedule == "step":
        return 1.0 if part < 0.5 else 0.1 if part < 0.75 else 0.01
    return 1.0
