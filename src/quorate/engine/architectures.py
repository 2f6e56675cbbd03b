"""Network architectures in PyTorch, and their seeded initialisation."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from quorate.engine.generator import torch_generator
from quorate.table import Rng

STAGES = 4  # of the resnet: all but the first halve the image and double the channels
NORMALISED_TOGETHER = 16  # channels in a group of group normalisation


class Residual(nn.Module):
    """relu(branch(x) + shortcut(x))."""

    def __init__(self, branch: nn.Sequential, shortcut: nn.Sequential) -> None:
        super().__init__()
        self.branch = branch
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        return functional.relu(self.branch(x) + self.shortcut(x))


def build_network(
    model: str, shape: tuple[int, ...], k: int, hidden: int, rng: Rng
) -> nn.Sequential:
    """Return a network from features of this shape, (d,) or (c, h, w), to the logits of k labels.

    Its weights are drawn from ``rng``.

    logistic: one dense layer. mlp: one hidden layer of ``hidden`` units. cnn: two 3x3 convolutions
    of 16 and 32 channels, each followed by max-pooling that halves the image, and a dense layer.
    resnet: ResNet-18 for small images (He, Zhang, Ren, Sun 2016, arXiv:1512.03385) with ``hidden``
    channels in the first stage (64 in the source) and group instead of batch normalisation, which
    would mix people, so that their gradients could not be clipped one by one (Wu, He 2018,
    arXiv:1803.08494).
    """
    d = math.prod(shape)
    layers: list[nn.Module]
    if model == "logistic":
        layers = [nn.Flatten(), nn.Linear(d, k)]
    elif model == "mlp":
        layers = [nn.Flatten(), nn.Linear(d, hidden), nn.ReLU(), nn.Linear(hidden, k)]
    elif model == "cnn":
        c, h, w = shape
        # Pooling before the rectifier is the same function with a quarter of the work.
        layers = [
            nn.Conv2d(c, 16, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * (h // 4) * (w // 4), k),
        ]
    else:
        layers = _resnet(shape[0], hidden, k)
    network = nn.Sequential(*layers)
    initialise(network, rng)
    return network


def _resnet(channels: int, width: int, k: int) -> list[nn.Module]:
    layers = [*_convolution(channels, width, 1), nn.ReLU()]
    for stage in range(STAGES):
        wide = width * 2**stage
        before = wide if stage == 0 else wide // 2
        layers += [_block(before, wide, 1 if stage == 0 else 2), _block(wide, wide, 1)]
    return [*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(wide, k)]


def _block(before: int, wide: int, stride: int) -> Residual:
    branch = [*_convolution(before, wide, stride), nn.ReLU(), *_convolution(wide, wide, 1)]
    same = before == wide and stride == 1
    shortcut = [] if same else _convolution(before, wide, stride, size=1)
    return Residual(nn.Sequential(*branch), nn.Sequential(*shortcut))


def _convolution(before: int, wide: int, stride: int, size: int = 3) -> list[nn.Module]:
    groups = wide // NORMALISED_TOGETHER if wide % NORMALISED_TOGETHER == 0 else 1
    convolution = nn.Conv2d(before, wide, size, stride, padding=size // 2, bias=False)
    return [convolution, nn.GroupNorm(groups, wide)]


def initialise(network: nn.Module, rng: Rng) -> None:
    """Draw every weight and bias from U(±1/√fan_in), PyTorch's default, with ``rng``."""
    generator = torch_generator(rng)
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            bound = 1 / math.sqrt(math.prod(layer.weight.shape[1:]))
            with torch.no_grad():
                for weights in layer.parameters(recurse=False):
                    weights.uniform_(-bound, bound, generator=generator)
