"""Photo edits on pictures of any size: by value, smoothly or in blocks, and what a member reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.ndimage
from PIL import Image

from quorate.errors import InputError
from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.perturbations import spread
from quorate.test_time.perturbations.apply import apply_to_file
from quorate.test_time.perturbations.perturbation import Perturbation, save
from quorate.test_time.perturbations.spread import Smoothly, halfway, sharpened
from quorate.test_time.perturbations.told import tell_perturbation

TONE = "exposure:stops=1 + own-contrast:factor=2 + gamma:power=0.8"
MIXED = "gaussian:sigma=0.7 + exposure:stops=1"
Pixels = npt.NDArray[np.uint8]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def saved(text: str, epsilon: float = 1.0, channels: int = 3, **about: Any) -> Perturbation:
    shape = (channels, 8, 8)
    arrays = Pipeline.parse(text).arrays(shape)
    made = Perturbation("edit", arrays, ("cat", "dog"), shape, epsilon, "linf", about)
    save(made, "p.npz")
    return made


def photo(width: int, height: int, channels: int = 3) -> Pixels:
    """Write and return a picture (H, W, 3) or (H, W), of slopes and noise."""
    rng = np.random.default_rng(5)
    slopes = np.add.outer(np.arange(height) * 90 // height, np.arange(width) * 60 // width)
    shape = (height, width, 3) if channels == 3 else (height, width)
    x = (slopes[..., None] if channels == 3 else slopes) + rng.integers(0, 60, shape)
    Image.fromarray(x.astype(np.uint8)).save("photo.png")
    return x.astype(np.uint8)


def out() -> Pixels:
    with Image.open("out.png") as opened:
        return np.array(opened)


@pytest.mark.parametrize("size", [(8, 8), (40, 30), (5, 3)])
@pytest.mark.parametrize("epsilon", [1.0, 8 / 255])
def test_edits_of_tone_change_a_picture_of_any_size_itself(
    size: tuple[int, int], epsilon: float
) -> None:
    saved(TONE, epsilon)
    x = photo(*size)
    whole = Pipeline.parse(TONE).apply(x.transpose(2, 0, 1)[None])[0].transpose(1, 2, 0)
    most = round(255 * epsilon)
    wanted = x + np.clip(whole.astype(int) - x, -most, most)
    applied = apply_to_file("p.npz", "photo.png", "out.png")
    assert (out() == wanted).all()
    assert applied.way == "by value"


def test_grey_edits_of_tone_change_the_brightness_of_a_picture_in_colour() -> None:
    saved("exposure:stops=1", channels=1)
    x = photo(20, 12)
    grey = np.asarray(Image.fromarray(x).convert("L")).astype(int)
    change = np.minimum(2 * grey, 255) - grey
    apply_to_file("p.npz", "photo.png", "out.png")
    assert (out() == np.clip(x + change[..., None], 0, 255)).all()


def test_at_the_size_trained_for_a_pipeline_is_exact() -> None:
    change, x = saved(MIXED), photo(8, 8)
    apply_to_file("p.npz", "photo.png", "out.png")
    wanted = change.apply(x.transpose(2, 0, 1)[None], np.zeros(1, np.int64))[0]
    assert (out() == wanted.transpose(1, 2, 0)).all()


def _interpolated(grid: npt.NDArray[Any], height: int, width: int) -> npt.NDArray[np.float64]:
    """Return a grid (h, w) between its centres, value by value, edges repeated."""
    h, w = grid.shape
    found = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            y = min(max((i + 0.5) * h / height - 0.5, 0), h - 1)
            x = min(max((j + 0.5) * w / width - 0.5, 0), w - 1)
            top, left = int(y), int(x)
            low, right = min(top + 1, h - 1), min(left + 1, w - 1)
            upper = grid[top, left] * (1 - x + left) + grid[top, right] * (x - left)
            lower = grid[low, left] * (1 - x + left) + grid[low, right] * (x - left)
            found[i, j] = upper * (1 - y + top) + lower * (y - top)
    return found


def _small_change(change: Perturbation, x: Pixels) -> npt.NDArray[np.int64]:
    """Return the change of a picture's copy of 8 x 8, (8, 8, 3)."""
    opened = Image.fromarray(x)
    across = opened.resize((8, opened.height), Image.Resampling.BILINEAR)
    small = np.asarray(across.resize((8, 8), Image.Resampling.BILINEAR))
    edited = change.apply(small.transpose(2, 0, 1)[None], np.zeros(1, np.int64))[0]
    return edited.transpose(1, 2, 0).astype(np.int64) - small


def _sharpened(small: npt.NDArray[np.int64], axis: int) -> npt.NDArray[np.int64]:
    """Return twice a change less its mean (1, 6, 1)/8 along an axis, halves of it upwards."""
    seen = scipy.ndimage.correlate1d(small, [1, 6, 1], axis=axis, mode="nearest")
    return np.asarray(2 * small - np.floor(seen / 8 + 0.5)).astype(np.int64)


@pytest.mark.parametrize("size", [(40, 30), (17, 9), (8, 21)])
def test_without_a_budget_other_edits_are_spread_smoothly(size: tuple[int, int]) -> None:
    change, x = saved(MIXED), photo(*size)
    applied = apply_to_file("p.npz", "photo.png", "out.png")
    assert applied.way == "smoothly"
    small = _small_change(change, x)
    for axis in (0, 1):
        if x.shape[axis] >= 16:  # at least twice as large
            small = _sharpened(small, axis)
    for channel in range(3):
        wanted = x[..., channel] + _interpolated(small[..., channel], size[1], size[0])
        # Half a level for rounding; places are rounded to 1/256 of a distance on both axes.
        slope = np.abs(np.diff(small[..., channel], axis=0)).max(initial=0)
        slope += np.abs(np.diff(small[..., channel], axis=1)).max(initial=0)
        apart = np.abs(out()[..., channel] - np.clip(wanted, 0, 255)).max()
        assert apart <= 0.5 + slope / 512 + 1e-9


@pytest.mark.parametrize("times", [4, 10])
def test_means_of_what_is_spread_are_nearly_the_change(times: int) -> None:
    rng = np.random.default_rng(4)
    levels = rng.integers(-60, 60, (1, 9, 7)).astype(np.int16)

    def means(grid: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
        many = 9 * times, 7 * times
        change = Smoothly(grid, halfway(many[0], 9), halfway(many[1], 7))
        strip = change.wanted(np.zeros((*many, 1), np.uint8), 0)[..., 0]
        return np.asarray(strip.reshape(9, times, 7, times).mean(axis=(1, 3)))

    plain = np.abs(means(levels) - levels[0]).mean()
    nearer = np.abs(means(sharpened(sharpened(levels, 1), 2)) - levels[0]).mean()
    assert nearer < 0.6 * plain  # noise: what a single step mends least
    flat = np.full((1, 5, 5), -7, np.int16)
    assert (sharpened(flat, 1) == flat).all()


def test_within_a_budget_other_edits_are_spread_in_blocks() -> None:
    change, x = saved(MIXED, 8 / 255), photo(32, 24)
    applied = apply_to_file("p.npz", "photo.png", "out.png")
    assert applied.way == "in blocks"
    wanted = np.repeat(np.repeat(_small_change(change, x), 3, axis=0), 4, axis=1)
    assert (out() == np.clip(x + wanted, 0, 255)).all()


@pytest.mark.parametrize("text", [TONE, MIXED])
def test_strips_and_the_whole_are_the_same(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(text)
    photo(40, 30)
    apply_to_file("p.npz", "photo.png", "out.png")
    whole = out()
    monkeypatch.setattr(spread, "AT_ONCE", 130)  # three rows
    apply_to_file("p.npz", "photo.png", "out.png")
    assert (out() == whole).all()


def test_places_between_centres_by_hand() -> None:
    same = halfway(5, 5)
    assert same.before.tolist() == [0, 1, 2, 3, 4]
    assert not same.fraction.any()
    three = halfway(6, 3)  # centres of pixels at -0.25, 0.25, 0.75, ... of the first centre
    assert three.before.tolist() == [0, 0, 0, 1, 1, 2]
    assert three.fraction.tolist() == [0, 64, 192, 64, 192, 0]


@pytest.mark.parametrize("text", ["white-balance", f"{MIXED} + white-balance"])
def test_a_colour_change_of_a_grey_picture_is_refused(text: str) -> None:
    saved(text)
    photo(20, 12, channels=1)
    with pytest.raises(
        InputError, match=r"Expected a picture in colour.*got a grey one: photo.png"
    ):
        apply_to_file("p.npz", "photo.png", "out.png")
    assert not Path("out.png").exists()


def test_a_label_is_not_asked_for_and_not_taken() -> None:
    saved(TONE)
    photo(9, 9)
    assert apply_to_file("p.npz", "photo.png", "out.png").label_free
    with pytest.raises(InputError, match="Expected no label"):
        apply_to_file("p.npz", "photo.png", "out.png", "cat")


def test_a_member_reads_what_was_done_and_how_to_do_it_by_hand() -> None:
    saved(MIXED)
    photo(40, 30)
    applied = apply_to_file("p.npz", "photo.png", "out.png", preview="preview.png")
    words = "\n".join(applied.lines())
    assert "Change: no budget, so that people may see it." in words
    assert "1. Blur or Noise reduction: a radius of 0.7 pixels. (gaussian:sigma=0.7)" in words
    assert "2. Exposure or Brightness: 2 times as bright, or about +2.2" in words
    assert (
        "Pixels are those of a picture of 8 x 8: on yours, by hand, take 5 times as many." in words
    )
    assert "It is spread smoothly between its values." in words
    assert applied.brief().startswith("out.png, no budget, values changed by")
    assert applied.to_json()["steps"][1]["edit"] == "exposure:stops=1"
    saved(TONE, 8 / 255)
    words = "\n".join(apply_to_file("p.npz", "photo.png", "out.png").lines())
    assert "budget 8 of 255 levels a value" in words
    assert "Any size: each value becomes another wherever it stands" in words


def test_a_file_says_its_steps_and_how_far_it_changes_pictures(
    quorate: Callable[..., tuple[int, str, str]],
) -> None:
    saved(MIXED, similarity={"value": 0.314, "low": 0.3, "high": 0.33}, distance=0.5)
    told = tell_perturbation("p.npz")
    words = " ".join(told.summary())
    assert "Budget: no budget; people may see the change. It is made by photo edits." in words
    assert (
        "How far it changes pictures, on average: a structural similarity (SSIM) of 0.31 with the "
        "picture before, where 1 is the same, and a largest change of a value of 128 of 255 levels "
        "(L∞)." in words
    )
    assert "Everyone adds the same, without a label." in words
    assert told.to_json()["steps"][0]["step"] == "gaussian:sigma=0.7"
    code, said, _ = quorate("show", "p.npz")
    assert code == 0
    assert "on a photo ten times as wide, a radius is ten times as large" in " ".join(said.split())
    saved(TONE, 8 / 255, similarity="1\n2", distance=float("nan"))
    words = " ".join(tell_perturbation("p.npz").summary())
    assert "at most 8 of 255 levels a value (L∞), by photo edits" in words
    assert "How far" not in words
