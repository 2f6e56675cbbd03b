"""Just train twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from quorate.learners.minibatch_learner import MinibatchLearner
from quorate.learners.networks import build_network
from quorate.spec import param
from quorate.table import Rng, Submission
from quorate.validate import at_least

if TYPE_CHECKING:
    from torch import Tensor

    from quorate.learners.stack import Pool, Stack


@dataclass(frozen=True, kw_only=True)
class JTT(MinibatchLearner):
    """Just train twice: people whom a short first training gets wrong count λ times in a second.

    (Liu et al. 2021, arXiv:2107.09044.) The record holds e_C and e_B, the first stage's error
    rates for the collective and for the others; α_eff = α(1+(λ−1)e_C) / (α(1+(λ−1)e_C) +
    (1−α)(1+(λ−1)e_B)).

    Raises:
        InputError: a parameter is out of range, or the model cannot take these people.
    """

    name: ClassVar[str] = "jtt"
    first_epochs: int = param(2, "epochs of the first training")
    upweight: float = param(5.0, "weight λ of the people it gets wrong, at least 1", shown=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("first_epochs", self.first_epochs, 1, "Train for at least one epoch.")
        at_least("upweight", self.upweight, 1, "Use upweight=1 for plain training.")

    def weigh(self, losses: Tensor) -> Tensor:
        """Return equal weights: the second training's are fixed for each person."""
        import torch

        return torch.ones_like(losses)

    def train(
        self, stack: Stack, pool: Pool, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[dict[str, Any]]:
        """Train a stack of its own, find who it gets wrong, and train the given one."""
        import torch

        from quorate.learners.stack import Stack

        first = Stack(
            [
                build_network(self.model, one.honest, self.hidden, rng)
                for one, rng in zip(data, rngs, strict=True)
            ]
        )
        self.train_weighted(first, pool, data, rngs, None, self.first_epochs)
        wrong = self._wrong(first, pool)  # (K, n)
        importance = torch.where(wrong, self.upweight, 1.0)
        importance /= importance.mean(dim=1, keepdim=True)  # up-sampling leaves the step size alone
        records = self.train_weighted(stack, pool, data, rngs, importance, self.epochs)
        for record, one, missed in zip(records, data, wrong.numpy(), strict=True):
            record["error_collective"] = float(missed[one.member].mean()) if one.alpha else None
            record["error_others"] = float(missed[~one.member].mean()) if one.alpha < 1 else None
        return records

    def _wrong(self, stack: Stack, pool: Pool) -> Tensor:
        """Return whom each model gets wrong, (K, n)."""
        import torch

        everyone = torch.arange(pool.n).expand(len(stack), -1)
        found = []
        with torch.no_grad():
            for rows in torch.split(everyone, self.batch_size, dim=1):
                x, y = pool.batch(rows)
                found.append(stack.logits(x).argmax(dim=2) != y)
        return torch.cat(found, dim=1)
