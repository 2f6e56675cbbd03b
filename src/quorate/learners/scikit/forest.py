"""Random forests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from quorate.learners.base.category_learner import CategoryLearner
from quorate.learners.base.scikit_learner import draw_random_state
from quorate.spec import param
from quorate.table import Rng
from quorate.validate import MOST_ROUNDS, at_least


@dataclass(frozen=True, kw_only=True)
class Forest(CategoryLearner):
    """Random forest: the mean of trees grown on bootstrap samples, by scikit-learn.

    Each split considers √d random features (Breiman 2001). A table's category is one of them: it is
    split into two sets of values, in an order by their labels that is found once before trees are
    grown (Wright, König 2019, arXiv:1807.04982).

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "forest"
    n_estimators: int = param(100, "Number of trees.")
    max_depth: int | None = param(None, "Largest depth of a tree; none for no limit.")
    min_samples_leaf: int = param(1, "Smallest number of people in a leaf.")

    def __post_init__(self) -> None:
        at_least("n_estimators", self.n_estimators, 1, "Grow at least one tree.", most=MOST_ROUNDS)
        if self.max_depth is not None:
            at_least("max_depth", self.max_depth, 1, "Leave it out for no limit.")
        at_least("min_samples_leaf", self.min_samples_leaf, 1, "A leaf has at least one person.")

    def build(self, rng: Rng) -> Any:
        """Return scikit-learn's estimator."""
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(
            n_estimators=self.n_estimators,
            max_depth=self.max_depth,
            min_samples_leaf=self.min_samples_leaf,
            random_state=draw_random_state(rng),
        )
