"""A distribution shift: too little contrast, as in haze or through a dirty lens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.spec import param
from quorate.subgroups.shift import Shift
from quorate.table import Array
from quorate.validate import in_interval


@dataclass(frozen=True)
class LowContrast(Shift):
    """People whose pictures lack contrast (covariate shift): pixels move towards the mean.

    x becomes m + contrast·(x - m), m the mean of its image and channel, so brightness stays (the
    corruption "contrast" of Hendrycks and Dietterich 2019, arXiv:1903.12261).

    >>> x = np.array([0, 1], np.float32).reshape(1, 1, 1, 2)
    >>> LowContrast(contrast=0.2).shift(x).ravel() * 255
    array([102., 153.], dtype=float32)

    Raises:
        InputError: contrast is outside [0, 1].
    """

    name: ClassVar[str] = "low-contrast"
    contrast: float = param(0.2, "Factor on distances to the mean, in [0, 1]; 1 changes nothing.")

    def __post_init__(self) -> None:
        in_interval("contrast", self.contrast, 0, 1, "Use a factor such as 0.2.")

    def change(self, x: Array) -> Array:
        """Return flatter images, (n, c, h, w)."""
        mean = x.mean(axis=(2, 3), keepdims=True, dtype=np.float64)  # (n, c, 1, 1)
        flatter: Array = (mean + self.contrast * (x - mean)).astype(np.float32)
        return flatter
