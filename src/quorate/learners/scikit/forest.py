"""Random forests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from quorate.learners.base.scikit_learner import ScikitLearner, draw_random_state
from quorate.spec import param
from quorate.table import Rng
from quorate.validate import at_least


@dataclass(frozen=True, kw_only=True)
class Forest(ScikitLearner):
    """Random forest: the mean of trees grown on bootstrap samples; scikit-learn's.

    Each split looks at √d features drawn at random (Breiman 2001).

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "forest"
    n_estimators: int = param(100, "trees")
    max_depth: int | None = param(None, "depth of a tree at most; none for no limit")
    min_samples_leaf: int = param(1, "people in a leaf, at least")

    def __post_init__(self) -> None:
        at_least("n_estimators", self.n_estimators, 1, "Grow at least one tree.")
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
