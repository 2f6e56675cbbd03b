"""A Gaussian distribution whose shortcut feature fails a rare group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.populations.sizes import DrawnPopulation
from quorate.spec import param
from quorate.table import Column, Rng, Table
from quorate.validate import above_zero, at_least, in_interval


@dataclass(frozen=True)
class Gaussian(DrawnPopulation):
    """A Gaussian distribution with two labels and a shortcut that fails a rare group.

    With s = ±1 for the label, "core" ~ N(s, core_noise²), "shortcut" ~ N(s, 1) in the majority and
    N(-s, 1) in the rare group, and the columns x2, x3, ... ~ N(0, 1). Plain training does badly on
    the rare group, because the shortcut is a spurious correlation (structure of Sagawa et al. 2020,
    arXiv:2005.04345; the numbers are ours).

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "gaussian"
    d: int = param(10, "Number of features, at least 2.")
    rare: float = param(0.05, "Probability of the rare group, in [0, 1].")
    core_noise: float = param(1.5, "Standard deviation of the core feature.")

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("d", self.d, 2, "The first two are core and shortcut.")
        in_interval("rare", self.rare, 0, 1, "Use a probability such as 0.05.")
        above_zero("core_noise", self.core_noise, "Use a standard deviation such as 1.5.")

    def draw(self, n: int, rng: Rng) -> Table:
        """Return n independent draws from the law."""
        y = rng.integers(2, size=n)  # (n,)
        rare = rng.random(n) < self.rare  # (n,)
        sign = 2.0 * y - 1
        x = rng.standard_normal((n, self.d))  # (n, d)
        x[:, 0] = sign + self.core_noise * x[:, 0]
        x[:, 1] += np.where(rare, -sign, sign)
        names = ["core", "shortcut", *(f"x{j}" for j in range(2, self.d))]
        columns = tuple(Column(name, j) for j, name in enumerate(names))
        y, group = y.astype(np.int64), rare.astype(np.int64)
        groups = ("majority", "rare")
        return Table(x.astype(np.float32), y, ("0", "1"), group, groups, columns)
