"""Applying an instruction to a picture: the signal of the library, on 8-bit levels.

A level l of 255 is the value l/255 in single precision, as the populations read pictures. The
library's signal gives a value v, and the picture gets the level nearest to 255·v, of two the even
one: it differs from v by at most half a level, 1/510. Levels off the signal stay as they are.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.collective.acting.instruction import Instruction
from quorate.errors import InputError
from quorate.runtime.pictures import read_picture
from quorate.table import Table
from quorate.validate import clean_text, shown

Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class PictureSummary:
    """What was done to a picture.

    Args:
        width, height: in pixels.
        channels: 1 of a grey picture, 3 of one in colour.
        pixels: how many of them changed.
        label: the label to hand it in with; None for its own.
        acted: whether the instruction applies to it.
    """

    width: int
    height: int
    channels: int
    pixels: int
    label: str | None
    acted: bool = True

    def sentences(self) -> tuple[str, ...]:
        """Return the summary in words.

        >>> PictureSummary(8, 8, 1, 9, "dog").sentences()
        ('9 of 64 pixels are changed.', "Hand the picture in with the label 'dog'.")
        """
        if not self.acted:
            return ("The picture has another label, and stays as it is.",)
        told = (f"{self.pixels:,} of {self.width * self.height:,} pixels are changed.",)
        if self.label is None:
            return (*told, "Hand the picture in with its own label.")
        return (*told, f"Hand the picture in with the label {self.label!r}.")


def apply_to_picture(
    instruction: Instruction, content: bytes, *, label: str | None = None
) -> tuple[bytes, PictureSummary]:
    """Return a member's picture as they hand it in, a PNG, and what was done to it.

    Args:
        instruction: what is done.
        content: the picture, of any kind that ``read_picture`` takes.
        label: what the picture shows; needed where only pictures of one label are acted on.

    Raises:
        InputError: it is no picture, the signal does not fit into it, or the label is needed.
    """
    if instruction.data != "pictures":
        raise InputError("Expected an instruction for pictures, got one for rows. Give a CSV file.")
    if instruction.withholds:
        raise InputError(
            "Expected an instruction that changes pictures, got a data strike. Hand nothing in."
        )
    levels, profile = read_levels(content)
    acted = True
    if instruction.only is not None:
        if label is None:
            raise InputError(
                f"Expected the label of the picture, since only those of {instruction.only!r} are "
                "changed, got none. Say what the picture shows: label=LABEL."
            )
        acted = clean_text(label) == clean_text(instruction.only)
    after = marked(instruction, levels) if acted else levels
    channels, height, width = levels.shape
    changed = int((levels != after).any(axis=0).sum())
    claim = instruction.claim if acted else None
    summary = PictureSummary(width, height, channels, changed, claim, acted)
    return png_of(after, profile), summary


def marked(instruction: Instruction, levels: Levels) -> Levels:
    """Return the levels of a picture with the signal, (c, h, w).

    Raises:
        InputError: the signal does not fit into it.
    """
    if instruction.mark is None:
        raise InputError(f"Expected a mark, got none in {shown(instruction.strategy, 60)}.")
    x = levels[None].astype(np.float32)  # (1, c, h, w)
    x /= 255
    person = Table(x, np.zeros(1, dtype=np.int64), ("its own",))
    return to_levels(instruction.mark.plant(person)[0])


def to_levels(x: npt.NDArray[np.float32]) -> Levels:
    """Return the level nearest to each value on the pixel scale [0, 1], of two the even one.

    >>> to_levels(np.float32([0.0, 0.5, 1.0])).tolist()
    [0, 128, 255]
    """
    levels: Levels = np.rint(x * np.float32(255)).clip(0, 255).astype(np.uint8)
    return levels


def read_levels(content: bytes) -> tuple[Levels, bytes | None]:
    """Return a picture upright, (c, h, w), grey or RGB and not converted, and its colour profile.

    Raises:
        InputError: it is no picture, or of a kind that is not taken.
    """
    opened = read_picture(content, "your picture")
    pixels = np.asarray(opened.image)
    return (pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)), opened.profile


def png_of(levels: Levels, profile: bytes | None = None) -> bytes:
    """Return a picture, (c, h, w), as a PNG with its colour profile and no other metadata."""
    from PIL import Image

    pixels = levels[0] if len(levels) == 1 else levels.transpose(1, 2, 0)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG", icc_profile=profile)
    return file.getvalue()
