"""Differentially private Adam with Poisson sampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from quorate.learners.base.private_learner import PrivateLearner
from quorate.spec import param
from quorate.validate import in_interval

if TYPE_CHECKING:
    from quorate.engine.optimizers import Optimizer
    from quorate.engine.stack import Stack


@dataclass(frozen=True, kw_only=True)
class DPAdam(PrivateLearner):
    """Differentially private Adam: Adam on clipped per-example gradients plus Gaussian noise.

    The gradients are those of ``dp-sgd``, made private before Adam sees them, so the privacy cost
    is the same, and so is what it leaves out (Abadi et al. 2016, arXiv:1607.00133; Kingma, Ba 2015,
    arXiv:1412.6980).

    Raises:
        InputError: a parameter is out of range, δ is not below 1/n, or ε cannot be met.
    """

    name: ClassVar[str] = "dp-adam"
    learning_rate: float = param(0.01, "Step size.")
    momentum: float = param(0.9, "Decay rate β1 of the mean gradient, in [0, 1).")
    beta2: float = param(0.999, "Decay rate β2 of the mean squared gradient, in [0, 1).")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("momentum", "beta2"):
            in_interval(name, getattr(self, name), 0, 1, "Use 0.9 and 0.999.", open_high=True)

    def optimizer(self, stack: Stack) -> Optimizer:
        """Return Adam's update rule."""
        from quorate.engine.optimizers import AdamOptimizer

        return AdamOptimizer(stack.weights, self.momentum, self.beta2)
