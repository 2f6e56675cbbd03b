"""Naive Bayes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from quorate.learners.base.scikit_learner import ScikitLearner
from quorate.spec import param
from quorate.table import Rng
from quorate.validate import at_least


@dataclass(frozen=True, kw_only=True)
class NaiveBayes(ScikitLearner):
    """Naive Bayes: given the label, features are normal and independent, by scikit-learn.

    Predicts the label that maximises log P(y) + Σⱼ log N(xⱼ; μ_yj, σ²_yj), with moments estimated
    per label and Var_max·``var_smoothing`` added to every variance. Nothing is random.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "naive-bayes"
    var_smoothing: float = param(
        1e-9, "Fraction of the largest variance added to all variances, at least 0."
    )

    def __post_init__(self) -> None:
        at_least("var_smoothing", self.var_smoothing, 0, "Use a small fraction such as 1e-9.")

    def build(self, rng: Rng) -> Any:
        """Return scikit-learn's estimator."""
        from sklearn.naive_bayes import GaussianNB

        return GaussianNB(var_smoothing=self.var_smoothing)
