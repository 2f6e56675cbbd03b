"""Pictures of a data set, from their files or bytes to pixels of one shape."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.runtime.pictures import PictureError, read_picture
from quorate.runtime.progress import bar
from quorate.validate import listed

Pixels = npt.NDArray[np.uint8]
Cell = Mapping[str, Any] | None  # its bytes, or the path of its file
MOST_NAMED = 1000  # refused pictures that are looked for before the reader gives up


def read_pixels(
    cells: Sequence[Cell], place: str, size: int | None, folder: str | None = None
) -> Pixels:
    """Return pictures as pixels, (n, c, h, w); one channel where all are grey.

    Args:
        cells: the pictures.
        place: words for where a picture is, before its number.
        size: side in pixels to resize to; None keeps their own size.
        folder: what files are named from, where each picture is a file of its own.

    Raises:
        InputError: there is no picture, some cannot be read, or their sizes differ.
    """
    pixels: Pixels | None = None
    refused: list[PictureError] = []
    with bar(len(cells), "Decoding images") as progress:
        for i, cell in enumerate(cells):
            where = f"{place} {i}"
            if folder is not None and cell is not None:
                where = Path(os.path.relpath(cell["path"], folder)).as_posix()
            colour = pixels is not None and len(pixels[0]) == 3
            try:
                one = _picture(cell, where, size, colour, folder is not None)
            except PictureError as error:
                refused.append(error)
                if len(refused) == MOST_NAMED:
                    break
                continue
            if pixels is None:
                pixels = _room(len(cells), one)
            if len(one) > len(pixels[0]):  # the first in colour, after grey ones
                pixels = _in_colour(pixels)
            if one.shape != pixels.shape[1:]:
                raise _other_size(one, pixels, where if folder is not None else f"row {i}")
            pixels[i] = one
            if i % 500 == 499:
                progress.advance(500)
    if refused:
        raise _refused(refused, in_files=folder is not None)
    if pixels is None:
        raise InputError("Expected at least one image, got none. Check the folder.")
    return pixels


def _room(n: int, one: Pixels) -> Pixels:
    """Return room for n pictures as large as one."""
    try:
        return np.empty((n, *one.shape), dtype=np.uint8)  # (n, c, h, w)
    except (MemoryError, ValueError):
        raise InputError(
            f"Expected pictures that fit into memory, got {n} of {one.shape[2]} x {one.shape[1]} "
            "pixels. Make them smaller: size=64."
        ) from None


def make_alike(parts: Mapping[str, Pixels]) -> dict[str, Pixels]:
    """Return the pictures of all parts in colour where those of one part are.

    Raises:
        InputError: their sizes differ.
    """
    colour = any(pixels.shape[1] == 3 for pixels in parts.values())
    alike = {
        name: _in_colour(pixels) if colour and pixels.shape[1] == 1 else pixels
        for name, pixels in parts.items()
    }
    (first, pixels), *others = alike.items()
    for name, other in others:
        if other.shape[1:] != pixels.shape[1:]:
            raise _other_size(other[0], pixels, f"the part {name}, where {first} is the first")
    return alike


def _in_colour(pixels: Pixels) -> Pixels:
    """Return grey pictures as RGB, (n, 3, h, w)."""
    return np.repeat(pixels, 3, axis=1)


def _other_size(one: Pixels, pixels: Pixels, where: str) -> InputError:
    return InputError(
        f"Expected every image to have the shape of the first, {pixels.shape[1:]}, got "
        f"{one.shape} in {where}. Resize them all: size={max(pixels.shape[2:])}."
    )


def _refused(errors: Sequence[PictureError], in_files: bool) -> InputError:
    """Return the error for pictures that cannot be read: all are counted, some are named."""
    first, *others = errors
    drop = "move it out of the folder" if in_files else "drop this row"
    more = ""
    if others:
        count = f"{len(errors)} or more" if len(errors) == MOST_NAMED else str(len(errors))
        names = listed([one.where for one in others])
        more = f" {count} are refused in all; the others are {names}."
    return InputError(
        f"Expected an 8-bit image in {first.where}, got: {first.got}. Convert it, or {drop}. "
        f"{first.fix}{more}"
    )


def _picture(cell: Cell, where: str, size: int | None, colour: bool, is_file: bool) -> Pixels:
    """Return one image, (c, h, w); a grey one has one channel unless colour is asked for."""
    from PIL import Image

    if cell is None or not (cell["bytes"] or cell["path"]):
        raise PictureError("a picture", where, "nothing", "Fill it in.")
    if cell["bytes"]:
        opened = read_picture(bytes(cell["bytes"]), where)
    else:
        try:
            opened = read_picture(Path(cell["path"]), where)
        except PictureError as error:
            if not is_file:
                error.got = f"{cell['path']}: {error.got}"
            raise
    picture = opened.image
    if colour and picture.mode == "L":
        picture = picture.convert("RGB")
    if size is not None and picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.BILINEAR)
    return np.atleast_3d(np.asarray(picture)).transpose(2, 0, 1)
