"""An edit of tone: dark parts lighter, or darker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from quorate.spec import param
from quorate.test_time.edits.tone import LEVELS, FixedCurve


@dataclass(frozen=True)
class Gamma(FixedCurve):
    """A value v on the scale [0, 1] becomes v^power: below 1, dark parts become lighter.

    >>> Gamma(power=0.5).tables((1, 8, 8))["curve"][[0, 64, 255]].tolist()
    [0, 128, 255]

    Raises:
        InputError: the power is outside [0.1, 10].
    """

    name: ClassVar[str] = "gamma"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"power": (0.1, 10)}
    power: float = param(0.7, "Power of a value on [0, 1], in [0.1, 10]; 1 for none.", shown=True)

    @property
    def by_hand(self) -> str:
        """What a phone's editor calls it."""
        if self.power == 1:
            return "Shadows or Brilliance: leave it."
        way = "right" if self.power < 1 else "left"
        middle = self.tables((1, 1, 1))["curve"][128] / 2.55
        return (
            f"Shadows, Brilliance or the middle of Curves: to the {way}, until middle grey is at "
            f"{middle:.0f}% instead of 50%."
        )

    def curve(self) -> npt.NDArray[np.float64]:
        """Return 255·(v/255)^power of each level v, (256,)."""
        return 255 * (LEVELS / 255) ** self.power
