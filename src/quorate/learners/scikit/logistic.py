"""Logistic regression, fitted to convergence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from quorate.learners.base.scikit_learner import ScikitLearner
from quorate.spec import param
from quorate.table import Rng
from quorate.validate import above_zero, at_least


@dataclass(frozen=True, kw_only=True)
class Logistic(ScikitLearner):
    """Logistic regression with an L2 penalty, fitted to convergence, by scikit-learn.

    W minimises ½‖W‖² + C·Σᵢ −log softmax(W xᵢ + b)[yᵢ], by L-BFGS (Pedregosa et al. 2011). Nothing
    is random. Features are penalised as they come: numbers of a table standardised, pixels in
    [0, 1]. ``sgd:model=logistic`` takes a given number of gradient steps instead.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "logistic"
    C: float = param(1.0, "Inverse strength of the L2 penalty, above 0.")
    max_iter: int = param(
        1000, "Largest number of iterations; the record says if they did not suffice."
    )

    def __post_init__(self) -> None:
        above_zero("C", self.C, "Use a larger one, such as 1000, for a weaker penalty.")
        at_least("max_iter", self.max_iter, 1, "Allow at least one iteration.")

    @property
    def gives_probabilities(self) -> bool:
        """Whether the models give probabilities; asked of a default, when nothing is loaded yet."""
        return True

    def build(self, rng: Rng) -> Any:
        """Return scikit-learn's estimator."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=self.C, max_iter=self.max_iter)
