"""An edit of tone: more or less light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from quorate.spec import param
from quorate.test_time.edits.tone import LEVELS, FixedCurve

GAMMA = 2.2  # of sRGB, about: doubling its values takes so many doublings of the light


@dataclass(frozen=True)
class Exposure(FixedCurve):
    """Every value times 2^stops, as it stands in the file.

    Values follow a curve (sRGB), so that a stop here is about 2.2 of a camera's, which count light.

    >>> Exposure(stops=2).tables((1, 8, 8))["curve"][[10, 100]].tolist()
    [40, 255]

    Raises:
        InputError: stops are outside [-4, 4].
    """

    name: ClassVar[str] = "exposure"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"stops": (-4, 4)}
    stops: float = param(1.0, "Doublings of the values, in [-4, 4]; 0 for none.", shown=True)

    @property
    def by_hand(self) -> str:
        """What a phone's editor calls it."""
        if not self.stops:
            return "Exposure or Brightness: leave it."
        way = "bright" if self.stops > 0 else "dark"
        times, stops = 2 ** abs(self.stops), GAMMA * self.stops
        return (
            f"Exposure or Brightness: {times:.2g} times as {way}, or about {stops:+.1f} in an "
            "editor that counts stops (EV)."
        )

    def curve(self) -> npt.NDArray[np.float64]:
        """Return 2^stops times each level, (256,)."""
        gain: float = 2.0**self.stops
        return LEVELS * gain
