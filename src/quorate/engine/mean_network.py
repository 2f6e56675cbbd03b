"""Several networks as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor


class MeanNetwork(nn.Module):
    """Networks as one whose logits are the mean of theirs.

    Its label has the least mean cross-entropy over the networks: a row's logits and log-softmax
    differ by a number that is the same for every label.

    Args:
        networks: networks of the same k labels, at least one.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean logits of images, (B, k)."""
        return torch.stack([network(x) for network in self.networks]).mean(0)
