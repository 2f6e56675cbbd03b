"""One number a seed, and what several of them say together, with a 95% interval.

Shapes: s seeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.lab.intervals import CONFIDENCE, Floats

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sample:
    """One number per seed, with what is known of numbers that lie past the measured range.

    Args:
        values: (s,); NaN where a seed was not measured. Of a logarithmic measure, its logarithm.
        logarithmic: whether the values are natural logarithms, so that differences are ratios.
        at_least: the truth is the value or more, (s,); None for nowhere.
        at_most: the truth is the value or less, (s,); None for nowhere.
        known: the interval of the mean where it is known otherwise, on the measure's own scale.
    """

    values: Floats
    logarithmic: bool = False
    at_least: Flags | None = None
    at_most: Flags | None = None
    known: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Estimate:
    """A number and its 95% interval; an end is infinite where nothing bounds it.

    On the measure's own scale; of logarithmic measures, a combination is a ratio. The ends are NaN
    where a single seed says nothing of the spread, and the value where nothing was measured.
    """

    value: float
    low: float
    high: float


def combined(samples: Sequence[Sample], weights: Sequence[float]) -> Estimate:
    """Return Σ wᵢ·xᵢ, paired by seed, with Student's 95% interval over the seeds.

    Values beyond the measured range stand at its edge: a sum that they make too small has no upper
    end, and one that they make too large no lower one (derived).

    >>> grows = combined([Sample(np.array([3.0, 4.0, 5.0])), Sample(np.array([1.0, 2.0, 2.5]))],
    ...                  [1, -1])
    >>> round(grows.value, 3), round(grows.low, 3), round(grows.high, 3)
    (2.167, 1.45, 2.884)
    """
    if len(samples) == 1 and samples[0].known is not None:
        return Estimate(*samples[0].known)
    total = np.sum([w * one.values for w, one in zip(weights, samples, strict=True)], axis=0)
    measured = ~np.isnan(total)  # (s,)
    back = np.exp if samples[0].logarithmic else np.asarray
    if not measured.any():
        return Estimate(math.nan, math.nan, math.nan)
    kept = total[measured]
    low, high = _student(kept)
    too_small = too_large = False
    for weight, one in zip(weights, samples, strict=True):
        up, down = (one.at_least, one.at_most) if weight > 0 else (one.at_most, one.at_least)
        too_small |= up is not None and bool(up[measured].any())
        too_large |= down is not None and bool(down[measured].any())
    return Estimate(
        float(back(kept.mean())),
        -math.inf
        if too_large and not samples[0].logarithmic
        else 0.0
        if too_large
        else float(back(low)),
        math.inf if too_small else float(back(high)),
    )


def _student(values: Floats) -> tuple[float, float]:
    """Return the ends of Student's interval of the mean; NaN for a single value."""
    from scipy.special import stdtrit

    n = len(values)
    if n < 2:
        return math.nan, math.nan
    half = stdtrit(n - 1, (1 + CONFIDENCE) / 2) * values.std(ddof=1) / math.sqrt(n)
    return float(values.mean() - half), float(values.mean() + half)
