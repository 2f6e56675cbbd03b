"""Optimisers: the update rules of SGD with momentum and of Adam."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    from torch import Tensor


class Optimizer(Protocol):
    """An update rule with its state."""

    def step(self, gradients: Sequence[Tensor], learning_rate: float) -> None:
        """Move the weights by one step against the gradients."""


class MomentumOptimizer:
    """SGD with momentum, v ← mv + ∇ℓ + λw, w ← w − ηv (PyTorch's form).

    Args:
        weights: updated in place.
        momentum, decay: m and λ.
    """

    def __init__(self, weights: Sequence[Tensor], momentum: float = 0, decay: float = 0) -> None:
        self._weights, self._momentum, self._decay = weights, momentum, decay
        self._velocity = [torch.zeros_like(w) for w in weights]

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], learning_rate: float) -> None:
        """Move the weights by one step against the gradients."""
        for w, v, gradient in zip(self._weights, self._velocity, gradients, strict=True):
            if self._momentum or self._decay:
                gradient = v.mul_(self._momentum).add_(gradient)
            if self._decay:
                gradient.add_(w, alpha=self._decay)
            w.sub_(gradient, alpha=learning_rate)


class AdamOptimizer:
    """Adam, w ← w − η m̂/(√v̂ + 10⁻⁸) (Kingma, Ba 2015, arXiv:1412.6980), ∇ℓ + λw its gradient.

    Args:
        weights: updated in place.
        beta1, beta2: decay rates of the means of the gradient and of its square.
        decay: λ.
    """

    def __init__(
        self, weights: Sequence[Tensor], beta1: float, beta2: float, decay: float = 0
    ) -> None:
        self._weights, self._betas, self._decay = weights, (beta1, beta2), decay
        self._means = [torch.zeros_like(w) for w in weights]
        self._squares = [torch.zeros_like(w) for w in weights]
        self._steps = 0

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], learning_rate: float) -> None:
        """Move the weights by one step against the gradients."""
        self._steps += 1
        beta1, beta2 = self._betas
        correction = math.sqrt(1 - beta2**self._steps)
        size = learning_rate / (1 - beta1**self._steps)
        moments = zip(self._weights, self._means, self._squares, gradients, strict=True)
        for w, mean, square, gradient in moments:
            if self._decay:
                gradient = gradient + self._decay * w
            mean.lerp_(gradient, 1 - beta1)
            square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
            w.addcdiv_(mean, (square.sqrt() / correction).add_(1e-8), value=-size)
