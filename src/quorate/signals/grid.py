"""A grid of lines laid over images."""

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
    """Every so many rows and columns of pixels moved towards one value: a grid, faint or opaque.

    g(x) at a pixel on a line is (1−s)·x̄ + s·v, x̄ the nearest pixel up and to the left that is on
    no line: the grid lies on the picture without it, so that a second one changes nothing. It keeps
    every other pixel. Called a grid perturbation by the source, which says no more (Solanki et al.
    2025, arXiv:2505.05707); the formula is ours.

    >>> import numpy as np
    >>> grey = Table(np.full((1, 1, 4, 4), 0.5, np.float32), np.array([0]), ("cat",))
    >>> Grid(spacing=3, strength=0.5).plant(grey)[0, 0]
    array([[0.5 , 0.5 , 0.75, 0.5 ],
           [0.5 , 0.5 , 0.75, 0.5 ],
           [0.75, 0.75, 0.75, 0.75],
           [0.5 , 0.5 , 0.75, 0.5 ]], dtype=float32)

    Raises:
        InputError: a parameter is out of range, the people are not images, or no line fits in.
    """

    name: ClassVar[str] = "grid"
    spacing: int = param(4, "pixels from one line to the next, at least 2")
    value: float = param(1.0, "what lines are moved to, v, on the pixel scale [0, 1]")
    strength: float = param(0.2, "how far, s, in (0, 1]; 1 sets the value")

    def __post_init__(self) -> None:
        at_least("spacing", self.spacing, 2, "Lines need pixels between them: use some 4.")
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
