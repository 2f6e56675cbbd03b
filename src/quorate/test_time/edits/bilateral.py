"""An edit against noise: a mean of surroundings that are alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.spec import param
from quorate.test_time.edits.edit import Edit, Pixels, Shape, Tables, pixels, rounded
from quorate.test_time.edits.neighbours import WeightedMean, pairs

REACH = 2  # pixels
SQUARED = (0, 1, 2, 4, 5, 8)  # distances of two pixels in the square
ONE = 1023  # weight of the pixel itself: 25 weights times 255, doubled, stay below 2^24


@dataclass(frozen=True)
class Bilateral(Edit):
    """Each pixel becomes the mean of 5 x 5 around it, weighted by nearness and by likeness.

    A neighbour at d pixels whose channels differ by m levels on average weighs exp(−d²/2σ² −
    m²/2τ²), with σ = sigma and τ = levels (Tomasi, Manduchi 1998, doi:10.1109/ICCV.1998.710815).

    Raises:
        InputError: sigma is outside [0.3, 3], or levels outside [0.05, 255].
    """

    name: ClassVar[str] = "bilateral"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"sigma": (0.3, 3), "levels": (0.05, 255)}
    sigma: float = param(1.0, "Standard deviation of nearness in pixels.", shown=True)
    levels: float = param(
        20.0, "Standard deviation of likeness in levels; 0.05 for none.", shown=True
    )

    @property
    def by_hand(self) -> str:
        """What a phone's editor calls it."""
        return (
            f"Noise reduction or Smooth skin: a radius of {pixels(self.sigma)}, edges of more "
            f"than {self.levels / 2.55:.2g}% kept."
        )

    def tables(self, shape: Shape) -> Tables:
        """Return weights by squared distance (0, 1, 2, 4, 5, 8) and summed difference."""
        near = np.array(SQUARED)[:, None] / (2 * self.sigma**2)  # (6, 1)
        apart = np.arange(255 * shape[0] + 1) / shape[0]  # (255·c + 1,)
        weights = ONE * np.exp(-near - apart**2 / (2 * self.levels**2))
        return {"weights": rounded(weights).astype(np.uint16)}

    def apply(self, x: Pixels, tables: Tables) -> Pixels:
        """Return smoother pictures, (n, c, h, w)."""
        weights = tables["weights"].astype(np.int32)
        mean = WeightedMean(x, int(weights[0, 0]))
        for pair in pairs(x, REACH):
            apart = np.abs(pair.one - pair.other).sum(axis=1)  # (n, h', w')
            found = np.take(weights[SQUARED.index(pair.squared)], apart)
            mean.add(pair.ahead, found[:, *pair.at])
            mean.add(pair.behind, found[:, *pair.opposite])
        return mean.levels()
