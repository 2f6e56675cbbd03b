"""A finite distribution, on which theory is exact."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.law import FiniteLaw
from quorate.populations.sizes import DrawnPopulation
from quorate.spec import param
from quorate.table import Column, Rng, Table
from quorate.validate import LARGEST, above_zero, at_least


@functools.lru_cache(maxsize=8)
def _law(values: int, labels: int, concentration: float, law_seed: int) -> FiniteLaw:
    rng = np.random.default_rng(law_seed)
    mass = rng.dirichlet(np.full(values * labels, concentration)).reshape(values, labels)
    names = tuple(map(str, range(values)))
    classes, columns = tuple(map(str, range(labels))), (Column("x", 0, names),)
    x = np.eye(values, dtype=np.float32)  # (v, v)
    points = Table(x, np.zeros(values, dtype=np.int64), classes, columns=columns)
    return FiniteLaw(points, mass / mass.sum())


@dataclass(frozen=True)
class Finite(DrawnPopulation):
    """A finite distribution of one column with v values and k labels, on which theory is exact.

    The column is one-hot encoded. The joint probabilities are one draw from a symmetric Dirichlet
    distribution: a small concentration makes some values rare and some labels nearly certain.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "finite"
    has_categories: ClassVar[bool] = True
    n: int = param(5000, "Number of training people.")
    held_out: int = param(5000, "Number of people held out as the test set.")
    values: int = param(20, "Number of feature values v.")
    labels: int = param(2, "Number of labels k, at least 2.")
    concentration: float = param(0.5, "Concentration of the Dirichlet distribution, above 0.")
    law_seed: int = param(0, "Seed of the distribution itself; the seeds of a run draw its people.")

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("values", self.values, 1, "A law has at least one feature value.")
        at_least("labels", self.labels, 2, "A classifier needs two labels to tell apart.")
        at_least("law_seed", self.law_seed, 0, "Use a non-negative whole number.", most=LARGEST)
        above_zero("concentration", self.concentration, "Use a concentration such as 0.5.")

    def law(self) -> FiniteLaw:
        """Return the exact law."""
        return _law(self.values, self.labels, self.concentration, self.law_seed)

    def draw(self, n: int, rng: Rng) -> Table:
        """Return n independent draws from the law."""
        return self.law().draw(n, rng)
