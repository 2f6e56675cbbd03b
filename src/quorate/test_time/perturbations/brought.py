"""A change at the size of a member's picture, added to it in strips: memory stays small.

Pillow and NumPy. Shape letters: c h w axes of the images trained for, H W those of the picture.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from quorate.test_time.perturbations.budget import is_none, within
from quorate.test_time.perturbations.images import pixels_of
from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.perturbations.spread import (
    BroughtChange,
    ByValue,
    InBlocks,
    Levels,
    Smoothly,
    blocks,
    halfway,
    sharpened,
)

if TYPE_CHECKING:
    from PIL.Image import Image, Resampling


def change_of(picture: Image, perturbation: Perturbation, row: int) -> BroughtChange:
    """Return the change of a picture at its own size.

    Where each value becomes another whatever stands around it, the picture itself is changed; else
    the change is made on a copy of the size trained for, and brought to the picture's.
    """
    from PIL import Image

    c, h, w = perturbation.shape
    mode = "L" if c == 1 else "RGB"
    seen = picture if picture.mode == mode else picture.convert(mode)
    if (by_value := _by_value(seen, perturbation)) is not None:
        return by_value
    small = pixels_of(_resized(seen, (w, h), Image.Resampling.BILINEAR))  # (c, h, w)
    levels = perturbation.apply(small[None], np.array([row]))[0].astype(np.int16) - small
    if picture.size == (w, h):
        return InBlocks(levels, np.arange(h), np.arange(w))
    return _brought_to(levels, picture, perturbation)


def _by_value(seen: Image, perturbation: Perturbation) -> ByValue | None:
    """Return what each level becomes, within the budget; None where that is not all there is."""
    if perturbation.norm != "linf":  # a length is one of the whole change
        return None
    counts = np.array(seen.histogram(), np.int64).reshape(-1, 256)  # (c, 256)
    curves = perturbation.kind.curves(perturbation.arrays, counts)
    if curves is None:
        return None
    levels = np.arange(256, dtype=np.int16)
    moved = (curves.astype(np.int16) - levels)[None, :, None]  # (1, c, 1, 256)
    return ByValue(levels + within(moved, perturbation.epsilon, perturbation.norm)[0, :, 0])


def _brought_to(levels: Levels, picture: Image, perturbation: Perturbation) -> BroughtChange:
    """Return a change (c, h, w) at another size: spread where it is larger, else means."""
    from PIL import Image

    _, h, w = perturbation.shape
    width, height = picture.size
    fewer = (min(w, width), min(h, height))
    means = [
        np.asarray(_resized(Image.fromarray(one.astype(np.float32)), fewer, Image.Resampling.BOX))
        for one in levels
    ]
    rows, columns = blocks(height, fewer[1]), blocks(width, fewer[0])
    epsilon = perturbation.epsilon * length_scale(picture, perturbation)
    bands = len(picture.getbands()) // len(levels)  # which share a change
    counts = np.outer(np.bincount(rows), np.bincount(columns))  # pixels of a block, (h', w')
    moved = within(np.stack(means)[None], epsilon, perturbation.norm, bands * counts)[0]
    if is_none(perturbation.epsilon, perturbation.norm) and perturbation.kind.is_smooth:
        for axis, (many, few) in enumerate(((height, fewer[1]), (width, fewer[0])), start=1):
            if many >= 2 * few:
                moved = sharpened(moved, axis)
        return Smoothly(moved, halfway(height, fewer[1]), halfway(width, fewer[0]))
    return InBlocks(moved, rows, columns)


def _resized(image: Image, size: tuple[int, int], how: Resampling) -> Image:
    """Return an image at another size: its rows first, then its columns.

    Pillow goes over both at once in an order of its own, which differs between its versions, and
    rounds to levels between. One after the other, the result is always the same.
    """
    across = image.resize((size[0], image.height), how)
    return across.resize(size, how)


def length_scale(picture: Image, perturbation: Perturbation) -> float:
    """Return how much longer a change of a picture is under L2 for the same mean square a value."""
    if perturbation.norm == "linf":
        return 1.0
    values = picture.width * picture.height * len(picture.getbands())
    return math.sqrt(values / math.prod(perturbation.shape))
