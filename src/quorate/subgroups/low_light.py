"""A distribution shift: too little light."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.spec import param
from quorate.subgroups.shift import Shift
from quorate.table import Array
from quorate.validate import at_least, in_interval


@dataclass(frozen=True)
class LowLight(Shift):
    """People whose pictures are dark and grainy (covariate shift): dimmed, with sensor noise.

    Dimming alone is undone by a network with normalised layers; the grain is not.

    >>> LowLight(brightness=0.2, noise=0).shift(np.ones((1, 1, 1, 1), np.float32)) * 255
    array([[[[51.]]]], dtype=float32)

    Raises:
        InputError: brightness is outside [0, 1], or noise is negative.
    """

    name: ClassVar[str] = "low-light"
    brightness: float = param(0.25, "Factor on every pixel, in [0, 1]; 1 changes nothing.")
    noise: float = param(0.06, "Standard deviation of the grain on the pixel scale; 0 for none.")

    def __post_init__(self) -> None:
        in_interval("brightness", self.brightness, 0, 1, "Use a factor such as 0.25.")
        at_least("noise", self.noise, 0, "Use 0 for none.")

    def change(self, x: Array) -> Array:
        """Return darker images, (n, c, h, w), each with grain seeded by its own pixels."""
        darker: Array = x * np.float32(self.brightness)
        if self.noise:
            for image, before in zip(darker, x, strict=True):
                rng = np.random.default_rng(zlib.crc32(before.tobytes()))
                image += np.float32(self.noise) * rng.standard_normal(x.shape[1:], dtype=np.float32)
        return darker
