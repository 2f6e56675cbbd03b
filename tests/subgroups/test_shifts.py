"""Shifts of images: worked by hand, against a naive implementation, and over random images."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from quorate import catalog
from quorate.errors import InputError
from quorate.populations.digits import Digits
from quorate.subgroups.blur import Blur
from quorate.subgroups.jpeg import JPEG
from quorate.subgroups.low_contrast import LowContrast
from quorate.subgroups.low_light import LowLight
from quorate.subgroups.shift import Shift
from quorate.table import Array, Table

SHIFTS = (LowLight(), Blur(), JPEG(), LowContrast())
shifts = pytest.mark.parametrize("shift", SHIFTS, ids=lambda shift: shift.name)


def images(levels: object) -> Array:
    """8-bit levels as images on the scale [0, 1]."""
    return np.asarray(levels, dtype=np.float32) / np.float32(255)


def levels(x: Array) -> list:
    """Images as 8-bit levels, exactly."""
    found = np.rint(x * 255)
    assert np.array_equal(images(found), x)
    return found.tolist()


def noise(n: int, c: int = 3, side: int = 8, seed: int = 0) -> Array:
    return images(np.random.default_rng(seed).integers(256, size=(n, c, side, side)))


def people(x: Array) -> Table:
    return Table(x, np.zeros(len(x), np.int64), ("no",))


# ---------------------------------------------------------------------------------------- by hand


def test_a_dark_image() -> None:
    x = images([[[[0, 40], [101, 255]]]])
    # a quarter: 0, 10, 25.25, 63.75
    assert levels(LowLight(noise=0).shift(x)) == [[[[0, 10], [25, 64]]]]
    assert levels(LowLight(brightness=0, noise=0).shift(x)) == [[[[0, 0], [0, 0]]]]
    assert levels(LowLight(brightness=1, noise=0).shift(x)) == levels(x)


def test_a_flat_image_keeps_its_mean_in_every_channel() -> None:
    x = images([[[[0, 100], [100, 200]], [[50, 50], [50, 50]]]])
    # towards 100: a fifth of -100, 0 and 100; the second channel is flat already
    assert levels(LowContrast().shift(x)) == [[[[80, 100], [100, 120]], [[50, 50], [50, 50]]]]
    assert levels(LowContrast(contrast=0).shift(x))[0][0] == [[100, 100], [100, 100]]
    assert levels(LowContrast(contrast=1).shift(x)) == levels(x)


def test_a_blurred_point_is_a_bell() -> None:
    x = np.zeros((1, 1, 9, 9), np.float32)
    x[0, 0, 4, 4] = 1
    # weights exp(-d²/2)/Σ over d = -4..4: .24197 one pixel away, .39894 at the point; and
    # 255·.39894² = 40.58, 255·.39894·.24197 = 24.62, 255·.24197² = 14.93
    blurred = levels(Blur(sigma=1).shift(x))[0][0]
    assert [blurred[4][4], blurred[4][5], blurred[3][4], blurred[3][3]] == [41, 25, 25, 15]


def test_blur_against_a_naive_sum() -> None:
    x, sigma, reach = noise(2, side=7), 1.5, 6  # reach: four standard deviations
    weights = [np.exp(-(d**2) / (2 * sigma**2)) for d in range(-reach, reach + 1)]
    expected = np.zeros(x.shape)
    for i in range(7):
        for j in range(7):
            for di in range(-reach, reach + 1):
                for dj in range(-reach, reach + 1):
                    weight = weights[di + reach] * weights[dj + reach] / sum(weights) ** 2
                    row, column = min(max(i + di, 0), 6), min(max(j + dj, 0), 6)
                    expected[:, :, i, j] += weight * x[:, :, row, column]
    # half a level of rounding, and float32 in the sums
    assert abs(Blur(sigma=sigma).shift(x) - expected).max() < 0.5 / 255 + 1e-5


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_what_a_decoder_makes_of_the_file(channels: int) -> None:
    x = noise(1, channels, side=16)
    pixels = (x[0] * 255).round().astype(np.uint8).transpose(1, 2, 0)
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(file, "JPEG", quality=10)
    decoded = np.atleast_3d(np.asarray(Image.open(file))).transpose(2, 0, 1)
    assert levels(JPEG().shift(x))[0] == decoded.tolist()


def test_better_jpeg_is_nearer() -> None:
    x = Digits().split(np.random.default_rng(0)).train.x[:50]
    far = [abs(JPEG(quality=q).shift(x) - x).mean() for q in (5, 20, 50, 95)]
    assert far == sorted(far, reverse=True)
    assert far[0] > 3 * far[-1]


@pytest.mark.parametrize(
    "shift", [LowLight(noise=0), Blur(), JPEG(), LowContrast()], ids=lambda s: s.name
)
def test_a_plain_image_stays_plain(shift: Shift) -> None:
    x = images(np.full((1, 3, 8, 8), 128))
    got = np.asarray(levels(shift.shift(x)))
    assert len(np.unique(got)) == 1
    # Only light changes its level; JPEG keeps mid grey exactly, as the zero of its scale.
    assert got.flat[0] == (32 if shift.name == "low-light" else 128)


def test_the_grain_is_as_strong_as_it_says_and_differs_from_image_to_image() -> None:
    x = images(np.stack([np.full((3, 32, 32), level) for level in (120, 128)]))
    dark = LowLight(brightness=0.5, noise=0.02).shift(x)
    # 3,072 draws of 0.02 and rounding to levels, 1/255/√12: the estimate is good to 1.3% of it
    assert dark[1].std() == pytest.approx(np.hypot(0.02, 1 / 255 / np.sqrt(12)), rel=0.06)
    assert abs(np.corrcoef(dark[0].ravel(), dark[1].ravel())[0, 1]) < 0.1  # five times 1/√3072


# ------------------------------------------------------------------------------------- properties


@shifts
@given(
    n=st.integers(1, 4),
    channels=st.sampled_from([1, 3]),
    h=st.integers(1, 20),
    w=st.integers(1, 20),
    seed=st.integers(0, 2**32),
)
def test_each_image_is_changed_alone_to_8_bits(
    shift: Shift, n: int, channels: int, h: int, w: int, seed: int
) -> None:
    x = np.random.default_rng(seed).random((n, channels, h, w)).astype(np.float32)
    before = x.copy()
    shifted = shift.shift(x)
    assert (shifted.shape, shifted.dtype) == (x.shape, np.float32)
    assert np.array_equal(x, before)
    flat = np.asarray(levels(shifted))
    assert flat.min() >= 0
    assert flat.max() <= 255
    for i in range(n):
        assert np.array_equal(shift.shift(x[i : i + 1])[0], shifted[i])


@shifts
@given(n=st.integers(0, 30), share=st.floats(0, 1), seed=st.integers(0, 2**32))
def test_exactly_the_share_is_changed_and_nobody_else(
    shift: Shift, n: int, share: float, seed: int
) -> None:
    before = people(noise(n))
    drawn = shift.draw(before, share, np.random.default_rng(seed))
    assert drawn.group is not None
    chosen = drawn.group == 1
    assert chosen.sum() == round(share * n)
    assert np.array_equal(drawn.x[chosen], shift.shift(before.x[chosen]))
    assert np.array_equal(drawn.x[~chosen], before.x[~chosen])
    assert np.array_equal(before.x, noise(n))
    assert drawn.groups == ("others", shift.name)


def test_everyone_is_chosen_equally_often() -> None:
    rng = np.random.default_rng(0)
    few = people(noise(10, side=2))
    times = np.zeros(10)
    for _ in range(1000):
        group = LowLight().draw(few, 0.3, rng).group
        assert group is not None
        times += group
    # 300 times each, with standard deviation √(1000·0.3·0.7) = 14.5: six of them
    assert (abs(times - 300) < 87).all()


def test_a_smaller_share_is_inside_a_larger_one() -> None:
    few = people(noise(40))
    small, large = (
        LowLight().draw(few, share, np.random.default_rng(3)).group for share in (0.1, 0.5)
    )
    assert small is not None
    assert large is not None
    assert (small <= large).all()
    assert (small.sum(), large.sum()) == (4, 20)


@shifts
def test_real_digits_are_all_changed(shift: Shift) -> None:
    digits = Digits().split(np.random.default_rng(0)).held_out
    far = abs(shift.shift(digits.x) - digits.x).mean(axis=(1, 2, 3))  # (n,)
    assert far.min() > 4 / 255  # rounding to 8 bits alone is at most half a level


@pytest.mark.parametrize("shift", [LowLight(), Blur(), LowContrast()], ids=lambda s: s.name)
def test_real_digits_become_more_alike(shift: Shift) -> None:
    x = Digits().split(np.random.default_rng(0)).held_out.x
    assert shift.shift(x).std(axis=0).mean() < 0.8 * x.std(axis=0).mean()


# --------------------------------------------------------------------------------------- mistakes


@shifts
def test_who_is_no_image_or_without_a_share_is_answered(shift: Shift) -> None:
    rng = np.random.default_rng(0)
    table = Table(np.zeros((2, 3), np.float32), np.zeros(2, np.int64), ("no",))
    message = rf"Expected images for the subgroup '{shift.name}', got a table\. Name.*attribute:"
    with pytest.raises(InputError, match=message):
        shift.draw(table, 0.5, rng)
    with pytest.raises(InputError, match=rf"Expected the share of people under '{shift.name}', g"):
        shift.draw(people(noise(2)), None, rng)
    with pytest.raises(InputError, match=r"Expected share=1\.5 in \[0, 1\]\. To change everyone"):
        shift.draw(people(noise(2)), 1.5, rng)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("low-light:brightness=2", r"Expected brightness=2 in \[0, 1\]"),
        ("low-contrast:contrast=-1", r"Expected contrast=-1 in \[0, 1\]"),
        ("blur:sigma=0", r"Expected sigma=0 in \(0, 100\]"),
        ("jpeg:quality=0", r"Expected quality=0 in \[1, 95\]"),
        ("jpeg:quality=96", r"Expected quality=96 in \[1, 95\]"),
    ],
)
def test_a_parameter_out_of_range_is_answered(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        catalog.build("subgroups", text)


def test_jpeg_knows_grey_and_colour() -> None:
    with pytest.raises(InputError, match=r"of 1 or 3 channels, got 4\. Choose another subgroup"):
        JPEG().shift(noise(1, 4))


def test_the_name_may_be_written_with_an_underscore() -> None:
    assert catalog.build("subgroups", "low_light:brightness=0.1") == LowLight(brightness=0.1)
