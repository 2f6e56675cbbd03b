"""K networks of one architecture trained in lockstep on K submissions that share their rows.

Shape letters: K models, B people in a batch, n people, p rows in the pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from quorate.errors import InputError
from quorate.table import Submission

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Pool:
    """What K platforms receive, each row held once: honest rows are shared, members' are added.

    Args:
        x: the rows, (p, ...).
        y: their labels, (p,).
        index: where the n people of each model stand in the pool, (K, n).
    """

    x: Tensor
    y: Tensor
    index: Tensor

    @classmethod
    def of(cls, data: Sequence[Submission]) -> Pool:
        """Return the pool of K submissions.

        Raises:
            InputError: the submissions differ in the number or shape of their rows.
        """
        shapes = {(d.honest.x.shape, d.honest.classes) for d in data}
        if len(shapes) != 1:
            raise InputError(
                f"Expected submissions of one shape and the same labels in a stack, got "
                f"{sorted(str(shape) for shape in shapes)}. Fit them apart."
            )
        n, start = len(data[0].honest), 0
        parts, starts = [], {}
        for table in (t for d in data for t in (d.honest, d.changed)):
            if id(table) not in starts:
                starts[id(table)] = start
                parts.append(table)
                start += len(table)
        index = np.empty((len(data), n), dtype=np.int64)  # (K, n)
        for row, d in zip(index, data, strict=True):
            row[:] = starts[id(d.honest)] + np.arange(n)
            row[d.member] = starts[id(d.changed)] + np.arange(len(d.changed))
        x = parts[0].x if len(parts) == 1 else np.concatenate([table.x for table in parts])
        y = np.concatenate([table.y for table in parts])
        return cls(torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(index))

    @property
    def n(self) -> int:
        """Number of people per model."""
        return self.index.shape[1]

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (K, B, ...) and labels (K, B) of the people ``rows``, (K, B)."""
        at = self.index.gather(1, rows)
        flat = at.flatten()
        x = self.x.index_select(0, flat).view(*at.shape, *self.x.shape[1:])
        return x, self.y[at]


class Stack:
    """K networks side by side: every weight has a leading axis K.

    The networks are sequences of dense and 3x3 convolution layers with layers between them that
    have no weights. Dense layers of all models are one batched product; convolutions run model by
    model, where PyTorch's own are fastest on a CPU.
    """

    def __init__(self, networks: Sequence[nn.Sequential]) -> None:
        self.layers = list(networks[0])
        self._networks = networks
        self.weights = [
            torch.stack([p.detach() for p in same]).requires_grad_()
            for same in zip(*(network.parameters() for network in networks), strict=True)
        ]
        self._velocity = [torch.zeros_like(w) for w in self.weights]

    def __len__(self) -> int:
        return len(self._networks)

    def logits(self, x: Tensor) -> Tensor:
        """Return the logits, (K, B, k), of a batch (K, B, ...)."""
        return self._forward(x)[0]

    def clipped_gradient_sums(
        self, x: Tensor, y: Tensor, present: Tensor, max_grad_norm: float
    ) -> tuple[list[Tensor], Tensor]:
        """Return Σᵢ gᵢ·min(1, C/‖gᵢ‖) per model and weight, and how many gradients were clipped.

        Per-example gradients of dense layers are never formed: with input a and output gradient δ,
        the gradient is δaᵀ, of norm ‖δ‖‖a‖ (Goodfellow 2015, arXiv:1510.01799). Those of
        convolutions are formed, as they are small beside the activations (Rochette, Manoel,
        Tramel 2019, arXiv:1912.06015).

        Args:
            x, y: a batch, (K, B, ...) and (K, B).
            present: who is in the batch, (K, B); the others only fill it up.
            max_grad_norm: the threshold C.
        """
        logits, inputs, outputs = self._forward(x)
        losses = functional.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum")
        deltas = torch.autograd.grad(losses, outputs)
        with torch.no_grad():
            squares = torch.zeros(y.shape)
            formed: list[Tensor | None] = []
            layers = [m for m in self.layers if isinstance(m, nn.Linear | nn.Conv2d)]
            for layer, a, delta in zip(layers, inputs, deltas, strict=True):
                if isinstance(layer, nn.Conv2d):
                    each = _convolution_gradients(layer, a, delta)  # (K, B, out, in·k·k + 1)
                    formed.append(each)
                    squares += each.square().sum((2, 3))
                else:
                    formed.append(None)
                    squares += delta.square().sum(2) * (a.square().sum(2) + 1)
            norms = squares.sqrt()
            scale = (max_grad_norm / norms.clamp(min=1e-12)).clamp(max=1.0) * present  # (K, B)
            sums: list[Tensor] = []
            for layer, a, delta, each_ in zip(layers, inputs, deltas, formed, strict=True):
                if each_ is None:
                    scaled = delta * scale[:, :, None]
                    sums += [scaled.transpose(1, 2) @ a, scaled.sum(1)]
                else:
                    total = torch.einsum("kb,kbop->kop", scale, each_)
                    shape = (len(self), *layer.weight.shape)
                    sums += [total[..., :-1].reshape(shape), total[..., -1]]
            over = ((norms > max_grad_norm) & (present > 0)).sum(1)
        return sums, over

    def descend(self, loss: Tensor, learning_rate: float, momentum: float, decay: float) -> None:
        """Take one step of SGD: v ← mv + ∇ℓ + λw, w ← w − ηv (PyTorch's form of momentum).

        Args:
            loss: the sum over the models of each one's loss; no model's touches another's weights.
            learning_rate, momentum, decay: η, m and λ.
        """
        gradients = torch.autograd.grad(loss, self.weights)
        with torch.no_grad():
            for w, v, gradient in zip(self.weights, self._velocity, gradients, strict=True):
                v.mul_(momentum).add_(gradient)
                if decay:
                    v.add_(w, alpha=decay)
                w.sub_(v, alpha=learning_rate)

    def networks(self) -> list[nn.Sequential]:
        """Return the K networks with their present weights."""
        with torch.no_grad():
            for k, network in enumerate(self._networks):
                for own, stacked in zip(network.parameters(), self.weights, strict=True):
                    own.copy_(stacked[k])
        return list(self._networks)

    def _forward(self, x: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Return the logits, and the inputs and outputs of the layers that have weights."""
        inputs, outputs = [], []
        weights = iter(self.weights)
        for layer in self.layers:
            if isinstance(layer, nn.Flatten):
                x = x.flatten(2)
            elif isinstance(layer, nn.Linear):
                inputs.append(x)
                w, b = next(weights), next(weights)
                x = torch.baddbmm(b[:, None], x, w.transpose(1, 2))
                outputs.append(x)
            elif isinstance(layer, nn.Conv2d):
                inputs.append(x)
                w, b = next(weights), next(weights)
                x = torch.stack([_convolve(layer, x[k], w[k], b[k]) for k in range(len(self))])
                outputs.append(x)
            else:
                x = layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        return x, inputs, outputs


def _convolve(layer: nn.Conv2d, x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return functional.conv2d(x, w, b, layer.stride, layer.padding)


def _convolution_gradients(layer: nn.Conv2d, a: Tensor, delta: Tensor) -> Tensor:
    """Return per-example gradients of weight and bias, (K, B, out, in·k·k + 1)."""
    assert not isinstance(layer.padding, str)  # for the type checker: ours are numbers
    patches = functional.unfold(
        a.flatten(0, 1), layer.kernel_size, padding=layer.padding, stride=layer.stride
    )  # (K·B, in·k·k, T)
    delta = delta.flatten(0, 1).flatten(2)  # (K·B, out, T)
    weight = delta @ patches.transpose(1, 2)
    return torch.cat([weight, delta.sum(2, keepdim=True)], dim=2).view(
        *a.shape[:2], *weight.shape[1:2], -1
    )
