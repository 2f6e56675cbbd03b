"""A trigger for images: a grid of lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.errors import InputError
from quorate.protocols import Signal
from quorate.spec import param
from quorate.table import Array, Table
from quorate.validate import at_least, in_interval


@dataclass(frozen=True)
class Grid(Signal):
    """A trigger for images: a grid of lines, faint or opaque (a blended backdoor trigger).

    At a pixel on a line g(x) = (1−s)·x̄ + s·v, where x̄ is the nearest pixel above and to the left
    that lies on no line, so planting the grid a second time changes nothing. All other pixels stay.
    The source names a grid perturbation without a formula (Solanki et al. 2025, arXiv:2505.05707);
    the formula is ours.

    >>> import numpy as np
    >>> grey = Table(np.full((1, 1, 4, 4), 0.5, np.float32), np.array([0]), ("cat",))
    >>> Grid(spacing=3, strength=0.5).plant(grey)[0, 0]
    array([[0.5 , 0.5 , 0.75, 0.5 ],
           [0.5 , 0.5 , 0.75, 0.5 ],
           [0.75, 0.75, 0.75, 0.75],
           [0.5 , 0.5 , 0.75, 0.5 ]], dtype=float32)

    Raises:
        InputError: a parameter is out of range, the people are no images, or no line fits in.
    """

    name: ClassVar[str] = "grid"
    spacing: int = param(4, "Distance from one line to the next in pixels, at least 2.")
    value: float = param(1.0, "Value v that lines move towards, on the pixel scale [0, 1].")
    strength: float = param(0.2, "Opacity s of the lines, in (0, 1]; 1 replaces the pixels.")

    def __post_init__(self) -> None:
        at_least("spacing", self.spacing, 2, "Lines need pixels between them: use 4, say.")
        in_interval("value", self.value, 0, 1, "Divide 8-bit pixel values by 255.")
        fix = "Use 1 to set the value, or less for a fainter grid."
        in_interval("strength", self.strength, 0, 1, fix, open_low=True)

    def plant(self, people: Table) -> Array:
        """Return the images with the grid, (n, c, h, w)."""
        if not people.is_image:
            raise InputError(
                "Expected images for the signal 'grid', got a table. Mark tables by their columns: "
                "signal=columns,NAME=VALUE."
            )
        h, w = people.x.shape[2:]
        if self.spacing > max(h, w):
            raise InputError(
                f"Expected a line inside the {h}x{w} image, got spacing={self.spacing}. Use a "
                "smaller spacing."
            )
        rows, columns = (np.arange(side) for side in (h, w))
        across, down = (at % self.spacing == self.spacing - 1 for at in (rows, columns))
        under = people.x[:, :, (rows - across)[:, None], columns - down]  # x̄ on lines, else x
        strength = np.float32(self.strength)
        lines = (1 - strength) * under + strength * np.float32(self.value)
        return np.where(across[:, None] | down, lines, under)
