"""An edit of tone: light and dark further apart, about each picture's own mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from quorate.spec import param
from quorate.test_time.edits.edit import Pixels, Shape, Tables, Whole, rounded
from quorate.test_time.edits.tone import Counts, Tone

FRACTION = 8  # bits of a fraction that the factor has


@dataclass(frozen=True)
class OwnContrast(Tone):
    """A value v becomes m + factor·(v − m), m the mean of its channel in its picture.

    So a picture keeps its brightness and its cast, whatever they are: a contrast about mid-grey
    makes dark pictures darker. Where a value stands does not matter.

    Raises:
        InputError: the factor is outside [0, 8].
    """

    name: ClassVar[str] = "own-contrast"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"factor": (0, 8)}
    factor: float = param(
        1.5, "Factor on distances to the mean, in [0, 8]; 1 for none.", shown=True
    )

    @property
    def by_hand(self) -> str:
        """What a phone's editor calls it."""
        if self.factor == 1:
            return "Contrast: leave it."
        way = "right" if self.factor > 1 else "left"
        return (
            f"Contrast: to the {way}, {self.factor:.2g} times as much; then Brightness, until the "
            "picture is as bright as before this step."
        )

    def tables(self, shape: Shape) -> Tables:
        """Return the factor in parts of 256, (1,)."""
        return {"factor": rounded([self.factor * 2**FRACTION]).astype(np.int32)}

    def curves(self, counts: Counts, tables: Tables) -> Pixels:
        """Return the line through each channel's mean, (c, 256)."""
        levels = np.arange(256)
        total, count = (counts * levels).sum(axis=1), counts.sum(axis=1)  # (c,) each
        return _about(levels, _mean(total, count)[:, None], tables)

    def apply(self, x: Pixels, tables: Tables) -> Pixels:
        """Return pictures with another contrast, (n, c, h, w)."""
        total = x.sum(axis=(2, 3), keepdims=True, dtype=np.int64)  # (n, c, 1, 1)
        return _about(x, _mean(total, x.shape[2] * x.shape[3]), tables)


def _mean(total: Counts, count: Counts | int) -> Whole:
    """Return sums of values by their number as whole levels, halves rounded upwards."""
    mean: Whole = ((2 * total + count) // (2 * count)).astype(np.int32)
    return mean


def _about(x: npt.NDArray[Any], mean: Whole, tables: Tables) -> Pixels:
    """Return values further from a mean, or closer."""
    levels = (x - mean) * tables["factor"][0]  # below 2^19
    levels += 1 << (FRACTION - 1)
    levels >>= FRACTION
    levels += mean
    changed: Pixels = np.clip(levels, 0, 255).astype(np.uint8)
    return changed
