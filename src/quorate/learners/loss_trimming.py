"""Trimming by loss."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from quorate.errors import InputError
from quorate.learners.cleaning_learner import CleaningLearner
from quorate.protocols import ScoredClassifier
from quorate.spec import param
from quorate.table import Mask, Rng, Submission
from quorate.validate import at_least, in_interval


@dataclass(frozen=True)
class LossTrimming(CleaningLearner):
    """Trimmed loss: people whose loss is largest are dropped, and the learner is trained anew.

    In each round the learner is trained on those kept so far, at first everyone, and of all n the
    n − ⌊φn⌋ whose loss −log p(y) is smallest are kept next: a person dropped once may come back
    (Shen, Sanghavi 2019, arXiv:1810.11874). Among equal losses the first rows are kept.

    Raises:
        InputError: a parameter is out of range, or the learner's models give no probabilities.
    """

    name: ClassVar[str] = "loss-trimming"
    fraction: float = param(0.1, "share φ of the people that is dropped, in [0, 1)", shown=True)
    rounds: int = param(1, "trainings before the last one")

    def __post_init__(self) -> None:
        in_interval("fraction", self.fraction, 0, 1, "Use a fraction such as 0.1.", open_high=True)
        at_least("rounds", self.rounds, 1, "Train at least once before the last training.")

    def clean(self, data: Submission, rng: Rng) -> tuple[Submission, dict[str, Any]]:
        """Return the data of those whose loss is small in the end, and who was dropped."""
        kept = np.ones(len(data.member), dtype=bool)  # (n,)
        for _ in range(self.rounds):
            kept = self._kept(data, data.take(kept), copy.deepcopy(rng))
        return self.keep(data, kept)

    def _kept(self, data: Submission, seen: Submission, rng: Rng) -> Mask:
        """Return whose loss is small under a model of those ``seen``, (n,)."""
        model, people = self.learner.fit(seen, rng), data.mixed()
        if not isinstance(model, ScoredClassifier):
            raise InputError(
                f"Expected a learner whose models give probabilities for {self.name}, got "
                f"{self.learner.name}. Wrap one that does, such as sgd, logistic or forest."
            )
        likely = model.probabilities(people.x)[np.arange(len(people)), people.y]  # (n,)
        # 1e-9: what is a whole number on paper may fall below it in floating point
        dropped = math.floor(self.fraction * len(people) + 1e-9)
        kept = np.zeros(len(people), dtype=bool)
        kept[np.argsort(-likely, kind="stable")[: len(people) - dropped]] = True
        return kept
