"""Whether the winner of a search is better than no edit, on photos that the search never used."""

from __future__ import annotations

import numpy as np

from quorate.intervals import Estimate
from quorate.table import Mask
from quorate.theory.confidence_sequence import confidence_sequence

DELTA = 0.05  # how often the interval may miss the gain


def paired_gain(before: Mask, after: Mask) -> Estimate:
    """Return the gain of accuracy on the same photos, with a 95% interval.

    The gain is P(wrong before, right after) − P(right before, wrong after). A confidence sequence
    for each, at half the error, gives its limits: about half as wide as one for the mean of
    −1, 0 and 1 brought to [0, 1], since most photos are read alike before and after. The winner of
    a search is the luckiest on the photos that chose it; on others it has no luck to lose.

    Args:
        before, after: whether the platform is right of each photo, (n,).

    >>> found = paired_gain(np.zeros(40, dtype=bool), np.arange(40) < 30)
    >>> round(found.value, 2), found.low > 0.4, found.high < 1
    (0.75, True, True)
    """
    if not len(before):
        return Estimate(np.nan, -1.0, 1.0)
    better, worse = after & ~before, before & ~after
    low, high = confidence_sequence(np.stack([better, worse]), DELTA / 2)  # (2, n) each
    value = float(better.mean() - worse.mean())
    least, most = float(low[0, -1] - high[1, -1]), float(high[0, -1] - low[1, -1])
    # A sequence that misses, as one in twenty may, can pass the mean: what is told holds it.
    return Estimate(value, min(least, value), max(most, value))
