"""Random draws in PyTorch that follow from NumPy's."""

from __future__ import annotations

import torch

from quorate.table import Rng


def torch_generator(rng: Rng) -> torch.Generator:
    """Return a generator of PyTorch's own, seeded from ``rng``; it draws on the CPU."""
    return torch.Generator().manual_seed(int(rng.integers(2**63)))
