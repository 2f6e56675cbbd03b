"""Distributionally robust optimisation of the conditional value at risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from quorate.learners.base.minibatch_learner import MinibatchLearner
from quorate.learners.base.rounding import floor_of_share
from quorate.spec import param
from quorate.validate import in_interval

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class CVaRDRO(MinibatchLearner):
    """CVaR-DRO: minimises the mean loss of the fraction a of people with the largest losses.

    In each batch, w_i = min(1/a, what is left of B) from the largest loss downwards, the maximiser
    in sup{ Σ w_i ℓ_i / B : 0 ≤ w_i ≤ 1/a, Σ w_i = B } (Levy, Carmon, Duchi, Sidford 2020,
    arXiv:2010.05893, with the batch in place of the population). α_eff ≤ min(α, a)/a.

    Raises:
        InputError: a parameter is out of range, or the model cannot take these people.
    """

    name: ClassVar[str] = "cvar-dro"
    level: float = param(0.2, "Fraction a of people whose loss counts, in (0, 1].", shown=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        fix = "Use level=1 for plain training."
        in_interval("level", self.level, 0, 1, fix, open_low=True)

    def weigh(self, losses: Tensor) -> Tensor:
        """Return weight 1/a for the aB largest losses, the remaining mass for the next, then 0.

        >>> import torch
        >>> CVaRDRO(level=0.5).weigh(torch.tensor([[1.0, 4.0, 2.0]]))
        tensor([[0., 2., 1.]])
        """
        import torch

        b = losses.shape[1]
        full = floor_of_share(self.level, b)  # a·B people in full
        by_rank = losses.new_zeros(b)
        by_rank[:full] = 1 / self.level
        if full < b:
            by_rank[full] = max(0.0, b - full / self.level)
        order = losses.argsort(dim=1, descending=True, stable=True)
        return torch.zeros_like(losses).scatter(1, order, by_rank.expand_as(losses))
