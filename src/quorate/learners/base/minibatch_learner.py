"""The base of learners that minimise a weighted loss by minibatch gradient steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from quorate.learners.base.network_learner import NetworkLearner
from quorate.learners.base.training import Batch, Settings, Training
from quorate.protocols import StackedLearner
from quorate.spec import param
from quorate.table import Rng, Submission
from quorate.validate import at_least, in_interval

if TYPE_CHECKING:
    from torch import Tensor

    from quorate.engine.optimizers import Optimizer
    from quorate.engine.row_pool import RowPool
    from quorate.engine.stack import Stack


@runtime_checkable
class MinibatchTrainer(StackedLearner, Protocol):
    """A learner whose epochs another method can watch, as early stopping does."""

    @property
    def uses_groups(self) -> bool:
        """Whether training needs to know people's groups."""

    def prepare(self, data: Sequence[Submission], rngs: Sequence[Rng]) -> tuple[Stack, RowPool]:
        """Return fresh networks, one per submission, and the people of each."""

    def begin(self, stack: Stack, pool: RowPool, rngs: Sequence[Rng]) -> Training:
        """Return the training, ready to run."""


@dataclass(frozen=True, kw_only=True)
class MinibatchLearner(NetworkLearner):
    """Base of the learners that minimise E_P[wℓ] by minibatch SGD.

    A new one implements ``weigh``, if the weights depend on the losses alone, or else ``begin``.
    Each epoch passes over the training data once, in a fresh random order. The record holds the
    mean loss of the last epoch and, where w is not 1, the collective's effective size per epoch,
    α_eff = Σ_members w / Σ_everyone w (derived; idea from Ben-Dov, Fawkes, Samadi, Sanyal 2024,
    arXiv:2405.06582).
    """

    momentum: float = param(0.9, "Momentum, in [0, 1).")
    weight_decay: float = param(0.0, "L2 penalty on the weights, at least 0.")
    learning_rate: float = param(0.05, "Step size.")

    def __post_init__(self) -> None:
        super().__post_init__()
        in_interval("momentum", self.momentum, 0, 1, "Use 0 for none.", open_high=True)
        at_least("weight_decay", self.weight_decay, 0, "Use 0 for none.")

    @property
    def uses_groups(self) -> bool:
        """Whether training needs to know people's groups."""
        return False

    def train(self, stack: Stack, pool: RowPool, rngs: Sequence[Rng]) -> list[dict[str, Any]]:
        """Run the epochs."""
        return self.begin(stack, pool, rngs).run()

    def begin(self, stack: Stack, pool: RowPool, rngs: Sequence[Rng]) -> Training:
        """Return the training, ready to run; people weigh as ``weigh`` says."""

        def weigh(losses: Tensor, batch: Batch) -> Tensor | None:
            return self.weigh(losses)

        return Training(stack, pool, rngs, self.settings(), self.optimizer(stack), weigh)

    def weigh(self, losses: Tensor) -> Tensor | None:
        """Return people's weights, (K, B), from their losses, (K, B); None for equal ones."""
        return None

    def settings(self) -> Settings:
        """Return how long, in which batches and with which step size to train."""
        return Settings(self.epochs, self.batch_size, self.learning_rate, self.schedule)

    def optimizer(self, stack: Stack) -> Optimizer:
        """Return the update rule over the weights of a stack."""
        from quorate.engine.optimizers import MomentumOptimizer

        return MomentumOptimizer(stack.weights, self.momentum, self.weight_decay)


def name_of(learner: Any) -> str:
    """Return the name of a learner, or what an object that is handed in as one is called."""
    return str(getattr(learner, "who", None) or getattr(learner, "name", type(learner).__name__))
