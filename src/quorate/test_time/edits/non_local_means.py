"""An edit against noise: a mean of pixels whose surroundings are alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.spec import param
from quorate.test_time.edits.edit import Edit, Pixels, Shape, Tables, Whole, rounded
from quorate.test_time.edits.neighbours import WeightedMean, pairs

REACH = 2  # pixels of the square that is searched, on each side
PATCH = 1  # pixels of the surroundings that are compared, on each side
COMPARED = (2 * PATCH + 1) ** 2
ONE = 255  # weight of the pixel itself
ENTRIES = 512  # of the table; beyond its end a weight rounds to 0
END = 6.25  # times strength²: 255·exp(−6.25) is below one half


@dataclass(frozen=True)
class NonLocalMeans(Edit):
    """Each pixel becomes the mean of 5 x 5 around it, weighted by how alike their surroundings are.

    A neighbour weighs exp(−m/h²), with h = strength and m the mean squared difference of the 3 x 3
    pixels around both, over channels (Buades, Coll, Morel 2005, doi:10.1109/CVPR.2005.38; one
    square of 5 x 5 searched, which is ours).

    Raises:
        InputError: the strength is outside [0.05, 100].
    """

    name: ClassVar[str] = "non-local-means"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"strength": (0.05, 100)}
    exact: ClassVar[tuple[str, ...]] = ("step",)
    strength: float = param(
        10.0, "Difference of surroundings in levels that still counts; 0.05 for none.", shown=True
    )

    @property
    def by_hand(self) -> str:
        """What a phone's editor calls it."""
        return f"Noise reduction or Denoise: a strength of {self.strength / 2.55:.2g}%."

    def tables(self, shape: Shape) -> Tables:
        """Return weights by the summed squared difference divided by ``step``, and that step."""
        scale = COMPARED * shape[0] * (self.strength * self.strength)
        step = 1 + math.floor(END * scale / ENTRIES)
        weights = ONE * np.exp(-np.arange(ENTRIES) * (step / scale))
        return {
            "weights": rounded(weights).astype(np.uint8),
            "step": np.array([step], np.int32),
        }

    def apply(self, x: Pixels, tables: Tables) -> Pixels:
        """Return smoother pictures, (n, c, h, w)."""
        weights, step = tables["weights"].astype(np.int32), int(tables["step"][0])
        mean = WeightedMean(x, ONE)
        for pair in pairs(x, REACH, PATCH):
            apart = np.square(pair.one - pair.other).sum(axis=1, dtype=np.int32)
            place = np.minimum(_patches(apart) // step, ENTRIES - 1)  # (n, h', w')
            found = np.take(weights, place)
            mean.add(pair.ahead, found[:, *pair.at])
            mean.add(pair.behind, found[:, *pair.opposite])
        return mean.levels()


def _patches(apart: Whole) -> Whole:
    """Return sums over 3 x 3 pixels, (n, h − 2, w − 2); below 2^21 for pictures in colour."""
    rows = apart[:, :-2] + apart[:, 1:-1] + apart[:, 2:]
    sums: Whole = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    return sums
