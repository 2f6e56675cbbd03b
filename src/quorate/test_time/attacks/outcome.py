"""The outcome of an attack: who was corrected, and with how many queries."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.table import Labels, Mask
from quorate.test_time.platforms.platform import Pixels


@dataclass(frozen=True, eq=False)
class AttackOutcome:
    """Who was corrected on their own, and what it cost in queries.

    Args:
        corrected: whether the platform said the person's label of an image within ε, (n,).
        queries: asked until then, that answer included; all that were asked where it never came,
            (n,).
        x_adv: the image of which it was said, (n, c, h, w); one's own image where there is none.

    >>> pixels = np.zeros((3, 1, 1, 1), np.uint8)
    >>> attempt = AttackOutcome(np.array([True, False, True]), np.array([4, 10, 6]), pixels)
    >>> attempt.mean_queries, attempt.curve([3, 4, 10]).tolist()
    (5.0, [0.0, 0.3333333333333333, 0.6666666666666666])
    """

    corrected: Mask
    queries: Labels
    x_adv: Pixels

    def __len__(self) -> int:
        return len(self.corrected)

    @property
    def mean_queries(self) -> float:
        """Mean queries of those who were corrected; NaN where nobody was."""
        return float(self.queries[self.corrected].mean()) if self.corrected.any() else math.nan

    def curve(self, queries: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the fraction of people corrected within so many queries each, (q,); NaN of nobody.

        Args:
            queries: (q,), in any order.
        """
        at = np.asarray(queries)
        if not len(self):
            return np.full(at.shape, math.nan)
        needed = np.sort(self.queries[self.corrected])
        return np.asarray(np.searchsorted(needed, at, side="right") / len(self))
