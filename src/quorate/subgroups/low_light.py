"""Too little light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.spec import param
from quorate.subgroups.shift import Shift
from quorate.table import Array
from quorate.validate import in_interval


@dataclass(frozen=True)
class LowLight(Shift):
    """People whose pictures are dark: every pixel times one factor.

    >>> LowLight(brightness=0.2).shift(np.ones((1, 1, 1, 1), np.float32)) * 255
    array([[[[51.]]]], dtype=float32)

    Raises:
        InputError: brightness is outside [0, 1].
    """

    name: ClassVar[str] = "low-light"
    brightness: float = param(0.25, "what pixels are multiplied by, in [0, 1]; 1 changes nothing")

    def __post_init__(self) -> None:
        in_interval("brightness", self.brightness, 0, 1, "Use a factor such as 0.25.")

    def change(self, x: Array) -> Array:
        """Return darker images, (n, c, h, w)."""
        return x * np.float32(self.brightness)
