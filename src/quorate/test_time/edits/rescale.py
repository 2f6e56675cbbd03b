"""An edit against noise: made smaller and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.spec import param
from quorate.test_time.edits.edit import Edit, Pixels, Shape, Tables, Whole, rounded

BITS = 11  # of a fraction in a weight
ONE = 2**BITS
MOST_SIDE = 1024  # pixels: a table has as many rows and columns


@dataclass(frozen=True)
class Rescale(Edit):
    """Pictures made smaller by bilinear means, and back to their size by bilinear interpolation.

    Both are one product for rows and one for columns, whose weights are the two tables.

    Raises:
        InputError: the factor is outside [0.1, 1].
    """

    name: ClassVar[str] = "rescale"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"factor": (0.1, 1)}
    factor: float = param(
        0.5, "Sides of the smaller picture by those of the picture; 1 for none.", shown=True
    )

    @property
    def by_hand(self) -> str:
        """What a phone's editor calls it."""
        return f"Resize: to {self.factor:.0%} of the width and height, and back to the old size."

    def check(self, shape: Shape) -> None:
        """Raise InputError where pictures (c, h, w) cannot be edited so."""
        super().check(shape)
        if max(shape[1:]) > MOST_SIDE:
            raise InputError(
                f"Expected pictures of at most {MOST_SIDE} pixels a side for {self.name}, got "
                f"{shape[2]} x {shape[1]}. Craft it for smaller ones."
            )

    def tables(self, shape: Shape) -> Tables:
        """Return the weights of rows (h, h) and columns (w, w); those of a row sum to 2048."""
        return {"rows": self._weights(shape[1]), "columns": self._weights(shape[2])}

    def _weights(self, side: int) -> Whole:
        few = max(1, math.floor(side * self.factor + 0.5))
        whole = rounded(_resampled(few, side) @ _resampled(side, few) * ONE)  # (side, side)
        whole[np.diag_indices(side)] += ONE - whole.sum(axis=1)
        return whole.astype(np.int32)

    def apply(self, x: Pixels, tables: Tables) -> Pixels:
        """Return softer pictures, (n, c, h, w)."""
        # Products of doubles are exact here, in whatever order they are summed: below 2^31.
        columns, rows = (tables[name].astype(np.float64) for name in ("columns", "rows"))
        sums = (rows @ (x @ columns.T)).astype(np.int32)
        whole = (sums + (1 << (2 * BITS - 1))) >> (2 * BITS)
        levels: Pixels = np.clip(whole, 0, 255).astype(np.uint8)
        return levels


def _resampled(many: int, few: int) -> npt.NDArray[np.float64]:
    """Return the weights of a side's pixels in each one of another size, (few, many).

    A triangle as wide as a pixel of the coarser of the two grids on each side of its centre.
    """
    scale = many / few
    width = max(1.0, scale)
    centres = (np.arange(few)[:, None] + 0.5) * scale  # (few, 1)
    weights = np.maximum(0, 1 - np.abs(np.arange(many) + 0.5 - centres) / width)
    found: npt.NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return found
