"""Distributionally robust optimisation over a χ² ball."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from quorate.learners.base.minibatch_learner import MinibatchLearner
from quorate.spec import param
from quorate.validate import at_least

if TYPE_CHECKING:
    from torch import Tensor

HALVINGS = 50  # of the bracket around η: to the last digit of float64


@dataclass(frozen=True, kw_only=True)
class Chi2DRO(MinibatchLearner):
    """χ²-DRO: minimises the worst loss over all reweightings within a χ² divergence ρ.

    In each batch, w maximises Σ w_i ℓ_i / B under Σ w_i = B, w ≥ 0, Σ (w_i − 1)² / 2B ≤ ρ, so
    w_i ∝ (ℓ_i − η)₊ with η found by bisection (Levy, Carmon, Duchi, Sidford 2020,
    arXiv:2010.05893, with the batch in place of the population).

    Raises:
        InputError: a parameter is out of range, or the model cannot take these people.
    """

    name: ClassVar[str] = "chi2-dro"
    radius: float = param(
        1.0, "Radius ρ of the χ² ball, at least 0; 0 is plain training.", shown=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("radius", self.radius, 0, "Use radius=0 for plain training.")

    def weigh(self, losses: Tensor) -> Tensor:
        """Return the maximising weights, (K, B).

        >>> import torch
        >>> Chi2DRO(radius=0.5).weigh(torch.tensor([[0.0, 0.0, 0.0, 1.0]])).round(decimals=3)
        tensor([[0.4230, 0.4230, 0.4230, 2.7320]])
        """
        import torch

        exact = losses.double()
        spread = exact.amax(dim=1) - exact.amin(dim=1)  # (K,)
        # η → −∞ is plain training; at max ℓ all mass is on the worst. The divergence rises in η.
        low = exact.amin(dim=1) - 1e4 * (spread + 1e-12)
        high = exact.amax(dim=1)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            weights = _above(exact, middle)
            someone = weights.amax(dim=1) > 0  # at η = max ℓ nobody would be left
            within = (_divergence(weights) <= self.radius) & someone
            low, high = torch.where(within, middle, low), torch.where(within, high, middle)
        weights = _above(exact, low)
        flat = (spread <= 0) | (self.radius == 0)
        return torch.where(flat[:, None], torch.ones_like(exact), weights).to(losses.dtype)


def _above(losses: Tensor, eta: Tensor) -> Tensor:
    """Return w ∝ (ℓ − η)₊ with mean 1, (K, B)."""
    above = (losses - eta[:, None]).clamp(min=0)
    return above / above.mean(dim=1, keepdim=True).clamp(min=1e-300)


def _divergence(weights: Tensor) -> Tensor:
    return (weights - 1).square().mean(dim=1) / 2
