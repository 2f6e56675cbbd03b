"""A Gaussian distribution with a sensitive attribute and columns correlated with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.populations.sizes import DrawnPopulation
from quorate.spec import param
from quorate.table import Column, Rng, Table
from quorate.validate import above_zero, at_least, in_interval

VALUES = ("a", "b")


@dataclass(frozen=True)
class CorrelatedColumns(DrawnPopulation):
    """A Gaussian distribution in which several columns are proxies of a sensitive attribute.

    With independent t = ±1 for the attribute and s = ±1 for the label, "proxy0", ... ~
    N(strength·t, 1), "shared" ~ N((s + t)/2, 1), "merit" ~ N(s, 1) and "noise" ~ N(0, 1). The
    attribute is a column too and defines the groups. As in real tables, many columns together
    reveal it; the numbers are ours.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "proxies"
    has_categories: ClassVar[bool] = True
    proxies: int = param(6, "Number of columns correlated with the attribute, at least 1.")
    strength: float = param(
        0.5, "Shift of each such column by the attribute, in standard deviations."
    )
    rate: float = param(0.4, "Probability of the attribute's value b, in (0, 1).")

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("proxies", self.proxies, 1, "One column at least tells the attribute.")
        above_zero("strength", self.strength, "Use a number such as 0.5.")
        fix = "Use a probability such as 0.4."
        in_interval("rate", self.rate, 0, 1, fix, open_low=True, open_high=True)

    def draw(self, n: int, rng: Rng) -> Table:
        """Return n independent draws from the law."""
        attribute = (rng.random(n) < self.rate).astype(np.int64)  # (n,)
        y = rng.integers(2, size=n)  # (n,)
        t, s = 2.0 * attribute - 1, 2.0 * y - 1
        means = [*(self.strength * t for _ in range(self.proxies)), (s + t) / 2, s, 0 * s]
        x = np.column_stack(means) + rng.standard_normal((n, len(means)))  # (n, proxies + 3)
        names = [*(f"proxy{j}" for j in range(self.proxies)), "shared", "merit", "noise"]
        columns = [Column("attribute", 0, VALUES)]
        columns += [Column(name, len(VALUES) + j) for j, name in enumerate(names)]
        features = np.concatenate([np.eye(2)[attribute], x], axis=1).astype(np.float32)
        return Table(features, y.astype(np.int64), ("0", "1"), attribute, VALUES, tuple(columns))
