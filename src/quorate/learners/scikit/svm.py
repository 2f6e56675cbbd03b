"""Support vector machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from quorate.learners.base.scikit_learner import ScikitLearner
from quorate.spec import param
from quorate.table import Rng
from quorate.validate import above_zero


@dataclass(frozen=True, kw_only=True)
class SVM(ScikitLearner):
    """Support vector machine with a Gaussian or linear kernel, by scikit-learn.

    One against one for more than two labels (Cortes and Vapnik 1995). Nothing is random, and there
    are no probabilities. Features are compared as they come: numbers of a table standardised,
    pixels in [0, 1]. Time grows at least with the square of the number of people.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "svm"
    C: float = param(1.0, "Weight of errors against the margin, above 0.")
    kernel: Literal["rbf", "linear"] = param(
        "rbf", "Kernel: rbf, which is exp(−γ‖x − x′‖²), or linear."
    )
    gamma: float | None = param(
        None, "Parameter γ of the rbf kernel; by default 1/(d·variance of the features)."
    )

    def __post_init__(self) -> None:
        above_zero("C", self.C, "Use a larger one, such as 1000, for a harder margin.")
        if self.gamma is not None:
            above_zero("gamma", self.gamma, "Leave it out for 1/(d·variance of the features).")

    def build(self, rng: Rng) -> Any:
        """Return scikit-learn's estimator."""
        from sklearn.svm import SVC

        return SVC(
            C=self.C, kernel=self.kernel, gamma="scale" if self.gamma is None else self.gamma
        )
