"""A Gaussian distribution of two groups, one of which has the favourable label less often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.compared_groups import ComparedGroups
from quorate.populations.sizes import DrawnPopulation
from quorate.spec import param
from quorate.table import Column, Rng, Table
from quorate.validate import above_zero, at_least, in_interval

GROUPS = ("majority", "minority")
COMPARED = ComparedGroups(("minority",), (), "yes")


@dataclass(frozen=True)
class Unequal(DrawnPopulation):
    """A Gaussian distribution of two groups with unequal base rates.

    With s = ±1 for the label yes or no, in both groups "score" ~ N(s, noise²) and "x1", "x2", ...
    ~ N(0, 1); the column "minority", 0 or 1, shows the platform who belongs. The minority says yes
    less often, so the best rule asks more of it: it says yes above score = −noise²·logit(p)/2, p
    being the group's probability of yes. Its true positive rate is Φ((1 + noise²·logit(p)/2)/noise)
    and its false positive rate Φ((−1 + noise²·logit(p)/2)/noise). Derived (Bayes' rule); the
    numbers are ours.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "unequal"
    held_out: int = param(4000, "Number of people held out as the test set.")
    d: int = param(5, "Number of features, at least 2: score, others, and minority.")
    minority_share: float = param(0.3, "Probability of the minority, in (0, 1).")
    majority_yes: float = param(0.5, "Probability of yes in the majority, in (0, 1).")
    minority_yes: float = param(0.2, "Probability of yes in the minority, in (0, 1).")
    noise: float = param(1.0, "Standard deviation of the score.")

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("d", self.d, 2, "The first is the score and the last says who is in the minority.")
        for key in ("minority_share", "majority_yes", "minority_yes"):
            fix = "Use a probability such as 0.3."
            in_interval(key, getattr(self, key), 0, 1, fix, open_low=True, open_high=True)
        above_zero("noise", self.noise, "Use a standard deviation such as 1.")

    def draw(self, n: int, rng: Rng) -> Table:
        """Return n independent draws from the law."""
        minority = rng.random(n) < self.minority_share  # (n,)
        yes = rng.random(n) < np.where(minority, self.minority_yes, self.majority_yes)  # (n,)
        x = rng.standard_normal((n, self.d))  # (n, d)
        x[:, 0] = 2.0 * yes - 1 + self.noise * x[:, 0]
        x[:, -1] = minority
        names = ["score", *(f"x{j}" for j in range(1, self.d - 1)), "minority"]
        columns = tuple(Column(name, j) for j, name in enumerate(names))
        features, y, group = x.astype(np.float32), yes.astype(np.int64), minority.astype(np.int64)
        return Table(features, y, ("no", "yes"), group, GROUPS, columns, compared=COMPARED)
