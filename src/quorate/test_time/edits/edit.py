"""What a photo edit is: pictures in, pictures out, by tables of whole numbers.

Floats make the tables, once; from then on only whole numbers decide what a pixel becomes, so that
every machine, and a browser, gets the same bits. Shape letters: n images, c h w image axes.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from quorate import spec
from quorate.errors import InputError
from quorate.validate import in_interval

Pixels = npt.NDArray[np.uint8]
Whole = npt.NDArray[np.int32]
Tables = Mapping[str, npt.NDArray[Any]]
Shape = tuple[int, int, int]  # (c, h, w)
GREY, COLOUR = 1, 3  # channels of the pictures that are edited
MOST_VALUES = 2**22  # of one, c·h·w, where a pixel depends on others: a second or so a step
LEAST_SIDE = 64  # pixels that a shorter side counts as: margins around it take time and memory


@runtime_checkable
class Edit(Protocol):
    """A photo edit: the same function for every picture, whatever it shows.

    A frozen dataclass whose fields are numbers. Its tables are whole numbers whose shapes depend on
    the pictures' shape alone, so that a file's tables are known to fit before they are unpacked.
    """

    name: ClassVar[str]
    bounds: ClassVar[Mapping[str, tuple[float, float]]]  # of each parameter
    is_tone: ClassVar[bool] = False  # whether a value becomes what a curve has for it
    needs_colour: ClassVar[bool] = False
    exact: ClassVar[tuple[str, ...]] = ()  # tables that are the same on every machine

    def __post_init__(self) -> None:
        for name, (low, high) in self.bounds.items():
            in_interval(name, getattr(self, name), low, high, "Use a value between them.")

    @property
    @abstractmethod
    def by_hand(self) -> str:
        """What a phone's editor calls it, and how far to move it, in words."""

    @abstractmethod
    def tables(self, shape: Shape) -> Tables:
        """Return the whole numbers that the edit works by, for pictures (c, h, w)."""

    @abstractmethod
    def apply(self, x: Pixels, tables: Tables) -> Pixels:
        """Return edited pictures, (n, c, h, w)."""

    def check(self, shape: Shape) -> None:
        """Raise InputError where pictures (c, h, w) cannot be edited so."""
        channels = shape[0]
        if self.needs_colour and channels == GREY:
            raise InputError(
                f"Expected pictures in colour for {self.name}, got grey ones, of 1 channel. Leave "
                f"{self.name} out, or give pictures in colour."
            )
        if channels not in (GREY, COLOUR):
            raise InputError(
                f"Expected grey or RGB pictures for {self.name}, got {channels} channels. Use "
                "another family."
            )
        values = channels * math.prod(max(side, LEAST_SIDE) for side in shape[1:])
        if not self.is_tone and values > MOST_VALUES:
            short = min(shape[1:]) < LEAST_SIDE
            counted = f", with sides below {LEAST_SIDE} pixels counted as such" if short else ""
            raise InputError(
                f"Expected pictures of at most {MOST_VALUES:,} values for {self.name}, got "
                f"{values:,}{counted}. Craft it for smaller ones."
            )

    @property
    def parameters(self) -> npt.NDArray[np.float64]:
        """The values of the fields, in their order."""
        return np.array([getattr(self, name) for name in spec.parameters(type(self))], np.float64)


def rounded(values: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return numbers rounded to whole ones, halves upwards."""
    whole: npt.NDArray[np.int64] = np.floor(np.asarray(values, np.float64) + 0.5).astype(np.int64)
    return whole


def pixels(length: float) -> str:
    """Return a length in words.

    >>> pixels(1), pixels(0.7)
    ('1 pixel', '0.7 pixels')
    """
    return f"{length:.2g} pixel{'' if length == 1 else 's'}"


def padded(x: npt.NDArray[Any], margin: int) -> npt.NDArray[Any]:
    """Return pictures (n, c, h, w) with their edges repeated ``margin`` times on every side."""
    return np.pad(x, ((0, 0), (0, 0), (margin, margin), (margin, margin)), mode="edge")
