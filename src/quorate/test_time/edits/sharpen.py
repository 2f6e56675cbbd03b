"""An edit that sharpens: an unsharp mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.spec import param
from quorate.test_time.edits.edit import Edit, Pixels, Shape, Tables, pixels, rounded
from quorate.test_time.edits.gaussian import REACH
from quorate.test_time.edits.separable import BITS, filtered, gaussian_taps

FRACTION = 8  # bits of a fraction that the detail and the amount have


@dataclass(frozen=True)
class Sharpen(Edit):
    """An unsharp mask: x + amount·(x − blurred x).

    Raises:
        InputError: the amount is outside [0, 5], or sigma outside [0.1, 4].
    """

    name: ClassVar[str] = "sharpen"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"amount": (0, 5), "sigma": (0.1, 4)}
    amount: float = param(1.0, "Times that detail is added, in [0, 5]; 0 for none.", shown=True)
    sigma: float = param(
        1.0, "Standard deviation in pixels of the blur that detail is lost in.", shown=True
    )

    @property
    def by_hand(self) -> str:
        """What a phone's editor calls it."""
        return f"Sharpen: {self.amount:.0%}, with a radius of {pixels(self.sigma)}."

    def tables(self, shape: Shape) -> Tables:
        """Return the blur's taps, (13,), and the amount in parts of 256, (1,)."""
        amount = rounded([self.amount * 2**FRACTION]).astype(np.int32)
        return {"taps": gaussian_taps(self.sigma, REACH), "amount": amount}

    def apply(self, x: Pixels, tables: Tables) -> Pixels:
        """Return sharper pictures, (n, c, h, w)."""
        levels = x.astype(np.int32)
        detail = ((levels << BITS) - filtered(x, tables["taps"])) >> (BITS - FRACTION)
        detail *= tables["amount"][0]  # below 2^27
        detail += 1 << (2 * FRACTION - 1)
        levels += detail >> (2 * FRACTION)
        return np.clip(levels, 0, 255).astype(np.uint8)
