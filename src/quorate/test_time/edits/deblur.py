"""An edit that sharpens: a blur undone as far as noise allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.spec import param
from quorate.test_time.edits.edit import Edit, Pixels, Shape, Tables, pixels
from quorate.test_time.edits.separable import filtered, levels_of, whole_taps

REACH = 8  # pixels
FREQUENCIES = 256  # at which the filter is designed


@dataclass(frozen=True)
class Deblur(Edit):
    """The Wiener filter of a Gaussian blur along rows and columns: K = G/(G² + noise), K(0) = 1.

    G(ω) = exp(−σ²ω²/2). Each axis has its own filter, cut at 8 pixels, so that the whole one is
    their product; noise is that of noise by signal, which bounds how much is sharpened.

    Raises:
        InputError: sigma is outside [0, 1.5], or noise outside [0.01, 1].
    """

    name: ClassVar[str] = "deblur"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"sigma": (0, 1.5), "noise": (0.01, 1)}
    sigma: float = param(
        0.8, "Standard deviation of the blur in pixels, in [0, 1.5]; 0 for none.", shown=True
    )
    noise: float = param(
        0.1, "Power of noise by power of the picture, in [0.01, 1]: more sharpens less.", shown=True
    )

    @property
    def by_hand(self) -> str:
        """What a phone's editor calls it."""
        return (
            f"Structure, Clarity or Unblur: a blur of {pixels(self.sigma)} undone; if it has a "
            f"strength, {100 / (1 + 10 * self.noise):.0f}%."
        )

    def tables(self, shape: Shape) -> Tables:
        """Return the taps from the middle outwards, (9,), which sum to 2048 over both sides."""
        omega = 2 * np.pi * np.arange(FREQUENCIES) / FREQUENCIES  # (F,)
        blur = np.exp(-((self.sigma * np.minimum(omega, 2 * np.pi - omega)) ** 2) / 2)
        wiener = (1 + self.noise) * blur / (blur**2 + self.noise)
        cosines = np.cos(np.outer(np.arange(REACH + 1), omega))  # (r + 1, F)
        return {"taps": whole_taps((cosines * wiener).mean(axis=1))}

    def apply(self, x: Pixels, tables: Tables) -> Pixels:
        """Return sharper pictures, (n, c, h, w)."""
        return levels_of(filtered(x, tables["taps"]))
