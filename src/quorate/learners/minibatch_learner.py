"""What learners that weigh each person's loss in minibatch SGD have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from quorate.learners.network_learner import NetworkLearner
from quorate.learners.networks import torch_generator
from quorate.spec import param
from quorate.table import Rng, Submission
from quorate.validate import at_least, in_interval

if TYPE_CHECKING:
    from torch import Tensor

    from quorate.learners.stack import Pool, Stack


@dataclass(frozen=True, kw_only=True)
class MinibatchLearner(NetworkLearner):
    """Base of the learners that minimise E_P[wℓ] by minibatch SGD; ``weigh`` says w.

    Every epoch passes over the people once, in an order drawn anew. Each record holds the mean
    loss of the last epoch and, where w is not 1, the effective size of the collective per epoch,
    α_eff = Σ_members w / Σ_everyone w (derived; idea from Ben-Dov, Fawkes, Samadi, Sanyal 2024,
    arXiv:2405.06582).
    """

    reweights: ClassVar[bool] = True  # False where w = 1, and so α_eff = α
    momentum: float = param(0.9, "in [0, 1)")
    weight_decay: float = param(0.0, "L2 penalty on the weights, at least 0")
    learning_rate: float = param(0.05, "step size")

    def __post_init__(self) -> None:
        super().__post_init__()
        in_interval("momentum", self.momentum, 0, 1, "Use 0 for none.", open_high=True)
        at_least("weight_decay", self.weight_decay, 0, "Use 0 for none.")

    @abstractmethod
    def weigh(self, losses: Tensor) -> Tensor:
        """Return the weights of a batch's people, (K, B), from their losses, (K, B)."""

    def train(
        self, stack: Stack, pool: Pool, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[dict[str, Any]]:
        """Run the epochs."""
        return self.train_weighted(stack, pool, data, rngs, None, self.epochs)

    def train_weighted(
        self,
        stack: Stack,
        pool: Pool,
        data: Sequence[Submission],
        rngs: Sequence[Rng],
        importance: Tensor | None,
        epochs: int,
    ) -> list[dict[str, Any]]:
        """Run some epochs in which people also have fixed weights ``importance``, (K, n)."""
        import torch
        from torch.nn.functional import cross_entropy

        orders = [torch_generator(rng) for rng in rngs]
        member = torch.stack([torch.from_numpy(one.member) for one in data])  # (K, n)
        loss = torch.zeros(len(stack))
        effective: list[Tensor] = []
        for _ in range(epochs):
            loss, ours, all_ = (torch.zeros(len(stack)) for _ in range(3))
            order = torch.stack([torch.randperm(pool.n, generator=o) for o in orders])  # (K, n)
            for rows in torch.split(order, self.batch_size, dim=1):
                x, y = pool.batch(rows)
                logits = stack.logits(x)  # (K, B, k)
                each = cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="none")
                losses = each.view(y.shape)  # (K, B)
                weights = self.weigh(losses.detach())
                if importance is not None:
                    weights = weights * importance.gather(1, rows)
                total = (weights * losses).mean(dim=1).sum()
                stack.descend(total, self.learning_rate, self.momentum, self.weight_decay)
                loss += losses.detach().sum(dim=1)
                ours += (weights * member.gather(1, rows)).sum(dim=1)
                all_ += weights.sum(dim=1)
            effective.append(ours / all_)
        records: list[dict[str, Any]] = [{"loss": float(one) / pool.n} for one in loss]
        if self.reweights:
            for k, record in enumerate(records):
                record["alpha_effective"] = [float(epoch[k]) for epoch in effective]
        return records
