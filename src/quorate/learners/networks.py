"""Small networks in PyTorch: their seeded initialisation, and the classifier around them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from quorate.errors import FitFailedError, InputError
from quorate.table import Array, Labels, Rng, Table

if TYPE_CHECKING:
    import torch
    from torch import nn

Architecture = Literal["logistic", "mlp", "cnn"]
PREDICT_ROWS = 4096  # rows predicted at once: bounds the memory of activations


def check_shape(model: Architecture, people: Table) -> None:
    """Raise InputError if the architecture cannot take these people."""
    if model != "cnn":
        return
    if not people.is_image:
        raise InputError(
            "Expected images for model=cnn, got a table. Use model=mlp or model=logistic."
        )
    if min(people.x.shape[2:]) < 4:
        h, w = people.x.shape[2:]
        raise InputError(
            f"Expected images of at least 4x4 pixels for model=cnn, got {h}x{w}. Use model=mlp."
        )


def build_network(model: Architecture, people: Table, hidden: int, rng: Rng) -> nn.Sequential:
    """Return a network for people of this shape, with weights drawn from ``rng``.

    logistic: one dense layer. mlp: one hidden layer of ``hidden`` units. cnn: two 3x3 convolutions
    of 16 and 32 channels, each halved by max-pooling, and a dense layer.
    """
    from torch import nn

    check_shape(model, people)
    d = math.prod(people.x.shape[1:])
    layers: list[nn.Module]
    if model == "logistic":
        layers = [nn.Flatten(), nn.Linear(d, people.k)]
    elif model == "mlp":
        layers = [nn.Flatten(), nn.Linear(d, hidden), nn.ReLU(), nn.Linear(hidden, people.k)]
    else:
        c, h, w = people.x.shape[1:]
        layers = [
            *(nn.Conv2d(c, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(32 * (h // 4) * (w // 4), people.k)),
        ]
    network = nn.Sequential(*layers)
    initialise(network, rng)
    return network


def initialise(network: nn.Module, rng: Rng) -> None:
    """Draw every weight and bias from U(±1/√fan_in), PyTorch's default, with ``rng``."""
    import torch

    generator = torch_generator(rng)
    for layer in network.modules():
        if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d):
            bound = 1 / math.sqrt(math.prod(layer.weight.shape[1:]))
            with torch.no_grad():
                for weights in layer.parameters(recurse=False):
                    weights.uniform_(-bound, bound, generator=generator)


def torch_generator(rng: Rng) -> torch.Generator:
    """Return a generator of PyTorch's own, seeded from ``rng``."""
    import torch

    return torch.Generator().manual_seed(int(rng.integers(2**63)))


@dataclass(frozen=True, eq=False)
class NetworkClassifier:
    """A fitted network. Predicts the label with the largest logit."""

    network: nn.Module
    record: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,).

        Raises:
            FitFailedError: the network's output is not finite.
        """
        import torch

        labels = np.empty(len(x), dtype=np.int64)  # (n,)
        self.network.eval()
        with torch.no_grad():
            for start in range(0, len(x), PREDICT_ROWS):
                rows = torch.from_numpy(np.ascontiguousarray(x[start : start + PREDICT_ROWS]))
                logits = self.network(rows)  # (rows, k)
                if not bool(torch.isfinite(logits).all()):
                    raise FitFailedError(DIVERGED)
                labels[start : start + len(rows)] = logits.argmax(dim=1).numpy()
        return labels


DIVERGED = "Expected finite outputs, got NaN or infinity: training diverged. Lower learning_rate."
