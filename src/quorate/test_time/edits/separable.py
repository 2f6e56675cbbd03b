"""Sums along rows, then along columns, with symmetric taps of whole numbers.

Shape letters: n images, c h w image axes, r reach of a filter.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from quorate.test_time.edits.edit import Pixels, Whole, rounded

ONE = 2**11  # what taps sum to
KEPT = 4  # bits of a fraction of a level that are kept between rows and columns
BITS = 11 + KEPT  # of a fraction in what comes out
NO_BLUR = 0.1  # σ in pixels, below which a neighbour has less than 2^-70
MOST_GAIN = 15  # of the taps' absolute sum by ONE: 255·gain²·2^BITS stays below 2^31


def gaussian_taps(sigma: float, reach: int) -> Whole:
    """Return the taps of a Gaussian from the middle outwards, (r + 1,); 0 for σ is no blur.

    Args:
        sigma: standard deviation in pixels; the taps end at 3σ.
        reach: r, up to which they are filled with zeros.
    """
    places = np.arange(reach + 1)
    if sigma < NO_BLUR:
        return whole_taps((places == 0).astype(np.float64))
    weights = np.exp(-(places**2) / (2 * sigma**2)) * (places <= max(1, math.ceil(3 * sigma)))
    return whole_taps(weights / (2 * weights.sum() - weights[0]))


def whole_taps(weights: npt.NDArray[np.float64]) -> Whole:
    """Return weights as whole numbers that sum to ONE: the middle one takes what is left."""
    taps = rounded(weights * ONE)
    taps[0] = ONE - 2 * taps[1:].sum()
    return taps.astype(np.int32)


def filtered(x: Pixels, taps: Whole) -> Whole:
    """Return pictures filtered along rows and columns, edges repeated, in levels times 2^BITS.

    Args:
        x: pictures, (n, c, h, w).
        taps: from the middle outwards, (r + 1,).
    """
    across = _along(x.astype(np.int32), taps, axis=3)
    across += 1 << (BITS - 2 * KEPT - 1)
    across >>= BITS - 2 * KEPT  # floor: levels times 2^KEPT
    return _along(across, taps, axis=2)


def levels_of(sums: Whole) -> Pixels:
    """Return levels times 2^BITS as whole levels in [0, 255], halves rounded upwards."""
    whole = (sums + (1 << (BITS - 1))) >> BITS
    levels: Pixels = np.clip(whole, 0, 255).astype(np.uint8)
    return levels


def _along(x: Whole, taps: Whole, axis: int) -> Whole:
    """Return sums of each value and its neighbours along one axis, times the taps."""
    reach = int(np.flatnonzero(taps)[-1]) if taps.any() else 0
    out: Whole = x * taps[0]
    if not reach:
        return out
    margins = [(0, 0)] * 4
    margins[axis] = (reach, reach)
    wide = np.pad(x, margins, mode="edge")
    for step in range(1, reach + 1):
        both = _part(wide, axis, reach - step, x.shape[axis])
        both = both + _part(wide, axis, reach + step, x.shape[axis])
        both *= taps[step]
        out += both
    return out


def _part(x: Whole, axis: int, start: int, length: int) -> Whole:
    where = [slice(None)] * 4
    where[axis] = slice(start, start + length)
    part: Whole = x[tuple(where)]
    return part
