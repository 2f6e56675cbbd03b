"""A change at the size of a member's picture, added to it in strips: memory stays small.

Pillow and NumPy. Shape letters: c h w axes of the images trained for, H W those of the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from quorate.test_time.perturbations.budget import within
from quorate.test_time.perturbations.images import pixels_of
from quorate.test_time.perturbations.perturbation import Perturbation

if TYPE_CHECKING:
    from PIL.Image import Image, Resampling

AT_ONCE = 2**20  # pixels of the picture changed at once: bounds memory
Levels = npt.NDArray[np.int16]
Indices = npt.NDArray[np.int64]


@dataclass
class Moved:
    """What became of a picture's values, in levels of 255.

    Args:
        values: how many there are.
        largest, total, squares: the largest change of a value, their sum and that of their squares.
        clipped: number of pixels where a value at black or white took less than its change.
    """

    values: int = 0
    largest: int = 0
    total: int = 0
    squares: int = 0
    clipped: int = 0

    def count(self, change: Levels, wanted: Levels) -> None:
        """Count the values (r, W, c) of one strip, and what they were to change by."""
        size = np.abs(change.astype(np.int64))
        self.values += change.size
        self.largest = max(self.largest, int(size.max()))
        self.total += int(size.sum())
        self.squares += int(np.square(size).sum())
        self.clipped += int((change != wanted).any(axis=-1).sum())


@dataclass(frozen=True, eq=False)
class BroughtChange:
    """A change for a picture of any size.

    Args:
        levels: on the small grid, (c, h', w').
        rows, columns: which row and column of the grid each of the picture's has, (H,) and (W,).
    """

    levels: Levels
    rows: Indices
    columns: Indices

    def add_to(self, picture: Image) -> Moved:
        """Change a picture, grey or RGB, in place, and return what was done to it."""
        from PIL import Image

        moved = Moved()
        width, height = picture.size
        rows = max(1, AT_ONCE // width)
        for top in range(0, height, rows):
            below = min(height, top + rows)
            part = np.asarray(picture.crop((0, top, width, below)), dtype=np.int16)
            part = np.atleast_3d(part)  # (r, W, c)
            small = self.levels[:, self.rows[top:below]][:, :, self.columns]
            wanted = np.broadcast_to(small.transpose(1, 2, 0), part.shape)
            after = np.clip(part + wanted, 0, 255)
            moved.count(after - part, wanted)
            plain = after.astype(np.uint8)
            if plain.shape[2] == 1:
                plain = plain[:, :, 0]
            picture.paste(Image.fromarray(plain), (0, top))
        return moved


def change_of(picture: Image, perturbation: Perturbation, row: int) -> BroughtChange:
    """Return the change of a picture, made on a copy of the size trained for, at its own size."""
    from PIL import Image

    c, h, w = perturbation.shape
    mode = "L" if c == 1 else "RGB"
    seen = picture if picture.mode == mode else picture.convert(mode)
    small = pixels_of(_resized(seen, (w, h), Image.Resampling.BILINEAR))  # (c, h, w)
    levels = perturbation.apply(small[None], np.array([row]))[0].astype(np.int16) - small
    if picture.size == (w, h):
        return BroughtChange(levels, np.arange(h), np.arange(w))
    return _brought_to(levels, picture, perturbation)


def _brought_to(levels: Levels, picture: Image, perturbation: Perturbation) -> BroughtChange:
    """Return a change (c, h, w) at another size: blocks where larger, else means."""
    from PIL import Image

    _, h, w = perturbation.shape
    width, height = picture.size
    fewer = (min(w, width), min(h, height))
    means = [
        np.asarray(_resized(Image.fromarray(one.astype(np.float32)), fewer, Image.Resampling.BOX))
        for one in levels
    ]
    rows, columns = _places(height, fewer[1]), _places(width, fewer[0])
    epsilon = perturbation.epsilon * length_scale(picture, perturbation)
    bands = len(picture.getbands()) // len(levels)  # which share a change
    counts = np.outer(np.bincount(rows), np.bincount(columns))  # pixels of a block, (h', w')
    moved = within(np.stack(means)[None], epsilon, perturbation.norm, bands * counts)[0]
    return BroughtChange(moved, rows, columns)


def _resized(image: Image, size: tuple[int, int], how: Resampling) -> Image:
    """Return an image at another size: its rows first, then its columns.

    Pillow goes over both at once in an order of its own, which differs between its versions, and
    rounds to levels between. One after the other, the result is always the same.
    """
    across = image.resize((size[0], image.height), how)
    return across.resize(size, how)


def _places(many: int, few: int) -> Indices:
    """Return the block, of few, that each of many pixels lies in by its centre.

    >>> _places(6, 3).tolist(), _places(3, 2).tolist()
    ([0, 0, 1, 1, 2, 2], [0, 1, 1])
    """
    return (2 * np.arange(many) + 1) * few // (2 * many)


def length_scale(picture: Image, perturbation: Perturbation) -> float:
    """Return how much longer a change of a picture is under L2 for the same mean square a value."""
    if perturbation.norm == "linf":
        return 1.0
    values = picture.width * picture.height * len(picture.getbands())
    return math.sqrt(values / math.prod(perturbation.shape))
