"""Picture files that strangers could send, made by hand: Pillow itself would not write them."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")


def encoded(picture: Any, kind: str = "PNG", **options: Any) -> bytes:
    """The bytes of a picture, or of an array (h, w) or (h, w, 3)."""
    buffer = io.BytesIO()
    image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    length, check = struct.pack(">I", len(body)), struct.pack(">I", zlib.crc32(name + body))
    return length + name + body + check


def header(width: int, height: int, depth: int = 8, colour: int = 0) -> bytes:
    """The header of a PNG: colour 0 is grey, 2 RGB."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def png(*chunks: bytes) -> bytes:
    """A PNG of these chunks, with its end."""
    return SIGNATURE + b"".join(chunks) + chunk(b"IEND", b"")


def rows(width: int, height: int, values: int = 1) -> bytes:
    """The pixels of a black picture."""
    return chunk(b"IDAT", zlib.compress(bytes((1 + width * values) * height), 9))


def with_second_header(width: int, height: int, side: int) -> bytes:
    """A grey PNG that says what it should, and later that it is ``side`` wide and high."""
    return png(header(width, height), header(side, side), rows(side, side))


def with_late_header(width: int, height: int, side: int) -> bytes:
    """A grey PNG whose second header comes after its pixels."""
    return png(header(width, height), rows(width, height), header(side, side))


def moving(width: int, height: int, kind: str) -> bytes:
    """Two frames, the first black and the second white."""
    frames = [Image.new("RGB", (width, height), colour) for colour in ("black", "white")]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:])


def turned(x: np.ndarray, kind: str, orientation: int) -> bytes:
    """A picture whose EXIF says how it is to be turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"lossless": True} if kind == "WEBP" else {}
    return encoded(x, kind, exif=exif, **lossless)


def two_photos(x: np.ndarray) -> bytes:
    """A telephone's JPEG with a second picture in it (MPO)."""
    return encoded(x, "MPO", save_all=True, append_images=[Image.new("RGB", (4, 4))])
