"""Label noise: people some of whom have a random label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.adapter import draw_split
from quorate.law import FiniteLaw
from quorate.populations.mnist import MNIST
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split
from quorate.validate import in_interval


@dataclass(frozen=True)
class NoisyLabels(Population):
    """Label noise: another population in which a share of the training people have random labels.

    Exactly round(share·n) people get a label drawn uniformly from all k, which is their own with
    probability 1/k. Labels of people held out stay. For one seed, the noise at a smaller share is
    part of the noise at a larger one (randomised base labels after Hardt, Mazumdar, Mendler-Dünner,
    Zrnic 2023, arXiv:2302.04262; nested draws are ours).

    Raises:
        InputError: the share is not in [0, 1], or as the population.
    """

    name: ClassVar[str] = "noisy-labels"
    share: float = param(
        0.1, "Fraction of training people with a random label, in [0, 1].", shown=True
    )
    population: Population = param(
        MNIST(),
        "Population that the noise is added to; its parameters can be given here.",
        kind="populations",
    )

    def __post_init__(self) -> None:
        in_interval("share", self.share, 0, 1, "Use a fraction such as 0.1.")

    def split(self, rng: Rng) -> Split:
        """Return the population's split with noisy labels, or the split itself at share 0."""
        split = draw_split(self.population, rng)
        people = split.train
        draws, labels = rng.random(len(people)), rng.integers(people.k, size=len(people))  # (n,)
        noisy = np.argsort(draws, kind="stable")[: round(self.share * len(people))]
        if not len(noisy):
            return split
        y = people.y.copy()
        y[noisy] = labels[noisy]
        return Split(people.relabelled(y), split.held_out)

    def law(self) -> FiniteLaw | None:
        """Return the law (1 − share)·P₀(x, y) + share·P₀(x)/k if P₀ is known."""
        law = self.population.law()
        if law is None:
            return None
        uniform = law.mass.sum(axis=1, keepdims=True) / law.points.k  # (v, 1)
        return FiniteLaw(law.points, (1 - self.share) * law.mass + self.share * uniform)

    def fingerprint(self) -> str | None:
        """Return the population's fingerprint."""
        return self.population.fingerprint()

    def notes(self) -> tuple[str, ...]:
        """Return the population's."""
        return self.population.notes()
