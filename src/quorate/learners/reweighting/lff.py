"""LfF, learning from failure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from quorate.learners.base.minibatch_learner import MinibatchLearner
from quorate.learners.base.training import Batch, Training, cross_entropy
from quorate.spec import param
from quorate.table import Rng
from quorate.validate import in_interval

if TYPE_CHECKING:
    from torch import Tensor

    from quorate.engine.optimizers import Optimizer
    from quorate.engine.row_pool import RowPool
    from quorate.engine.stack import Stack

TINY = 1e-8  # avoids 0/0 where both networks have learned a person


@dataclass(frozen=True, kw_only=True)
class LfF(MinibatchLearner):
    """LfF (learning from failure): upweights people whom a deliberately biased network gets wrong.

    Two networks train side by side. The biased one minimises the generalised cross-entropy
    (1 − p_y^q)/q, which favours people it already gets right. The deployed one minimises E[wℓ] with
    the relative difficulty w = ℓ_b/(ℓ_b + ℓ_d) (Nam, Cha, Ahn, Lee, Shin 2020, arXiv:2007.02561).
    As in the authors' code, ℓ_b and ℓ_d are each person's moving average of the cross-entropy
    divided by the largest of their label, and w is not scaled to mean 1.

    Raises:
        InputError: a parameter is out of range, or the model cannot take these people.
    """

    name: ClassVar[str] = "lff"
    q: float = param(0.7, "Exponent q of the biased network's loss, in (0, 1].", shown=True)
    memory: float = param(0.7, "Decay rate of the moving average of a person's loss, in [0, 1).")

    def __post_init__(self) -> None:
        super().__post_init__()
        in_interval("q", self.q, 0, 1, "Use q=0.7.", open_low=True)
        in_interval("memory", self.memory, 0, 1, "Use 0 for the last loss.", open_high=True)

    def begin(self, stack: Stack, pool: RowPool, rngs: Sequence[Rng]) -> Training:
        """Return the training of the deployed networks beside biased ones."""
        biased = self.networks(pool, rngs, stack.aggregate)
        beside = _BiasedNetworks(biased, self.optimizer(biased), self.q)
        return _LearningFromFailure(
            beside, self.memory, stack, pool, rngs, self.settings(), self.optimizer(stack)
        )


class _BiasedNetworks:
    """The biased networks, which learn what is easy."""

    def __init__(self, stack: Stack, optimizer: Optimizer, q: float) -> None:
        self._stack, self._optimizer, self._q = stack, optimizer, q

    def step(self, batch: Batch, learning_rate: float) -> Tensor:
        """Take one step, and return the cross-entropy before it, (K, B)."""
        through = self._stack.forward(batch.x)
        losses = cross_entropy(through.logits, batch.y)
        generalised = (1 - (-self._q * losses).exp()) / self._q  # p_y = exp(−ℓ)
        self._optimizer.step(self._stack.gradients(through, generalised), learning_rate)
        return losses.detach()


class _LearningFromFailure(Training):
    """Training that weighs people by their relative difficulty."""

    def __init__(
        self, biased: _BiasedNetworks, memory: float, stack: Stack, pool: RowPool, *rest: Any
    ):
        super().__init__(stack, pool, *rest)
        self._biased = biased
        labels = pool.y[pool.index]  # (K, n)
        self._of_biased, self._of_deployed = (
            _MovingLosses(labels, pool.k, memory) for _ in range(2)
        )
        self._biased_losses: Tensor | None = None

    def _step(self, batch: Batch, learning_rate: float) -> tuple[Tensor, Tensor | None]:
        self._biased_losses = self._biased.step(batch, learning_rate)
        return super()._step(batch, learning_rate)

    def weights(self, losses: Tensor, batch: Batch) -> Tensor:
        """Return ℓ_b/(ℓ_b + ℓ_d) of the moving averages, (K, B)."""
        assert self._biased_losses is not None  # for the type checker
        hard = self._of_biased.update(batch.rows, self._biased_losses)
        left = self._of_deployed.update(batch.rows, losses)
        return hard / (hard + left + TINY)


class _MovingLosses:
    """Everyone's moving average of the loss, starting at the first loss.

    Args:
        labels: everyone's, (K, n).
        k, memory: number of labels, and decay rate.
    """

    def __init__(self, labels: Tensor, k: int, memory: float) -> None:
        import torch

        self._labels, self._memory = labels, memory
        self._mean = torch.zeros(labels.shape, device=labels.device)
        self._seen = torch.zeros_like(self._mean)
        self._largest = torch.zeros(len(labels), k, device=labels.device)

    def update(self, rows: Tensor, losses: Tensor) -> Tensor:
        """Add the losses of ``rows``, and return their averages over the largest of the label."""
        old, seen = self._mean.gather(1, rows), self._seen.gather(1, rows)
        mean = self._memory * old + (1 - self._memory * seen) * losses  # (K, B)
        self._mean.scatter_(1, rows, mean)
        self._seen.scatter_(1, rows, 1)
        largest = self._largest.scatter_reduce(
            1, self._labels, self._mean, "amax", include_self=False
        )  # (K, k)
        return mean / largest.gather(1, self._labels.gather(1, rows)).clamp(min=TINY)
