"""An edit against noise: a Gaussian blur."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from quorate.spec import param
from quorate.test_time.edits.edit import Edit, Pixels, Shape, Tables, pixels
from quorate.test_time.edits.separable import filtered, gaussian_taps, levels_of

REACH = 12  # pixels: three times the largest σ


@dataclass(frozen=True)
class Gaussian(Edit):
    """Each value becomes the mean of its surroundings, weighted by a Gaussian, edges repeated.

    Raises:
        InputError: sigma is outside [0, 4].
    """

    name: ClassVar[str] = "gaussian"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"sigma": (0, 4)}
    sigma: float = param(
        0.7, "Standard deviation of the blur in pixels, in [0, 4]; 0 for none.", shown=True
    )

    @property
    def by_hand(self) -> str:
        """What a phone's editor calls it."""
        return f"Blur or Noise reduction: a radius of {pixels(self.sigma)}."

    def tables(self, shape: Shape) -> Tables:
        """Return the taps from the middle outwards, (13,), which sum to 2048 over both sides."""
        return {"taps": gaussian_taps(self.sigma, REACH)}

    def apply(self, x: Pixels, tables: Tables) -> Pixels:
        """Return blurred pictures, (n, c, h, w)."""
        return levels_of(filtered(x, tables["taps"]))
