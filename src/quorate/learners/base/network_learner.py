"""The base of every learner that trains networks by gradient steps."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from quorate.bring_your_own.handed_in import HandedIn
from quorate.errors import FitFailedError
from quorate.extras import require
from quorate.learners.base.network_classifier import (
    DIVERGED,
    MODEL_HELP,
    SMALLEST_IMAGE,
    Model,
    NetworkClassifier,
    check_shape,
)
from quorate.learners.base.own_model import check_model, read_model, ways_of
from quorate.learners.base.schedules import Schedule
from quorate.protocols import Classifier, StackedLearner
from quorate.runtime import device
from quorate.spec import param
from quorate.table import Rng, Submission, Table
from quorate.validate import MOST_ROUNDS, above_zero, at_least

if TYPE_CHECKING:
    from torch import nn

    from quorate.engine.module_stack import Ways
    from quorate.engine.row_pool import RowPool
    from quorate.engine.stack import Aggregate, Stack

# Models in a stack, as measured on a CPU: small networks wait for calls more than for arithmetic
# and train faster together, until the stack's batch no longer fits a core's caches; convolutions
# run best one model at a time. A GPU takes as many as fit.
MOST_AT_ONCE = 64
MOST_AT_ONCE_ON_CUDA = 256
BATCH_AT_ONCE = 2**21  # features in the batches of a stack: 8 MiB
WITHOUT = "Learners such as boosting train no network."  # for who has no PyTorch


@dataclass(frozen=True, kw_only=True)
class NetworkLearner(StackedLearner):
    """Base of the learners that train networks: shared parameters, ``fit`` and ``fit_many``.

    A new one implements ``train``.
    """

    model: Model = param("mlp", MODEL_HELP)
    hidden: int = param(64, "Hidden units of the mlp, or channels of the resnet's first stage.")
    epochs: int = param(10, "Number of passes over the training data.")
    batch_size: int = param(128, "Number of people per gradient step.")
    learning_rate: float = param(help="Step size.")
    schedule: Schedule = param(
        "constant", "How the step size decays: constant, cosine, linear or step."
    )

    clips_people: ClassVar[bool] = False  # whether each person's gradient is clipped

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", read_model(self.model))
        at_least("hidden", self.hidden, 1, "Use a positive width.")
        at_least("epochs", self.epochs, 1, "Train for at least one epoch.", most=MOST_ROUNDS)
        at_least("batch_size", self.batch_size, 1, "Use at least one person per step.")
        above_zero("learning_rate", self.learning_rate, "Use a step size such as 0.1.")

    def check(self, people: Table) -> None:
        """Raise InputError if PyTorch is not installed, or the network cannot take these people."""
        require("train", "training networks", "torch", instead=WITHOUT)
        if isinstance(self.model, HandedIn):
            check_model(self.model, people, self.batch_size, private=self.clips_people)
        check_shape(self.model, people)

    def stack_size(self, people: Table) -> int:
        """Return how many models are trained fastest at once on the device that is asked for."""
        place = device.find(device.asked())
        if isinstance(self.model, HandedIn) and device.asked() in ("auto", place):
            return self._ways(tuple(people.x.shape[1:]), people.k, place).most
        if "cuda" in (device.asked(), place):
            return MOST_AT_ONCE_ON_CUDA
        if self.model in SMALLEST_IMAGE:
            return 1
        return self._most_at_once(tuple(people.x.shape[1:]))

    def _most_at_once(self, shape: tuple[int, ...]) -> int:
        """Return how many models keep a stack's batch of such people within a core's caches."""
        batch = self.batch_size * math.prod(shape)
        return max(1, min(MOST_AT_ONCE, BATCH_AT_ONCE // batch))

    def _ways(self, shape: tuple[int, ...], k: int, place: Any) -> Ways:
        """Return how networks of the user's own are trained on a device."""
        import torch

        assert isinstance(self.model, HandedIn)
        on = torch.device(place)
        most = MOST_AT_ONCE_ON_CUDA if on.type == "cuda" else self._most_at_once(shape)
        private = self.clips_people
        return ways_of(self.model, shape, k, self.batch_size, on, private=private, most=most)

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
        shape, place = tuple(pool.x.shape[1:]), pool.x.device
        networks: Any = [self.network(shape, pool.k, rng) for rng in rngs]
        if isinstance(self.model, HandedIn):
            from quorate.engine.module_stack import ModuleStack

            return ModuleStack(networks, self._ways(shape, pool.k, place), place, aggregate)
        from quorate.engine.layer_stack import LayerStack

        return LayerStack(networks, place, aggregate)

    def network(self, shape: tuple[int, ...], k: int, rng: Rng) -> nn.Module:
        """Return a fresh network from features of this shape to the logits of k labels."""
        if isinstance(self.model, HandedIn):
            from quorate.engine.own_network import make_network

            return make_network(self.model.value, shape, k, rng)
        from quorate.engine.architectures import build_network

        return build_network(str(self.model), shape, k, self.hidden, rng)

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
