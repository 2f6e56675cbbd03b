"""One picture of one member: exact where sizes agree, within the budget everywhere."""

import json
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import quorate
from quorate.cli import entry as cli
from quorate.errors import InputError
from quorate.test_time.perturbations import images, spread
from quorate.test_time.perturbations.apply import LIMITS, apply_to_file
from quorate.test_time.perturbations.budget import Norm
from quorate.test_time.perturbations.perturbation import Family, Perturbation, save

CLASSES = ("cat", "dog", "ship")
Pixels = npt.NDArray[np.uint8]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def additive(
    channels: int = 3, side: int = 8, norm: Norm = "linf", count: int = 3, path: str = "p.npz"
) -> Perturbation:
    """Save and return a change of ±8 levels under L∞, or ±2 under L2, of every value."""
    rng = np.random.default_rng(1)
    levels = 8 if norm == "linf" else 2
    delta = rng.choice([-levels, levels], size=(count, channels, side, side)).astype(np.int16)
    # Under L2 the longest change that a picture may have is that of all its values by 2.
    epsilon = 8 / 255 if norm == "linf" else 2 * np.sqrt(channels * side * side) / 255 + 1e-9
    made = Perturbation(
        "additive", {"delta": delta}, CLASSES, (channels, side, side), epsilon, norm
    )
    save(made, path)
    return made


def of_family(family: Family) -> Perturbation:
    rng = np.random.default_rng(2)
    arrays: dict[str, npt.NDArray[Any]] = {"bias": rng.normal(0, 3, 3).astype(np.float32)}
    if family == "gain":
        arrays["gain"] = rng.normal(1.1, 0.2, 3).astype(np.float32)
    else:
        arrays["weight"] = rng.normal(0, 0.05, (3, 3, 3, 3)).astype(np.float32)
    made = Perturbation(family, arrays, CLASSES, (3, 8, 8), 8 / 255)
    save(made, "p.npz")
    return made


def drawn(width: int, height: int, channels: int = 3, low: int = 0, high: int = 256) -> Pixels:
    """Return a picture (H, W, 3) or (H, W) with every level in it."""
    shape = (height, width, 3) if channels == 3 else (height, width)
    return np.random.default_rng(3).integers(low, high, shape).astype(np.uint8)


def written(x: Pixels, path: str = "photo.png", **options: Any) -> str:
    Image.fromarray(x).save(path, **options)
    return path


def pixels(path: str) -> Pixels:
    """Return a file's pixels as they are, (H, W, c) or (H, W)."""
    with Image.open(path) as opened:
        return np.array(opened)


def changes(x: Pixels, path: str = "out.png") -> npt.NDArray[np.int64]:
    return pixels(path).astype(np.int64) - x


# --------------------------------------------------------------------------- the size trained for


@pytest.mark.parametrize("out", ["out.png", "out.webp"])
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_picture_of_the_size_trained_for_is_exact(norm: Norm, out: str) -> None:
    change = additive(norm=norm)
    x = drawn(8, 8)
    applied = apply_to_file("p.npz", written(x), out, "dog")
    expected = change.apply(x.transpose(2, 0, 1)[None], np.array([1]))[0].transpose(1, 2, 0)
    assert not np.array_equal(expected, x)
    np.testing.assert_array_equal(pixels(out), expected)
    assert not applied.resized
    assert (applied.label, applied.label_free) == ("dog", False)


@pytest.mark.parametrize("family", ["gain", "filter"])
def test_changes_that_depend_on_the_picture_are_exact_and_need_no_label(family: Family) -> None:
    change = of_family(family)
    x = drawn(8, 8)
    applied = apply_to_file("p.npz", written(x), "out.png")
    expected = change.apply(x.transpose(2, 0, 1)[None], np.array([0]))[0].transpose(1, 2, 0)
    assert not np.array_equal(expected, x)
    np.testing.assert_array_equal(pixels("out.png"), expected)
    assert applied.label_free


@pytest.mark.parametrize("out", ["out.png", "out.webp"])
def test_grey_pictures_are_exact(out: str) -> None:
    change = additive(channels=1)
    x = drawn(8, 8, channels=1)
    apply_to_file("p.npz", written(x), out, "cat")
    expected = change.apply(x[None, None], np.array([0]))[0, 0]
    with Image.open(out) as opened:  # WebP has no grey: every colour has the level
        np.testing.assert_array_equal(np.asarray(opened.convert("L")), expected)


def test_by_hand() -> None:
    delta = np.array([[[[3, -8], [8, -1]]]] * 3, dtype=np.int16)  # (3, 1, 2, 2)
    save(Perturbation("additive", {"delta": delta}, CLASSES, (1, 2, 2), 8 / 255), "p.npz")
    photo = written(np.array([[10, 5], [250, 0]], dtype=np.uint8))
    applied = apply_to_file("p.npz", photo, "out.png", "ship")
    assert pixels("out.png").tolist() == [[13, 0], [255, 0]]
    assert (applied.budget, applied.used, applied.largest_change) == (8, 5, 5)
    assert applied.mean_change == (3 + 5 + 5 + 0) / 4
    assert applied.to_json() == {
        "out": "out.png",
        "preview": None,
        "label": "ship",
        "epsilon": 8 / 255,
        "norm": "linf",
        "budget": 8,
        "used": 5,
        "largest_change": 5,
        "mean_change": 3.25,
        "size": [2, 2],
        "trained_size": [2, 2],
        "label_free": False,
        "resized": False,
        "brightness": False,
        "clipped": 0.0,
        "made_colour": False,
        "way": "in blocks",
        "steps": [],
        "limits": list(LIMITS),
    }


def test_a_grey_picture_is_made_rgb_for_a_change_of_colours() -> None:
    change = additive(channels=3)
    grey = drawn(8, 8, channels=1)
    applied = apply_to_file("p.npz", written(grey, "grey.png"), "out.png", "cat")
    assert applied.made_colour
    assert any("your picture was grey" in line for line in applied.lines())
    expected = change.apply(np.stack([grey] * 3)[None], np.array([0]))[0].transpose(1, 2, 0)
    np.testing.assert_array_equal(pixels("out.png"), expected)


# ----------------------------------------------------------------- one channel, and a colour photo


@pytest.mark.parametrize("size", [(8, 8), (24, 16)])
def test_a_change_of_one_channel_is_added_to_brightness_and_colours_stay(
    size: tuple[int, int],
) -> None:
    additive(channels=1)
    x = drawn(*size, low=20, high=230)  # nothing is at black or white
    applied = apply_to_file("p.npz", written(x), "out.png", "cat")
    after = pixels("out.png")
    assert after.shape == x.shape  # in colour, at its own size
    moved = after.astype(int) - x
    assert (moved == moved[..., :1]).all()  # red, green and blue alike
    assert (applied.brightness, applied.clipped) == (True, 0.0)
    # A platform that makes it grey sees the change that was crafted, to the bit.
    grey, seen = (np.asarray(Image.fromarray(one).convert("L"), int) for one in (x, after))
    np.testing.assert_array_equal(seen - grey, moved[..., 0])


def test_at_the_size_trained_for_a_grey_platform_sees_what_was_crafted() -> None:
    change = additive(channels=1)
    x = drawn(8, 8, low=20, high=230)
    apply_to_file("p.npz", written(x), "out.png", "cat")
    grey = np.asarray(Image.fromarray(x).convert("L"))
    seen = np.asarray(Image.fromarray(pixels("out.png")).convert("L"))
    np.testing.assert_array_equal(seen, change.apply(grey[None, None], np.array([0]))[0, 0])


def test_colours_at_black_or_white_take_less_and_it_is_said() -> None:
    delta = np.full((1, 1, 2, 2), 8, dtype=np.int16)
    save(Perturbation("additive", {"delta": delta}, CLASSES, (1, 2, 2), 8 / 255), "p.npz")
    x = np.full((2, 2, 3), 100, dtype=np.uint8)
    x[0, 0] = (255, 0, 0)  # red, whose red can grow no more
    applied = apply_to_file("p.npz", written(x), "out.png")
    assert pixels("out.png")[0, 0].tolist() == [255, 8, 8]
    assert pixels("out.png")[1, 1].tolist() == [108] * 3
    assert applied.clipped == 1 / 4
    said = "\n".join(applied.lines())
    assert "It was added to red, green and blue alike, so your picture keeps its colours." in said
    assert "In 25.00% of the pixels one of them is at black or white and took less." in said


@pytest.mark.parametrize("size", [(8, 8), (50, 31), (5, 3)])
def test_the_budget_of_brightness_holds_under_l2(size: tuple[int, int]) -> None:
    change = additive(channels=1, norm="l2")
    applied = apply_to_file("p.npz", written(drawn(*size)), "out.png", "ship")
    moved = changes(drawn(*size))
    most = 255 * change.epsilon / np.sqrt(8 * 8)  # the same mean square a value
    assert np.sqrt(np.square(moved).mean()) <= most + 1e-9  # rounding of the root
    assert applied.used <= applied.budget


def test_families_that_look_at_the_picture_look_at_its_brightness() -> None:
    arrays = {"gain": np.full(1, 2, np.float32), "bias": np.zeros(1, np.float32)}
    save(Perturbation("gain", arrays, CLASSES, (1, 2, 2), 1.0), "p.npz")  # every level doubled
    x = np.full((2, 2, 3), (10, 20, 30), dtype=np.uint8)
    apply_to_file("p.npz", written(x), "out.png")
    grey = int(Image.fromarray(x).convert("L").getpixel((0, 0)))
    assert pixels("out.png")[0, 0].tolist() == [10 + grey, 20 + grey, 30 + grey]


def test_it_is_said_that_blocks_may_be_seen() -> None:
    additive()
    said = apply_to_file("p.npz", written(drawn(80, 40)), "out.png", "cat").lines()
    blocks = "Each of its values covers about 10 x 5 pixels, a block that people may see."
    assert any(blocks in line for line in said)
    said = apply_to_file("p.npz", written(drawn(4, 4)), "out.png", "cat").lines()
    assert not any("block" in line for line in said)


def test_strips_and_the_whole_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    additive()
    x = drawn(50, 31)
    whole = apply_to_file("p.npz", written(x), "out.png", "cat")
    monkeypatch.setattr(spread, "AT_ONCE", 100)  # two rows a strip
    strips = apply_to_file("p.npz", "photo.png", "strips.png", "cat")
    np.testing.assert_array_equal(pixels("strips.png"), pixels("out.png"))
    assert replace(strips, out=whole.out) == whole


def test_lossless_webp_of_many_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    additive()
    monkeypatch.setattr(images, "MOST_WEBP", 1000)
    told = refused("p.npz", written(drawn(40, 40)), "out.webp", "cat")
    assert told == ("Expected at most 1,000 pixels for lossless WebP, got 40 x 40. Write out.png.")


# ------------------------------------------------------------------------------------ other sizes


def test_a_larger_picture_keeps_its_size_and_gets_the_change_in_blocks() -> None:
    change = additive()
    x = drawn(24, 16, low=60, high=190)  # nothing is clipped at black or white
    applied = apply_to_file("p.npz", written(x), "out.png", "dog")
    blocks = change.arrays["delta"][1].repeat(2, axis=1).repeat(3, axis=2).transpose(1, 2, 0)
    np.testing.assert_array_equal(changes(x), blocks)
    assert applied.resized
    assert (applied.size, applied.trained_size) == ((24, 16), (8, 8))


def test_a_platform_that_takes_means_sees_exactly_what_was_crafted() -> None:
    change = additive()
    x = np.full((800, 1200, 3), 100, dtype=np.uint8)
    apply_to_file("p.npz", written(x), "out.png", "cat")
    seen = pixels("out.png").reshape(8, 100, 8, 150, 3).astype(np.int64).mean((1, 3))
    np.testing.assert_array_equal(seen.transpose(2, 0, 1) - 100, change.arrays["delta"][0])


def test_a_smaller_picture_gets_the_means_of_the_change() -> None:
    change = additive()
    x = drawn(4, 2, low=60, high=190)
    apply_to_file("p.npz", written(x), "out.png", "cat")
    means = change.arrays["delta"][0].astype(np.float64).reshape(3, 2, 4, 4, 2).mean((2, 4))
    np.testing.assert_array_equal(changes(x), np.rint(means).transpose(1, 2, 0))


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("size", [(8, 8), (7, 9), (50, 31), (3, 40), (1, 1), (300, 200)])
def test_the_budget_holds_at_every_size(size: tuple[int, int], norm: Norm) -> None:
    change = additive(norm=norm)
    x = drawn(*size)
    applied = apply_to_file("p.npz", written(x), "out.png", "ship")
    moved = changes(x)
    assert applied.largest_change == np.abs(moved).max()
    assert applied.used <= applied.budget
    if norm == "linf":
        assert np.abs(moved).max() <= 8 == applied.budget
    else:  # the same mean square a value
        most = 255 * change.epsilon / np.sqrt(3 * 8 * 8)
        assert np.sqrt(np.square(moved).mean()) <= most + 1e-9  # rounding of the root
        assert applied.used == pytest.approx(np.sqrt(np.square(moved).sum()), rel=1e-12)


def test_a_change_that_looks_at_the_picture_looks_at_what_the_platform_will_see() -> None:
    arrays = {"gain": np.full(3, 2, np.float32), "bias": np.zeros(3, np.float32)}
    save(Perturbation("gain", arrays, CLASSES, (3, 2, 2), 1.0), "p.npz")  # every level doubled
    quarters = np.array([[10, 40], [80, 120]], dtype=np.uint8).repeat(50, 0).repeat(50, 1)
    x = np.stack([quarters] * 3, axis=-1)  # (100, 100, 3)
    apply_to_file("p.npz", written(x), "out.png")
    small = np.asarray(Image.fromarray(x).resize((2, 2), Image.Resampling.BILINEAR))
    assert small[0, 0, 0] > 10  # the platform sees quarters that run into each other
    np.testing.assert_array_equal(changes(x), small.repeat(50, 0).repeat(50, 1))


# ---------------------------------------------------------------------------------- what is kept


def test_what_exif_says_is_done_and_none_is_kept() -> None:
    change = additive()
    x = drawn(8, 8)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    exif[0x010E] = "taken at home"
    profile = b"colours" * 20
    photo = written(x, exif=exif, icc_profile=profile)
    for out in ("out.png", "out.webp"):
        apply_to_file("p.npz", photo, out, "cat")
        upright = np.rot90(x, -1).transpose(2, 0, 1)
        expected = change.apply(np.ascontiguousarray(upright)[None], np.array([0]))[0]
        np.testing.assert_array_equal(pixels(out), expected.transpose(1, 2, 0))
        with Image.open(out) as opened:
            assert len(opened.getexif()) == 0
            assert set(opened.info) & {"exif", "xmp", "comment", "dpi"} == set()
            assert opened.info["icc_profile"] == profile  # or colours would look otherwise
        assert b"taken at home" not in Path(out).read_bytes()


def test_a_colour_profile_that_no_longer_fits_is_left_out() -> None:
    additive(channels=3)
    grey = written(drawn(8, 8, channels=1), icc_profile=b"grey" * 50)
    apply_to_file("p.npz", grey, "out.png", "cat")
    with Image.open("out.png") as opened:
        assert "icc_profile" not in opened.info


def test_the_picture_is_left_as_it_was() -> None:
    additive()
    before = Path(written(drawn(20, 20))).read_bytes()
    apply_to_file("p.npz", "photo.png", "out.png", "cat", "shown.png")
    assert Path("photo.png").read_bytes() == before
    assert sorted(path.name for path in Path().iterdir()) == [
        *("out.png", "p.npz", "photo.png", "shown.png")
    ]


def test_other_kinds_of_pictures_are_read() -> None:
    additive()
    x = drawn(8, 8)
    opaque = np.concatenate([x, np.full((8, 8, 1), 255, np.uint8)], axis=2)
    written(x, "photo.png")
    written(x, "photo.bmp")
    written(opaque, "opaque.png")
    apply_to_file("p.npz", "photo.png", "out.png", "cat")
    for path in ("photo.bmp", "opaque.png"):
        apply_to_file("p.npz", path, "other.png", "cat")
        np.testing.assert_array_equal(pixels("other.png"), pixels("out.png"))
    two = Image.fromarray(x).quantize(16)
    two.save("palette.png")
    apply_to_file("p.npz", "palette.png", "other.png", "cat")
    assert np.abs(changes(np.asarray(two.convert("RGB")), "other.png")).max() <= 8
    written(x, "photo.jpg", quality=95)
    apply_to_file("p.npz", "photo.jpg", "other.png", "cat")
    assert np.abs(changes(pixels("photo.jpg"), "other.png")).max() <= 8


# ------------------------------------------------------------------------------------ the preview


def test_the_preview_shows_before_after_and_the_change() -> None:
    delta = np.zeros((3, 3, 8, 8), dtype=np.int16)
    delta[0, 0, :, :4], delta[0, 2, :, 4:] = 5, -5  # red on the left, less blue on the right
    save(Perturbation("additive", {"delta": delta}, CLASSES, (3, 8, 8), 5 / 255), "p.npz")
    x = np.full((8, 8, 3), 100, dtype=np.uint8)
    applied = apply_to_file("p.npz", written(x), "out.png", "cat", "shown.png")
    shown = pixels("shown.png")
    assert applied.preview == Path("shown.png")
    height, width = 320 + 28, 3 * 320 + 4 * 8
    assert shown.shape == (height, width, 3)
    row = 28 + 150
    lefts = [8 + place * 328 for place in range(3)]
    left, right = ([shown[row, x0 + at].tolist() for x0 in lefts] for at in (20, 300))
    assert left == [[100, 100, 100], [105, 100, 100], [128 + 5 * 25, 128, 128]]
    assert right == [[100, 100, 100], [100, 100, 95], [128, 128, 128 - 5 * 25]]
    assert (shown[:18] < 100).any()  # words stand above


@pytest.mark.parametrize("size", [(2000, 900), (1, 1), (3, 500)])
def test_the_preview_of_any_size_is_a_small_picture(size: tuple[int, int]) -> None:
    additive(channels=1)
    apply_to_file("p.npz", written(drawn(*size, channels=1)), "out.png", "cat", "shown.png")
    height, width, _ = pixels("shown.png").shape
    assert 28 < height <= 348
    assert 752 <= width <= 992


# --------------------------------------------------------------------------------- what is wrong


def refused(*words: Any, **options: Any) -> str:
    """Return the message of what is refused; nothing is written."""
    before = sorted(Path().rglob("*"))
    with pytest.raises(InputError, match=r"^Expected .*\.$") as caught:
        apply_to_file(*words, **options)
    assert sorted(Path().rglob("*")) == before
    return str(caught.value)


def test_labels_that_are_missing_unknown_or_not_wanted() -> None:
    additive()
    photo = written(drawn(8, 8))
    told = refused("p.npz", photo, "out.png")
    assert "true label" in told
    assert told.endswith("cat, dog, ship.")
    assert "Did you mean ship?" in refused("p.npz", photo, "out.png", "shi")
    additive(count=1, path="free.npz")
    assert refused("free.npz", photo, "out.png", "cat") == (
        "Expected no label, as this change is the same for everyone, got 'cat'. Leave the label "
        "out."
    )
    assert apply_to_file("free.npz", photo, "out.png").label_free


def test_a_class_that_the_collective_had_no_picture_of() -> None:
    delta = np.ones((3, 1, 8, 8), dtype=np.int16)
    delta[2] = 0
    save(Perturbation("additive", {"delta": delta}, CLASSES, (1, 8, 8), 8 / 255), "p.npz")
    photo = written(drawn(8, 8))
    assert "'ship': its change is nothing" in refused("p.npz", photo, "out.png", "ship")
    apply_to_file("p.npz", photo, "out.png", "cat")


@pytest.mark.parametrize("out", ["out.jpg", "out.JPEG", "out.gif", "out", "out.npz"])
def test_a_file_that_would_lose_the_change(out: str) -> None:
    additive()
    told = refused("p.npz", written(drawn(8, 8)), out, "cat")
    assert told.startswith("Expected a file that keeps every level (.png or .webp), got out")
    assert ("JPEG rounds" in told) == out.lower().endswith(("jpg", "jpeg"))
    assert told.endswith("Write out.png.")
    assert refused("p.npz", "photo.png", f"a/{out}", "cat").endswith("Write a/out.png.")


@pytest.mark.parametrize(("out", "fix"), [("", "out.png"), ("/", "/out.png"), ("..", "../out.png")])
def test_no_file_to_write_to(out: str, fix: str) -> None:
    additive()
    assert refused("p.npz", written(drawn(8, 8)), out, "cat").endswith(f"Write {fix}.")


def test_it_is_said_once_that_a_folder_is_no_picture() -> None:
    additive()
    Path("folder").mkdir()
    told = refused("p.npz", "folder", "out.png", "cat")
    assert told == "Expected a picture in folder, got no file. Give the path of a file."


def test_it_is_said_that_nothing_changed() -> None:
    delta = np.tile(np.array([1, -1], np.int16), (3, 1, 8, 4))
    save(Perturbation("additive", {"delta": delta}, CLASSES, (1, 8, 8), 8 / 255), "p.npz")
    for side, nothing in ((1, True), (8, False)):
        applied = apply_to_file("p.npz", written(drawn(side, side)), f"{side}.png", "cat")
        assert any("Nothing changed" in line for line in applied.lines()) == nothing


def test_nothing_that_is_read_is_overwritten() -> None:
    additive()
    photo = written(drawn(8, 8))
    Path("folder").mkdir()
    Path("link.png").symlink_to("photo.png")
    Path("hard.png").hardlink_to("photo.png")
    for out in ("photo.png", "folder/../photo.png", "link.png", "hard.png"):
        assert "would overwrite photo.png" in refused("p.npz", photo, out, "cat")
    assert "would overwrite photo.png" in refused("p.npz", photo, "out.png", "cat", "photo.png")
    assert "would overwrite out.png" in refused("p.npz", photo, "out.png", "cat", "out.png")
    assert "(.png)" in refused("p.npz", photo, "out.png", "cat", "shown.webp")


def test_pictures_that_cannot_be_taken() -> None:
    additive()
    see_through = np.full((8, 8, 4), 100, np.uint8)
    written(see_through, "clear.png")
    assert "transparent" in refused("p.npz", "clear.png", "out.png", "cat")
    written(np.full((8, 8), 40000, np.uint16), "deep.png")
    assert "16 bits" in refused("p.npz", "deep.png", "out.png", "cat")
    Image.new("CMYK", (8, 8)).save("print.jpg")
    assert "mode CMYK" in refused("p.npz", "print.jpg", "out.png", "cat")
    frames = [Image.fromarray(drawn(8, 8)), Image.new("RGB", (8, 8))]
    frames[0].save("moving.gif", save_all=True, append_images=frames[1:])
    assert "got several frames" in refused("p.npz", "moving.gif", "out.png", "cat")
    Path("words.png").write_text("not a picture")
    assert "a file that is none" in refused("p.npz", "words.png", "out.png", "cat")
    whole = Path(written(drawn(64, 64))).read_bytes()
    Path("half.png").write_bytes(whole[: len(whole) // 2])
    assert "half.png, got: " in refused("p.npz", "half.png", "out.png", "cat")
    assert "No such file" in refused("p.npz", "none.png", "out.png", "cat")


def test_colour_of_sixteen_bits_is_not_cut_in_silence() -> None:
    additive()
    rows = (b"\0" + b"\x01\x02" * (3 * 8)) * 8  # Pillow cannot write it, and reads it as 8 bits
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    Path("deep.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
            for name, body in chunks
        )
    )
    assert pixels("deep.png").dtype == np.uint8
    assert "got mode RGB of 16 bits" in refused("p.npz", "deep.png", "out.png", "cat")


def test_a_picture_of_too_many_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    additive()
    photo = written(drawn(40, 40))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert "at most 1,000 pixels" in refused("p.npz", photo, "out.png", "cat")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 700)
    assert "at most 700 pixels" in refused("p.npz", photo, "out.png", "cat")


def test_a_perturbation_that_is_none_or_has_other_channels() -> None:
    photo = written(drawn(8, 8))
    assert "perturbation file at none.npz" in refused("none.npz", photo, "out.png", "cat")
    assert "perturbation file at photo.png" in refused(photo, photo, "out.png", "cat")
    additive(channels=2)
    assert "got 2 channels" in refused("p.npz", photo, "out.png", "cat")


def test_a_place_that_cannot_be_written_to() -> None:
    additive()
    photo = written(drawn(8, 8))
    assert "No such file or directory" in refused("p.npz", photo, "nowhere/out.png", "cat")


# ------------------------------------------------------------------------------------ who calls it


def test_in_python() -> None:
    additive()
    photo = written(drawn(8, 8))
    applied = quorate.apply("p.npz", photo, "out.png", label="cat", preview="shown.png")
    assert applied == apply_to_file("p.npz", photo, "out.png", "cat", "shown.png")


def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str
) -> tuple[Any, str, str]:
    monkeypatch.setattr("sys.argv", ["quorate", "apply", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    printed = capsys.readouterr()
    return caught.value.code or 0, printed.out, printed.err


def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    additive()
    photo = written(np.full((8, 8, 3), 100, np.uint8))
    words = ["p.npz", photo, "out.png", "--label", "dog"]
    code, out, err = command(capsys, monkeypatch, *words)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "Written: out.png, 8 x 8, for 'dog'. It keeps no EXIF.",
        "Noise: budget 8 of 255 levels a value; used here 8. Largest change of a value 8, mean "
        "8.0.",
        "What it does not protect against:",
        *(f"- {line}" for line in LIMITS),
    ]
    more = ["--preview", "shown.png", "--json"]
    code, out, err = command(capsys, monkeypatch, *words, *more)
    assert (code, err) == (0, "")
    assert json.loads(out)["preview"] == "shown.png"
    assert json.loads(out)["limits"] == list(LIMITS)
    large = written(np.full((80, 80, 3), 100, np.uint8), "large.png")
    _, out, _ = command(capsys, monkeypatch, "p.npz", large, *words[2:], "--preview", "shown.png")
    assert "Preview: shown.png\nNot exact: the change was made for 8 x 8" in out
    code, out, err = command(capsys, monkeypatch, "p.npz", photo, "out.jpg")
    assert (code, out) == (2, "")
    assert err.startswith("Error: Expected a file that keeps every level")


def test_the_command_says_lengths_under_l2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    additive(norm="l2", count=1)
    photo = written(np.full((8, 8, 3), 100, np.uint8))
    _, out, _ = command(capsys, monkeypatch, "p.npz", photo, "out.png")
    length = 2 * np.sqrt(192)  # 192 values, each changed by 2 levels
    assert f"budget a length of {length:.4g} levels; used here {length:.4g}. Largest" in out
    assert "the same change for everyone" in out


def test_a_process_loads_nothing_heavy_and_opens_no_connection() -> None:
    additive()
    written(drawn(8, 8))
    code = (
        "import sys\n"
        "def heard(event, given):\n"
        "    if event.startswith('socket.'):\n"
        "        raise SystemExit('it opened a socket: ' + event)\n"
        "sys.addaudithook(heard)\n"
        "sys.argv = ['quorate', 'apply', 'p.npz', 'photo.png', 'out.png', '--label', 'cat',\n"
        "            '--preview', 'shown.png']\n"
        "from quorate.cli.entry import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code\n"
        "print('loaded:', *sorted({m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rpartition("loaded:")[2].split())
    assert {"quorate", "numpy", "PIL"} <= loaded  # the list is the real one
    others = {"datasets", "httpx", "joblib", "matplotlib", "pandas", "pyarrow", "requests"}
    others |= {"scipy", "sklearn", "torch", "urllib3", "fastapi", "starlette", "loky"}
    assert not loaded & others
    assert Path("out.png").exists()
