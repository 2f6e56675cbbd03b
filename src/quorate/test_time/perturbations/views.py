"""How changed pictures are looked at while a change is crafted: views of them, and their losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn


def capped_losses(networks: Sequence[nn.Module], seen: Tensor, y: Tensor, cap: float) -> Tensor:
    """Return each picture's cross-entropy, mean over networks and capped in nats, (B,).

    Args:
        networks: surrogates.
        seen: pictures on the pixel scale [0, 1], (B, c, h, w).
        y: their true labels, (B,).
        cap: loss above which a picture counts ever less.
    """
    import torch
    from torch.nn import functional

    from quorate.engine.layers import channels_last

    losses = [
        functional.cross_entropy(network(channels_last(seen)), y, reduction="none")
        for network in networks
    ]
    # beyond the cap a loss still pulls, ever less: clipped, it would not pull at all
    capped: Tensor = cap * torch.tanh(torch.stack(losses).mean(0) / cap)
    return capped


def draw_view(height: int, often: float, generator: Generator) -> dict[str, Any] | None:
    """Draw how a batch is looked at: shifted by up to a sixteenth, resized by up to a tenth."""
    import torch

    chance, scale, down, right = torch.rand(4, generator=generator).tolist()
    if chance >= often:
        return None
    reach = max(1, height // 16)
    return {
        "side": round(height * (1 - 0.1 * scale)),
        "shift": (round(reach * (2 * down - 1)), round(reach * (2 * right - 1))),
    }


def viewed(x: Tensor, side: int, shift: tuple[int, int]) -> Tensor:
    """Return images (B, c, h, w) made smaller and back, and moved by whole pixels."""
    import torch
    from torch.nn import functional

    size = x.shape[-2:]
    if side < size[0]:
        smaller = (side, round(size[1] * side / size[0]))
        x = functional.interpolate(x, smaller, mode="bilinear", align_corners=False)
        x = functional.interpolate(x, size, mode="bilinear", align_corners=False)
    return torch.roll(x, shift, dims=(2, 3))
