"""A distribution shift: pictures out of focus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.spec import param
from quorate.subgroups.shift import Shift
from quorate.table import Array
from quorate.validate import in_interval


@dataclass(frozen=True)
class Blur(Shift):
    """People whose pictures are out of focus (covariate shift): a Gaussian blur of every channel.

    Pixels beyond the edge repeat the edge, so a uniform picture stays as it is.

    Raises:
        InputError: sigma is not in (0, 100].
    """

    name: ClassVar[str] = "blur"
    sigma: float = param(
        1.0, "Standard deviation of the blur in pixels; 1 is strong at 32x32, weak at 224x224."
    )

    def __post_init__(self) -> None:
        in_interval("sigma", self.sigma, 0, 100, "Use pixels such as 1.", open_low=True)

    def change(self, x: Array) -> Array:
        """Return blurred images, (n, c, h, w)."""
        from scipy.ndimage import gaussian_filter

        blurred = np.empty_like(x)
        gaussian_filter(x, self.sigma, axes=(2, 3), mode="nearest", output=blurred)
        return blurred
