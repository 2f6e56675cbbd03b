"""Photo edits against libraries that do the same in floats, and what must hold of all of them."""

import hashlib
import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.integrate
import scipy.ndimage
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from quorate import spec
from quorate.errors import InputError
from quorate.test_time.edits.built_in import EDITS
from quorate.test_time.edits.edit import Edit, Pixels
from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.edits.separable import MOST_GAIN, ONE, gaussian_taps

NEUTRAL = {  # edits that change nothing
    "exposure": "exposure:stops=0",
    "gamma": "gamma:power=1",
    "contrast": "contrast:factor=1",
    "own-contrast": "own-contrast:factor=1",
    "white-balance": "white-balance:warmth=0",
    "gaussian": "gaussian:sigma=0",
    "median": "median:size=1",
    "sharpen": "sharpen:amount=0",
    "bilateral": "bilateral:levels=0.05",
    "non-local-means": "non-local-means:strength=0.05",
    "deblur": "deblur:sigma=0",
    "rescale": "rescale:factor=1",
}
DIGESTS = {  # of ``_pictures`` edited at the defaults: another machine has the same bits
    "exposure": "8241a112a1cb41d6",
    "gamma": "066f79b731519d0a",
    "contrast": "5bb721df908fdc09",
    "own-contrast": "7d011ff37af84ff5",
    "white-balance": "52945139df70a991",
    "gaussian": "ea49c0d8bd5dec82",
    "median": "40b434dd38a93bb9",
    "sharpen": "26df9ee034f5bc6d",
    "bilateral": "1a1e79a99110af88",
    "non-local-means": "6bb6c787fad97315",
    "deblur": "1a3cfe29fc844296",
    "rescale": "e4738ebb5b6e148d",
    "jpeg": "811a85a43704453b",
}


def _pictures(n: int = 3, c: int = 3, h: int = 20, w: int = 17) -> Pixels:
    """Return pictures with flat parts, slopes and noise, (n, c, h, w)."""
    rng = np.random.default_rng(7)
    slope = np.arange(h)[:, None] * 6 + np.arange(w)[None] * 5
    noise = rng.integers(-40, 40, (n, c, h, w))
    noise[:, :, : h // 2, : w // 2] = 0
    found: Pixels = np.clip(slope + noise, 0, 255).astype(np.uint8)
    return found


def _apply(text: str, x: Pixels) -> Pixels:
    return Pipeline.parse(text).apply(x)


@st.composite
def _edits(draw: st.DrawFn) -> Edit:
    """Return any edit with parameters within its bounds."""
    cls = EDITS[draw(st.sampled_from(sorted(EDITS)))]
    values: dict[str, Any] = {}
    for name, (low, high) in cls.bounds.items():
        if cls.name == "median":
            values[name] = draw(st.sampled_from((1, 3, 5)))
        elif spec.hints(cls)[name] is int:
            values[name] = draw(st.integers(int(low), int(high)))
        else:
            values[name] = draw(st.floats(low, high))
    return cls(**values)


def test_every_edit_is_held_to_what_follows() -> None:
    assert {*NEUTRAL, "jpeg"} == set(EDITS) == set(DIGESTS)
    assert all(cls.name == name for name, cls in EDITS.items())
    assert all(list(cls.bounds) == list(spec.parameters(cls)) for cls in EDITS.values())


@pytest.mark.parametrize("name", sorted(EDITS))
def test_the_bits_are_pinned(name: str) -> None:
    changed = Pipeline((EDITS[name](),)).apply(_pictures())
    assert not (changed == _pictures()).all()
    assert hashlib.sha256(changed.tobytes()).hexdigest()[:16] == DIGESTS[name]


@pytest.mark.parametrize("name", sorted(NEUTRAL))
def test_a_neutral_edit_changes_nothing(name: str) -> None:
    x = _pictures()
    assert (_apply(NEUTRAL[name], x) == x).all()


@settings(max_examples=60, deadline=None)
@given(_edits(), st.integers(0, 255), st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_a_uniform_picture_stays_uniform(
    edit: Edit, level: int, h: int, w: int, grey: bool
) -> None:
    channels = 1 if grey and not edit.needs_colour else 3
    x = np.full((2, channels, h, w), level, np.uint8)
    y = Pipeline((edit,)).apply(x)
    assert y.dtype == np.uint8
    assert (y == y[:, :, :1, :1]).all()
    if not edit.is_tone and edit.name != "jpeg":
        assert (y == level).all()


@settings(max_examples=40, deadline=None)
@given(_edits(), st.integers(0, 2**32 - 1))
def test_edits_leave_their_input_alone_and_go_picture_by_picture(edit: Edit, seed: int) -> None:
    x = np.random.default_rng(seed).integers(0, 256, (3, 3, 7, 10)).astype(np.uint8)
    before, pipeline = x.copy(), Pipeline((edit,))
    y = pipeline.apply(x)
    assert (x == before).all()
    assert (y == np.concatenate([pipeline.apply(x[i : i + 1]) for i in range(3)])).all()
    assert (y == pipeline.apply(np.asfortranarray(x))).all()


@settings(max_examples=60, deadline=None)
@given(_edits())
def test_tables_are_whole_and_of_one_shape_whatever_the_parameters(edit: Edit) -> None:
    tables, plain = edit.tables((3, 9, 12)), type(edit)().tables((3, 9, 12))
    kinds = {name: (table.dtype, table.shape) for name, table in tables.items()}
    assert kinds == {name: (table.dtype, table.shape) for name, table in plain.items()}
    assert all(table.dtype.kind in "iu" for table in tables.values())


@pytest.mark.parametrize("sigma", [0.3, 0.7, 1.5, 4])
def test_gaussian_is_that_of_scipy(sigma: float) -> None:
    x = _pictures(h=32, w=32)
    reach = int(np.ceil(3 * sigma))
    wanted = scipy.ndimage.gaussian_filter(
        x.astype(float), sigma, mode="nearest", axes=(2, 3), radius=reach
    )
    # Half a level for rounding; taps are off by up to 2^-12 each, which mostly cancels.
    assert np.abs(_apply(f"gaussian:sigma={sigma}", x) - wanted).max() < 0.75


def test_taps_sum_to_one() -> None:
    for sigma in np.linspace(0, 4, 57):
        taps = gaussian_taps(float(sigma), 12)
        assert taps[0] + 2 * taps[1:].sum() == ONE
        assert (np.diff(taps) <= 0).all()


@pytest.mark.parametrize("size", [3, 5])
def test_median_is_that_of_scipy(size: int) -> None:
    x = _pictures()
    wanted = scipy.ndimage.median_filter(x, (1, 1, size, size), mode="nearest")
    assert (_apply(f"median:size={size}", x) == wanted).all()


@pytest.mark.parametrize(("amount", "sigma"), [(0.5, 1), (2, 0.7), (5, 3)])
def test_sharpen_adds_what_a_blur_loses(amount: float, sigma: float) -> None:
    x = _pictures(h=32, w=32)
    reach = int(np.ceil(3 * sigma))
    blurred = scipy.ndimage.gaussian_filter(
        x.astype(float), sigma, mode="nearest", axes=(2, 3), radius=reach
    )
    wanted = np.clip(x + amount * (x - blurred), 0, 255)
    found = _apply(f"sharpen:amount={amount},sigma={sigma}", x)
    # Half a level for rounding, and the quarter that the blur is off, times the amount.
    assert np.abs(found - wanted).max() < 0.5 + 0.25 * amount + 0.01


def _weighted(x: Pixels, weight: Callable[[Any, Any, int], float]) -> npt.NDArray[np.float64]:
    """Return means over 5 x 5 pixels, pixel by pixel, of one picture (c, h, w).

    Args:
        x: the picture.
        weight: of a neighbour by the surroundings (c, 3, 3) of both, and their squared distance.
    """
    (_, h, w), wide = x.shape, np.pad(x.astype(float), ((0, 0), (3, 3), (3, 3)), mode="edge")
    out = np.zeros(x.shape)
    for i in range(h):
        for j in range(w):
            here, total = wide[:, i + 2 : i + 5, j + 2 : j + 5], 0.0
            for di in range(-2, 3):
                for dj in range(-2, 3):
                    there = wide[:, i + 2 + di : i + 5 + di, j + 2 + dj : j + 5 + dj]
                    part = weight(here, there, di**2 + dj**2)
                    out[:, i, j] += part * there[:, 1, 1]
                    total += part
            out[:, i, j] /= total
    return out


@pytest.mark.parametrize(("sigma", "levels"), [(0.6, 10), (1.5, 60)])
@pytest.mark.parametrize("c", [1, 3])
def test_bilateral_is_the_definition(sigma: float, levels: float, c: int) -> None:
    x = _pictures(1, c, 12, 11)

    def weight(here: Any, there: Any, squared: int) -> float:
        apart = np.abs(here[:, 1, 1] - there[:, 1, 1]).mean()
        return math.exp(-squared / (2 * sigma**2) - apart**2 / (2 * levels**2))

    found = _apply(f"bilateral:sigma={sigma},levels={levels}", x)[0]
    # Half a level for rounding; weights are off by up to 1/2046 each.
    assert np.abs(found - _weighted(x[0], weight)).max() < 0.75


@pytest.mark.parametrize("strength", [5, 30])
@pytest.mark.parametrize("c", [1, 3])
def test_non_local_means_is_the_definition(strength: float, c: int) -> None:
    x = _pictures(1, c, 12, 11)

    def weight(here: Any, there: Any, _: int) -> float:
        return math.exp(-((here - there) ** 2).mean() / strength**2)

    found = _apply(f"non-local-means:strength={strength}", x)[0]
    # Half a level for rounding; a table of 512 weights up to exp(-6.25) is off by 1 in 80 or less.
    assert np.abs(found - _weighted(x[0], weight)).max() < 1


@pytest.mark.parametrize("quality", [1, 20, 49, 50, 75, 95, 100])
@pytest.mark.parametrize("shape", [(3, 24, 32), (3, 17, 13), (1, 9, 30)])
def test_jpeg_is_that_of_libjpeg(quality: int, shape: tuple[int, int, int]) -> None:
    for x in (_pictures(1, *shape), np.random.default_rng(3).integers(0, 256, (1, *shape))):
        plain = x[0].astype(np.uint8).transpose(1, 2, 0)
        buffer = io.BytesIO()
        Image.fromarray(plain if shape[0] == 3 else plain[:, :, 0]).save(
            buffer, "JPEG", quality=quality, subsampling=0
        )
        wanted = np.atleast_3d(np.asarray(Image.open(buffer))).transpose(2, 0, 1)
        assert (_apply(f"jpeg:quality={quality}", x.astype(np.uint8))[0] == wanted).all()


@pytest.mark.parametrize("factor", [0.3, 0.5, 0.8])
def test_rescale_is_that_of_pillow(factor: float) -> None:
    x = _pictures(1, 1, 20, 30)
    size = math.floor(30 * factor + 0.5), math.floor(20 * factor + 0.5)
    there = Image.fromarray(x[0, 0]).resize(size, Image.Resampling.BILINEAR)
    back = np.asarray(there.resize((30, 20), Image.Resampling.BILINEAR))
    # Pillow rounds to whole levels four times on the way, and we once.
    assert np.abs(_apply(f"rescale:factor={factor}", x)[0, 0].astype(int) - back).max() <= 2


@pytest.mark.parametrize(("sigma", "noise"), [(0.5, 0.03), (0.8, 0.1), (1.5, 0.01)])
def test_deblur_is_the_wiener_filter(sigma: float, noise: float) -> None:
    def wiener(omega: float, j: int) -> float:
        blur = math.exp(-((sigma * omega) ** 2) / 2)
        return (1 + noise) * blur / (blur**2 + noise) * math.cos(j * omega) / math.pi

    wanted = [scipy.integrate.quad(wiener, 0, math.pi, args=(j,))[0] for j in range(9)]
    taps = EDITS["deblur"](sigma, noise).tables((1, 8, 8))["taps"]  # type: ignore[call-arg]
    assert np.abs(taps[1:] / ONE - wanted[1:]).max() < 0.001  # half of 1/2048, and the sampling
    assert taps[0] + 2 * taps[1:].sum() == ONE


def test_deblur_undoes_a_blur() -> None:
    x = _pictures(1, 3, 32, 32)
    sharp = np.clip(scipy.ndimage.gaussian_filter(x.astype(float), 0.7, axes=(2, 3)), 0, 255)
    x = np.rint(sharp).astype(np.uint8)
    blurred = _apply("gaussian:sigma=0.8", x)
    after = _apply("deblur:sigma=0.8,noise=0.03", blurred)
    error = [np.square(x.astype(float) - one).mean() for one in (blurred, after)]
    assert error[1] < error[0] / 2


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 1.5), st.floats(0.01, 1))
def test_sums_of_deblur_stay_below_32_bits(sigma: float, noise: float) -> None:
    taps = EDITS["deblur"](sigma, noise).tables((1, 8, 8))["taps"]  # type: ignore[call-arg]
    assert np.abs(taps[0]) + 2 * np.abs(taps[1:]).sum() < MOST_GAIN * ONE


def test_curves_by_hand() -> None:
    x: npt.NDArray[np.uint8] = np.array([0, 10, 63, 64, 100, 255], np.uint8).reshape(1, 1, 1, 6)
    for text, wanted in {
        "exposure:stops=2": [0, 40, 252, 255, 255, 255],
        "exposure:stops=-1": [0, 5, 32, 32, 50, 128],  # 31.5 and 127.5 upwards
        "gamma:power=2": [0, 0, 16, 16, 39, 255],  # 255·(100/255)² = 39.2
        "contrast:factor=2": [0, 0, 0, 0, 72, 255],  # 128 + 2·(100 − 128)
        "contrast:factor=0,middle=9": [9, 9, 9, 9, 9, 9],
    }.items():
        assert _apply(text, x).ravel().tolist() == wanted, text
    colours = np.full((1, 3, 1, 1), 100, np.uint8)
    assert _apply("white-balance:warmth=1,tint=1", colours).ravel().tolist() == [200, 50, 50]


def test_own_contrast_is_about_each_pictures_mean() -> None:
    x = np.array([[0, 10, 20, 30], [100, 101, 102, 104]], np.uint8)[:, None, None]  # means 15, 102
    wanted = [[0, 0, 30, 60], [96, 99, 102, 108]]  # 15 + 3·(v − 15); 101.75 is 102
    assert _apply("own-contrast:factor=3", x)[:, 0, 0].tolist() == wanted
    bright = np.full((1, 1, 4200, 4100), 255, np.uint8)  # whose sum is beyond 2^32
    assert (_apply("own-contrast:factor=3", bright) == 255).all()


def test_a_colour_change_is_refused_for_grey_pictures() -> None:
    with pytest.raises(InputError, match="Expected pictures in colour for white-balance, got grey"):
        _apply("exposure + white-balance", _pictures(c=1))
    with pytest.raises(InputError, match="Expected grey or RGB pictures for exposure, got 2 ch"):
        _apply("exposure", _pictures(c=2))


@settings(max_examples=60, deadline=None)
@given(_edits())
def test_every_edit_says_what_it_is_by_hand(edit: Edit) -> None:
    assert edit.by_hand.endswith(".")
    assert edit.by_hand[0].isupper()
    assert "\n" not in edit.by_hand
