"""A small filter over all channels.

Shape letters: n images, k labels, c h w image axes, s side of a filter.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from quorate.test_time.perturbations.kinds.kind import (
    MOST_WORK,
    Arrays,
    Floats,
    Kind,
    Labels,
    Pixels,
    Shape,
    Shapes,
)

MOST_SIDE = 63  # of a filter, in pixels


class Filter(Kind):
    """T(x) = x + w∗x + b, with ``weight`` (c, c, s, s) and ``bias`` (c,), edges repeated."""

    name: ClassVar[str] = "filter"

    def shapes(self, shape: Shape, k: int, given: Shapes) -> list[Shapes]:
        """Return a filter of the side that is given, where that is odd and small enough."""
        c, h, w = shape
        side = (given.get("weight") or (0,))[-1]
        if not (side % 2 and 1 <= side <= MOST_SIDE and (c * side) ** 2 * h * w <= MOST_WORK):
            return []
        return [{"weight": (c, c, side, side), "bias": (c,)}]

    def moved(self, arrays: Arrays, x: Pixels, y: Labels) -> npt.NDArray[Any]:
        """Return w∗x + b."""
        bias = arrays["bias"].astype(np.float32)[:, None, None]  # (c, 1, 1)
        return convolve(x.astype(np.float32), arrays["weight"].astype(np.float32)) + bias


def convolve(x: Floats, weight: Floats) -> Floats:
    """Return the cross-correlation of images with a filter, edges repeated, (n, c', h, w).

    Summed in float32 in a fixed order, so that every machine, and a browser, gets the same bits:
    for each place of the filter over the channels, then over the places, row by row.

    Args:
        x: images, (n, c, h, w).
        weight: (c', c, s, s), s odd.
    """
    side = weight.shape[-1]
    h, w = x.shape[2:]
    margin = side // 2
    wide = np.pad(x, ((0, 0), (0, 0), (margin, margin), (margin, margin)), mode="edge")
    out = np.zeros((len(x), len(weight), h, w), dtype=np.float32)
    for i in range(side):
        for j in range(side):
            seen = wide[:, :, None, i : i + h, j : j + w]  # (n, c, 1, h, w)
            taps = weight[:, :, i, j, None, None]  # (c', c, 1, 1)
            part = taps[:, 0] * seen[:, 0]  # (n, c', h, w)
            for channel in range(1, seen.shape[1]):
                part += taps[:, channel] * seen[:, channel]
            out += part
    return out
