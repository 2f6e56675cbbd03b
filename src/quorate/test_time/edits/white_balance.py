"""An edit of tone: warmer or cooler colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from quorate.spec import param
from quorate.test_time.edits.tone import LEVELS, FixedCurve


@dataclass(frozen=True)
class WhiteBalance(FixedCurve):
    """Red times 2^warmth, blue times 2^−warmth, green times 2^−tint.

    >>> WhiteBalance(warmth=1).tables((3, 8, 8))["curve"][:, 100].tolist()
    [200, 100, 50]

    Raises:
        InputError: warmth or tint are outside [-2, 2].
    """

    name: ClassVar[str] = "white-balance"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"warmth": (-2, 2), "tint": (-2, 2)}
    needs_colour: ClassVar[bool] = True
    warmth: float = param(
        0.2, "Doublings of red, and halvings of blue, in [-2, 2]; 0 for none.", shown=True
    )
    tint: float = param(0.0, "Halvings of green, in [-2, 2]; 0 for none.", shown=True)

    @property
    def by_hand(self) -> str:
        """What a phone's editor calls it."""
        said = []
        if self.warmth:
            way = "orange" if self.warmth > 0 else "blue"
            said.append(f"Warmth or Temperature: towards {way}, {2 ** abs(self.warmth):.2g} times")
        if self.tint:
            way = "pink" if self.tint > 0 else "green"
            said.append(f"Tint: towards {way}, {2 ** abs(self.tint):.2g} times")
        return ". ".join(said or ["Warmth or Temperature: leave it"]) + "."

    def curve(self) -> npt.NDArray[np.float64]:
        """Return the curves of red, green and blue, (3, 256)."""
        gains = 2.0 ** np.array([self.warmth, -self.tint, -self.warmth])  # (3,)
        return gains[:, None] * LEVELS
