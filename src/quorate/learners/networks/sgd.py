"""Empirical risk minimisation by minibatch SGD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.learners.base.minibatch_learner import MinibatchLearner


@dataclass(frozen=True, kw_only=True)
class SGD(MinibatchLearner):
    """Plain training: cross-entropy minimised by minibatch SGD with momentum.

    Each epoch passes over the training data once, in a fresh random order.

    Raises:
        InputError: a parameter is out of range, or the model cannot take these people.
    """

    name: ClassVar[str] = "sgd"
