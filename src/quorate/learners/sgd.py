"""Empirical risk minimisation by minibatch SGD."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from quorate.learners.network_learner import NetworkLearner
from quorate.learners.networks import torch_generator
from quorate.spec import param
from quorate.table import Rng, Submission
from quorate.validate import at_least, in_interval

if TYPE_CHECKING:
    from quorate.learners.stack import Pool, Stack


@dataclass(frozen=True, kw_only=True)
class SGD(NetworkLearner):
    """Plain training: cross-entropy minimised by minibatch SGD with momentum.

    Every epoch passes over the people once, in an order drawn anew.

    Raises:
        InputError: a parameter is out of range, or the model cannot take these people.
    """

    name: ClassVar[str] = "sgd"
    momentum: float = param(0.9, "in [0, 1)")
    weight_decay: float = param(0.0, "L2 penalty on the weights, at least 0")
    learning_rate: float = param(0.05, "step size")

    def __post_init__(self) -> None:
        super().__post_init__()
        in_interval("momentum", self.momentum, 0, 1, "Use 0 for none.", open_high=True)
        at_least("weight_decay", self.weight_decay, 0, "Use 0 for none.")

    def train(
        self, stack: Stack, pool: Pool, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[dict[str, Any]]:
        """Run the epochs; each record holds the mean loss of the last one."""
        import torch
        from torch.nn.functional import cross_entropy

        orders = [torch_generator(rng) for rng in rngs]
        optimiser = torch.optim.SGD(
            stack.weights,
            lr=self.learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
        )
        total = torch.zeros(len(stack))
        for _ in range(self.epochs):
            total = torch.zeros(len(stack))
            order = torch.stack([torch.randperm(pool.n, generator=o) for o in orders])  # (K, n)
            for rows in torch.split(order, self.batch_size, dim=1):
                x, y = pool.batch(rows)
                logits = stack.logits(x)  # (K, B, k)
                each = cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="none")
                losses = each.view(y.shape)  # (K, B)
                optimiser.zero_grad()
                losses.mean(dim=1).sum().backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                total += losses.detach().sum(dim=1)
        return [{"loss": float(loss) / pool.n} for loss in total]
