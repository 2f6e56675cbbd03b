"""The base of differentially private learners of trees."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.learners.base import privacy
from quorate.learners.base.random_trees import PublicColumns, RandomTrees, grow
from quorate.protocols import Learner
from quorate.spec import param
from quorate.table import Array, Labels, Probabilities, Rng, Submission
from quorate.validate import MOST_ROUNDS, above_zero, at_least, in_interval

Counts = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]
DEEPEST = 10  # 1,024 leaves a tree, each with its own noise


@dataclass(frozen=True, kw_only=True)
class PrivateTrees(Learner):
    """Base of the learners that put noisy sums into the leaves of random trees.

    A new one implements ``sensitivity`` and ``learn``. The trees are drawn without data, so sums
    over the people in each leaf are all that is learned. Adding or removing one person changes one
    leaf of each tree, and its sums by at most S in L1; two-sided geometric noise,
    P(z) ∝ exp(−|z|·ε/(T·S)), makes each tree (ε/T, 0)-differentially private and all T trees
    (ε, 0), by adaptive composition (Dwork et al. 2006; Ghosh, Roughgarden, Sundararajan 2009,
    arXiv:0811.2841). The sums are whole numbers, so rounding leaks nothing. Predictions use nothing
    else.
    """

    epsilon: float = param(1.0, "Privacy budget ε with δ = 0; inf adds no noise.", shown=True)
    trees: int = param(20, "Number of trees T, each with the budget ε/T.")
    depth: int = param(5, f"Number of splits from root to leaf, in [1, {DEEPEST}].")
    bound: float = param(
        3.0, "Public range ±bound of a table's numbers; values beyond are clipped."
    )

    def __post_init__(self) -> None:
        fix = "Use a budget such as epsilon=1, or epsilon=inf for none."
        in_interval("epsilon", self.epsilon, 0, math.inf, fix, open_low=True)
        at_least("trees", self.trees, 1, "Grow at least one tree.", most=MOST_ROUNDS)
        in_interval("depth", self.depth, 1, DEEPEST, "Use a depth such as 5.")
        above_zero("bound", self.bound, "Standardised numbers lie within 3 or so.")

    def fit(self, data: Submission, rng: Rng) -> LeafScores:
        """Return a model of noisy sums over the people whom the platform received."""
        people = data.mixed()
        trees = grow(PublicColumns.of(people, self.bound), self.trees, self.depth, rng)
        scores, prior = self.learn(trees.leaves(people.x), people.y, people.k, rng)
        record = {
            "epsilon": self.epsilon,
            "delta": 0.0,
            "noise_scale": self.trees * self.sensitivity / self.epsilon,
            "trees": self.trees,
            "mechanism": "two-sided geometric noise on sums in leaves of random trees",
            "sampling": "everyone in every tree, neighbours by adding or removing one person",
        }
        return LeafScores(trees, scores, prior, record)

    @property
    def epsilon_leaves_out(self) -> tuple[str, ...]:
        """What was done with these people's rows before the first tree, and what is public."""
        if math.isinf(self.epsilon):
            return ()
        return privacy.CHOOSING, privacy.SCALING, privacy.KNOWN

    @property
    @abstractmethod
    def sensitivity(self) -> int:
        """The most that one person adds to a tree's sums in L1, when a person counts 1."""

    @abstractmethod
    def learn(self, leaves: Labels, y: Labels, k: int, rng: Rng) -> tuple[Scores, Scores]:
        """Return what each leaf adds to the scores of the k labels, and the initial scores.

        Args:
            leaves: each person's leaf in each tree, (T, n).
            y: the labels, (n,).

        Returns:
            (T, 2ᴰ, k) and (k,).
        """

    def released(self, sums: Counts, unit: int, rng: Rng) -> Counts:
        """Return one tree's sums with noise; ``unit`` is what a person counts in them."""
        return sums + geometric_noise(
            self.epsilon / (self.trees * self.sensitivity * unit), sums.shape, rng
        )

    @property
    def deviation(self) -> float:
        """Standard deviation of the noise on each sum in people, that of Laplace noise: √2·TS/ε."""
        return math.sqrt(2) * self.trees * self.sensitivity / self.epsilon


def geometric_noise(epsilon: float, shape: tuple[int, ...], rng: Rng) -> Counts:
    """Return noise with P(z) = (1 − r)/(1 + r)·r^|z| for whole z, where r = exp(−ε).

    The difference of two geometric numbers. inf gives zeros.

    Args:
        epsilon: budget per unit of L1 sensitivity, above 0.
        shape: of the result.
        rng: source of the draws.
    """
    if math.isinf(epsilon):
        return np.zeros(shape, dtype=np.int64)
    stop = -math.expm1(-epsilon)  # 1 − r
    noise: Counts = rng.geometric(stop, shape) - rng.geometric(stop, shape)
    return noise


@dataclass(frozen=True, eq=False)
class LeafScores:
    """A model that scores each label by the sum of what a person's leaves add.

    Args:
        trees: the trees.
        scores: what each leaf adds, (T, 2ᴰ, k).
        prior: everyone's initial scores, (k,).
        record: the privacy budget spent.
    """

    trees: RandomTrees
    scores: Scores
    prior: Scores
    record: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        """Return the label of the highest score of each row, (n,)."""
        labels: Labels = self._totals(x).argmax(axis=1)
        return labels

    def probabilities(self, x: Array) -> Probabilities:
        """Return the softmax of the scores, (n, k)."""
        return softmax(self._totals(x))

    def _totals(self, x: Array) -> Scores:
        total = np.tile(self.prior, (len(x), 1))  # (n, k)
        for leaf, scores in zip(self.trees.leaves(x), self.scores, strict=True):
            total += scores[leaf]
        return total


def softmax(scores: Scores) -> Probabilities:
    """Return exp(s)/Σ exp(s) of each row, (n, k)."""
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    total: Probabilities = shares / shares.sum(axis=1, keepdims=True)
    return total
