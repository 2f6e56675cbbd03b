"""Gradient boosting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from quorate.learners.base.category_learner import CategoryLearner
from quorate.learners.base.scikit_learner import draw_random_state
from quorate.spec import param
from quorate.table import Rng
from quorate.validate import MOST_ROUNDS, above_zero, at_least


@dataclass(frozen=True, kw_only=True)
class Boosting(CategoryLearner):
    """Gradient boosting of trees on binned features (histograms), by scikit-learn.

    Each round adds one tree per label that descends the log loss (Friedman 2001; Ke et al. 2017). A
    table's category is split into two sets of values, found anew in each node; one of more than 255
    values is split in an order by their labels, found once.
    All rounds are run: nobody is held back to stop early. With more than 200,000 people, the seed
    draws those from whom bins are made.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "boosting"
    most_unordered: ClassVar[int] = 255  # bins of scikit-learn
    learning_rate: float = param(0.1, "Step size of a round.")
    max_iter: int = param(
        100, "Number of rounds; each adds one tree, or k trees if there are k > 2 labels."
    )
    max_leaf_nodes: int = param(31, "Largest number of leaves of a tree, at least 2.")
    min_samples_leaf: int = param(20, "Smallest number of people in a leaf.")

    def __post_init__(self) -> None:
        above_zero("learning_rate", self.learning_rate, "Use a step size such as 0.1.")
        at_least("max_iter", self.max_iter, 1, "Boost for at least one round.", most=MOST_ROUNDS)
        at_least("max_leaf_nodes", self.max_leaf_nodes, 2, "A tree splits at least once.")
        at_least("min_samples_leaf", self.min_samples_leaf, 1, "A leaf has at least one person.")

    def build(self, rng: Rng) -> Any:
        """Return scikit-learn's estimator."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=self.max_iter,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            early_stopping=False,
            random_state=draw_random_state(rng),
        )
