"""Differentially private SGD with Poisson sampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from quorate.learners.base.private_learner import PrivateLearner
from quorate.spec import param

if TYPE_CHECKING:
    from quorate.engine.optimizers import Optimizer
    from quorate.engine.stack import Stack


@dataclass(frozen=True, kw_only=True)
class DPSGD(PrivateLearner):
    """Differentially private SGD: clipped per-example gradients plus calibrated Gaussian noise.

    g̃ = (Σᵢ gᵢ·min(1, C/‖gᵢ‖) + σC·N(0, I)) / (qn), over a Poisson sample of rate q
    (Abadi et al. 2016, arXiv:1607.00133). σ is calibrated to (ε, δ) by privacy loss
    distributions; the record holds σ, the ε achieved and the sampling assumption. ε counts this
    training alone: choosing settings on these people, standardising a table's numbers on them, and
    how many they are, are left out.

    Raises:
        InputError: a parameter is out of range, δ is not below 1/n, or ε cannot be met.
    """

    name: ClassVar[str] = "dp-sgd"
    learning_rate: float = param(0.5, "Step size.")

    def optimizer(self, stack: Stack) -> Optimizer:
        """Return plain SGD's update rule."""
        from quorate.engine.optimizers import MomentumOptimizer

        return MomentumOptimizer(stack.weights)
