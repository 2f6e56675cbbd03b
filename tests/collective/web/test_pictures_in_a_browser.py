"""Pictures that a page opens by itself are those that the library opens, to the bit."""

import io
import struct
import zlib

import numpy as np
import picture_files as files
import pytest
from PIL import Image, ImageFilter
from scripted_page import ScriptedPage, array, text

from quorate.runtime.pictures import PictureError, read_picture

DECODE = """async (bytes) => {
  const file = new Blob([quorate.bytes.fromBase64(bytes)]);
  const picture = await quorate.pictures.decode(file);
  const shape = [picture.height, picture.width, picture.channels];
  const profile = picture.profile && base64(picture.profile);
  return { shape, data: base64(picture.data), profile };
}"""
BY_BROWSER = """async (bytes) => {
  const file = new Blob([quorate.bytes.fromBase64(bytes)], { type: "image/jpeg" });
  const asked = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(file, asked);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  const read = canvas.getContext("2d").getImageData(0, 0, bitmap.width, bitmap.height);
  return base64(read.data);
}"""
ENCODE = """async ([shape, data, profile]) => {
  const [height, width, channels] = shape;
  const bytes = quorate.bytes.fromBase64;
  const picture = { width, height, channels, data: bytes(data) };
  picture.profile = profile && bytes(profile);
  return base64(await quorate.pictures.encodePng(picture));
}"""
PASSES = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4)),
    *((1, 0, 2, 2), (0, 1, 1, 2)),
)
BANDS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
KINDS = [(colour, depth) for colour, depths in DEPTHS.items() for depth in depths]


def compare(scripted: ScriptedPage, pictures: list[bytes]) -> int:
    """Hold what the page opens to what the library opens; return how many were opened."""
    opened = 0
    got = scripted.each(DECODE, [text(one) for one in pictures])
    for content, one in zip(pictures, got, strict=True):
        try:
            wanted = read_picture(content, "the picture")
        except PictureError:
            assert one.get("refused", "").startswith("InputError: Expected ")
            continue
        assert "refused" not in one, one
        plain = np.atleast_3d(np.asarray(wanted.image))
        assert one["shape"] == list(plain.shape)
        np.testing.assert_array_equal(array(one["data"], *plain.shape), plain)
        profile = None if wanted.profile is None else text(wanted.profile)
        assert one["profile"] == profile
        opened += 1
    return opened


def filtered(lines: list[bytes], step: int, rng: np.random.Generator) -> bytes:
    """Rows of a pass, each with a random filter, by the words of the standard."""
    out, before = b"", b""
    for line in lines:
        above = before or bytes(len(line))
        kind = int(rng.integers(5))
        row = bytearray()
        for i, value in enumerate(line):
            a = line[i - step] if i >= step else 0
            b = above[i]
            c = above[i - step] if i >= step else 0
            nearest = min((a, b, c), key=lambda one: abs(a + b - c - one))  # the first of equals
            row.append((value - (0, a, b, (a + b) // 2, nearest)[kind]) % 256)
        out += bytes([kind]) + bytes(row)
        before = line
    return out


def png_of(colour: int, depth: int, rng: np.random.Generator, flat: bool) -> bytes:
    """A random PNG of one type of colour and depth."""
    h, w = (int(side) for side in rng.integers(1, 20, 2))
    bands = BANDS[colour]
    top = 2**depth
    values = rng.integers(0, top, (h, w, bands))
    if colour in (4, 6):
        values[..., -1] = top - 1 if flat else values[..., -1]
    interlaced = int(rng.integers(2))
    raw = b""
    for x0, y0, dx, dy in PASSES if interlaced else ((0, 0, 1, 1),):
        part = values[y0::dy, x0::dx]
        if part.size:
            bits = (part[..., None] >> np.arange(depth - 1, -1, -1)) & 1
            rows = np.packbits(bits.reshape(len(part), -1).astype(np.uint8), axis=1)
            raw += filtered([row.tobytes() for row in rows], max(1, bands * depth // 8), rng)
    head = struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, interlaced)
    chunks = [files.chunk(b"IHDR", head)]
    if colour == 3:
        entries = int(rng.integers(1, top + 1)) if rng.random() < 0.2 else top
        chunks.append(files.chunk(b"PLTE", rng.bytes(3 * entries)))
    if colour in (0, 2, 3) and not flat:
        key = values[0, 0].astype(">u2").tobytes() if rng.random() < 0.5 else rng.bytes(2 * bands)
        alphas = bytes([255] * int(rng.integers(top)) + [int(rng.choice([0, 7, 255]))])
        chunks.append(files.chunk(b"tRNS", alphas if colour == 3 else key))
    packed = zlib.compress(raw)
    cut = int(rng.integers(len(packed)))
    chunks += [files.chunk(b"IDAT", packed[:cut]), files.chunk(b"IDAT", packed[cut:])]
    return files.png(*chunks)


def test_png_of_every_type_depth_filter_and_interlacing(scripted: ScriptedPage) -> None:
    rng = np.random.default_rng(0)
    pictures = [png_of(*kind, rng, flat) for kind in KINDS for flat in [True] * 7 + [False] * 7]
    opened = compare(scripted, pictures)
    assert 100 <= opened < len(pictures) - 50  # some are deep, and some have transparent parts


def photo(rng: np.random.Generator) -> Image.Image:
    """A smooth, noisy or flat picture of a random size, in colour or grey."""
    h, w = (int(side) for side in rng.integers(1, 70, 2))
    x = rng.integers(0, 256, (h, w, 3)).astype(np.uint8)
    image = Image.fromarray(x)
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.5, 4))))
    return image if rng.random() < 0.85 else image.convert("L")


def jpeg_of(rng: np.random.Generator) -> bytes:
    """A JPEG of random settings."""
    options = {"quality": int(rng.integers(1, 101))}
    if rng.random() < 0.9:
        options["subsampling"] = ("4:4:4", "4:2:2", "4:2:0")[rng.integers(3)]
    else:
        options["keep_rgb"] = True
    if rng.random() < 0.4:
        options["progressive"] = True
    if rng.random() < 0.3:
        options["restart_marker_blocks"] = int(rng.integers(1, 6))
    image = photo(rng)
    if image.mode == "L":
        options.pop("subsampling", None), options.pop("keep_rgb", None)
    return files.encoded(image, "JPEG", **options)


def sampled_anew(content: bytes, factors: int, size: tuple[int, int]) -> bytes:
    """A JPEG with other sampling and size, of as many blocks: nonsense, but read alike by all."""
    at = content.index(b"\xff\xc0")
    head = bytearray(content[at : at + 19])
    head[5:9] = struct.pack(">HH", size[1], size[0])
    head[11] = factors
    return content[:at] + bytes(head) + content[at + 19 :]


def test_jpeg_as_pillow_reads_it_and_as_this_browser_does(scripted: ScriptedPage) -> None:
    rng = np.random.default_rng(1)
    pictures = [jpeg_of(rng) for _ in range(200)]
    assert compare(scripted, pictures) == 200
    by_browser = scripted.each(BY_BROWSER, [text(one) for one in pictures])
    for content, got in zip(pictures, by_browser, strict=True):
        plain = np.atleast_3d(np.asarray(read_picture(content, "it").image))
        h, w, c = plain.shape
        np.testing.assert_array_equal(array(got, h, w, 4)[:, :, :c], plain)


def test_jpeg_of_rare_sampling(scripted: ScriptedPage) -> None:
    rng = np.random.default_rng(2)
    pictures = []
    for _ in range(10):
        w, h = (16 * int(side) for side in rng.integers(1, 4, 2))
        x = rng.integers(0, 256, (h, w, 3)).astype(np.uint8)
        wide = files.encoded(x, "JPEG", subsampling="4:2:2")
        high = (h - int(rng.integers(8)), w - int(rng.integers(16)))
        pictures.append(sampled_anew(wide, 0x12, high))  # half the rows
        square = files.encoded(np.tile(x, (2, 1, 1)), "JPEG", subsampling="4:2:0")
        pictures.append(sampled_anew(square, 0x41, (2 * w - int(rng.integers(32)), h)))
        pictures.append(sampled_anew(square, 0x14, (w // 2, 4 * h - int(rng.integers(32)))))
    assert compare(scripted, pictures) == len(pictures)


@pytest.mark.parametrize("kind", ["WEBP", "GIF", "BMP"])
def test_what_the_browser_unpacks(scripted: ScriptedPage, kind: str) -> None:
    rng = np.random.default_rng(3)
    pictures = []
    for i in range(24):
        options = {"lossless": bool(i % 2), "quality": 70} if kind == "WEBP" else {}
        image = photo(rng)
        if kind == "BMP" and i % 3 == 0:
            image = image.convert("P")
        pictures.append(files.encoded(image, kind, **options))
    if kind == "WEBP":
        pictures += [files.encoded(photo(rng).convert("RGB"), kind, icc_profile=bytes(99))]
    assert compare(scripted, pictures) == len(pictures)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_turned_as_its_exif_says(scripted: ScriptedPage, kind: str) -> None:
    x = np.random.default_rng(4).integers(0, 256, (9, 14, 3)).astype(np.uint8)
    pictures = [files.turned(x, kind, turn) for turn in range(10)]
    assert compare(scripted, pictures) == 10
    sideways = scripted.each(DECODE, [text(pictures[6])])
    assert sideways[0]["shape"] == [14, 9, 3]


def test_turned_as_its_xmp_says(scripted: ScriptedPage) -> None:
    x = np.random.default_rng(5).integers(0, 256, (9, 14, 3)).astype(np.uint8)
    said = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    jpeg, png = files.encoded(x, "JPEG", xmp=said), files.encoded(x)
    plain = files.chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + said)
    packed = files.chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(said))
    pictures = [jpeg, *(png[:33] + one + png[33:] for one in (plain, packed))]
    assert compare(scripted, pictures) == 3


def test_turned_as_a_text_says_that_holds_exif(scripted: ScriptedPage) -> None:
    x = np.random.default_rng(9).integers(0, 256, (9, 14, 3)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    told = f"\nexif\n  {len(exif.tobytes())}\n{exif.tobytes().hex()}\n".encode()
    png = files.encoded(x)
    texts = [
        files.chunk(b"tEXt", b"Raw profile type exif\0" + told),
        files.chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(told)),
    ]
    pictures = [png[:33] + one + png[33:] for one in texts]
    assert compare(scripted, pictures) == 2
    assert scripted.each(DECODE, [text(pictures[0])])[0]["shape"] == [14, 9, 3]


def test_a_colour_profile_is_kept(scripted: ScriptedPage) -> None:
    x = np.zeros((3, 5, 3), np.uint8)
    profile = np.random.default_rng(6).bytes(70_000)  # more than one segment of a JPEG holds
    pictures = [files.encoded(x, kind, icc_profile=profile) for kind in ("PNG", "JPEG")]
    assert compare(scripted, pictures) == 2


def test_what_is_refused_as_in_the_library(scripted: ScriptedPage) -> None:
    grey = np.zeros((6, 6), np.uint8)
    photo_bytes = files.encoded(np.zeros((40, 40, 3), np.uint8), "JPEG")
    refused = [
        b"",
        b"%PDF-1.7",
        files.encoded(grey)[:60],  # cut off
        photo_bytes[:-40],
        photo_bytes[:-2],
        files.encoded(Image.new("CMYK", (4, 4)), "JPEG"),
        *(files.moving(5, 5, kind) for kind in ("GIF", "PNG", "WEBP")),
        files.encoded(Image.new("RGBA", (4, 4), (1, 2, 3, 128)), "WEBP", lossless=True),
        files.png(files.header(70_000, 1), files.rows(70_000, 1)),
        files.png(files.header(60_000, 60_000), files.rows(1, 1)),
        files.with_second_header(4, 4, 5_000),
        files.with_late_header(4, 4, 5_000),
        files.encoded(grey)[:20] + b"\1" + files.encoded(grey)[21:],  # its check sum is wrong
    ]
    assert compare(scripted, refused) == 0
    (told,) = scripted.each(DECODE, [text(refused[11])])
    assert told["refused"] == (
        "InputError: Expected a picture of at most 67,108,864 pixels in the picture, got "
        "60000 x 60000. Make it smaller first."
    )


def test_a_png_that_unpacks_to_more_than_it_says_is_not_unpacked(scripted: ScriptedPage) -> None:
    bomb = files.png(files.header(2, 2), files.chunk(b"IDAT", zlib.compress(bytes(2**26), 9)))
    (got,) = scripted.each(DECODE, [text(bomb)])
    assert got["shape"] == [2, 2, 1]  # what it says, and the rest is left


def test_a_telephones_second_picture_is_left_out(scripted: ScriptedPage) -> None:
    x = np.random.default_rng(7).integers(0, 256, (20, 12, 3)).astype(np.uint8)
    assert compare(scripted, [files.two_photos(x)]) == 1


@pytest.mark.parametrize("profile", [None, bytes(range(256))])
def test_what_is_written_reads_back(scripted: ScriptedPage, profile: bytes | None) -> None:
    rng = np.random.default_rng(8)
    arrays = [rng.integers(0, 256, (*rng.integers(1, 40, 2), c)).astype(np.uint8) for c in (1, 3)]
    told = None if profile is None else text(profile)
    cases = [[list(one.shape), text(one.tobytes()), told] for one in arrays]
    for x, got in zip(arrays, scripted.each(ENCODE, cases), strict=True):
        content = array(got, -1).tobytes()
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            assert set(image.info) <= {"icc_profile"}
            assert image.info.get("icc_profile") == profile
            np.testing.assert_array_equal(np.atleast_3d(np.asarray(image)), x)
