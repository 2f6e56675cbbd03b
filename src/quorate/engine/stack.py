"""K networks trained in lockstep on K submissions that share their rows: what any stack can do.

Shape letters: K models, B people in a batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import nn

from quorate.engine.layers import Layer

if TYPE_CHECKING:
    from torch import Tensor

    from quorate.engine.row_pool import RowPool

JUDGED_AT_ONCE = 512  # people of each model, to bound the memory of activations


@dataclass(frozen=True, eq=False)
class LayerPass:
    """One layer's part in a forward pass.

    Args:
        layer, weights: the layer, and the positions of its weights in the stack's list.
        a, out: inputs and outputs, (K, B, ...).
    """

    layer: Layer
    weights: slice
    a: Tensor
    out: Tensor


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """A forward pass: the logits, (K, B, k), and the layers with weights, if known."""

    logits: Tensor
    layers: list[LayerPass] = field(default_factory=list)

    def deltas(self, losses: Tensor) -> list[tuple[LayerPass, Tensor]]:
        """Return each layer with the gradient of the summed losses with respect to its output."""
        deltas = torch.autograd.grad(losses.sum(), [step.out for step in self.layers])
        return list(zip(self.layers, deltas, strict=True))


Aggregate = Callable[["Stack", ForwardPass, "Tensor"], "list[Tensor]"]


class Stack(ABC):
    """K networks side by side: every weight has a leading axis K.

    Args:
        device: where the weights are stored.
        aggregate: returns each model's gradient from its losses (K, B) after a pass; by default
            the gradient of their mean.
    """

    def __init__(self, device: torch.device | str, aggregate: Aggregate | None) -> None:
        self.aggregate = aggregate or mean_gradient
        self.device = torch.device(device)
        self.weights: list[Tensor] = []

    @abstractmethod
    def __len__(self) -> int:
        """Return K."""

    @property
    @abstractmethod
    def clipped_at_once(self) -> int | None:
        """Number of people whose gradients are best clipped at once; None for all of them."""

    @abstractmethod
    def forward(self, x: Tensor, *, exact: bool = False) -> ForwardPass:
        """Return the pass of a batch (K, B, ...) in training, in full precision if ``exact``."""

    @abstractmethod
    def logits(self, x: Tensor, *, exact: bool = False) -> Tensor:
        """Return the logits, (K, B, k), of a batch (K, B, ...) as the networks are deployed."""

    @abstractmethod
    def clipped_gradient_sums(
        self, x: Tensor, y: Tensor, present: Tensor, max_grad_norm: float
    ) -> tuple[list[Tensor], Tensor]:
        """Return Σᵢ gᵢ·min(1, C/‖gᵢ‖) per model and weight, and how many gradients were clipped.

        Args:
            x, y: a batch, (K, B, ...) and (K, B).
            present: who is in the batch, (K, B); the other rows are padding.
            max_grad_norm: the threshold C.
        """

    @abstractmethod
    def shard_gradients(self, through: ForwardPass, losses: Tensor, shards: int) -> list[Tensor]:
        """Return the gradient of the mean loss of each shard of the batch, (K, shards, ...).

        Args:
            through, losses: a forward pass and its losses, (K, B).
            shards: number of nearly equal parts of the batch, at most B.
        """

    @abstractmethod
    def networks(self) -> Sequence[nn.Module]:
        """Return the K networks with their current weights."""

    def predicts_right(self, pool: RowPool) -> Tensor:
        """Return whether each model predicts its people right, (K, n), in full precision."""
        everyone = torch.arange(pool.n, device=self.device).expand(len(self), -1)
        found = []
        with torch.no_grad():
            for rows in everyone.split(JUDGED_AT_ONCE, dim=1):
                x, y = pool.batch(rows)
                found.append(self.logits(x, exact=True).argmax(dim=2) == y)
        return torch.cat(found, dim=1)

    def gradients(self, through: ForwardPass, losses: Tensor) -> list[Tensor]:
        """Return the aggregated gradient of each model's weights, (K, ...), from losses (K, B)."""
        return self.aggregate(self, through, losses)

    def snapshot(self, model: int) -> list[Tensor]:
        """Return a copy of all that training changes in one model."""
        return [w.detach()[model].clone() for w in self.weights]

    def restore(self, model: int, snapshot: Sequence[Tensor]) -> None:
        """Set one model to a snapshot of it."""
        with torch.no_grad():
            for w, kept in zip(self.weights, snapshot, strict=True):
                w[model] = kept


def mean_gradient(stack: Stack, through: ForwardPass, losses: Tensor) -> list[Tensor]:
    """Return the gradient of the mean of each model's losses, independently of other models."""
    loss = losses.mean(dim=1).sum()
    return list(gradients_of(loss, stack.weights))


def gradients_of(
    loss: Tensor, weights: Sequence[Tensor], *, retain_graph: bool = False
) -> tuple[Tensor, ...]:
    """Return the gradient of each weight: 0 for one that the loss does not depend on."""
    return torch.autograd.grad(
        loss, weights, retain_graph=retain_graph, allow_unused=True, materialize_grads=True
    )
