"""The layers that have weights, for K models side by side: forward, and clipped gradients.

Per-example gradients are formed only where that is cheaper than going without. Shape letters: K
models, B people in a batch, i and o inputs and outputs, c h w image axes, T = h·w.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch import nn
from torch.nn import functional
from torch.nn.grad import conv2d_weight

if TYPE_CHECKING:
    from torch import Tensor

Weights = Sequence["Tensor"]


class Layer(Protocol):
    """A layer of K models. Its weights have a leading axis K."""

    def forward(self, x: Tensor, weights: Weights) -> Tensor:
        """Return the outputs (K, B, ...) for the inputs (K, B, ...)."""

    def squares(self, a: Tensor, delta: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return each example's squared gradient norm, (K, B), and its gradients where formed.

        Args:
            a: inputs, (K, B, ...).
            delta: gradients of the loss by the outputs, (K, B, ...).
        """

    def weighted(
        self, a: Tensor, delta: Tensor, scale: Tensor, formed: Tensor | None
    ) -> list[Tensor]:
        """Return Σ_b scale_b·g_b for each weight, (K, ...); ``scale`` is (K, B).

        ``formed`` is what ``squares`` formed, or None.
        """


class Dense:
    """A dense layer: all models are one batched product.

    With input a and output gradient δ an example's gradient is δaᵀ, of norm ‖δ‖‖a‖: it is never
    formed (Goodfellow 2015, arXiv:1510.01799).
    """

    def __init__(self, layer: nn.Linear) -> None:
        pass

    def forward(self, x: Tensor, weights: Weights) -> Tensor:
        """Return xWᵀ + b."""
        w, b = weights
        return torch.baddbmm(b[:, None], x, w.transpose(1, 2))

    def squares(self, a: Tensor, delta: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return ‖δ‖²(‖a‖² + 1)."""
        return delta.square().sum(2) * (a.square().sum(2) + 1), None

    def weighted(
        self, a: Tensor, delta: Tensor, scale: Tensor, formed: Tensor | None
    ) -> list[Tensor]:
        """Return Σ sδaᵀ and Σ sδ."""
        scaled = delta * scale[:, :, None]
        return [scaled.transpose(1, 2) @ a, scaled.sum(1)]


class Convolution:
    """A convolution. On a CPU model by model, where PyTorch's own is fastest; else in groups.

    Per-example gradients Σ_t δ_t a_tᵀ (Rochette, Manoel, Tramel 2019, arXiv:1912.06015) are formed
    where they are smaller than the two T×T products that give their norm without them (Bu, Mao, Xu
    2022, arXiv:2205.10683).
    """

    def __init__(self, layer: nn.Conv2d) -> None:
        self.layer = layer
        self._taps = layer.kernel_size[0] * layer.kernel_size[1]

    def forward(self, x: Tensor, weights: Weights) -> Tensor:
        """Return the convolution with each model's weights."""
        if x.is_cuda:
            return self.in_groups(x, weights)
        return model_by_model(self._convolve, x, *weights)

    def in_groups(self, x: Tensor, weights: Weights) -> Tensor:
        """Return the same as one convolution whose groups are the models."""
        models, b = x.shape[:2]
        side_by_side = x.transpose(0, 1).flatten(1, 2)  # (B, K·c, h, w)
        flat = [w.flatten(0, 1) for w in weights]
        out = functional.conv2d(
            side_by_side,
            flat[0],
            flat[1] if len(flat) > 1 else None,
            self.layer.stride,
            self.layer.padding,
            groups=models,
        )
        return out.view(b, models, -1, *out.shape[2:]).transpose(0, 1)

    def _convolve(self, x: Tensor, w: Tensor, b: Tensor | None = None) -> Tensor:
        # Channels last: max-pooling and the copying of patches are several times faster so.
        x = x.contiguous(memory_format=torch.channels_last)
        out = functional.conv2d(x, w, b, self.layer.stride, self.layer.padding)
        return out.contiguous(memory_format=torch.channels_last)

    def squares(self, a: Tensor, delta: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return ‖Σ_t δ_t a_tᵀ‖² + ‖Σ_t δ_t‖²."""
        t = delta.shape[3] * delta.shape[4]
        size = delta.shape[2] * a.shape[2] * self._taps
        bias = delta.sum((3, 4)).square().sum(2) if self.layer.bias is not None else 0
        if size <= 2 * t * t:
            formed = self._form(a, delta)  # (K, B, ...)
            return formed.square().flatten(2).sum(2) + bias, formed
        patches = self._patches(a.flatten(0, 1))  # (K·B, i, T)
        outer = delta.flatten(0, 1).flatten(2)  # (K·B, o, T)
        gram = (patches.transpose(1, 2) @ patches) * (outer.transpose(1, 2) @ outer)
        return gram.sum((1, 2)).view(a.shape[:2]) + bias, None

    def weighted(
        self, a: Tensor, delta: Tensor, scale: Tensor, formed: Tensor | None
    ) -> list[Tensor]:
        """Return Σ_b s_b Σ_t δ_t a_tᵀ and Σ_b s_b Σ_t δ_t."""
        shape = (len(a), *self.layer.weight.shape)
        if formed is None:
            scaled = delta * scale[:, :, None, None, None]
            weight = torch.stack([self._gradient(a[k], scaled[k]) for k in range(len(a))])
        else:
            weight = self._unformed((scale[:, None] @ formed.flatten(2))[:, 0], shape)
        if self.layer.bias is None:
            return [weight]
        return [weight, (scale[:, None] @ delta.sum((3, 4)))[:, 0]]

    def _gradient(self, a: Tensor, delta: Tensor) -> Tensor:
        total: Tensor = conv2d_weight(
            a, self.layer.weight.shape, delta, self.layer.stride, self.layer.padding
        )
        return total

    def _form(self, a: Tensor, delta: Tensor) -> Tensor:
        """Return per-example weight gradients, (K, B, i·taps, o)."""
        outer = delta.flatten(0, 1).flatten(2).transpose(1, 2)  # (K·B, T, o)
        patches = self._patches(a.flatten(0, 1))  # (K·B, i·taps, T)
        return (patches @ outer).view(*a.shape[:2], patches.shape[1], outer.shape[2])

    def _unformed(self, total: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Return a sum of formed gradients, (K, ...), in the shape of the weights."""
        models, o, *rest = shape
        return total.view(models, -1, o).transpose(1, 2).reshape(models, o, *rest)

    def _patches(self, a: Tensor) -> Tensor:
        """Return what each output sees, (B, i·taps, T)."""
        return functional.unfold(
            a,
            self.layer.kernel_size,
            padding=self.layer.padding,  # type: ignore[arg-type]  # ours are numbers
            stride=self.layer.stride,
        )


class GroupScale:
    """Group normalisation with a scale and a shift per channel; it mixes no examples."""

    def __init__(self, layer: nn.GroupNorm) -> None:
        self.layer = layer

    def forward(self, x: Tensor, weights: Weights) -> Tensor:
        """Return the normalised inputs, scaled and shifted."""
        w, b = weights
        return self._normal(x) * w[:, None, :, None, None] + b[:, None, :, None, None]

    def squares(self, a: Tensor, delta: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the squared norms of Σ_t δ_t x̂_t and Σ_t δ_t, which are formed."""
        formed = torch.stack([(delta * self._normal(a)).sum((3, 4)), delta.sum((3, 4))], dim=2)
        return formed.square().sum((2, 3)), formed  # (K, B, 2, c)

    def weighted(
        self, a: Tensor, delta: Tensor, scale: Tensor, formed: Tensor | None
    ) -> list[Tensor]:
        """Return the weighted sums of what was formed."""
        if formed is None:
            formed = self.squares(a, delta)[1]
        assert formed is not None  # for the type checker
        total = (scale[:, None] @ formed.flatten(2))[:, 0].view(len(a), 2, -1)
        return [total[:, 0], total[:, 1]]

    def _normal(self, x: Tensor) -> Tensor:
        flat = functional.group_norm(x.flatten(0, 1), self.layer.num_groups, eps=self.layer.eps)
        return flat.view(x.shape)


LAYERS: dict[type[nn.Module], Callable[..., Layer]] = {
    nn.Linear: Dense,
    nn.Conv2d: Convolution,
    nn.GroupNorm: GroupScale,
}


def model_by_model(operation: Callable[..., Tensor], *stacked: Tensor) -> Tensor:
    """Return what an operation of one model makes of each, (K, ...); one alone is not copied."""
    if len(stacked[0]) == 1:
        return operation(*(each[0] for each in stacked))[None]
    return torch.stack([operation(*each) for each in zip(*stacked, strict=True)])
