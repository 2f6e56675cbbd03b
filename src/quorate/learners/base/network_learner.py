"""The base of every learner that trains networks by gradient steps."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quorate.errors import FitFailedError
from quorate.extras import require
from quorate.learners.base.network_classifier import (
    DIVERGED,
    SMALLEST_IMAGE,
    Architecture,
    NetworkClassifier,
    check_shape,
)
from quorate.learners.base.schedules import Schedule
from quorate.protocols import Classifier, StackedLearner
from quorate.runtime import device
from quorate.spec import param
from quorate.table import Rng, Submission, Table
from quorate.validate import MOST_ROUNDS, above_zero, at_least

if TYPE_CHECKING:
    from quorate.engine.row_pool import RowPool
    from quorate.engine.stack import Aggregate, Stack

# Models in a stack, as measured on a CPU: small networks wait for calls more than for arithmetic
# and train faster together, until the stack's batch no longer fits a core's caches; convolutions
# run best one model at a time. A GPU takes as many as fit.
MOST_AT_ONCE = 64
MOST_AT_ONCE_ON_CUDA = 256
BATCH_AT_ONCE = 2**21  # features in the batches of a stack: 8 MiB


@dataclass(frozen=True, kw_only=True)
class NetworkLearner(StackedLearner):
    """Base of the learners that train networks: shared parameters, ``fit`` and ``fit_many``.

    A new one implements ``train``.
    """

    model: Architecture = param("mlp", "Architecture: logistic, mlp, cnn or resnet.")
    hidden: int = param(64, "Hidden units of the mlp, or channels of the resnet's first stage.")
    epochs: int = param(10, "Number of passes over the training data.")
    batch_size: int = param(128, "Number of people per gradient step.")
    learning_rate: float = param(help="Step size.")
    schedule: Schedule = param(
        "constant", "How the step size decays: constant, cosine, linear or step."
    )

    def __post_init__(self) -> None:
        at_least("hidden", self.hidden, 1, "Use a positive width.")
        at_least("epochs", self.epochs, 1, "Train for at least one epoch.", most=MOST_ROUNDS)
        at_least("batch_size", self.batch_size, 1, "Use at least one person per step.")
        above_zero("learning_rate", self.learning_rate, "Use a step size such as 0.1.")

    def check(self, people: Table) -> None:
        """Raise InputError if PyTorch is not installed, or the network cannot take these people."""
        require("train", "training networks")
        check_shape(self.model, people)

    def stack_size(self, people: Table) -> int:
        """Return how many models are trained fastest at once on the device that is asked for."""
        if "cuda" in (device.asked(), device.find(device.asked())):
            return MOST_AT_ONCE_ON_CUDA
        if self.model in SMALLEST_IMAGE:
            return 1
        batch = self.batch_size * math.prod(people.x.shape[1:])
        return max(1, min(MOST_AT_ONCE, BATCH_AT_ONCE // batch))

    def fit_many(
        self, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[Classifier | FitFailedError]:
        """Return one network per submission, trained in lockstep.

        If a GPU has too little memory for all of them, they are trained in two halves.

        Raises:
            InputError: as ``check``, or the submissions differ in shape.
        """
        return in_lockstep(self.prepare, self.train, data, rngs)

    def prepare(
        self, data: Sequence[Submission], rngs: Sequence[Rng], aggregate: Aggregate | None = None
    ) -> tuple[Stack, RowPool]:
        """Return fresh networks, one per submission, and the people of each.

        Raises:
            InputError: as ``check``, or the submissions differ in shape.
        """
        from quorate.engine.row_pool import RowPool

        for people in {id(one.honest): one.honest for one in data}.values():
            self.check(people)
        pool = RowPool.of(data, device.current())
        return self.networks(pool, rngs, aggregate), pool

    def networks(
        self, pool: RowPool, rngs: Sequence[Rng], aggregate: Aggregate | None = None
    ) -> Stack:
        """Return fresh networks for people of this shape, one per generator."""
        from quorate.engine.architectures import build_network
        from quorate.engine.stack import Stack

        shape = tuple(pool.x.shape[1:])
        networks = [build_network(self.model, shape, pool.k, self.hidden, rng) for rng in rngs]
        return Stack(networks, pool.x.device, aggregate)

    @abstractmethod
    def train(self, stack: Stack, pool: RowPool, rngs: Sequence[Rng]) -> list[dict[str, Any]]:
        """Train the stack in place and return plain data about the training of each model.

        Args:
            stack: K networks.
            pool: the people of each.
            rngs: one generator per model; no model's draws depend on another's.
        """


def in_lockstep(
    prepare: Callable[[Sequence[Submission], Sequence[Rng]], tuple[Stack, RowPool]],
    train: Callable[[Stack, RowPool, Sequence[Rng]], list[dict[str, Any]]],
    data: Sequence[Submission],
    rngs: Sequence[Rng],
) -> list[Classifier | FitFailedError]:
    """Return one network per submission, trained together as far as memory allows."""

    def attempt(
        data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[Classifier | FitFailedError]:
        stack, pool = prepare(data, rngs)
        return classifiers(stack, train(stack, pool, rngs))

    return device.in_halves(attempt, data, rngs)


def classifiers(
    stack: Stack, records: Sequence[Mapping[str, Any]]
) -> list[Classifier | FitFailedError]:
    """Return each trained network as a classifier, or the error that its training diverged."""
    return [
        NetworkClassifier(network, record)
        if all(bool(p.isfinite().all()) for p in network.parameters())
        else FitFailedError(DIVERGED)
        for network, record in zip(stack.networks(), records, strict=True)
    ]
