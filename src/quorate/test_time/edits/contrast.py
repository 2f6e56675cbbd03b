"""An edit of tone: light and dark further apart, or closer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from quorate.spec import param
from quorate.test_time.edits.tone import LEVELS, FixedCurve


@dataclass(frozen=True)
class Contrast(FixedCurve):
    """A value v becomes middle + factor·(v − middle).

    >>> Contrast(factor=2, middle=100).tables((1, 8, 8))["curve"][[40, 100, 120]].tolist()
    [0, 100, 140]

    Raises:
        InputError: the factor is outside [0, 8], or the middle outside [0, 255].
    """

    name: ClassVar[str] = "contrast"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"factor": (0, 8), "middle": (0, 255)}
    factor: float = param(
        1.5, "Factor on distances to the middle, in [0, 8]; 1 for none.", shown=True
    )
    middle: float = param(128, "Level that stays as it is, in [0, 255].")

    @property
    def by_hand(self) -> str:
        """What a phone's editor calls it."""
        if self.factor == 1:
            return "Contrast: leave it."
        way = "right" if self.factor > 1 else "left"
        return f"Contrast: to the {way}, {self.factor:.2g} times as much."

    def curve(self) -> npt.NDArray[np.float64]:
        """Return middle + factor·(v − middle) of each level v, (256,)."""
        return self.middle + self.factor * (LEVELS - self.middle)
