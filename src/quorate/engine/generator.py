"""PyTorch random generators seeded from NumPy's."""

from __future__ import annotations

import torch

from quorate.table import Rng


def torch_generator(rng: Rng) -> torch.Generator:
    """Return a PyTorch generator seeded from ``rng``, which draws on the CPU."""
    return torch.Generator().manual_seed(int(rng.integers(2**63)))
