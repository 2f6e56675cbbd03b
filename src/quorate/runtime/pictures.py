"""Pictures, whoever made them: one function opens them all, upright, grey or RGB, within limits.

Only NumPy and Pillow. Nothing is decoded before its kind, size and mode are known and allowed.
"""

from __future__ import annotations

import contextlib
import io
import re
import struct
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quorate.errors import InputError, reason

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 2**26  # of one picture: 67 million, the largest photos of most telephones
MOST_SIDE = 2**16 - 1  # pixels, as in a JPEG
MOST_BYTES = 2**28  # of one file: what so many pixels need without compression, and more
MOST_SCANS = 100  # of a JPEG, where ten are usual: each one goes over the whole picture
HEAD = 16  # bytes that tell the kind
SIGNATURE = b"\x89PNG\r\n\x1a\n"
SIGNATURES = {  # how a file of each kind begins
    "PNG": re.compile(re.escape(SIGNATURE)),
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "WEBP": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "GIF": re.compile(rb"GIF8[79]a"),
    "BMP": re.compile(rb"BM.{4}\0{4}", re.DOTALL),
    "TIFF": re.compile(rb"II[*+]\0|MM\0[*+]"),
    "PPM": re.compile(rb"P[456]\s+[#\d]"),
}
FORMATS = tuple(SIGNATURES)
ENDINGS = {
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib"),
    *(".tif", ".tiff", ".pbm", ".pgm", ".ppm", ".pnm"),
}
MODES = {"1": "L", "L": "L", "LA": "L", "P": "RGB", "PA": "RGB", "RGB": "RGB", "RGBA": "RGB"}
ORIENTATION = 0x0112  # of EXIF
TURNS = {  # what brings each orientation upright, by name in Pillow
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
TILE_SIDES = (322, 323)  # tags of TIFF
# Chunks of PNG whose reading neither unpacks anything but pixels nor warns.
PLAIN_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"pHYs", b"sRGB"})
PIXEL_CHUNKS = PLAIN_CHUNKS | {b"eXIf", b"acTL", b"fcTL", b"fdAT"}
_quiet = threading.Lock()  # filters of warnings belong to the whole process


class PictureError(InputError):
    """A picture that is not taken.

    Args:
        expected: what was expected, beginning in lower case.
        where: the file or place.
        got: what came.
        fix: what to do, a whole sentence.
    """

    def __init__(self, expected: str, where: str, got: str, fix: str) -> None:
        self.where = where
        self.damaged = got.startswith(": ")
        space = "" if self.damaged else " "
        super().__init__(f"Expected {expected} in {where}, got{space}{got}. {fix}")
        self.got = got.removeprefix(": ")
        self.fix = fix


@dataclass(frozen=True, eq=False)
class OpenedPicture:
    """A picture that was read whole.

    Args:
        image: upright, in Pillow's mode L or RGB, without metadata.
        profile: its colour profile; None without.
    """

    image: Image
    profile: bytes | None


def kind_of(head: bytes) -> str | None:
    """Return the kind of picture that a file's first bytes announce; None where it is none.

    >>> kind_of(b"GIF89a" + bytes(10)), kind_of(b"%!PS-Adobe-3.0 E")
    ('GIF', None)
    """
    return next((kind for kind, begins in SIGNATURES.items() if begins.match(head)), None)


def read_picture(
    source: bytes | Path,
    where: str,
    formats: Sequence[str] = FORMATS,
    *,
    most_pixels: int = MOST_PIXELS,
    metadata: bool = True,
) -> OpenedPicture:
    """Return a picture, upright as its EXIF says, grey or RGB.

    Refused are pictures of other kinds, of more than 8 bits a value, of other colours (CMYK), with
    transparent parts, of several frames, and of too many pixels. A telephone's second picture in
    one JPEG (MPO) is left out: the first is the photo.

    Args:
        source: the file, or its content.
        where: words for messages.
        formats: the kinds that are taken, of ``FORMATS``.
        most_pixels: the most pixels that are decoded.
        metadata: whether texts and colour profiles of a PNG are unpacked.

    Raises:
        PictureError: it is not there, damaged, or refused.
    """
    content = source if isinstance(source, bytes) else _content(source, where)
    kind = kind_of(content[:HEAD])
    if kind is None or kind not in formats:
        raise PictureError(
            "a picture",
            where,
            "a file that is none, or of a kind that cannot be read here",
            f"Save it as {' or '.join(['PNG', 'JPEG'][: len(formats)])} first.",
        )
    try:
        plain = False
        if kind == "PNG":
            content, plain = _checked_png(content, metadata)
        _check_head(kind, content, where, most_pixels)
        with contextlib.nullcontext() if plain else _without_warnings():
            return _decoded(kind, content, where, most_pixels)
    except InputError:
        raise
    except Exception as error:  # a damaged file raises whatever its damage leads to
        what = reason(error).strip().rstrip(".") or type(error).__name__
        what = "a header that cannot be read" if "cannot identify" in what else what
        raise PictureError(
            "a picture", where, f": {what}", "It may be damaged; save it again as PNG."
        ) from error


def _content(path: Path, where: str) -> bytes:
    """Return the bytes of a file."""
    try:
        if path.exists() and not path.is_file():
            raise PictureError("a picture", where, "no file", "Give the path of a file.")
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise PictureError(
                f"a file of at most {MOST_BYTES:,} bytes", where, f"{size:,}", "Make it smaller."
            )
        return path.read_bytes()
    except PictureError:
        raise
    except (OSError, ValueError) as error:
        raise PictureError(
            "a picture", where, f": {reason(error)}", "Check the path, or save it again as PNG."
        ) from error


def _checked_png(content: bytes, metadata: bool) -> tuple[bytes, bool]:
    """Return a PNG with the chunks that are read, and whether it has none but plain ones.

    Raises:
        ValueError: it has a second header, or ends within a chunk.
    """
    names, kept = set(), [SIGNATURE]
    for name, start, end in _chunks(content):
        if name == b"IHDR" and name in names:
            raise ValueError("a second header (IHDR)")
        names.add(name)
        if not metadata and name in PIXEL_CHUNKS:
            kept.append(content[start:end])
        if name == b"IEND":
            break
    if not metadata:
        names &= PIXEL_CHUNKS
    return content if metadata else b"".join(kept), names <= PLAIN_CHUNKS


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the chunks of a PNG: name, and where they begin and end."""
    at = len(SIGNATURE)
    while at < len(content):
        if at + 12 > len(content):
            raise ValueError("the file ends within a chunk")
        (length,) = struct.unpack_from(">I", content, at)
        name, end = content[at + 4 : at + 8], at + 12 + length
        if end > len(content):
            raise ValueError("the file ends within a chunk")
        yield name, at, end
        at = end


def _check_head(kind: str, content: bytes, where: str, most_pixels: int) -> None:
    """Refuse what costs time or memory as soon as Pillow opens it."""
    if kind == "PNG":
        if content[12:16] != b"IHDR":
            raise ValueError("no header (IHDR) at its beginning")
        _check_size(struct.unpack_from(">II", content, 16), where, most_pixels)
    if kind == "WEBP" and (size := _webp_size(content)) is not None:
        _check_size(size, where, most_pixels)
    if kind == "JPEG" and content.count(b"\xff\xda") > MOST_SCANS:
        raise ValueError(f"more than {MOST_SCANS} scans")


def _webp_size(content: bytes) -> tuple[int, int] | None:
    """Return the size in the first chunk of a WebP: its decoder takes room as soon as it opens."""
    chunk, head = content[12:16], content[20:30].ljust(10, b"\0")
    if chunk == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (4, 7))
        return width, height
    if chunk == b"VP8 ":
        width, height = struct.unpack("<HH", head[6:10])
        return width & 0x3FFF, height & 0x3FFF
    if chunk == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _check_size(size: Sequence[int], where: str, most_pixels: int) -> None:
    width, height = size
    if width * height < 1:
        raise ValueError("no pixels")
    if max(width, height) > MOST_SIDE:
        raise PictureError(
            f"a picture of at most {MOST_SIDE:,} pixels a side",
            where,
            f"{width} x {height}",
            "Make it smaller first.",
        )
    if width * height > _limit(most_pixels):
        raise _too_many(where, most_pixels, f"{width} x {height}")


def _limit(most_pixels: int) -> int:
    """Return the most pixels that are decoded, by us and by Pillow."""
    from PIL import Image

    return min(most_pixels, Image.MAX_IMAGE_PIXELS or most_pixels)


def _too_many(where: str, most_pixels: int, got: str) -> PictureError:
    most = _limit(most_pixels)
    return PictureError(
        f"a picture of at most {most:,} pixels", where, got, "Make it smaller first."
    )


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Let Pillow warn nobody: what it warns of is checked here, or is no business of the reader."""
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _decoded(kind: str, content: bytes, where: str, most_pixels: int) -> OpenedPicture:
    """Return what a file of this kind holds, checked before and after it is decoded."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=[kind]) as file:
            _check_size(file.size, where, most_pixels)
            _check_opened(file, where)
            size, profile = file.size, file.info.get("icc_profile")
            file.load()
            if sorted(file.size) != sorted(size) or file.size != file.im.size:
                raise ValueError(f"{file.size} pixels instead of {size}")
            turned = _turned(file)
            _check_opaque(turned, where)
            mode = MODES[turned.mode]
            turned.info.clear()
            image = turned.convert(mode) if turned.mode != mode else turned.copy()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many(where, most_pixels, "more") from None  # of the picture, or of a frame
    image.info.clear()
    return OpenedPicture(image, profile if isinstance(profile, bytes) else None)


def _check_opened(file: Any, where: str) -> None:
    """Refuse other modes than 8 bits a value, grey or in colour, several frames, and slow tiles."""
    tiles = [str(tile).replace("BGR;16", "") for tile in getattr(file, "tile", ())]
    deep = any(";16" in tile for tile in tiles)  # Pillow would cut it to 8 bits
    plain = file.format != "PPM" or all(tile[0] == "raw" for tile in file.tile)
    if deep or not plain or file.mode not in MODES:
        raise PictureError(
            "a grey or RGB picture of 8 bits a value",
            where,
            f"mode {file.mode}{' of 16 bits' if deep else '' if plain else ' of other levels'}",
            "Save it as 8-bit RGB first.",
        )
    if getattr(file, "is_animated", False) and file.format != "MPO":
        raise PictureError("one picture", where, "several frames", "Save one of them as PNG.")
    tags = getattr(file, "tag_v2", {})
    width, height = (tags.get(side, 1) for side in TILE_SIDES)
    if width * height > MOST_PIXELS:
        raise ValueError("tiles that are larger than any picture")


def _turned(file: Any) -> Any:
    """Return the picture as its EXIF says that it stands upright."""
    from PIL import Image

    try:
        orientation = file.getexif().get(ORIENTATION, 1)
        turn = TURNS.get(orientation)
    except Exception:  # EXIF that cannot be read turns nothing, as in any viewer
        turn = None
    return file if turn is None else file.transpose(Image.Transpose[turn])


def _check_opaque(picture: Any, where: str) -> None:
    if picture.has_transparency_data:
        lowest, _ = picture.convert("RGBA").getchannel("A").getextrema()
        if lowest != 255:
            raise PictureError(
                "an opaque picture",
                where,
                "one with transparent parts, which platforms fill differently",
                "Flatten it onto a background first.",
            )
