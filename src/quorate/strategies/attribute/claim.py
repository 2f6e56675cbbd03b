"""What strategies that claim another label share: what members know of a model's answers."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate import spec
from quorate.adapter import fit_model
from quorate.errors import InputError
from quorate.goals.unreadable import Unreadable
from quorate.knowledge import Knowledge
from quorate.learners.base.cleaning_learner import gives_probabilities
from quorate.learners.scikit.logistic import Logistic
from quorate.protocols import Learner, Strategy
from quorate.spec import param
from quorate.table import Array, Labels, Rng, Submission, Table

Floats = npt.NDArray[np.float64]
FOLDS = 5


@dataclass(frozen=True)
class ClaimStrategy(Strategy):
    """Base of strategies by which members claim another label, an attribute, and keep their rows.

    A claim rests on what a model of four fifths of the members says of the row, the claimant not
    among them: nobody's claim depends on their own label but through the row.
    """

    learner: Learner = param(
        Logistic(), "Learner that members imitate the platform with (a surrogate).", kind="learners"
    )

    def __post_init__(self) -> None:
        if not gives_probabilities(self.learner):
            raise InputError(
                "Expected a learner whose models give probabilities, to claim by, got "
                f"{spec.text(self.learner)}. Use another, such as logistic."
            )

    @abstractmethod
    def claims(self, posterior: Floats, base: Floats, alpha: float, rng: Rng) -> Labels:
        """Return what each member claims, (m,).

        Args:
            posterior: q, of honest people at each member's row, (m, k).
            base: π, fraction of people with each label, (k,).
            alpha: fraction who act.
            rng: draws the claims.
        """

    def apply(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        """Return the members' rows with the labels that they claim."""
        if not len(members):
            return members
        own = known.own
        counts = np.bincount(own.y, minlength=own.k)
        base = (counts + 1) / (len(own) + own.k)  # (k,): a label that no member has can occur
        posterior = self._posterior(members.x, own, rng)
        return members.relabelled(self.claims(posterior, base, known.alpha, rng))

    @property
    def goal(self) -> Unreadable:
        """Nothing tells the label of honest rows."""
        return Unreadable()

    def _posterior(self, x: Array, own: Table, rng: Rng) -> Floats:
        """Return q̂(x) of each member's row, (m, k), by the other members' honest rows."""
        fold = rng.permutation(len(own)) % FOLDS  # (m,)
        found = np.full((len(own), own.k), 1 / own.k)  # (m, k)
        for number in range(FOLDS):
            mine, others = fold == number, own.take(fold != number)
            present = np.unique(others.y)
            if len(present) > 1 and mine.any():
                model = fit_model(self.learner, Submission.without_collective(others), rng)
                found[mine] = model.probabilities(x[mine])  # type: ignore[attr-defined]
            elif len(present) == 1:
                found[mine] = np.eye(own.k)[present[0]]
        return found


def draw_labels(probabilities: Floats, rng: Rng) -> Labels:
    """Return an index a row, (m,), drawn with probabilities (m, k); each row sums to 1.

    >>> draw_labels(np.array([[1.0, 0.0], [0.0, 1.0]]), np.random.default_rng(0)).tolist()
    [0, 1]
    """
    below = np.cumsum(probabilities, axis=1)[:, :-1]  # (m, k − 1)
    codes: Labels = (rng.random(len(below))[:, None] >= below).sum(axis=1)
    return codes
