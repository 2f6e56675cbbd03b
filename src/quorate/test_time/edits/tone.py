"""Edits of tone: a value becomes what a curve has for it, wherever it stands.

Shape letters: n images, c h w image axes.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from quorate.test_time.edits.edit import Edit, Pixels, Shape, Tables, rounded

LEVELS = np.arange(256, dtype=np.float64)
Counts = npt.NDArray[np.int64]


class Tone(Edit):
    """A photo edit whose curves depend on a picture, if at all, by how often it has each level."""

    is_tone: ClassVar[bool] = True

    @abstractmethod
    def curves(self, counts: Counts, tables: Tables) -> Pixels:
        """Return what each level becomes in a picture with these counts, (c, 256).

        Args:
            counts: how many values have each level, (c, 256).
            tables: as ``tables`` made them.
        """


class FixedCurve(Tone):
    """A photo edit that is one curve for all channels and pictures, or one for each channel."""

    @abstractmethod
    def curve(self) -> npt.NDArray[np.float64]:
        """Return what each of the 256 levels becomes, before rounding, (256,) or (c, 256)."""

    def tables(self, shape: Shape) -> Tables:
        """Return the curve in whole levels, kept in [0, 255], halves rounded upwards."""
        return {"curve": rounded(np.clip(self.curve(), 0, 255)).astype(np.uint8)}

    def curves(self, counts: Counts, tables: Tables) -> Pixels:
        """Return the curve of each channel, (c, 256), whatever the counts."""
        return np.array(np.broadcast_to(tables["curve"], counts.shape))

    def apply(self, x: Pixels, tables: Tables) -> Pixels:
        """Return each value's place on the curve, (n, c, h, w)."""
        curve = tables["curve"]
        if curve.ndim == 1:
            return looked_up(x, curve)
        out = np.empty_like(x)
        for channel, own in enumerate(curve):
            out[:, channel] = looked_up(x[:, channel], own)
        return out


def looked_up(x: Pixels, curve: Pixels) -> Pixels:
    """Return what a curve (256,) has for each value, in the shape of x."""
    found = np.frombuffer(x.tobytes().translate(curve.tobytes()), np.uint8)
    return found.reshape(x.shape)
