"""Images as bytes: their digest, and 8-bit PNG, which gives back what was put in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import struct

import numpy as np

from quorate.errors import InputError
from quorate.runtime.pictures import SIGNATURE, PictureError, read_picture
from quorate.test_time.platforms.platform import Pixels

COLOURS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}
CHANNELS = {0: 1, 2: 3}  # the kinds of PNG that hold the pixels of a platform, and nothing else


def digests(x: Pixels) -> list[bytes]:
    """Return the name of each image (n, c, h, w) by its content: SHA-256 of shape and pixels.

    >>> one, same, other = digests(np.array([[[[1]]], [[[1]]], [[[2]]]], dtype=np.uint8))
    >>> len(one), one == same, one == other
    (32, True, False)
    """
    shape = ",".join(map(str, x.shape[1:])).encode() + b":"
    return [hashlib.sha256(shape + np.ascontiguousarray(image).tobytes()).digest() for image in x]


def to_png(image: Pixels) -> bytes:
    """Return one image, (1, h, w) or (3, h, w), as PNG.

    Raises:
        InputError: it has neither one channel nor three.
    """
    from PIL import Image

    if len(image) not in (1, 3):
        raise InputError(
            f"Expected an image of 1 or 3 channels for PNG, got {len(image)}. Send it as pixels."
        )
    plain = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(plain)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def from_png(content: bytes, shape: tuple[int, int, int]) -> Pixels:
    """Return the pixels, (c, h, w), of a PNG; nothing larger is unpacked.

    Raises:
        InputError: it is no whole 8-bit grey or RGB PNG of this shape, or it is one that
            ``read_picture`` refuses.
    """
    c, h, w = shape
    kind = "grey" if c == 1 else "RGB"
    wanted = f"Expected an 8-bit {kind} PNG, {w} wide and {h} high"
    if len(content) < 26 or content[:8] != SIGNATURE or content[12:16] != b"IHDR":
        raise InputError(f"{wanted}, got {len(content)} bytes that are no PNG. Save it as PNG.")
    width, height, depth, colour = struct.unpack(">IIBB", content[16:26])
    if (width, height, depth, CHANNELS.get(colour)) != (w, h, 8, c):
        raise InputError(
            f"{wanted}, got {depth}-bit {COLOURS.get(colour, 'unknown')}, {width} wide and "
            f"{height} high. Resize or convert it first."
        )
    try:
        read = read_picture(content, "it", ("PNG",), most_pixels=w * h, metadata=False)
    except PictureError as error:
        damaged = "a damaged one: " if error.damaged else ""
        raise InputError(f"{wanted}, got {damaged}{error.got}. {error.fix}") from None
    plain = np.array(read.image, dtype=np.uint8)
    if plain.shape != ((h, w) if c == 1 else (h, w, c)):  # EXIF may have it turned
        raise InputError(f"{wanted}, got pixels of shape {plain.shape}. Resize or turn it first.")
    return plain.reshape(1, h, w) if c == 1 else np.ascontiguousarray(plain.transpose(2, 0, 1))


def from_base64(text: str) -> bytes:
    """Return the bytes that base64 stands for; a data URL's head is skipped.

    Raises:
        InputError: it is not base64.
    """
    head, comma, tail = text.partition(",")
    body = tail if comma and head.startswith("data:") else text
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(
            f"Expected base64, got {text[:20]!r}...: {error}. Encode the PNG's bytes."
        ) from None


def to_base64(content: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(content).decode("ascii")
