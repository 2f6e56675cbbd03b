"""One number a seed, and what several of them say together, with a 95% interval.

Shapes: s seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.intervals import CONFIDENCE, Estimate, Floats

FEWEST = 3  # seeds: two say next to nothing of the spread, and may be equal by chance

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sample:
    """One number per seed, with what is known of numbers that lie past the measured range.

    Args:
        values: (s,); NaN where a seed was not measured. Of a logarithmic measure, its logarithm.
        logarithmic: whether the values are natural logarithms, so that differences are ratios.
        at_least: the truth is the value or more, (s,); None for nowhere.
        at_most: the truth is the value or less, (s,); None for nowhere.
        known: what gives the mean and its interval at a confidence, where they are known
            otherwise; on the measure's own scale.
        seeds: which seed each value is of, (s,); None for 0, 1, ...
        means_over: how many seeds a single value is the mean of; None where values are of a seed.
        spacing: half of how far apart the sizes stand between which values were interpolated.
    """

    values: Floats
    logarithmic: bool = False
    at_least: Flags | None = None
    at_most: Flags | None = None
    known: Callable[[float], Estimate] | None = None
    seeds: tuple[int, ...] | None = None
    spacing: float = 0.0
    means_over: int | None = None

    @property
    def behind(self) -> int:
        """How many seeds are behind it."""
        return len(self.values) if self.means_over is None else self.means_over


def widened(found: Estimate, confidence: float) -> Estimate:
    """Return what is known at 95% with an interval at another confidence, as of a normal law.

    >>> widened(Estimate(1.0, 0.0, 3.0), 0.99).high > 3.6
    True
    """
    from scipy.special import ndtri

    by = float(ndtri((1 + confidence) / 2) / ndtri((1 + CONFIDENCE) / 2))
    if by == 1:
        return found
    low, high = (found.value + by * (end - found.value) for end in (found.low, found.high))
    return Estimate(found.value, low, high)


def combined(
    samples: Sequence[Sample],
    weights: Sequence[float],
    confidence: float = CONFIDENCE,
    *,
    magnitude: bool = False,
) -> Estimate:
    """Return Σ wᵢ·xᵢ, paired by seed, with Student's interval over the seeds.

    Values beyond the measured range stand at its edge: a sum that they make too small has no upper
    end, and one that they make too large no lower one (derived). The ends are NaN where a seed is
    missing or fewer than three were measured; the value is NaN where none was. Of logarithmic
    measures, the result is a ratio.

    Args:
        samples: of the same seeds.
        weights: one each.
        confidence: of the interval.
        magnitude: whether the size of the sum matters, and not only on which side of none it is:
            the interval is then wider by the spacing of what was interpolated, since two crossings
            may each be anywhere in their half of it.

    >>> grows = combined([Sample(np.array([3.0, 4.0, 5.0])), Sample(np.array([1.0, 2.0, 2.5]))],
    ...                  [1, -1])
    >>> round(grows.value, 3), round(grows.low, 3), round(grows.high, 3)
    (2.167, 1.45, 2.884)

    Raises:
        InputError: the samples are of different seeds.
    """
    if len(samples) == 1 and samples[0].known is not None:
        return samples[0].known(confidence)
    if any(one.known and one.seeds is None and len(one.values) == 1 for one in samples):
        raise InputError(
            "Expected rows of several seeds to compare, got rows that are means over seeds. "
            "Compare one of them with a limit: at_least or at_most."
        )
    _check_seeds(samples)
    total = np.sum([w * one.values for w, one in zip(weights, samples, strict=True)], axis=0)
    measured = ~np.isnan(total)  # (s,)
    logarithmic = samples[0].logarithmic
    back = np.exp if logarithmic else np.asarray
    if not measured.any():
        return Estimate(math.nan, math.nan, math.nan)
    kept = total[measured]
    if len(kept) < max(FEWEST, len(total)):
        return Estimate(float(back(kept.mean())), math.nan, math.nan)
    spacing = sum(abs(w) * one.spacing for w, one in zip(weights, samples, strict=True))
    agree = np.allclose(kept, kept[0], rtol=1e-12)  # to the digit: the spread says nothing
    wider = spacing if magnitude or agree else 0.0
    half = _half_width(kept, confidence) + wider
    too_small, too_large = _bounds(samples, weights)
    lowest = 0.0 if logarithmic else -math.inf
    return Estimate(
        float(back(kept.mean())),
        lowest if too_large else float(back(kept.mean() - half)),
        math.inf if too_small else float(back(kept.mean() + half)),
    )


def _check_seeds(samples: Sequence[Sample]) -> None:
    """Raise InputError unless all samples are of the same seeds, in the same order."""
    of = {one.seeds or tuple(range(len(one.values))) for one in samples}
    if len(of) > 1:
        raise InputError(
            f"Expected the same seeds on both sides of a comparison, got "
            f"{' and '.join(str(list(seeds)) for seeds in sorted(of))}. Run the missing ones."
        )


def _bounds(samples: Sequence[Sample], weights: Sequence[float]) -> tuple[bool, bool]:
    """Return whether values at the edge of the range make the sum too small, and too large."""
    too_small = too_large = False
    for weight, one in zip(weights, samples, strict=True):
        up, down = (one.at_least, one.at_most) if weight > 0 else (one.at_most, one.at_least)
        too_small |= up is not None and bool(up.any())
        too_large |= down is not None and bool(down.any())
    return too_small, too_large


def _half_width(values: Floats, confidence: float) -> float:
    """Return half the width of Student's interval of the mean."""
    from scipy.special import stdtrit

    n = len(values)
    return float(stdtrit(n - 1, (1 + confidence) / 2) * values.std(ddof=1) / math.sqrt(n))
