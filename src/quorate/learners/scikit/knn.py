"""k nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from quorate.errors import InputError
from quorate.learners.base.scikit_learner import ScikitLearner
from quorate.spec import param
from quorate.table import Rng, Table
from quorate.validate import at_least


@dataclass(frozen=True, kw_only=True)
class KNN(ScikitLearner):
    """k nearest neighbours in Euclidean distance, by scikit-learn.

    Predicts the most frequent label of the k nearest people (Fix and Hodges 1951). Nothing is
    random. Features are compared as they come: numbers of a table standardised, pixels in [0, 1].

    Raises:
        InputError: a parameter is out of range, or there are fewer people than neighbours.
    """

    name: ClassVar[str] = "knn"
    n_neighbors: int = param(5, "Number of neighbours k, at most the number of people.")
    weights: Literal["uniform", "distance"] = param(
        "uniform", "Weight of a neighbour's vote: 1, or the inverse of its distance."
    )

    def __post_init__(self) -> None:
        at_least("n_neighbors", self.n_neighbors, 1, "Ask at least one neighbour.")

    def check(self, people: Table) -> None:
        """Raise InputError if there are fewer people than neighbours."""
        super().check(people)
        if self.n_neighbors > len(people):
            raise InputError(
                f"Expected n_neighbors={self.n_neighbors} to be at most the {len(people)} people "
                "there are. Ask fewer neighbours."
            )

    def build(self, rng: Rng) -> Any:
        """Return scikit-learn's estimator."""
        from sklearn.neighbors import KNeighborsClassifier

        return KNeighborsClassifier(n_neighbors=self.n_neighbors, weights=self.weights)
