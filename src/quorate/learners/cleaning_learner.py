"""What the defences have in common that clean the people's data before a learner sees them."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quorate.errors import FitFailedError
from quorate.learners.sgd import SGD
from quorate.protocols import Classifier, Learner
from quorate.spec import param
from quorate.table import Mask, Rng, Submission, Table


@dataclass(frozen=True)
class CleaningLearner(Learner):
    """Base of the defences that train on cleaned data; ``clean`` says how.

    Every training begins at the same seed: the model that a defence looks at is the one that would
    have been deployed without it, and where nothing is cleaned the outcome is that of the learner
    alone, to the bit. The record holds what was done to members and to others, α_eff, the members'
    share of the people who are left, and as ``inner`` the record of the last training. A privacy
    budget in there is that of this one training, given the people who are left.
    """

    learner: Learner = param(
        SGD(),
        "what is trained on the cleaned data; its parameters can be given here",
        kind="learners",
    )

    def check(self, people: Table) -> None:
        """Raise InputError if the learner cannot be fitted to these people."""
        self.learner.check(people)

    @abstractmethod
    def clean(self, data: Submission, rng: Rng) -> tuple[Submission, dict[str, Any]]:
        """Return the cleaned data, and plain data about the cleaning."""

    def fit(self, data: Submission, rng: Rng) -> Classifier:
        """Return the learner's model of the cleaned data.

        Raises:
            InputError: as ``check``.
            FitFailedError: nobody is left, or a training fails.
        """
        self.check(data.honest)
        cleaned, facts = self.clean(data, copy.deepcopy(rng))
        model = self.learner.fit(cleaned, rng)
        facts |= {"alpha_effective": [cleaned.alpha], "inner": dict(model.record)}
        return with_record(model, facts)

    def keep(self, data: Submission, kept: Mask) -> tuple[Submission, dict[str, Any]]:
        """Return what those who are kept, (n,), handed in, and the shares that are dropped.

        Raises:
            FitFailedError: nobody is kept.
        """
        if not kept.any():
            raise FitFailedError(
                f"Expected people left to learn from, got none: {self.name} dropped all "
                f"{len(kept)}. Make it milder."
            )
        return data.take(kept), shares("dropped", ~kept, data.member)


def shares(what: str, of: Mask, member: Mask) -> dict[str, Any]:
    """Return to which share of the members and of the others it happened; None of nobody.

    >>> import numpy as np
    >>> shares("dropped", np.array([True, False]), np.array([True, True]))
    {'members_dropped': 0.5, 'others_dropped': None}
    """
    groups = (("members", member), ("others", ~member))
    return {f"{who}_{what}": float(of[g].mean()) if g.any() else None for who, g in groups}


def with_record(model: Classifier, record: Mapping[str, Any]) -> Classifier:
    """Return the same model with another record; what else it can do, it still can."""
    same = copy.copy(model)
    object.__setattr__(same, "record", record)  # classifiers are frozen
    return same
