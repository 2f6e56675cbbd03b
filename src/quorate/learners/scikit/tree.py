"""Decision trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from quorate.learners.base.category_learner import CategoryLearner
from quorate.learners.base.scikit_learner import draw_random_state
from quorate.spec import param
from quorate.table import Rng
from quorate.validate import at_least


@dataclass(frozen=True, kw_only=True)
class Tree(CategoryLearner):
    """Decision tree, grown greedily by the purity of its leaves, by scikit-learn.

    CART (Breiman, Friedman, Olshen, Stone 1984). A table's category is split into two sets of
    values, those with fewer and those with more of a label, in an order that is found once before
    the tree is grown. The cell's seed breaks ties between equally good splits.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "tree"
    criterion: Literal["gini", "entropy"] = param("gini", "Impurity that a split lowers.")
    max_depth: int | None = param(None, "Largest depth; none for no limit.")
    min_samples_leaf: int = param(1, "Smallest number of people in a leaf.")

    def __post_init__(self) -> None:
        if self.max_depth is not None:
            at_least("max_depth", self.max_depth, 1, "Leave it out for no limit.")
        at_least("min_samples_leaf", self.min_samples_leaf, 1, "A leaf has at least one person.")

    def build(self, rng: Rng) -> Any:
        """Return scikit-learn's estimator."""
        from sklearn.tree import DecisionTreeClassifier

        return DecisionTreeClassifier(
            criterion=self.criterion,
            max_depth=self.max_depth,
            min_samples_leaf=self.min_samples_leaf,
            random_state=draw_random_state(rng),
        )
