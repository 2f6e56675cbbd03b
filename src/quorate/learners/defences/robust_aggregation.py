"""Robust aggregation of gradients, as in Byzantine-robust and federated learning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from quorate.errors import FitFailedError, InputError
from quorate.learners.base.minibatch_learner import MinibatchLearner, name_of
from quorate.learners.base.network_learner import in_lockstep
from quorate.learners.base.rounding import floor_of_share
from quorate.learners.networks.sgd import SGD
from quorate.protocols import Classifier, Learner, StackedLearner
from quorate.spec import param
from quorate.table import Rng, Submission, Table
from quorate.validate import MOST_ROUNDS, at_least, in_interval

if TYPE_CHECKING:
    from torch import Tensor

    from quorate.engine.row_pool import RowPool
    from quorate.engine.stack import ForwardPass, Stack
    from quorate.learners.base.training import Training


@dataclass(frozen=True)
class RobustAggregation(StackedLearner):
    """Robust aggregation: the coordinate-wise median or trimmed mean of shards' gradients.

    Each batch is cut into m shards of nearly equal size with mean gradients g₁, ..., g_m. A step
    descends med(g₁, ..., g_m), or the mean without the ⌊βm⌋ lowest and the ⌊βm⌋ highest, coordinate
    by coordinate (Yin, Chen, Ramchandran, Bartlett 2018, arXiv:1803.01498, with shards of a batch
    in place of the clients of federated learning). A batch of fewer people than shards, as the last
    of an epoch may be, has one person per shard. A learner that weighs people weighs them within
    their shard. The record is the learner's own.

    Raises:
        InputError: the learner does not train by minibatch gradients, or a parameter is out of
            range.
    """

    name: ClassVar[str] = "robust-aggregation"
    learner: Learner = param(
        SGD(),
        "Learner that descends these gradients; its parameters can be given here.",
        kind="learners",
    )
    rule: Literal["median", "trimmed-mean"] = param(
        "median", "How shards are aggregated: median or trimmed-mean.", shown=True
    )
    shards: int = param(8, "Number of shards m of each batch.")
    trim: float = param(
        0.25, "Fraction β of shards trimmed at each end of a trimmed-mean, in [0, 0.5)."
    )

    def __post_init__(self) -> None:
        at_least("shards", self.shards, 1, "Use 2 or more; 1 is plain training.", most=MOST_ROUNDS)
        in_interval("trim", self.trim, 0, 0.5, "Use a fraction such as 0.25.", open_high=True)
        self._inner()

    def _inner(self) -> MinibatchLearner:
        if not isinstance(self.learner, MinibatchLearner):
            raise InputError(
                f"Expected a learner that descends minibatch gradients for {self.name}, got "
                f"{name_of(self.learner)}. Wrap one such as sgd, adam or group-dro; another "
                "defence goes around this one."
            )
        return self.learner

    @property
    def uses_groups(self) -> bool:
        """Whether the learner's training needs to know people's groups."""
        return self._inner().uses_groups

    def check(self, people: Table) -> None:
        """Raise InputError if the learner cannot be fitted to these people."""
        self.learner.check(people)

    def stack_size(self, people: Table) -> int:
        """Return the learner's stack size."""
        return self._inner().stack_size(people)

    def fit_many(
        self, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[Classifier | FitFailedError]:
        """Return one network per submission, trained in lockstep."""

        def train(stack: Stack, pool: RowPool, rngs: Sequence[Rng]) -> list[dict[str, Any]]:
            return self.begin(stack, pool, rngs).run()

        return in_lockstep(self.prepare, train, data, rngs)

    def prepare(self, data: Sequence[Submission], rngs: Sequence[Rng]) -> tuple[Stack, RowPool]:
        """Return the learner's networks, with this aggregation of gradients, and the people."""
        return self._inner().prepare(data, rngs, self.aggregate)

    def begin(self, stack: Stack, pool: RowPool, rngs: Sequence[Rng]) -> Training:
        """Return the learner's training."""
        return self._inner().begin(stack, pool, rngs)

    def aggregate(self, stack: Stack, through: ForwardPass, losses: Tensor) -> list[Tensor]:
        """Return one gradient of each model's weights, (K, ...), from its losses, (K, B)."""
        shards = min(self.shards, losses.shape[1])
        gradients = stack.shard_gradients(through, losses, shards)
        return [self.middle(of_shards) for of_shards in gradients]

    def middle(self, gradients: Tensor) -> Tensor:
        """Return the median or trimmed mean over the shards' gradients, (K, m, ...).

        >>> import torch
        >>> gradients = torch.tensor([[0.0, 1.0, 3.0, 9.0]])  # one model, one weight
        >>> RobustAggregation().middle(gradients)
        tensor([2.])
        >>> RobustAggregation(rule="trimmed-mean", trim=0).middle(gradients)
        tensor([3.2500])
        """
        m = gradients.shape[1]
        out = (m - 1) // 2 if self.rule == "median" else floor_of_share(self.trim, m)
        return gradients.sort(dim=1).values[:, out : m - out].mean(dim=1)
