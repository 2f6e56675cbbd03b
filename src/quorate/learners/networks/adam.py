"""Empirical risk minimisation by Adam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from quorate.learners.base.minibatch_learner import MinibatchLearner
from quorate.spec import param
from quorate.validate import in_interval

if TYPE_CHECKING:
    from quorate.engine.optimizers import Optimizer
    from quorate.engine.stack import Stack


@dataclass(frozen=True, kw_only=True)
class Adam(MinibatchLearner):
    """Plain training: cross-entropy minimised by Adam.

    Each epoch passes over the training data once, in a fresh random order (Kingma, Ba 2015,
    arXiv:1412.6980).

    Raises:
        InputError: a parameter is out of range, or the model cannot take these people.
    """

    name: ClassVar[str] = "adam"
    momentum: float = param(0.9, "Decay rate β1 of the mean gradient, in [0, 1).")
    beta2: float = param(0.999, "Decay rate β2 of the mean squared gradient, in [0, 1).")
    learning_rate: float = param(0.001, "Step size.")

    def __post_init__(self) -> None:
        super().__post_init__()
        in_interval("beta2", self.beta2, 0, 1, "Use 0.999.", open_high=True)

    def optimizer(self, stack: Stack) -> Optimizer:
        """Return Adam's update rule."""
        from quorate.engine.optimizers import AdamOptimizer

        return AdamOptimizer(stack.weights, self.momentum, self.beta2, self.weight_decay)
