"""The layers with weights, for K models side by side: forward passes and clipped gradients.

Per-example gradients are formed only where that is cheaper than avoiding them. Shape letters: K
models, B people in a batch, i and o inputs and outputs, c h w image axes, T = h·w.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch import nn
from torch.nn import functional
from torch.nn.grad import conv2d_weight

if TYPE_CHECKING:
    from torch import Tensor

Weights = Sequence["Tensor"]
COPIED_BELOW = 8  # channels: with fewer, products of slices spend their time in calls


class Layer(Protocol):
    """A layer of K models. Its weights have a leading axis K."""

    def convert_layout(self, weights: Weights) -> list[Tensor]:
        """Convert weights from PyTorch's layout to the one trained in, or back."""

    def forward(self, x: Tensor, weights: Weights) -> Tensor:
        """Return the outputs (K, B, ...) for the inputs (K, B, ...)."""

    def squared_norms(self, a: Tensor, delta: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return each example's squared gradient norm, (K, B), and its gradients if formed.

        Args:
            a: inputs, (K, B, ...).
            delta: gradients of the loss with respect to the outputs, (K, B, ...).
        """

    def weighted_sums(
        self, a: Tensor, delta: Tensor, scale: Tensor, formed: Tensor | None
    ) -> list[Tensor]:
        """Return Σ_b scale_b·g_b for each weight, (K, ...); ``scale`` is (K, B).

        ``formed`` are the gradients that ``squared_norms`` formed, or None.
        """


class Dense:
    """A dense layer: one batched product for all models.

    Weights are trained as (K, i, o), PyTorch's layout transposed, so products read and write them
    in order, a fifth faster. With input a and output gradient δ, an example's gradient is aδᵀ with
    norm ‖a‖‖δ‖, so it is never formed (Goodfellow 2015, arXiv:1510.01799).
    """

    def __init__(self, layer: nn.Linear) -> None:
        pass

    def convert_layout(self, weights: Weights) -> list[Tensor]:
        """Return the weights transposed."""
        w, b = weights
        return [w.transpose(-2, -1), b]

    def forward(self, x: Tensor, weights: Weights) -> Tensor:
        """Return xW + b."""
        w, b = weights
        x, w, b = _never_alone(x, w, b)
        return torch.baddbmm(b[:, None], x, w)[: len(weights[0])]

    def squared_norms(self, a: Tensor, delta: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return ‖δ‖²(‖a‖² + 1)."""
        return _square(delta) * (_square(a) + 1), None

    def weighted_sums(
        self, a: Tensor, delta: Tensor, scale: Tensor, formed: Tensor | None
    ) -> list[Tensor]:
        """Return Σ saδᵀ and Σ sδ."""
        scaled = delta * scale[:, :, None]
        x, shifts = _never_alone(a, scaled)
        return [(x.transpose(1, 2) @ shifts)[: len(a)], scaled.sum(1)]


class Convolution:
    """A convolution: model by model on a CPU, where PyTorch's own is fastest, else in groups.

    Per-example gradients Σ_t δ_t a_tᵀ (Rochette, Manoel, Tramel 2019, arXiv:1912.06015) are formed
    if they are smaller than the two T×T products that give their norm without them (Bu, Mao, Xu
    2022, arXiv:2205.10683).
    """

    def __init__(self, layer: nn.Conv2d) -> None:
        self.layer = layer
        self._taps = layer.kernel_size[0] * layer.kernel_size[1]
        half = tuple(size // 2 for size in layer.kernel_size)
        odd = all(size % 2 for size in layer.kernel_size)
        self._slides = odd and layer.stride == (1, 1) and layer.padding == half

    def convert_layout(self, weights: Weights) -> list[Tensor]:
        """Return the weights as they are."""
        return list(weights)

    def forward(self, x: Tensor, weights: Weights) -> Tensor:
        """Return the convolution with each model's weights."""
        if x.is_cuda:
            return self.in_groups(x, weights)
        return model_by_model(self._convolve, x, *weights)

    def in_groups(self, x: Tensor, weights: Weights) -> Tensor:
        """Return the same, as one convolution whose groups are the models."""
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
        return functional.conv2d(channels_last(x), w, b, self.layer.stride, self.layer.padding)

    def squared_norms(self, a: Tensor, delta: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return ‖Σ_t δ_t a_tᵀ‖² + ‖Σ_t δ_t‖²."""
        t = delta.shape[3] * delta.shape[4]
        size = delta.shape[2] * a.shape[2] * self._taps
        bias = _square(delta.sum((3, 4))) if self.layer.bias is not None else 0
        if size <= 2 * t * t:
            formed = self._form(a, delta)  # (K, B, ...)
            return _square(formed) + bias, formed
        patches = self._patches(a.flatten(0, 1))  # (K·B, i, T)
        outer = delta.flatten(0, 1).flatten(2)  # (K·B, o, T)
        gram = (patches.transpose(1, 2) @ patches) * (outer.transpose(1, 2) @ outer)
        return gram.sum((1, 2)).view(a.shape[:2]) + bias, None

    def weighted_sums(
        self, a: Tensor, delta: Tensor, scale: Tensor, formed: Tensor | None
    ) -> list[Tensor]:
        """Return Σ_b s_b Σ_t δ_t a_tᵀ and Σ_b s_b Σ_t δ_t."""
        if formed is None:
            scaled = delta * scale[:, :, None, None, None]
            weight = torch.stack([self._gradient(a[k], scaled[k]) for k in range(len(a))])
        else:
            weight = self._unformed((scale[:, None] @ formed.flatten(2))[:, 0])
        if self.layer.bias is None:
            return [weight]
        return [weight, (scale[:, None] @ delta.sum((3, 4)))[:, 0]]

    def _gradient(self, a: Tensor, delta: Tensor) -> Tensor:
        total: Tensor = conv2d_weight(
            a, self.layer.weight.shape, delta, self.layer.stride, self.layer.padding
        )
        return total

    def _form(self, a: Tensor, delta: Tensor) -> Tensor:
        """Return per-example weight gradients, (K, B, taps·i, o)."""
        x, outer = a.flatten(0, 1), delta.flatten(0, 1)
        formed = self._form_by_taps(x, outer) if self._slides else self._form_by_patches(x, outer)
        return formed.view(*a.shape[:2], -1, delta.shape[2])

    def _form_by_taps(self, x: Tensor, delta: Tensor) -> Tensor:
        """Return (B, taps·i, o) for a convolution whose every weight sees the shifted image.

        With rows padded to the same width in the image and in δ, a shift is a slice of the flat
        image, and nothing is copied. If there are few channels, they are copied tap by tap.
        """
        rows, columns = self.layer.kernel_size
        h, w = delta.shape[2:]
        edges = (columns // 2, columns // 2, rows // 2, rows // 2)
        taps = list(itertools.product(range(rows), range(columns)))
        if x.shape[1] < COPIED_BELOW:
            wide = functional.pad(x, edges)  # (B, i, h', w')
            shifted = [wide[:, :, i : i + h, j : j + w] for i, j in taps]
            patches = torch.stack(shifted, dim=1).flatten(1, 2).flatten(2)  # (B, taps·i, T)
            return patches @ delta.flatten(2).transpose(1, 2)
        margin = columns - 1
        last = 1 if margin else 0  # one more row, which the last shifts reach into
        wide = functional.pad(x.permute(0, 2, 3, 1), (0, 0, *edges[:3], edges[3] + last))
        flat = wide.flatten(1, 2)  # (B, h'·w', i)
        outer = functional.pad(delta.permute(0, 2, 3, 1), (0, 0, 0, margin)).flatten(1, 2)
        starts = [i * (w + margin) + j for i, j in taps]
        shifted = [flat.narrow(1, start, outer.shape[1]).transpose(1, 2) for start in starts]
        return torch.stack([one @ outer for one in shifted], dim=1).flatten(1, 2)

    def _form_by_patches(self, x: Tensor, delta: Tensor) -> Tensor:
        """Return (B, taps·i, o) for an arbitrary convolution."""
        outer = delta.flatten(2).transpose(1, 2)  # (B, T, o)
        by_channel = self._patches(x) @ outer  # (B, i·taps, o)
        i = x.shape[1]
        apart = by_channel.view(len(x), i, -1, by_channel.shape[2])
        return apart.transpose(1, 2).flatten(1, 2)

    def _unformed(self, total: Tensor) -> Tensor:
        """Return a sum of formed gradients, (K, taps·i, o), in the shape of the weights."""
        o, i, rows, columns = self.layer.weight.shape
        return total.view(-1, rows, columns, i, o).permute(0, 4, 3, 1, 2)

    def _patches(self, a: Tensor) -> Tensor:
        """Return the inputs that each output sees, (B, i·taps, T)."""
        return functional.unfold(
            a,
            self.layer.kernel_size,
            padding=self.layer.padding,  # type: ignore[arg-type]  # ours are numbers
            stride=self.layer.stride,
        )


class GroupNormalisation:
    """Group normalisation with a scale and a shift per channel, which mixes no examples."""

    def __init__(self, layer: nn.GroupNorm) -> None:
        self.layer = layer

    def convert_layout(self, weights: Weights) -> list[Tensor]:
        """Return the weights as they are."""
        return list(weights)

    def forward(self, x: Tensor, weights: Weights) -> Tensor:
        """Return the normalised inputs, scaled and shifted."""
        w, b = weights
        return self._normal(x) * w[:, None, :, None, None] + b[:, None, :, None, None]

    def squared_norms(self, a: Tensor, delta: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the squared norms of Σ_t δ_t x̂_t and Σ_t δ_t, which are formed."""
        formed = torch.stack([(delta * self._normal(a)).sum((3, 4)), delta.sum((3, 4))], dim=2)
        return _square(formed), formed  # (K, B, 2, c)

    def weighted_sums(
        self, a: Tensor, delta: Tensor, scale: Tensor, formed: Tensor | None
    ) -> list[Tensor]:
        """Return the weighted sums of what was formed."""
        if formed is None:
            formed = self.squared_norms(a, delta)[1]
        assert formed is not None  # for the type checker
        total = (scale[:, None] @ formed.flatten(2))[:, 0].view(len(a), 2, -1)
        return [total[:, 0], total[:, 1]]

    def _normal(self, x: Tensor) -> Tensor:
        flat = functional.group_norm(x.flatten(0, 1), self.layer.num_groups, eps=self.layer.eps)
        return flat.view(x.shape)


LAYERS: dict[type[nn.Module], Callable[..., Layer]] = {
    nn.Linear: Dense,
    nn.Conv2d: Convolution,
    nn.GroupNorm: GroupNormalisation,
}


def _never_alone(x: Tensor, *others: Tensor) -> list[Tensor]:
    """Return the factors of one model twice if one of them is a vector, else as they are.

    With a vector among its factors, a single product is summed in another order than a batch of
    products, so that its last digits would depend on whether the model trains alone.
    """
    factors = [x, *others]
    if len(x) == 1 and any(1 in factor.shape[1:] for factor in factors):
        return [factor.expand(2, *factor.shape[1:]) for factor in factors]
    return factors


def _square(x: Tensor) -> Tensor:
    """Return each example's squared norm, (K, B), in one pass over (K, B, ...)."""
    norms: Tensor = torch.linalg.vector_norm(x.flatten(2), dim=2)
    return norms.square()


def channels_last(x: Tensor) -> Tensor:
    """Return images (B, c, h, w) in channels-last memory order.

    Convolutions keep that order, and max-pooling is several times faster in it. A single channel is
    in both orders, so its strides must say which is meant.
    """
    x = x.contiguous(memory_format=torch.channels_last)
    _, c, h, w = x.shape
    return x.as_strided(x.shape, (h * w, 1, w, 1)) if c == 1 else x


def model_by_model(operation: Callable[..., Tensor], *stacked: Tensor) -> Tensor:
    """Return the results of an operation on each model, (K, ...); a single model is not copied."""
    if len(stacked[0]) == 1:
        return operation(*(each[0] for each in stacked))[None]
    return torch.stack([operation(*each) for each in zip(*stacked, strict=True)])
