"""Networks as users bring them, of every kind that is trained in a way of its own."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 3  # is no network


class Dense(nn.Module):
    """Two dense layers and a normalisation, which flattens by ``view``."""

    def __init__(self, shape: tuple[int, ...], k: int, width: int = 5) -> None:
        super().__init__()
        self.first = nn.Linear(math.prod(shape), width)
        self.normal = nn.LayerNorm(width)
        self.last = nn.Linear(width, k)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.tanh(self.normal(self.first(x.view(len(x), -1)))))


class Unusual(nn.Module):
    """A bare weight, a frozen one, a buffer of its own, tied weights, and one without use."""

    def __init__(self, shape: tuple[int, ...], k: int) -> None:
        super().__init__()
        d = math.prod(shape)
        self.scale = nn.Parameter(torch.rand(d))
        self.frozen = nn.Parameter(torch.rand(d), requires_grad=False)
        self.register_buffer("shift", torch.rand(d))
        self.once = nn.Linear(d, d)
        self.again = nn.Linear(d, d)
        self.again.weight = self.once.weight
        self.idle = nn.Parameter(torch.ones(2))
        self.last = nn.Linear(d, k)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1) * self.scale * self.frozen + self.shift
        return self.last(self.again(functional.gelu(self.once(x))))


class Branching(nn.Module):
    """Control flow that depends on the data."""

    def __init__(self, shape: tuple[int, ...], k: int) -> None:
        super().__init__()
        self.one, self.other = (nn.Linear(math.prod(shape), k) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        rows = [self.one(row) if row.sum() > 0 else self.other(row) for row in x.flatten(1)]
        return torch.stack(rows)


class Convolutional(nn.Module):
    """A convolution, flattened by ``view``, as tutorials do."""

    def __init__(self, shape: tuple[int, ...], k: int) -> None:
        super().__init__()
        c, h, w = shape
        self.inside = nn.Conv2d(c, 2, 3, padding=1)
        self.last = nn.Linear(2 * h * w, k)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(functional.relu(self.inside(x)).view(len(x), -1))


class Recurrent(nn.Module):
    """A recurrent network over the features."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.inside = nn.GRU(1, 3, batch_first=True)
        self.last = nn.Linear(3, k)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.inside(x.flatten(1)[:, :5, None])[0][:, -1])


class Attention(nn.Module):
    """A transformer's layer over the features, without dropout."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.inside = nn.TransformerEncoderLayer(4, 2, 4, dropout=0.0, batch_first=True)
        self.last = nn.Linear(4, k)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.inside(x.flatten(1)[:, :8].view(len(x), 2, 4)).mean(1))


def sequential(shape: tuple[int, ...], k: int) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(math.prod(shape), 4), nn.ReLU(inplace=True), nn.Linear(4, k)
    )


def group_normal(shape: tuple[int, ...], k: int) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(math.prod(shape), 4), nn.GroupNorm(2, 4), nn.ELU(), nn.Linear(4, k)
    )


def dropout(shape: tuple[int, ...], k: int) -> nn.Module:
    d = math.prod(shape)
    return nn.Sequential(nn.Flatten(), nn.Linear(d, 6), nn.Dropout(0.4), nn.ReLU(), nn.Linear(6, k))


def batch_normal(shape: tuple[int, ...], k: int) -> nn.Module:
    d = math.prod(shape)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(d, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, k)
    )


def lazy(k: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(3), nn.ReLU(), nn.Linear(3, k))


def ten_labels() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
