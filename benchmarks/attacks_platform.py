"""The people and the network that attacks are measured on, and a stand-in that answers at once."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from quorate.table import Labels
from quorate.test_time.platforms.platform import Answers, Card, Pixels, to_features

CLASSES = tuple("0123456789")
LEARNED_FROM = 120  # digits: few, so that enough of the others are misread
APART = 4  # the stand-in reads every fourth pixel of each axis


@functools.cache
def people() -> tuple[Pixels, Labels]:
    """Return every digit, (n, 3, 32, 32), each pixel four times as high and wide, and its label."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    large = np.kron(digits.images, np.ones((4, 4)))[:, None] / 16  # (n, 1, 32, 32)
    large = 0.25 + 0.5 * large  # grey: ε does not run into black or white
    x = np.rint(255 * np.repeat(large, 3, axis=1)).astype(np.uint8)
    return x, digits.target.astype(np.int64)


@functools.cache
def network() -> nn.Module:
    """Return the network: two convolutions with stride 2, 8 and 16 channels, 13,000 weights."""
    x, y = (torch.from_numpy(some) for some in people())
    torch.manual_seed(0)
    net = nn.Sequential(
        *(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(16 * 8 * 8, 10)),
    )
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    features, labels = x[:LEARNED_FROM].float() / 255, y[:LEARNED_FROM]
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(features), labels).backward()
        optimizer.step()
    return net.eval()


class StandIn(nn.Module):
    """A linear model of 64 pixels of one channel, by least squares, which answers at once."""

    def __init__(self) -> None:
        super().__init__()
        x, y = people()
        few = (x[:LEARNED_FROM, 0, ::APART, ::APART].reshape(LEARNED_FROM, -1) / 255 - 0.5) * 4
        goal = np.eye(len(CLASSES))[y[:LEARNED_FROM]]
        ridge = few.T @ few + np.eye(few.shape[1])
        weights = np.linalg.solve(ridge, few.T @ goal)  # (64, k)
        sharp = torch.from_numpy((16 * weights).astype(np.float32))
        self.weights = nn.Parameter(sharp, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, (n, k)."""
        return (x[:, 0, ::APART, ::APART].flatten(1) - 0.5) @ self.weights


@functools.cache
def stand_in() -> nn.Module:
    """Return the stand-in."""
    return StandIn().eval()


class Watched(nn.Module):
    """A network on the pixel scale [0, 1], with a count of its rows and CPU seconds."""

    def __init__(self, net: nn.Module | None = None) -> None:
        super().__init__()
        self.net, self.rows, self.seconds = net or network(), 0, 0.0

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, (n, k)."""
        x = x.float()  # ART's HopSkipJump asks in float64
        started = time.process_time()
        logits: Tensor = self.net(x)
        self.rows += len(x)
        self.seconds += time.process_time() - started
        return logits


class InProcessPlatform:
    """The platform: the same network, behind 8-bit questions."""

    def __init__(self, net: nn.Module | None = None) -> None:
        self.model = Watched(net)
        self.card = Card("digits", CLASSES, (3, 32, 32), "scores")

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        """Return the scores of each image."""
        with torch.inference_mode():
            logits = self.model(torch.from_numpy(to_features(x)))
            scores = logits.double().softmax(dim=1).numpy()
        return Answers(scores.argmax(axis=1), scores)
