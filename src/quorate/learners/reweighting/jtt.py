"""JTT, just train twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from quorate.learners.base.minibatch_learner import MinibatchLearner
from quorate.learners.base.training import Batch, Training
from quorate.spec import param
from quorate.table import Mask, Rng
from quorate.validate import MOST_ROUNDS, at_least

if TYPE_CHECKING:
    from torch import Tensor

    from quorate.engine.row_pool import RowPool
    from quorate.engine.stack import Stack


@dataclass(frozen=True, kw_only=True)
class JTT(MinibatchLearner):
    """JTT (just train twice): upweights, by λ, the people whom a short first training gets wrong.

    Source: Liu et al. 2021, arXiv:2107.09044. The record holds e_C and e_B, the first stage's error
    rates for the collective and for the others; α_eff = α(1+(λ−1)e_C) / (α(1+(λ−1)e_C) +
    (1−α)(1+(λ−1)e_B)).

    Raises:
        InputError: a parameter is out of range, or the model cannot take these people.
    """

    name: ClassVar[str] = "jtt"
    first_epochs: int = param(2, "Number of epochs of the first training.")
    upweight: float = param(
        5.0, "Weight λ of the people whom the first training gets wrong, at least 1.", shown=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(
            "first_epochs", self.first_epochs, 1, "Train for at least one epoch.", most=MOST_ROUNDS
        )
        at_least("upweight", self.upweight, 1, "Use upweight=1 for plain training.")

    def begin(self, stack: Stack, pool: RowPool, rngs: Sequence[Rng]) -> Training:
        """Run the first training on networks of its own, and return the second."""
        first = self.networks(pool, rngs, stack.aggregate)
        short = replace(self.settings(), epochs=self.first_epochs)
        Training(first, pool, rngs, short, self.optimizer(first)).run()
        wrong = ~first.predicts_right(pool)  # (K, n)
        importance = wrong * (self.upweight - 1.0) + 1.0
        importance /= importance.mean(dim=1, keepdim=True)  # up-sampling leaves the step size alone

        def weigh(losses: Tensor, batch: Batch) -> Tensor:
            return importance.gather(1, batch.rows)

        rates = [
            {"error_collective": _share(missed, member), "error_others": _share(missed, ~member)}
            for missed, member in zip(wrong.cpu().numpy(), pool.member.cpu().numpy(), strict=True)
        ]
        optimizer = self.optimizer(stack)
        return Training(stack, pool, rngs, self.settings(), optimizer, weigh, rates)


def _share(of: Mask, among: Mask) -> float | None:
    return float(of[among].mean()) if among.any() else None
