"""An edit against noise: the median of the surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.errors import InputError
from quorate.spec import param
from quorate.test_time.edits.edit import Edit, Pixels, Shape, Tables, padded

SIZES = (1, 3, 5)


@dataclass(frozen=True)
class Median(Edit):
    """Each value becomes the median of a square around it in its channel, edges repeated.

    Raises:
        InputError: the size is not 1, 3 or 5.
    """

    name: ClassVar[str] = "median"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"size": (1, 5)}
    size: int = param(3, "Side of the square in pixels: 3 or 5; 1 for none.", shown=True)

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise InputError(f"Expected size={self.size} to be 1, 3 or 5. Use 3.")

    @property
    def by_hand(self) -> str:
        """What a phone's editor calls it."""
        return f"Noise reduction, Despeckle or Median: squares of {self.size} x {self.size} pixels."

    def tables(self, shape: Shape) -> Tables:
        """Return none: the size says it all."""
        return {}

    def apply(self, x: Pixels, tables: Tables) -> Pixels:
        """Return medians, (n, c, h, w)."""
        (h, w), size = x.shape[2:], self.size
        wide = padded(x, size // 2)
        return _median([wide[:, :, i : i + h, j : j + w] for i in range(size) for j in range(size)])


def _median(seen: list[Pixels]) -> Pixels:
    """Return the median of an odd number of arrays, value by value.

    The smallest and the largest of more than half of the values are not the median: they are
    forgotten, and one value more is looked at, until one is left.
    """
    if len(seen) == 1:
        return seen[0].copy()
    first = len(seen) // 2 + 2
    held, waiting = [one.copy() for one in seen[:first]], seen[first:]
    while True:
        _to_the_ends(held)
        held = held[1:-1]
        if not waiting:
            return held[0]
        held.append(waiting.pop().copy())


def _to_the_ends(held: list[Pixels]) -> None:
    """Exchange values until the first array has the smallest, and the last the largest."""
    last = len(held) - 1
    for i in range(len(held) // 2):  # so that the smaller half holds the smallest
        _exchange(held, i, last - i)
    for i in range(1, (len(held) + 1) // 2):
        _exchange(held, 0, i)
    for i in range(len(held) // 2, last):
        _exchange(held, i, last)


def _exchange(held: list[Pixels], i: int, j: int) -> None:
    low = np.minimum(held[i], held[j])
    np.maximum(held[i], held[j], out=held[j])
    held[i] = low
