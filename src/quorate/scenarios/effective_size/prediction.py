"""Predicting critical masses: by the effective size of a collective, and by its plain size.

Shapes: a sizes, s seeds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from quorate.intervals import Floats


@dataclass(frozen=True)
class MassPrediction:
    """One learner's critical mass with one seed, as a fraction of all people; NaN: not reached.

    It is as measured, as predicted by α_eff, and as predicted by α.
    """

    world: str
    family: str
    learner: str
    seed: int
    measured: float
    by_effective: float
    by_alpha: float

    @property
    def errors(self) -> tuple[float, float]:
        """How far off α_eff and α are: |log₂ predicted/measured|, a factor of two is 1."""
        both = self.by_effective, self.by_alpha
        effective, alpha = (abs(math.log2(predicted / self.measured)) for predicted in both)
        return effective, alpha


def find_crossing(alphas: Floats, values: Floats, level: float) -> float:
    """Return the positive α from which values, (a,), stay at the level; NaN where they never do.

    Linear between two sizes on a log scale; the smallest size where they are never below.
    """
    is_positive = alphas > 0
    alphas, values = alphas[is_positive], values[is_positive]
    below = np.flatnonzero(~(values >= level))
    if not len(below):
        return float(alphas[0])
    last = int(below[-1])
    if last + 1 == len(alphas):
        return math.nan
    part = (level - values[last]) / (values[last + 1] - values[last])
    return float(alphas[last] * (alphas[last + 1] / alphas[last]) ** part)
