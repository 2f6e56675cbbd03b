"""K networks of one of our architectures, trained layer by layer.

Shape letters: K models, B people in a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from quorate.engine.architectures import Residual
from quorate.engine.layers import LAYERS, Layer
from quorate.engine.stack import Aggregate, ForwardPass, LayerPass, Stack

if TYPE_CHECKING:
    from torch import Tensor

CONVOLVED_AT_ONCE = 64  # people whose gradients are clipped at once, to fit a core's cache


class LayerStack(Stack):
    """K networks side by side: every weight has a leading axis K, in its layer's own layout.

    Args:
        networks: K networks of one architecture.
        device, aggregate: as of any stack.
    """

    def __init__(
        self,
        networks: Sequence[nn.Sequential],
        device: torch.device | str = "cpu",
        aggregate: Aggregate | None = None,
    ) -> None:
        super().__init__(device, aggregate)
        self._networks = networks
        self.convolves = False
        self._layers: dict[nn.Module, tuple[Layer, slice]] = {}
        for same in zip(*(network.modules() for network in networks), strict=True):
            if type(same[0]) in LAYERS:
                layer = LAYERS[type(same[0])](same[0])
                params = zip(*(module.parameters(recurse=False) for module in same), strict=True)
                weights = layer.convert_layout(
                    [torch.stack([p.detach() for p in each]) for each in params]
                )
                start = len(self.weights)
                self.weights += [w.contiguous().to(self.device).requires_grad_() for w in weights]
                self._layers[same[0]] = layer, slice(start, len(self.weights))
                self.convolves |= isinstance(same[0], nn.Conv2d)

    def __len__(self) -> int:
        return len(self._networks)

    @property
    def clipped_at_once(self) -> int | None:
        """Number of people whose gradients are best clipped at once; None for all of them."""
        return CONVOLVED_AT_ONCE if self.convolves and self.device.type == "cpu" else None

    def forward(self, x: Tensor, *, exact: bool = False) -> ForwardPass:
        """Return the forward pass of a batch (K, B, ...), in full precision if ``exact``."""
        layers: list[LayerPass] = []
        # bfloat16 is faster, and safe, for convolutions on a GPU; small dense networks wait for
        # kernel launches rather than arithmetic, and gradients are clipped in full precision.
        reduced = self.convolves and self.device.type == "cuda" and not exact
        with torch.autocast(self.device.type, torch.bfloat16, enabled=reduced):
            logits = self._run(self._networks[0], x, layers)
        return ForwardPass(logits.float(), layers)

    # A method rather than a function inside forward: a recursive closure would be a reference
    # cycle that keeps the tensors of each pass alive until cycles are collected.
    def _run(self, module: nn.Module, x: Tensor, layers: list[LayerPass]) -> Tensor:
        """Return the output of a module, and append its layers with weights to ``layers``."""
        if isinstance(module, nn.Sequential):
            for part in module:
                x = self._run(part, x, layers)
            return x
        if isinstance(module, Residual):
            branch = self._run(module.branch, x, layers)
            return functional.relu(branch + self._run(module.shortcut, x, layers))
        if isinstance(module, nn.Flatten):
            return x.flatten(2)
        if module not in self._layers:
            flat: Tensor = module(x.flatten(0, 1))
            return flat.view(*x.shape[:2], *flat.shape[1:])
        layer, at = self._layers[module]
        out = layer.forward(x, self.weights[at])
        layers.append(LayerPass(layer, at, x, out))
        return out

    def logits(self, x: Tensor, *, exact: bool = False) -> Tensor:
        """Return the logits, (K, B, k), of a batch (K, B, ...)."""
        return self.forward(x, exact=exact).logits

    def clipped_gradient_sums(
        self, x: Tensor, y: Tensor, present: Tensor, max_grad_norm: float
    ) -> tuple[list[Tensor], Tensor]:
        """Return Σᵢ gᵢ·min(1, C/‖gᵢ‖) per model and weight, and how many gradients were clipped.

        Args:
            x, y: a batch, (K, B, ...) and (K, B).
            present: who is in the batch, (K, B); the other rows are padding.
            max_grad_norm: the threshold C.
        """
        through = self.forward(x, exact=True)
        losses = functional.cross_entropy(
            through.logits.flatten(0, 1), y.flatten(), reduction="sum"
        )
        traced = through.deltas(losses)
        with torch.no_grad():
            found = [step.layer.squared_norms(step.a, delta) for step, delta in traced]
            norms = sum((square for square, _ in found), torch.zeros_like(present)).sqrt()
            scale = (max_grad_norm / norms.clamp(min=1e-12)).clamp(max=1.0) * present  # (K, B)
            sums = list(self.weights)
            for (step, delta), (_, formed) in zip(traced, found, strict=True):
                sums[step.weights] = step.layer.weighted_sums(step.a, delta, scale, formed)
            over = ((norms > max_grad_norm) & (present > 0)).sum(1)
        return sums, over

    def shard_gradients(self, through: ForwardPass, losses: Tensor, shards: int) -> list[Tensor]:
        """Return the gradient of the mean loss of each shard of the batch, (K, shards, ...).

        Args:
            through, losses: a forward pass and its losses, (K, B).
            shards: number of nearly equal parts of the batch, at most B.
        """
        found: list[list[Tensor]] = [[] for _ in self.weights]
        parts = torch.arange(losses.shape[1], device=self.device).tensor_split(shards)
        for step, delta in through.deltas(losses):
            for rows in parts:
                scale = torch.full((len(self), len(rows)), 1 / len(rows), device=self.device)
                with torch.no_grad():
                    # In full precision, which the pass on a GPU may not have had.
                    a, back = step.a[:, rows].float(), delta[:, rows].float()
                    sums = step.layer.weighted_sums(a, back, scale, None)
                for into, total in zip(found[step.weights], sums, strict=True):
                    into.append(total)
        return [torch.stack(each, dim=1) for each in found]

    def as_in_networks(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return tensors shaped like the weights in the networks' own order and layout."""
        return [t for layer, at in self._layers.values() for t in layer.convert_layout(tensors[at])]

    def networks(self) -> list[nn.Sequential]:
        """Return the K networks with their current weights."""
        back = self.as_in_networks(self.weights)
        with torch.no_grad():
            for k, network in enumerate(self._networks):
                for own, stacked in zip(network.parameters(), back, strict=True):
                    own.copy_(stacked[k])
        return list(self._networks)
