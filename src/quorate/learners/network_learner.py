"""What every learner that trains a network by gradient steps has in common."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quorate.errors import FitFailedError
from quorate.learners.networks import (
    DIVERGED,
    Architecture,
    NetworkClassifier,
    build_network,
    check_shape,
)
from quorate.protocols import Learner
from quorate.spec import param
from quorate.table import Rng, Submission, Table
from quorate.validate import above_zero, at_least

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, kw_only=True)
class NetworkLearner(Learner):
    """Base of the learners that train a network: parameters they share, and ``fit``."""

    model: Architecture = param("mlp", "logistic, mlp or cnn")
    hidden: int = param(64, "hidden units of the mlp")
    epochs: int = param(10, "passes over the people")
    batch_size: int = param(128, "people per step")
    learning_rate: float = param(0.1, "step size")

    def __post_init__(self) -> None:
        at_least("hidden", self.hidden, 1, "Use a positive width.")
        at_least("epochs", self.epochs, 1, "Train for at least one epoch.")
        at_least("batch_size", self.batch_size, 1, "Use at least one person per step.")
        above_zero("learning_rate", self.learning_rate, "Use a step size such as 0.1.")

    def check(self, people: Table) -> None:
        """Raise InputError if the network cannot take these people."""
        check_shape(self.model, people)

    def fit(self, data: Submission, rng: Rng) -> NetworkClassifier:
        """Return a network trained on what the platform received.

        Raises:
            InputError: as ``check``.
            FitFailedError: training diverged.
        """
        self.check(data.honest)
        network = build_network(self.model, data.honest, self.hidden, rng)
        record = self.train(network, data, rng)
        if not all(bool(p.isfinite().all()) for p in network.parameters()):
            raise FitFailedError(DIVERGED)
        return NetworkClassifier(network, record)

    @abstractmethod
    def train(self, network: nn.Module, data: Submission, rng: Rng) -> dict[str, Any]:
        """Train the network in place; return plain data about the training."""
