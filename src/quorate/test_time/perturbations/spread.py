"""A change spread over the pixels of a picture: in blocks, smoothly, or by what each value is.

Whole numbers alone, which a browser repeats. Shape letters: c h' w' axes of the grid that a change
stands on, H W those of the picture, r rows of a strip, b its bands.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from quorate.test_time.edits.tone import looked_up

if TYPE_CHECKING:
    from PIL.Image import Image

AT_ONCE = 2**20  # pixels of the picture changed at once: bounds memory
FRACTION = 8  # bits of a fraction that places between two of the grid have
Levels = npt.NDArray[np.int16]
Pixels = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.int64]
Way = Literal["in blocks", "smoothly", "by value"]


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
        """Count the values (r, W, b) of one strip, and what they were to change by."""
        many = np.bincount(np.abs(change).ravel(), minlength=256)  # values changed by each size
        sizes = np.arange(len(many))
        self.values += change.size
        self.largest = max(self.largest, int(np.flatnonzero(many)[-1]))
        self.total += int(many @ sizes)
        self.squares += int(many @ sizes**2)
        less = change != wanted  # (r, W, b)
        clipped = less[:, :, 0].copy()
        for band in range(1, less.shape[2]):  # far faster than any() over so short an axis
            clipped |= less[:, :, band]
        self.clipped += int(np.count_nonzero(clipped))


class BroughtChange(Protocol):
    """A change for a picture of any size."""

    way: ClassVar[Way]

    @abstractmethod
    def wanted(self, part: Pixels, top: int) -> Levels:
        """Return the change of a strip in levels, (r, W, b), or (r, W, 1) for all bands alike.

        Args:
            part: the strip's pixels, (r, W, b).
            top: its first row in the picture.
        """

    def add_to(self, picture: Image) -> Moved:
        """Change a picture, grey or RGB, in place, and return what was done to it."""
        from PIL import Image

        moved = Moved()
        width, height = picture.size
        rows = max(1, AT_ONCE // width)
        for top in range(0, height, rows):
            below = min(height, top + rows)
            part = np.atleast_3d(np.asarray(picture.crop((0, top, width, below))))  # (r, W, b)
            wanted = np.broadcast_to(self.wanted(part, top), part.shape)
            after = np.clip(part + wanted, 0, 255)
            moved.count(after - part, wanted)
            plain = after.astype(np.uint8)
            if plain.shape[2] == 1:
                plain = plain[:, :, 0]
            picture.paste(Image.fromarray(plain), (0, top))
        return moved


@dataclass(frozen=True, eq=False)
class InBlocks(BroughtChange):
    """Each value of a grid becomes a block of pixels.

    Args:
        levels: the change on the grid, (c, h', w').
        rows, columns: which row and column of the grid each of the picture's has, (H,) and (W,).
    """

    way: ClassVar[Way] = "in blocks"
    levels: Levels
    rows: Indices
    columns: Indices

    def wanted(self, part: Pixels, top: int) -> Levels:
        """Return the strip's blocks, (r, W, c)."""
        rows = self.rows[top : top + len(part)]
        strip: Levels = self.levels[:, rows][:, :, self.columns].transpose(1, 2, 0)
        return strip


class Halfway(NamedTuple):
    """Where the pixels of a side lie between the centres of a coarser grid.

    Args:
        before, after: the two of the grid, (H,).
        fraction: how far it is from the first to the second, in parts of 256, (H,).
    """

    before: Indices
    after: Indices
    fraction: Indices


def sharpened(levels: Levels, axis: int) -> Levels:
    """Return a change on a grid such that, once interpolated, its means are nearer to it.

    Between centres means of a bilinear interpolation come to (1, 6, 1)/8 of a value and its
    neighbours, S; so 2d − S(d) is interpolated instead of d: one step of van Cittert's iteration.
    A platform that makes the picture smaller then sees nearly what was crafted.

    Args:
        levels: the change, (c, h', w').
        axis: along which it is interpolated.
    """
    margins = [(0, 0)] * 3
    margins[axis] = (1, 1)
    wide = np.pad(levels.astype(np.int32), margins, mode="edge")
    inside = range(1, levels.shape[axis] + 1)
    before, own, after = (wide.take([i + step for i in inside], axis) for step in (-1, 0, 1))
    seen = (before + 6 * own + after + 4) >> 3  # halves rounded upwards
    return (2 * own - seen).astype(np.int16)


@dataclass(frozen=True, eq=False)
class Smoothly(BroughtChange):
    """A change between the values of a grid is interpolated (bilinear), edges repeated.

    Args:
        levels: the change on the grid, (c, h', w').
        rows, columns: where the picture's lie between those of the grid.
    """

    way: ClassVar[Way] = "smoothly"
    levels: Levels
    rows: Halfway
    columns: Halfway

    def wanted(self, part: Pixels, top: int) -> Levels:
        """Return the strip between values of the grid, (r, W, c), halves rounded upwards."""
        rows = Halfway(*(one[top : top + len(part)] for one in self.rows))
        down = rows.fraction.astype(np.int32)[:, None]  # (r, 1)
        across = self.columns.fraction.astype(np.int32)  # (W,)
        one = 1 << FRACTION
        out = np.empty((len(self.levels), len(part), len(across)), np.int16)
        first, last = rows.before[0], rows.after[-1]  # of the grid's rows that the strip needs
        for channel, levels in enumerate(self.levels[:, first : last + 1].astype(np.int32)):
            lines = levels[:, self.columns.before] * (one - across)
            lines += levels[:, self.columns.after] * across  # (h', W)
            both = lines[rows.before - first] * (one - down)
            both += lines[rows.after - first] * down  # below 2^28
            both += 1 << (2 * FRACTION - 1)
            out[channel] = both >> (2 * FRACTION)
        return out.transpose(1, 2, 0)


@dataclass(frozen=True, eq=False)
class ByValue(BroughtChange):
    """Each value becomes what a curve has for it.

    Args:
        curves: what each level becomes, (c, 256), in [0, 255].
    """

    way: ClassVar[Way] = "by value"
    curves: Levels

    def wanted(self, part: Pixels, top: int) -> Levels:
        """Return the strip's change, (r, W, c): for one curve, that of its brightness."""
        from PIL import Image

        if len(self.curves) < part.shape[2]:
            part = np.atleast_3d(np.asarray(Image.fromarray(part).convert("L")))
        out = np.empty(part.shape, np.int16)
        for channel, curve in enumerate(self.curves.astype(np.uint8)):
            out[:, :, channel] = looked_up(part[:, :, channel], curve)
        return out - part


def blocks(many: int, few: int) -> Indices:
    """Return the block, of few, that each of many pixels lies in by its centre.

    >>> blocks(6, 3).tolist(), blocks(3, 2).tolist()
    ([0, 0, 1, 1, 2, 2], [0, 1, 1])
    """
    return (2 * np.arange(many) + 1) * few // (2 * many)


def halfway(many: int, few: int) -> Halfway:
    """Return where each of many pixels lies between the centres of few.

    >>> [one.tolist() for one in halfway(4, 2)]
    [[0, 0, 0, 1], [1, 1, 1, 1], [0, 64, 192, 0]]
    """
    # From the first centre, in parts of 2·many: pixel i lies at (2i + 1)·few / (2·many) − 1/2.
    place = np.clip((2 * np.arange(many) + 1) * few - many, 0, (few - 1) * 2 * many)
    before = place // (2 * many)
    fraction = (((place - before * 2 * many) << FRACTION) + many) // (2 * many)
    return Halfway(before, np.minimum(before + 1, few - 1), fraction)
