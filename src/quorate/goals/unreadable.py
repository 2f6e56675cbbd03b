"""Success of hiding an attribute: the platform cannot tell the label from the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.errors import InputError
from quorate.goals.recognised import GoalOfChangedRows
from quorate.protocols import Classifier
from quorate.table import Labels, Rng, Table


@dataclass(frozen=True)
class Unreadable(GoalOfChangedRows):
    """The platform cannot tell people's label, a sensitive attribute, from their rows.

    S(α) = 1 − |advantage| on held-out people, with the advantage (mean recall − 1/k)/(1 − 1/k) over
    the k labels: for two labels the true-positive rate less the false-positive rate (Yeom,
    Giacomelli, Fredrikson, Jha 2018, arXiv:1709.01604; its form for k > 2 is ours). Its absolute
    value, since answers that are reliably wrong can be turned around. The platform infers an
    attribute where the attribute is the label: see the population ``attribute-labels``.

    Raises:
        InputError: all held-out people have one label, or as the strategy.
    """

    name: ClassVar[str] = "unreadable"

    def success(self, model: Classifier, held_out: Table, rng: Rng) -> float:
        """Return how little the model tells of the label: 1 where it tells nothing."""
        answers = self.answers(model, held_out, rng)
        if len(np.unique(held_out.y)) < 2:
            raise InputError(
                "Expected held-out people of two labels at least, to be told apart, got one. Hold "
                "out more people."
            )
        return max(0.0, 1 - abs(advantage(answers, held_out.y)))


def advantage(answers: Labels, attribute: Labels) -> float:
    """Return (mean recall − 1/k)/(1 − 1/k) over the k values that people have; NaN of one.

    Args:
        answers: the values that a model says, (n,).
        attribute: the true values, (n,).

    >>> advantage(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]))  # 2/3 + 1 − 1
    0.6666666666666665
    """
    present = np.unique(attribute)
    if len(present) < 2:
        return float("nan")
    recall = np.mean([(answers[attribute == a] == a).mean() for a in present])
    chance = 1 / len(present)
    return float((recall - chance) / (1 - chance))
