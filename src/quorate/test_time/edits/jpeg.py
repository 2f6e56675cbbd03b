"""An edit that makes files smaller: what JPEG keeps of a picture.

Whole numbers throughout, as most programs have them that read and write JPEG: the "slow integer"
cosine transform of the Independent JPEG Group, which is that of Loeffler, Ligtenberg and Moschytz
1989 (doi:10.1109/ICASSP.1989.266596) in fixed point. It is linear between its roundings, so one
matrix says it. Shape letters: n images, c h w image axes, B blocks of 8 x 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from quorate.spec import param
from quorate.test_time.edits.edit import GREY, Edit, Pixels, Shape, Tables

SIDE = 8
# 2^13·√8 times the cosine transform of 8 values, by frequency, as the fast algorithm rounds it.
COSINES = np.array(
    [
        [8192, 8192, 8192, 8192, 8192, 8192, 8192, 8192],
        [11363, 9633, 6437, 2260, -2260, -6437, -9633, -11363],
        [10703, 4433, -4433, -10703, -10703, -4433, 4433, 10703],
        [9633, -2259, -11362, -6436, 6436, 11362, 2259, -9633],
        [8192, -8192, -8192, 8192, 8192, -8192, -8192, 8192],
        [6437, -11362, 2261, 9633, -9633, -2261, 11362, -6437],
        [4433, -10704, 10704, -4433, -4433, 10704, -10704, 4433],
        [2260, -6436, 9633, -11363, 11363, -9633, 6436, -2260],
    ],
    np.float64,
)
FORWARD = 11, 15  # bits that are rounded away after rows, and after columns
BACKWARD = 11, 18
SCALE = 8  # of the coefficients that come out of the forward transform
# Steps at quality 50 of brightness and of colours: ITU-T T.81, annex K.
STEPS = np.array(
    [
        [
            [16, 11, 10, 16, 24, 40, 51, 61],
            [12, 12, 14, 19, 26, 58, 60, 55],
            [14, 13, 16, 24, 40, 57, 69, 56],
            [14, 17, 22, 29, 51, 87, 80, 62],
            [18, 22, 37, 56, 68, 109, 103, 77],
            [24, 35, 55, 64, 81, 104, 113, 92],
            [49, 64, 78, 87, 103, 121, 120, 101],
            [72, 92, 95, 98, 112, 100, 103, 99],
        ],
        [
            [17, 18, 24, 47, 99, 99, 99, 99],
            [18, 21, 26, 66, 99, 99, 99, 99],
            [24, 26, 56, 99, 99, 99, 99, 99],
            [47, 66, 99, 99, 99, 99, 99, 99],
            [99, 99, 99, 99, 99, 99, 99, 99],
            [99, 99, 99, 99, 99, 99, 99, 99],
            [99, 99, 99, 99, 99, 99, 99, 99],
            [99, 99, 99, 99, 99, 99, 99, 99],
        ],
    ]
)
# Brightness, blue and red differences of red, green and blue, in parts of 2^16, and back (JFIF).
TO_YCC = np.array([[19595, 38470, 7471], [-11059, -21709, 32768], [32768, -27439, -5329]], np.int32)
TO_YCC_ADDED = np.array([1 << 15, (128 << 16) + (1 << 15) - 1, (128 << 16) + (1 << 15) - 1])
RED, GREEN, BLUE = 91881, (-22554, -46802), 116130
HALF = 1 << 15


@dataclass(frozen=True)
class JPEG(Edit):
    """The picture as it is after JPEG at a quality, without halved colours (4:4:4).

    Raises:
        InputError: the quality is outside [1, 100].
    """

    name: ClassVar[str] = "jpeg"
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {"quality": (1, 100)}
    exact: ClassVar[tuple[str, ...]] = ("steps",)
    quality: int = param(50, "As JPEG software counts it, in [1, 100].", shown=True)

    @property
    def by_hand(self) -> str:
        """What a phone's editor calls it."""
        return f"Save as JPEG: quality {self.quality} of 100."

    def tables(self, shape: Shape) -> Tables:
        """Return the steps that coefficients are rounded to: brightness and colours, (2, 8, 8)."""
        percent = 5000 // self.quality if self.quality < 50 else 200 - 2 * self.quality
        return {"steps": np.clip((STEPS * percent + 50) // 100, 1, 255).astype(np.uint8)}

    def apply(self, x: Pixels, tables: Tables) -> Pixels:
        """Return compressed pictures, (n, c, h, w)."""
        brightness, colours = tables["steps"].astype(np.float64)
        if x.shape[1] == GREY:
            return _coded(x, brightness)
        planes = _to_ycc(x)
        planes[:, :1] = _coded(planes[:, :1], brightness)
        planes[:, 1:] = _coded(planes[:, 1:], colours)
        return _to_rgb(planes)


def _to_ycc(x: Pixels) -> Pixels:
    """Return brightness and colour differences of pictures in colour, (n, 3, h, w)."""
    red, green, blue = (x[:, i].astype(np.int32) for i in range(3))
    out = np.empty_like(x)
    for i, (a, b, c) in enumerate(TO_YCC):
        out[:, i] = (a * red + b * green + c * blue + TO_YCC_ADDED[i].astype(np.int32)) >> 16
    return out


def _to_rgb(planes: Pixels) -> Pixels:
    """Return pictures in colour of brightness and colour differences, (n, 3, h, w)."""
    bright = planes[:, 0].astype(np.int32)
    blue, red = planes[:, 1].astype(np.int32) - 128, planes[:, 2].astype(np.int32) - 128
    out = np.empty_like(planes)
    out[:, 0] = np.clip(bright + ((RED * red + HALF) >> 16), 0, 255)
    green = (GREEN[0] * blue + GREEN[1] * red + HALF) >> 16
    out[:, 1] = np.clip(bright + green, 0, 255)
    out[:, 2] = np.clip(bright + ((BLUE * blue + HALF) >> 16), 0, 255)
    return out


def _coded(x: Pixels, steps: npt.NDArray[np.float64]) -> Pixels:
    """Return planes (n, c, h, w) as their rounded coefficients have them."""
    n, c, h, w = x.shape
    wide = np.pad(x, ((0, 0), (0, 0), (0, -h % SIDE), (0, -w % SIDE)), mode="edge")
    high, long = wide.shape[2] // SIDE, wide.shape[3] // SIDE
    blocks = wide.reshape(n * c, high, SIDE, long, SIDE).transpose(0, 1, 3, 2, 4)
    levels = blocks.reshape(-1, SIDE, SIDE).astype(np.float64) - 128  # (B, 8, 8)
    coefficients = _transformed(levels, COSINES, FORWARD, columns_first=False)
    # To the nearest step, halves away from 0. The quotient of whole numbers as small as these is
    # never rounded up to a whole one.
    sizes = np.floor((np.abs(coefficients) + SCALE // 2 * steps) / (SCALE * steps))
    levels = _transformed(
        np.copysign(sizes, coefficients) * steps, COSINES.T, BACKWARD, columns_first=True
    )
    back = np.clip(levels + 128, 0, 255).astype(np.uint8)
    wide = back.reshape(n * c, high, long, SIDE, SIDE).transpose(0, 1, 3, 2, 4)
    return wide.reshape(n, c, high * SIDE, long * SIDE)[:, :, :h, :w]


def _transformed(
    blocks: npt.NDArray[np.float64],
    matrix: npt.NDArray[np.float64],
    bits: tuple[int, int],
    columns_first: bool,
) -> npt.NDArray[np.float64]:
    """Return blocks (B, 8, 8) transformed along one axis, then along the other.

    All are whole numbers below 2^31, so that doubles are exact in whatever order they are summed.
    After each axis ``bits`` are rounded away, halves upwards.
    """
    for many in bits:
        if columns_first:
            blocks = blocks.transpose(0, 2, 1)
        blocks = (np.ascontiguousarray(blocks).reshape(-1, SIDE) @ matrix.T).reshape(blocks.shape)
        blocks = np.floor((blocks + 2 ** (many - 1)) * 2.0**-many)
        if columns_first:
            blocks = blocks.transpose(0, 2, 1)
        columns_first = not columns_first
    return blocks
