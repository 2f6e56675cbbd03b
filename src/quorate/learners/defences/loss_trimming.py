"""Data sanitisation by trimming large losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.errors import InputError
from quorate.learners.base.cleaning_learner import Cleaned, ModelBasedCleaning, gives_probabilities
from quorate.learners.base.rounding import floor_of_share
from quorate.protocols import Classifier, ScoredClassifier
from quorate.spec import param
from quorate.table import Submission, Table
from quorate.validate import MOST_ROUNDS, at_least, in_interval


@dataclass(frozen=True)
class LossTrimming(ModelBasedCleaning):
    """Trimmed loss: drops the people with the largest losses and trains again.

    Each round trains on those kept so far, at first everyone, and then keeps the n − ⌊φn⌋ of all n
    people whose loss −log p(y) is smallest, so that a person dropped once may come back (Shen,
    Sanghavi 2019, arXiv:1810.11874). Of equal losses the first rows are kept.

    Raises:
        InputError: a parameter is out of range, or the learner's models give no probabilities.
    """

    name: ClassVar[str] = "loss-trimming"
    fraction: float = param(0.1, "Fraction φ of the people to drop, in [0, 1).", shown=True)
    rounds: int = param(1, "Number of trainings before the last one.")

    def __post_init__(self) -> None:
        in_interval("fraction", self.fraction, 0, 1, "Use a fraction such as 0.1.", open_high=True)
        at_least(
            "rounds",
            self.rounds,
            1,
            "Train at least once before the last training.",
            most=MOST_ROUNDS,
        )

    @property
    def trainings(self) -> int:
        """Number of trainings before the last one."""
        return self.rounds

    def check(self, people: Table) -> None:
        """Raise InputError if the models give no probabilities or the learner cannot be fitted."""
        super().check(people)
        if not gives_probabilities(self.learner):
            raise self._no_probabilities()

    def clean_by(self, model: Classifier, data: Submission) -> Cleaned:
        """Return the data of those with a small loss under the model, and the shares dropped."""
        if not isinstance(model, ScoredClassifier):
            raise self._no_probabilities()
        people = data.mixed()
        likely = model.probabilities(people.x)[np.arange(len(people)), people.y]  # (n,)
        dropped = floor_of_share(self.fraction, len(people))
        kept = np.zeros(len(people), dtype=bool)  # (n,)
        kept[np.argsort(-likely, kind="stable")[: len(people) - dropped]] = True
        return self.keep(data, kept)

    def _no_probabilities(self) -> InputError:
        return InputError(
            f"Expected a learner whose models give probabilities for {self.name}, got "
            f"{self.learner.name}. Wrap one that does, such as sgd, logistic or forest."
        )
