"""Empirical risk minimisation by minibatch SGD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from quorate.learners.network_learner import NetworkLearner
from quorate.learners.networks import torch_generator
from quorate.spec import param
from quorate.table import Rng, Submission
from quorate.validate import at_least, in_interval

if TYPE_CHECKING:
    from torch import nn


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

    def train(self, network: nn.Module, data: Submission, rng: Rng) -> dict[str, Any]:
        """Run the epochs; the record holds the mean loss of the last one."""
        import torch

        people = data.mixed()
        x, y = torch.from_numpy(people.x), torch.from_numpy(people.y)
        order = torch_generator(rng)
        optimiser = torch.optim.SGD(
            network.parameters(),
            lr=self.learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
        )
        total = 0.0
        for _ in range(self.epochs):
            total = 0.0
            for rows in torch.split(torch.randperm(len(y), generator=order), self.batch_size):
                optimiser.zero_grad()
                loss = torch.nn.functional.cross_entropy(network(x[rows]), y[rows])
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                total += float(loss.detach()) * len(rows)
        return {"loss": total / len(y)}
