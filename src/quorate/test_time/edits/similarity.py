"""How far an edit changes pictures, in what people understand. Shape letters: n images, c h w."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.errors import InputError
from quorate.extras import require
from quorate.test_time.edits.edit import Pixels

WINDOW = 7  # pixels, the side of the squares that are compared; smaller for smaller pictures


class Similarity(NamedTuple):
    """How alike pictures are before and after, means over them.

    Args:
        structural: structural similarity (SSIM), at most 1, which is equality.
        largest_change: L∞ distance, on the pixel scale [0, 1].
    """

    structural: float
    largest_change: float


def similarity(before: Pixels, after: Pixels) -> Similarity:
    """Return how alike pictures (n, c, h, w) are before and after.

    Raises:
        InputError: there are none, their shapes differ, or they are smaller than 3 pixels.
    """
    structural = structural_similarity(before, after)
    levels = np.abs(before.astype(np.int16) - after)  # (n, c, h, w)
    return Similarity(structural, float(levels.max(axis=(1, 2, 3)).mean() / 255))


def structural_similarity(before: Pixels, after: Pixels) -> float:
    """Return the mean structural similarity of pictures (n, c, h, w) before and after.

    SSIM of Wang, Bovik, Sheikh and Simoncelli 2004 (doi:10.1109/TIP.2003.819861), in squares of 7 x
    7 pixels, the mean over channels, by scikit-image.

    Raises:
        InputError: there are none, their shapes differ, or they are smaller than 3 pixels.
        MissingPackageError: scikit-image is not installed.
    """
    require("train", "structural similarity", "skimage")
    from skimage.metrics import structural_similarity as of_two

    if before.shape != after.shape or not len(before) or min(before.shape[2:]) < 3:
        raise InputError(
            "Expected pictures of 3 x 3 pixels or more before and after, of the same shape, got "
            f"{before.shape} and {after.shape}. Give both."
        )
    side = min(before.shape[2:])
    window = min(WINDOW, side - 1 + side % 2)  # odd
    found = [
        of_two(x, y, win_size=window, channel_axis=0, data_range=255)
        for x, y in zip(before, after, strict=True)
    ]
    return float(np.mean(found))
