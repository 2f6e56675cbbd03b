"""A distribution of honest people over finitely many feature values, for exact theory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.table import Rng, Table


@dataclass(frozen=True, eq=False)
class FiniteLaw:
    """The distribution P_0 over v feature values and k labels.

    Args:
        points: one row per feature value, (v, d); their labels are not used.
        mass: joint probabilities P_0(x, y), (v, k); they sum to 1.
    """

    points: Table
    mass: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        shape = (len(self.points), self.points.k)
        total = float(self.mass.sum())
        if self.mass.shape != shape or (self.mass < 0).any() or not abs(total - 1) <= 1e-9:
            raise InputError(
                f"Expected non-negative probabilities of shape {shape} that sum to 1, got shape "
                f"{self.mass.shape}, smallest {self.mass.min():g}, sum {total:g}. Normalise them."
            )

    def draw(self, n: int, rng: Rng) -> Table:
        """Return n people drawn independently from the law."""
        v, k = self.mass.shape
        flat = rng.choice(v * k, size=n, p=self.mass.ravel())  # (n,)
        people = self.points.take(flat // k)
        return Table(people.x, (flat % k).astype(np.int64), people.classes, columns=people.columns)
