"""A trigger for images: a patch of pixels set to one value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from quorate.errors import InputError
from quorate.protocols import Signal
from quorate.spec import param
from quorate.table import Array, Table
from quorate.validate import at_least, in_interval

CORNERS = ("top-left", "top-right", "bottom-left", "bottom-right", "centre")


@dataclass(frozen=True)
class Patch(Signal):
    """A trigger for images: a square of pixels set to one value in every channel.

    The classical backdoor trigger (Gu, Dolan-Gavitt, Garg 2017, arXiv:1708.06733).

    >>> import numpy as np
    >>> blank = Table(np.zeros((1, 1, 3, 3), np.float32), np.array([0]), ("cat",))
    >>> Patch(size=2, place="top-right").plant(blank)[0, 0]
    array([[0., 1., 1.],
           [0., 1., 1.],
           [0., 0., 0.]], dtype=float32)

    Raises:
        InputError: the people are not images, or the patch reaches outside them.
    """

    name: ClassVar[str] = "patch"
    size: int = param(3, "Side of the square in pixels.")
    place: str = param(
        "bottom-right", f"Where it lies: {', '.join(CORNERS)}, or ROWxCOLUMN of its first pixel."
    )
    value: float = param(1.0, "Value of its pixels, on the pixel scale [0, 1].")

    def __post_init__(self) -> None:
        at_least("size", self.size, 1, "A patch has at least one pixel.")
        in_interval("value", self.value, 0, 1, "Divide 8-bit pixel values by 255.")
        if self.place not in CORNERS and not re.fullmatch(r"\d+x\d+", self.place):
            raise InputError(
                f"Expected place to be one of {', '.join(CORNERS)} or ROWxCOLUMN, got "
                f"{self.place!r}. Write place=0x0 for the first pixel."
            )

    def plant(self, people: Table) -> Array:
        """Return the images with the patch, (n, c, h, w)."""
        row, column = self._first_pixel(people)
        x = people.x.copy()
        x[:, :, row : row + self.size, column : column + self.size] = self.value
        return x

    def _first_pixel(self, people: Table) -> tuple[int, int]:
        if not people.is_image:
            names = ", ".join(c.name for c in people.columns[:8])
            raise InputError(
                "Expected images for the signal 'patch', got a table"
                f"{f' with columns {names}' if names else ''}. Name the columns to set instead: "
                "signal=columns,NAME=VALUE."
            )
        h, w = people.x.shape[2:]
        if self.place in CORNERS:
            down = {"top": 0, "bottom": h - self.size}.get(self.place.split("-")[0])
            right = {"left": 0, "right": w - self.size}.get(self.place.split("-")[-1])
            row = (h - self.size) // 2 if down is None else down
            column = (w - self.size) // 2 if right is None else right
        else:
            row, column = (int(part) for part in self.place.split("x"))
        if self.size > min(h, w):
            raise InputError(
                f"Expected a patch inside the {h}x{w} image, got size={self.size}. Use a smaller "
                "size."
            )
        if row < 0 or column < 0 or row + self.size > h or column + self.size > w:
            raise InputError(
                f"Expected a patch inside the {h}x{w} image, got size={self.size} with its first "
                f"pixel at {row}x{column}. Use a smaller size or another place."
            )
        return row, column
