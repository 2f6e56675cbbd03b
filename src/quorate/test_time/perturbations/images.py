"""A member's picture on the disk: opened upright, written with every level kept, shown changed.

Pillow and NumPy. Shape letters: c H W axes of the picture.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.errors import InputError
from quorate.runtime.files import replace_file
from quorate.test_time.perturbations.perturbation import Pixels

if TYPE_CHECKING:
    from PIL.Image import Image

KEEPS = {".png": "PNG", ".webp": "WEBP"}  # the kinds of file that keep every level
PREVIEWS = {".png": "PNG"}
MODES = {"1": "L", "L": "L", "LA": "L", "P": "RGB", "PA": "RGB", "RGB": "RGB", "RGBA": "RGB"}
PANEL = 320  # pixels of the longer side of one picture in a preview, about
WORDS = 240  # pixels that the words above one need
GREY = 128  # where the preview of the change shows none


def check_target(path: str | Path, kinds: Mapping[str, str], kept: Sequence[str | Path]) -> Path:
    """Return where to write, having made sure that nothing is lost by it.

    Args:
        path: the file.
        kinds: the endings it may have.
        kept: files that it must not replace.

    Raises:
        InputError: it has another ending, or is one of these files.
    """
    path = Path(path)
    if path.suffix.lower() not in kinds:
        why = ""
        if path.suffix.lower() in (".jpg", ".jpeg"):
            why = " JPEG rounds pictures so that the change would be lost."
        raise InputError(
            f"Expected a file that keeps every level ({' or '.join(kinds)}), got {path}.{why} "
            f"Write {path.with_suffix('.png').name or 'out.png'}."
        )
    for other in map(Path, kept):
        if path.resolve() == other.resolve() or (
            path.exists() and other.exists() and os.path.samefile(path, other)
        ):
            raise InputError(
                f"Expected a file of its own to write to, got {path}, which would overwrite "
                f"{other}. Choose another name."
            )
    return path


def open_picture(path: Path, channels: int) -> tuple[Image, bytes | None]:
    """Return a picture upright, grey or RGB, and its colour profile where that still fits.

    Raises:
        InputError: it is not there, or not one opaque picture of 8 bits a value.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                _check_kind(file, path)
                upright = ImageOps.exif_transpose(file)
                profile = file.info.get("icc_profile")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(
            f"Expected a picture of at most {Image.MAX_IMAGE_PIXELS:,} pixels in {path}, got more. "
            "Make it smaller first."
        ) from None
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(
            f"Expected a picture in {path}, got a file that is none, or of a kind that cannot be "
            "read here. Save it as PNG or JPEG first."
        ) from None
    except (OSError, ValueError, SyntaxError) as error:  # Pillow raises them all
        what = getattr(error, "strerror", None) or error
        raise InputError(
            f"Expected a picture in {path}, got: {what}. Check the path, or save it again as PNG."
        ) from error
    if channels not in (1, 3):
        raise InputError(
            f"Expected a perturbation of grey or RGB images, got {channels} channels. Apply it "
            "from Python: quorate.test_time.perturbations.perturbation."
        )
    _check_opaque(upright, path)
    mode = "L" if channels == 1 else "RGB"
    same = MODES[upright.mode] == mode
    return upright.convert(mode), profile if same else None


def _check_kind(file: Image, path: Path) -> None:
    """Raise InputError unless there is one picture of 8 bits a value, grey or in colour."""
    deep = any(";16" in str(tile) for tile in getattr(file, "tile", ()))  # Pillow would cut it
    if deep or file.mode not in MODES:
        raise InputError(
            f"Expected a grey or RGB picture of 8 bits a value in {path}, got mode {file.mode}"
            f"{' of 16 bits' if deep else ''}. Save it as 8-bit RGB first."
        )
    # Phones put a second picture into one JPEG (MPO); the first is the photo.
    if getattr(file, "is_animated", False) and file.format != "MPO":
        raise InputError(f"Expected one picture in {path}, got several. Save one of them as PNG.")


def _check_opaque(picture: Image, path: Path) -> None:
    if picture.has_transparency_data:
        lowest, _ = picture.convert("RGBA").getchannel("A").getextrema()
        if lowest != 255:
            raise InputError(
                f"Expected an opaque picture in {path}, got one with transparent parts, which "
                "platforms fill differently. Flatten it onto a background first."
            )


def pixels_of(image: Image) -> Pixels:
    """Return a grey or RGB picture as pixels, (c, H, W)."""
    plain = np.atleast_3d(np.asarray(image, dtype=np.uint8))
    return np.ascontiguousarray(plain.transpose(2, 0, 1))


def picture_of(x: Pixels) -> Image:
    """Return pixels (c, H, W) as a picture, without metadata."""
    from PIL import Image

    plain = x[0] if len(x) == 1 else x.transpose(1, 2, 0)
    return Image.fromarray(np.ascontiguousarray(plain))


def write(image: Image, path: Path, **options: Any) -> None:
    """Write a picture with every level kept: whole, or not at all.

    Raises:
        InputError: it cannot be written.
    """
    kind = KEEPS[path.suffix.lower()]
    exact = {"compress_level": 2} if kind == "PNG" else {"lossless": True, "quality": 20}
    buffer = io.BytesIO()
    try:
        image.save(buffer, kind, **exact, **options)
        replace_file(path, buffer.getvalue())
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or error
        raise InputError(
            f"Expected to write {path}, got: {what}. Choose a folder that is there and has room."
        ) from error


def preview(before: Pixels, after: Pixels, budget: str) -> Image:
    """Return before, after and the change amplified to the whole scale, side by side.

    Args:
        before, after: pixels, (c, H, W).
        budget: budget of the change, in words.
    """
    from PIL import Image, ImageDraw

    change = after.astype(np.int16) - before
    times = 127 // max(1, int(np.abs(change).max()))
    panels = [
        _panel(picture_of(before), Image.Resampling.BOX),
        _panel(picture_of(after), Image.Resampling.BOX),
        _panel(picture_of((GREY + times * change).astype(np.uint8)), Image.Resampling.NEAREST),
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
