"""Differentially private SGD with Poisson sampling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from quorate.errors import InputError
from quorate.learners import privacy
from quorate.learners.network_learner import NetworkLearner
from quorate.learners.networks import Architecture, torch_generator
from quorate.spec import param
from quorate.table import Labels, Rng, Submission, Table
from quorate.validate import above_zero, in_interval

if TYPE_CHECKING:
    import torch
    from torch import nn

GRADIENTS_AT_ONCE = 2**25  # per-example gradient entries held at once: 128 MiB


@dataclass(frozen=True, kw_only=True)
class DPSGD(NetworkLearner):
    """Differentially private SGD: clipped per-example gradients plus calibrated Gaussian noise.

    g̃ = (Σᵢ gᵢ·min(1, C/‖gᵢ‖) + σC·N(0, I)) / (qn), over a Poisson sample of rate q
    (Abadi et al. 2016, arXiv:1607.00133). σ is calibrated to (ε, δ) by privacy loss
    distributions; the record holds σ, the ε achieved and the sampling assumption.

    Raises:
        InputError: a parameter is out of range, δ is not below 1/n, or ε cannot be met.
    """

    name: ClassVar[str] = "dp-sgd"
    epsilon: float = param(1.0, "privacy budget ε; inf clips without noise", shown=True)
    max_grad_norm: float = param(1.0, "clipping threshold C on each gradient's L2 norm", shown=True)
    delta: float = param(1e-5, "privacy budget δ, below 1/n")
    model: Architecture = param("logistic", "logistic, mlp or cnn")
    batch_size: int = param(512, "expected people per step")
    learning_rate: float = param(0.5, "step size")

    def __post_init__(self) -> None:
        super().__post_init__()
        fix = "Use a budget such as epsilon=1, or epsilon=inf for none."
        in_interval("epsilon", self.epsilon, 0, math.inf, fix, open_low=True)
        above_zero("max_grad_norm", self.max_grad_norm, "Use a threshold such as 1.")
        fix = "Use delta=1e-5 or less."
        in_interval("delta", self.delta, 0, 1, fix, open_low=True, open_high=True)

    def check(self, people: Table) -> None:
        """Raise InputError if the network cannot take these people or (ε, δ) cannot be met."""
        super().check(people)
        n = len(people)
        if self.delta >= 1 / n and math.isfinite(self.epsilon):
            raise InputError(
                f"Expected delta={self.delta:g} below 1/n = {1 / n:.3g} for {n} people: otherwise "
                f"publishing one person whole would count as private. Use delta={0.1 / n:.1g}."
            )
        self._sigma(n)

    def _schedule(self, n: int) -> tuple[float, int]:
        """Return the sampling rate q and the number of steps T for n people."""
        q = min(1.0, self.batch_size / n)
        return q, math.ceil(self.epochs / q)

    def _sigma(self, n: int) -> float:
        return privacy.noise_multiplier(self.epsilon, self.delta, *self._schedule(n))

    def train(self, network: nn.Module, data: Submission, rng: Rng) -> dict[str, Any]:
        """Run the private steps; the record holds what they cost."""
        import torch

        people = data.mixed()
        x, y = torch.from_numpy(people.x), torch.from_numpy(people.y)
        n = len(y)
        q, steps = self._schedule(n)
        sigma = self._sigma(n)
        noise = torch_generator(rng)
        clipped = 0
        for _ in range(steps):
            rows = poisson_sample(n, q, rng)
            total, over = clipped_gradient_sum(network, x[rows], y[rows], self.max_grad_norm)
            clipped += over
            with torch.no_grad():
                for name, weights in network.named_parameters():
                    kick = torch.randn(weights.shape, generator=noise)
                    step = (total[name] + sigma * self.max_grad_norm * kick) / (q * n)
                    weights.sub_(self.learning_rate * step)
        budget = privacy.spent(sigma, self.delta, q, steps, self.epsilon)
        return {
            "epsilon": budget.epsilon,
            "epsilon_rdp": budget.epsilon_rdp,
            "delta": budget.delta,
            "noise_multiplier": sigma,
            "sampling_rate": q,
            "steps": steps,
            "sampling": privacy.SAMPLING,
            "accountant": "PLD (dp-accounting)",
            "clipped_fraction": clipped / (steps * q * n),
        }


def poisson_sample(n: int, q: float, rng: Rng) -> Labels:
    """Return who is in the batch when each of n people is with probability q, independently.

    Drawn as a binomial size and then that many people without replacement, which is the same law.
    """
    size = rng.binomial(n, q)
    return rng.choice(n, size, replace=False, shuffle=False)


def clipped_gradient_sum(
    network: nn.Module, x: torch.Tensor, y: torch.Tensor, max_grad_norm: float
) -> tuple[dict[str, torch.Tensor], int]:
    """Return Σᵢ gᵢ·min(1, C/‖gᵢ‖) by parameter name, and how many gradients were clipped.

    The plain reference: every per-example gradient is formed, a part of the batch at a time.
    """
    import torch
    from torch.func import functional_call, grad, vmap

    weights = {name: p.detach() for name, p in network.named_parameters()}
    total = {name: torch.zeros_like(p) for name, p in weights.items()}

    def loss(weights: dict[str, torch.Tensor], xi: torch.Tensor, yi: torch.Tensor) -> torch.Tensor:
        logits = functional_call(network, weights, (xi[None],))
        return torch.nn.functional.cross_entropy(logits, yi[None])

    per_example = vmap(grad(loss), in_dims=(None, 0, 0))
    rows = max(1, GRADIENTS_AT_ONCE // sum(p.numel() for p in weights.values()))
    over = 0
    for start in range(0, len(y), rows):
        grads = per_example(weights, x[start : start + rows], y[start : start + rows])
        squares = [g.flatten(1).square().sum(dim=1) for g in grads.values()]
        norms = torch.stack(squares).sum(dim=0).sqrt()  # (rows,)
        scale = (max_grad_norm / norms.clamp(min=1e-12)).clamp(max=1.0)
        over += int((norms > max_grad_norm).sum())
        for name, g in grads.items():
            total[name] += torch.tensordot(scale, g, dims=1)
    return total, over
