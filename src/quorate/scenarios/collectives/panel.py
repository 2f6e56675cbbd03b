"""One panel: what was measured of one case against one platform, as arrays.

Shapes: M collectives, a sizes of each of the first two, s seeds.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.intervals import Floats
from quorate.studies.critical_mass.estimate import CriticalMass, critical_mass


@dataclass(frozen=True, eq=False)
class Panel:
    """One case against one platform.

    Args:
        case: what the others take over from the first collective.
        relation: how signals and targets stand to each other, in words.
        strategies: strategy of each collective, as text.
        learner: the platform's learner, as text.
        seeds: what was measured, one a seed.
    """

    case: str
    relation: str
    strategies: tuple[str, ...]
    learner: str
    seeds: tuple[Mapping[str, Any], ...]

    @functools.cached_property
    def success(self) -> Floats:
        """S of each collective, (M, a, a, s): by α₁, by α₂; NaN where training failed."""
        return self._squares("success")

    @functools.cached_property
    def predicted(self) -> Floats | None:
        """S by the margin test, (M, a, a, s); None where it says nothing."""
        if any(one["predicted"] is None for one in self.seeds):
            return None
        return self._squares("predicted")

    def sure(self, known: str) -> Floats | None:
        """S that each is sure of, by what it knows of the others, (M, a, a, s); None if unknown.

        Cells of older versions do not hold it.
        """
        found = [one["sure"][known] for one in self.seeds if one.get("sure")]
        return self._square(found) if len(found) == len(self.seeds) else None

    @functools.cached_property
    def accuracy(self) -> Floats:
        """Accuracy on honest held-out people, (a, a, s)."""
        return self._squares("accuracy")

    @property
    def alike(self) -> list[float | None]:
        """Share of people on whom each signal looks like the first one's, of seed 0."""
        return list(self.seeds[0]["alike"])

    @property
    def words(self) -> str:
        """How signals and targets stand to each other, and what the platform sees of it."""
        same = [one for one in self.alike[1:] if one is not None]
        if same and min(same) > 0.5:
            seen = "other signal (one to the platform)"
            return self.relation.replace("other signal", seen)
        return self.relation or self.case

    def _squares(self, name: str) -> Floats:
        return self._square([one[name] for one in self.seeds])

    def _square(self, of_seeds: Sequence[Any]) -> Floats:
        values = np.array(of_seeds, dtype=np.float64)  # (s, a·a[, M])
        side = math.isqrt(values.shape[1])
        return values.T.reshape(*values.shape[2:], side, side, len(values))

    def masses(self, sizes: tuple[float, ...], target: float, of: int) -> list[CriticalMass]:
        """Return α* of the first (0) or the second (1) at each size of the other."""
        success = self.success[of] if of == 0 else self.success[of].swapaxes(0, 1)
        return [
            critical_mass(sizes, success[:, other], target) for other in range(success.shape[1])
        ]
