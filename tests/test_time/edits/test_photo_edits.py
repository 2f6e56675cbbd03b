"""Photo edits against libraries that do the same in floats, and what must hold of all of them."""

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.ndimage
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate import spec
from quorate.errors import InputError
from quorate.test_time.edits.built_in import EDITS
from quorate.test_time.edits.edit import Edit, Pixels
from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.edits.separable import ONE, gaussian_taps

NEUTRAL = {  # edits that change nothing
    "exposure": "exposure:stops=0",
    "gamma": "gamma:power=1",
    "contrast": "contrast:factor=1",
    "own-contrast": "own-contrast:factor=1",
    "white-balance": "white-balance:warmth=0",
    "gaussian": "gaussian:sigma=0",
    "median": "median:size=1",
    "sharpen": "sharpen:amount=0",
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
    assert set(NEUTRAL) == set(EDITS) == set(DIGESTS)
    assert all(cls.name == name for name, cls in EDITS.items())
    assert all(list(cls.bounds) == list(spec.parameters(cls)) for cls in EDITS.values())


@pytest.mark.parametrize("name", sorted(EDITS))
def test_the_bits_are_pinned(name: str) -> None:
    changed = Pipeline((EDITS[name](),)).apply(_pictures())
    assert not (changed == _pictures()).all()
    assert hashlib.sha256(changed.tobytes()).hexdigest()[:16] == DIGESTS[name]


@pytest.mark.parametrize("name", sorted(EDITS))
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
    if not edit.is_tone:
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
