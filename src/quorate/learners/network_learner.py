"""What every learner that trains networks by gradient steps has in common."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
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
from quorate.protocols import Classifier, StackedLearner
from quorate.spec import param
from quorate.table import Rng, Submission, Table
from quorate.validate import above_zero, at_least

if TYPE_CHECKING:
    from quorate.learners.stack import Pool, Stack

# Models in a stack, by what was measured on a CPU: small networks wait for calls more than for
# arithmetic and gain from standing together, until the stack's batch no longer fits a core's
# caches; convolutions run best one model at a time.
MOST_AT_ONCE = 64
BATCH_AT_ONCE = 2**20  # features in the batches of a stack: 4 MiB


@dataclass(frozen=True, kw_only=True)
class NetworkLearner(StackedLearner):
    """Base of the learners that train networks: parameters they share, ``fit`` and ``fit_many``."""

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

    def stack_size(self, people: Table) -> int:
        """Return how many models are best trained at once."""
        if self.model == "cnn":
            return 1
        batch = self.batch_size * math.prod(people.x.shape[1:])
        return max(1, min(MOST_AT_ONCE, BATCH_AT_ONCE // batch))

    def fit(self, data: Submission, rng: Rng) -> Classifier:
        """Return a network trained on what the platform received.

        Raises:
            InputError: as ``check``.
            FitFailedError: training diverged.
        """
        (model,) = self.fit_many([data], [rng])
        if isinstance(model, FitFailedError):
            raise model
        return model

    def fit_many(
        self, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[Classifier | FitFailedError]:
        """Return one network per submission, trained in lockstep.

        Raises:
            InputError: as ``check``, or the submissions differ in shape.
        """
        from quorate.learners.stack import Pool, Stack

        for people in {id(one.honest): one.honest for one in data}.values():
            self.check(people)
        networks = [
            build_network(self.model, one.honest, self.hidden, rng)
            for one, rng in zip(data, rngs, strict=True)
        ]
        stack = Stack(networks)
        records = self.train(stack, Pool.of(data), data, rngs)
        return [
            NetworkClassifier(network, record)
            if all(bool(p.isfinite().all()) for p in network.parameters())
            else FitFailedError(DIVERGED)
            for network, record in zip(stack.networks(), records, strict=True)
        ]

    @abstractmethod
    def train(
        self, stack: Stack, pool: Pool, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[dict[str, Any]]:
        """Train the stack in place; return plain data about the training of each model.

        Args:
            stack: K networks.
            pool: the rows of the K submissions, as tensors.
            data: the submissions.
            rngs: one generator per model: draws of one never depend on the others.
        """
