"""Damaged pictures: read, or refused in one sentence, whoever reads them; see ``fuzzing``."""

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import picture_files as files
import pytest
from fuzzing import Counts, Rng, damaged, with_check_sums
from PIL import Image, PngImagePlugin

from quorate.errors import InputError
from quorate.populations.pictures.encoded_pictures import read_pixels
from quorate.runtime import pictures
from quorate.runtime.pictures import read_picture
from quorate.test_time.perturbations.apply import apply_to_file
from quorate.test_time.perturbations.perturbation import Perturbation, save
from quorate.test_time.platforms.encoding import from_png

MOST = 2**18  # pixels here: a fuzzer is to try many files, not large ones


def seeds() -> list[bytes]:
    """Pictures of every kind and mode, with all that decoders unpack."""
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (9, 13)).astype(np.uint8)
    colour = rng.integers(0, 256, (9, 13, 3)).astype(np.uint8)
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "n" * 300, zip=True)
    info.add_itxt("words", "w" * 300, zip=True)
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "somewhere"
    image = Image.fromarray(colour)
    found = [files.encoded(x, kind) for x in (grey, colour) for kind in files.KINDS]
    found += [files.encoded(image.convert(mode)) for mode in ("1", "LA", "P", "RGBA")]
    found += [files.encoded(image.convert(mode), "TIFF") for mode in ("1", "P", "CMYK", "I", "F")]
    for packed in ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"):
        found.append(files.encoded(image, "TIFF", compression=packed))
    found.append(files.encoded(colour, pnginfo=info, icc_profile=b"p" * 300, exif=exif))
    found.append(files.encoded(colour, "JPEG", exif=exif, icc_profile=b"p" * 300, progressive=True))
    found.append(files.encoded(colour, "WEBP", exif=exif, icc_profile=b"p" * 300, lossless=True))
    found += [files.moving(9, 13, kind) for kind in ("PNG", "GIF", "WEBP", "TIFF")]
    found += [files.two_photos(colour), files.encoded(image.convert("CMYK"), "JPEG")]
    found += [files.with_second_header(13, 9, 300), files.with_late_header(13, 9, 300)]
    return found


SEEDS = seeds()
PNGS = [one for one in SEEDS if one.startswith(files.SIGNATURE)]
PLAIN = {  # those that a platform of one channel or three takes
    1: [files.encoded(np.random.default_rng(1).integers(0, 256, (9, 13)).astype(np.uint8))],
    3: [files.encoded(np.random.default_rng(1).integers(0, 256, (9, 13, 3)).astype(np.uint8))],
}


def one_of(some: list[bytes], rng: Rng) -> bytes:
    content = damaged(some[int(rng.integers(len(some)))], some, rng)
    if content.startswith(files.SIGNATURE) and rng.random() < 0.7:
        return with_check_sums(content)
    return content


def came(reader: Callable[[], object], number: int) -> str:
    """Return whether a reader took a file; anything but a whole sentence fails."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            reader()
    except InputError as error:
        message = str(error)
        assert message.startswith("Expected "), number
        assert message.endswith("."), number
        assert "\n" not in message.strip(), number
        return "refused"
    except Exception as error:
        raise AssertionError(f"file {number}: {type(error).__name__}: {error}") from error
    return "read"


def test_damaged_pictures_of_any_kind() -> None:
    counts = Counts("pictures")

    def read(content: bytes, as_cell: bool) -> None:
        if as_cell:
            x = read_pixels([{"bytes": content, "path": None}], "row", 8)
            assert (x.dtype, x.shape[2:]) == (np.uint8, (8, 8))
            return
        opened = read_picture(content, "it", most_pixels=MOST)
        x = np.asarray(opened.image)
        assert opened.image.mode in ("L", "RGB")
        assert opened.image.info == {}
        assert x.dtype == np.uint8
        assert 0 < x.shape[0] * x.shape[1] <= MOST

    for number, rng in counts.rounds():
        content, as_cell = one_of(SEEDS, rng), bool(rng.random() < 0.1)
        counts.found[came(partial(read, content, as_cell), number)] += 1
    counts.tell()


def test_damaged_pictures_that_a_client_sends() -> None:
    counts = Counts("images of a request")

    def read(content: bytes, shape: tuple[int, int, int]) -> None:
        x = from_png(content, shape)
        assert (x.dtype, x.shape) == (np.uint8, shape)

    for number, rng in counts.rounds():
        c = int(rng.choice([1, 3]))
        content = one_of(PLAIN[c] if rng.random() < 0.7 else PNGS, rng)
        counts.found[came(partial(read, content, (c, 9, 13)), number)] += 1
    counts.tell()


def test_damaged_pictures_of_a_member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", MOST)
    monkeypatch.chdir(tmp_path)
    counts = Counts("photos to change")
    changes = {}
    for c in (1, 3):
        delta = np.random.default_rng(c).integers(-8, 9, (1, c, 8, 8)).astype(np.int16)
        changes[c] = Perturbation("additive", {"delta": delta}, ("a",), (c, 8, 8), 8 / 255)
        save(changes[c], f"{c}.npz")

    def apply(c: int) -> None:
        told = apply_to_file(f"{c}.npz", "photo", "out.png")
        assert told.largest_change <= 8
        assert told.lines()

    for number, rng in counts.rounds():
        if number % 4:  # it writes files, and so takes longer
            continue
        Path("photo").write_bytes(one_of(SEEDS, rng))
        counts.found[came(partial(apply, int(rng.choice([1, 3]))), number)] += 1
    counts.tell()
