"""One function opens all pictures: what it takes, what it refuses, and at what cost."""

import re
import struct
import tracemalloc
import warnings
import zlib
from pathlib import Path

import numpy as np
import picture_files as files
import pytest
from PIL import Image, PngImagePlugin

from quorate.runtime import pictures
from quorate.runtime.pictures import PictureError, kind_of, read_picture

GREY = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
COLOUR = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
LOSSLESS = {"PNG": {}, "WEBP": {"lossless": True}, "BMP": {}, "TIFF": {}, "PPM": {}}


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(read_picture(content, "it").image)


def refused(content: bytes | Path, **options: object) -> str:
    with pytest.raises(PictureError, match=r"^Expected .* in it, got.*\.$") as caught:
        read_picture(content, "it", **options)  # type: ignore[arg-type]
    return str(caught.value)


# ------------------------------------------------------------------------------------ what is read


@pytest.mark.parametrize("kind", LOSSLESS)
def test_every_kind_is_read_to_the_bit(kind: str) -> None:
    np.testing.assert_array_equal(pixels(files.encoded(COLOUR, kind, **LOSSLESS[kind])), COLOUR)


def test_the_kind_is_that_of_the_content_whatever_the_name(tmp_path: Path) -> None:
    for name in ("photo", "photo.PNG", "photo.jpg", "photo.xyz"):
        (tmp_path / name).write_bytes(files.encoded(COLOUR))
        read = read_picture(tmp_path / name, name).image
        np.testing.assert_array_equal(np.asarray(read), COLOUR)


# What brings a picture upright, worked by hand for each orientation of EXIF.
UPRIGHT = {
    1: GREY,
    2: GREY[:, ::-1],
    3: GREY[::-1, ::-1],
    4: GREY[::-1],
    5: GREY.T,
    6: np.rot90(GREY, -1),
    7: np.rot90(GREY, 2).T,
    8: np.rot90(GREY),
    9: GREY,  # there is no such orientation
}


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_pictures_are_read_upright(kind: str, orientation: int) -> None:
    x = np.stack([GREY] * 3, axis=-1) if kind == "WEBP" else GREY
    read = pixels(files.turned(x, kind, orientation))
    wanted = UPRIGHT[orientation]
    np.testing.assert_array_equal(read if read.ndim == 2 else read[..., 0], wanted)


def test_the_photo_of_a_telephone_is_the_first_of_two() -> None:
    x = np.full((8, 8, 3), 100, np.uint8)
    assert np.abs(pixels(files.two_photos(x)).astype(int) - x).max() <= 2  # JPEG rounds


@pytest.mark.parametrize(
    ("mode", "read"),
    [("1", "L"), ("L", "L"), ("LA", "L"), ("P", "RGB"), ("RGB", "RGB"), ("RGBA", "RGB")],
)
def test_opaque_pictures_of_8_bits_are_grey_or_rgb(mode: str, read: str) -> None:
    opened = read_picture(files.encoded(Image.new("RGB", (3, 2), "white").convert(mode)), "it")
    assert opened.image.mode == read
    assert (np.asarray(opened.image) == 255).all()
    assert opened.image.info == {}


def test_nothing_is_warned_of() -> None:
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x05" + b"\xff" * 40  # which Pillow warns of
    content = files.encoded(COLOUR, "JPEG", exif=exif)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pixels(content).shape == COLOUR.shape


# --------------------------------------------------------------------------------- what is refused


def clear(mode: str) -> Image.Image:
    return Image.new("RGBA", (3, 2), (255, 0, 0, 0)).convert(mode)


REFUSED = {
    "transparent": (files.encoded(clear("RGBA")), "transparent parts"),
    "transparent grey": (files.encoded(clear("LA")), "transparent parts"),
    "one colour is none": (
        files.png(files.header(3, 2, 8, 2), files.chunk(b"tRNS", bytes(6)), files.rows(3, 2, 3)),
        "transparent parts",
    ),
    "transparent palette": (
        files.encoded(Image.new("P", (3, 2)), transparency=0),
        "transparent parts",
    ),
    "transparent GIF": (files.encoded(Image.new("P", (3, 2)), "GIF", transparency=0), "transpar"),
    "transparent WebP": (files.encoded(clear("RGBA"), "WEBP", lossless=True), "transparent parts"),
    "16 bits": (files.encoded(np.full((2, 3), 40000, np.uint16)), "mode I;16 of 16 bits"),
    "16 bits of colour": (
        files.png(files.header(3, 2, 16, 2), files.rows(3, 2, 6)),
        "mode RGB of 16 bits",
    ),
    "16 bits in TIFF": (files.encoded(Image.new("I;16", (3, 2)), "TIFF"), "of 16 bits"),
    "16 bits in PPM": (b"P6 1 1 65535\n" + bytes(6), "mode RGB of other levels"),
    "numbers": (files.encoded(Image.new("F", (3, 2)), "TIFF"), "mode F"),
    "for print": (files.encoded(Image.new("CMYK", (3, 2)), "JPEG"), "mode CMYK"),
    "moving GIF": (files.moving(3, 2, "GIF"), "several"),
    "moving PNG": (files.moving(3, 2, "PNG"), "several"),
    "moving WebP": (files.moving(3, 2, "WEBP"), "several"),
    "pages": (files.moving(3, 2, "TIFF"), "several"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a file that is none"),
    "words": (b"no picture", "a file that is none"),
    "nothing": (b"", "a file that is none"),
    "sound": (b"RIFF\0\0\0\0WAVEfmt ", "a file that is none"),
    "cut off": (files.encoded(COLOUR)[:60], "ends within a chunk"),
    "cut off JPEG": (files.encoded(COLOUR, "JPEG")[:-40], ": .*truncated"),
    "harmed": (files.encoded(COLOUR).replace(b"IDAT", b"IDAT" + b"\xff", 1), ": "),
    "second header": (files.with_second_header(3, 2, 400), r": a second header \(IHDR\)"),
    "late header": (files.with_late_header(3, 2, 400), r": a second header \(IHDR\)"),
    "no header first": (files.png(files.rows(3, 2), files.header(3, 2)), ": no header"),
    "no pixels": (files.png(files.header(0, 2), files.rows(0, 2)), ": no pixels"),
    "JPEG of many scans": (b"\xff\xd8\xff" + b"\xff\xda" * 101, ": more than 100 scans"),
    "large text": (
        files.png(
            files.header(3, 2),
            files.chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**21))),
            files.rows(3, 2),
        ),
        ": ",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_named(name: str) -> None:
    content, named = REFUSED[name]
    assert re.search(f"got.*{named}", refused(content))


def test_files_that_are_none(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "none.png")
    assert "got no file" in refused(tmp_path)


def test_a_file_of_too_many_bytes_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(files.encoded(COLOUR))
    monkeypatch.setattr(pictures, "MOST_BYTES", 50)
    assert "at most 50 bytes" in refused(tmp_path / "a.png")


HUGE = 2**14  # 268 million pixels
BOMBS = {
    "PNG": files.png(files.header(HUGE, HUGE), files.rows(1000, 1)),
    "second header": files.with_second_header(3, 2, 5000),
    "GIF": b"GIF89a" + struct.pack("<HHBBB", HUGE, HUGE, 0, 0, 0) + b",\0\0\0\0\1\0\1\0\0\2\1\0\0;",
    "BMP": files.encoded(COLOUR, "BMP").replace(
        struct.pack("<ii", 7, 5), struct.pack("<ii", HUGE, HUGE)
    ),
    "PPM": b"P6 %d %d 255\n" % (HUGE, HUGE),
    "WebP": b"RIFF\x30\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + b"\xff\x3f\0" * 2 + bytes(20),
    "WebP without loss": files.encoded(COLOUR, "WEBP", lossless=True).replace(
        struct.pack("<I", 6 | 4 << 14), struct.pack("<I", 0x3FFF | 0x3FFF << 14)
    ),
    "one row": files.png(files.header(2**16, 1), files.rows(2**16, 1)),
    "TIFF": files.encoded(COLOUR, "TIFF").replace(
        struct.pack("<HHII", 256, 4, 1, 7), struct.pack("<HHII", 256, 4, 1, 2**28)
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_would_need_much_memory_is_refused_before_it_is_decoded(name: str) -> None:
    tracemalloc.start()
    try:
        refused(BOMBS[name])
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["BMP", "PPM"])
def test_no_size_is_said_that_a_picture_does_not_have(name: str) -> None:
    assert "at most 67,108,864 pixels in it, got more. Make it" in refused(BOMBS[name])


def test_the_limit_is_of_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    content = files.encoded(COLOUR)  # 35 pixels
    assert read_picture(content, "it", most_pixels=35).image.size == (7, 5)
    assert "at most 34 pixels in it, got 7 x 5" in refused(content, most_pixels=34)


def test_texts_and_profiles_are_unpacked_only_where_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "n" * 1000, zip=True)
    content = files.encoded(COLOUR, pnginfo=info, icc_profile=b"colours" * 99)
    assert read_picture(content, "it").profile == b"colours" * 99

    def unpacked(*_: object) -> bytes:
        raise AssertionError("unpacked")

    monkeypatch.setattr(PngImagePlugin, "_safe_zlib_decompress", unpacked)
    read = read_picture(content, "it", metadata=False)
    assert read.profile is None
    np.testing.assert_array_equal(np.asarray(read.image), COLOUR)


def test_kinds_by_their_first_bytes() -> None:
    for kind in files.KINDS:
        assert kind_of(files.encoded(COLOUR, kind)) == kind
    assert kind_of(b"RIFF....WAVE") is None
