"""A small convolutional network in whole numbers: the same bits on every machine. NumPy alone.

A layer is one convolution with whole weights, a bias and a shift. Every sum of products stays
below 2²⁴, so float32 holds it exactly, in whatever order it is added; so do a browser's doubles.
With a the input of a layer, o an output channel and * the cross-correlation without a margin:

    z = ⌊(w_o * a + b_o) / 2^shift_o⌋, then clipped
    to [0, 1023], the input of the next layer; of the last layer to [-T, T], and then
    change = sign(z) · tanh[|z|], in levels of 255

The first layer's input is the picture, 0 to 255, whose edges are repeated once by the margin that
all layers take together, Σ (s − 1)/2; each takes (s − 1)/2 of it. ``tanh`` is a table of T + 1
whole numbers, tanh[i] ≈ top·tanh(i/256), so a file's network means the same everywhere.

Shape letters: n images, c o i channels, h w image axes, s side of a filter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
PER_UNIT = 256  # steps of the table of tanh for each unit of its argument
LAST = 1024  # T: its last entry, beyond which tanh is flat to within a third of a level
TOP = 1023  # of what goes from one layer to the next
WHITE = 255  # of what goes into the first
MOST_SUM = 2**24  # up to here float32 holds every whole number
MOST_SHIFT = 24
AT_ONCE = 2**20  # values that a layer's products are made of at once: bounds memory


@dataclass(frozen=True, eq=False)
class WholeLayer:
    """One convolution.

    Args:
        weight: int8, (o, i, s, s), s odd.
        bias: int32, (o,).
        shift: int8, (o,): the sums are divided by 2^shift.
    """

    weight: npt.NDArray[np.int8]
    bias: npt.NDArray[np.int32]
    shift: npt.NDArray[np.int8]

    @property
    def margin(self) -> int:
        """How many pixels at each side the layer takes."""
        return int(self.weight.shape[-1] // 2)

    @property
    def rows(self) -> tuple[int, int]:
        """How many rows of a window are gathered before the products, and added after them.

        All of them or one, and the rest: whichever copies less.
        """
        o, i, s, _ = self.weight.shape
        return (s, 1) if i * s * s + o <= (i + o) * s else (1, s)

    @property
    def width(self) -> int:
        """How many values the products take and give for each pixel."""
        o, i, s, _ = self.weight.shape
        before, after = self.rows
        return int(i * s * before + o * after)

    def largest_sum(self, top: int) -> int:
        """Return the largest absolute sum for inputs from 0 to ``top``, whatever the order."""
        taps = np.abs(self.weight.astype(np.int64)).sum(axis=(1, 2, 3))  # (o,)
        return int((taps * top + np.abs(self.bias.astype(np.int64))).max())

    def pass_on(self, a: Floats, low: int, high: int) -> Floats:
        """Return the whole outputs, (o, n, h', w'), of whole inputs (i, n, h, w)."""
        o, i, s, _ = self.weight.shape
        _, n, h, w = a.shape
        before, after = self.rows
        h, w = h - s + 1 + after - 1, w - s + 1
        seen = np.lib.stride_tricks.sliding_window_view(a, (h, w), axis=(2, 3))
        columns = np.ascontiguousarray(seen.transpose(0, 2, 3, 1, 4, 5))  # (i, before, s, n, h, w)
        taps = self.weight.reshape(o, i, after, before, s).transpose(2, 0, 1, 3, 4)
        taps = taps.reshape(after * o, -1).astype(np.float32)
        parts = (taps @ columns.reshape(i * before * s, -1)).reshape(after, o, n, h, w)
        h -= after - 1
        z: Floats = parts[0, :, :, :h].reshape(o, -1)
        for row in range(1, after):
            z += parts[row, :, :, row : row + h].reshape(o, -1)
        z += self.bias.astype(np.float32)[:, None]
        z *= np.ldexp(np.float32(1), -self.shift.astype(np.int32)).astype(np.float32)[:, None]
        np.floor(z, out=z)
        np.clip(z, low, high, out=z)
        return z.reshape(o, n, h, w)


@dataclass(frozen=True, eq=False)
class WholeNetwork:
    """A network h and the table of ε·tanh: the change of a picture, in levels.

    Args:
        layers: at least one; the last has as many channels as the picture.
        tanh: int16, (T + 1,): 0 first, growing.
    """

    layers: Sequence[WholeLayer]
    tanh: npt.NDArray[np.int16]

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> WholeNetwork:
        """Return the network of the arrays that ``arrays`` gives."""
        names = ("weight", "bias", "shift")
        depth = sum(name.endswith(".weight") for name in arrays)
        layers = [WholeLayer(*(arrays[f"{at}.{name}"] for name in names)) for at in range(depth)]
        return cls(layers, arrays["tanh"])

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays of a perturbation file, ``0.weight``, ``0.bias``, ``0.shift``, ..."""
        named: dict[str, npt.NDArray[Any]] = {}
        for at, layer in enumerate(self.layers):
            named[f"{at}.weight"] = layer.weight
            named[f"{at}.bias"] = layer.bias
            named[f"{at}.shift"] = layer.shift
        return {**named, "tanh": self.tanh}

    @property
    def margin(self) -> int:
        """How far the network sees, in pixels to each side."""
        return sum(layer.margin for layer in self.layers)

    def change(self, x: Pixels) -> npt.NDArray[np.int16]:
        """Return the change in levels, (n, c, h, w), of pictures of any size, tile by tile."""
        n, c, h, w = x.shape
        out = np.empty((n, c, h, w), dtype=np.int16)
        widest = max(layer.width for layer in self.layers)
        pixels = max(1, AT_ONCE // widest)
        side = max(2 * self.margin + 1, math.isqrt(pixels))  # of a tile
        rows, columns = min(h, side), min(w, side)
        together = max(1, pixels // (rows * columns))
        for first in range(0, n, together):
            some = slice(first, first + together)
            for top in range(0, h, rows):
                for left in range(0, w, columns):
                    here = slice(top, top + rows), slice(left, left + columns)
                    out[some, :, *here] = self._tile(x[some], *here)
        return out

    def _tile(self, x: Pixels, rows: slice, columns: slice) -> npt.NDArray[np.int16]:
        """Return the change of one tile of some pictures."""
        near = [
            np.clip(np.arange(a.start - self.margin, min(a.stop, side) + self.margin), 0, side - 1)
            for a, side in zip((rows, columns), x.shape[2:], strict=True)
        ]  # pixels of the tile and around it, edges repeated
        a: Floats = x[:, :, near[0][:, None], near[1]].transpose(1, 0, 2, 3).astype(np.float32)
        *inner, last = self.layers
        for layer in inner:
            a = layer.pass_on(a, 0, TOP)
        end = len(self.tanh) - 1
        z = last.pass_on(a, -end, end).astype(np.int32)
        table = np.concatenate([-self.tanh[:0:-1], self.tanh])  # of -T, ..., T
        change: npt.NDArray[np.int16] = table[z + end].transpose(1, 0, 2, 3)
        return change


def tanh_table(top: int) -> npt.NDArray[np.int16]:
    """Return top·tanh(i/256) in whole levels for i = 0, ..., 1024."""
    levels: npt.NDArray[np.int16] = np.rint(top * np.tanh(np.arange(LAST + 1) / PER_UNIT)).astype(
        np.int16
    )
    return levels
