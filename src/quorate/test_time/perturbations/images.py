"""A member's picture on the disk: opened upright, written with every level kept, shown changed.

Pillow and NumPy. Shape letters: c H W axes of the picture.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.errors import InputError, StoreError, reason
from quorate.runtime.files import check_file, write_file
from quorate.runtime.pictures import read_picture
from quorate.test_time.perturbations.kinds.kind import Pixels

if TYPE_CHECKING:
    from PIL.Image import Image

KEEPS = {".png": "PNG", ".webp": "WEBP"}  # the kinds of file that keep every level
MOST_WEBP = 2**24  # pixels: lossless WebP takes 40 bytes of memory for each
PREVIEWS = {".png": "PNG"}
PANEL = 320  # pixels of the longer side of one picture in a preview, about
WORDS = 240  # pixels that the words above one need
BY = "quorate apply"
GREY = 128  # where the preview of the change shows none


def check_target(path: str | Path, kinds: Mapping[str, str], kept: Sequence[str | Path]) -> Path:
    """Return where to write, having made sure that nothing is lost by it.

    Args:
        path: the file.
        kinds: the endings it may have.
        kept: files that it must not replace.

    Raises:
        InputError: it has another ending, is one of these files, or is there and of another maker.
    """
    path = Path(path)
    if path.suffix.lower() not in kinds:
        why = ""
        if path.suffix.lower() in (".jpg", ".jpeg"):
            why = " JPEG rounds pictures so that the change would be lost."
        raise InputError(
            f"Expected a file that keeps every level ({' or '.join(kinds)}), got {path}.{why} "
            f"Write {path / 'out.png' if path.is_dir() else path.with_suffix('.png')}."
        )
    try:
        check_file(path, BY, kept, "choose another name")
    except StoreError as error:
        raise InputError(str(error)) from None
    return path


def open_picture(path: Path, channels: int) -> tuple[Image, bytes | None, bool]:
    """Return a picture upright, its colour profile where it still fits, and whether it was grey.

    A grey picture is made RGB for a change of colours; one in colour stays so.

    Raises:
        InputError: it is not there, or not one opaque picture of 8 bits a value.
    """
    if channels not in (1, 3):
        raise InputError(
            f"Expected a perturbation of grey or RGB images, got {channels} channels. Apply it "
            "from Python: quorate.test_time.perturbations.perturbation."
        )
    opened = read_picture(path, str(path))
    if channels == 3 and opened.image.mode == "L":
        return opened.image.convert("RGB"), None, True
    return opened.image, opened.profile, opened.image.mode == "L"


def pixels_of(image: Image) -> Pixels:
    """Return a grey or RGB picture as pixels, (c, H, W)."""
    plain = np.atleast_3d(np.asarray(image, dtype=np.uint8))
    return np.ascontiguousarray(plain.transpose(2, 0, 1))


def write(image: Image, path: Path, **options: Any) -> None:
    """Write a picture with every level kept: whole, or not at all.

    Raises:
        InputError: it cannot be written.
    """
    kind = KEEPS[path.suffix.lower()]
    if kind == "WEBP" and image.width * image.height > MOST_WEBP:
        raise InputError(
            f"Expected at most {MOST_WEBP:,} pixels for lossless WebP, got {image.width} x "
            f"{image.height}. Write {path.with_suffix('.png')}."
        )
    exact = {"compress_level": 2} if kind == "PNG" else {"lossless": True, "quality": 20}
    buffer = io.BytesIO()
    try:
        image.save(buffer, kind, **exact, **options)
        write_file(path, buffer.getvalue(), BY)
    except (OSError, ValueError) as error:
        raise InputError(
            f"Expected to write {path}, got: {reason(error)}. Choose a folder that is there and "
            "has room."
        ) from error


@dataclass(frozen=True, eq=False)
class Panels:
    """One picture as a preview shows it: means of its pixels, and single ones."""

    means: Image
    points: Image

    @classmethod
    def of(cls, picture: Image) -> Panels:
        """Return small copies of a picture, however large it is."""
        from PIL import Image

        sampled = Image.Resampling
        return cls(_panel(picture, sampled.BOX), _panel(picture, sampled.NEAREST))


def preview(before: Panels, after: Panels, largest_change: int, budget: str) -> Image:
    """Return before, after and the change amplified to the whole scale, side by side.

    Args:
        before, after: the picture, small.
        largest_change: of a value of the picture, in levels.
        budget: budget of the change, in words.
    """
    from PIL import Image, ImageDraw

    change = np.asarray(after.points).astype(np.int16) - np.asarray(before.points)
    times = max(1, 127 // max(1, largest_change))
    panels = [
        before.means,
        after.means,
        Image.fromarray(np.clip(GREY + times * change, 0, 255).astype(np.uint8)),
    ]
    words = ["before", "after", f"change x {times}, {budget}"]
    wide, gap, band = max(panels[0].width, WORDS), 8, 20  # pixels: between panels, and above them
    whole = Image.new("RGB", (3 * wide + 4 * gap, panels[0].height + band + gap), "white")
    draw = ImageDraw.Draw(whole)
    for place, (panel, text) in enumerate(zip(panels, words, strict=True)):
        left = gap + place * (wide + gap)
        draw.text((left, 4), text, fill="black")
        whole.paste(panel.convert("RGB"), (left, band))
    return whole


def _panel(image: Image, smaller: Any) -> Image:
    """Return a picture as large as a panel: small ones by whole factors, so that pixels show."""
    from PIL import Image

    longer = max(image.size)
    if longer < PANEL:
        factor = PANEL // longer
        return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    size = [max(1, round(side * PANEL / longer)) for side in image.size]
    return image.resize((size[0], size[1]), smaller)
