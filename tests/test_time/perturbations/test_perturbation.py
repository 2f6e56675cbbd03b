"""What members add to their pictures: on the grid, within the budget, and safe in a file."""

import io
import json
import math
import os
import tempfile
import tracemalloc
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.test_time.perturbations import perturbation
from quorate.test_time.perturbations.budget import Norm, check_budget, levels_of, within
from quorate.test_time.perturbations.kinds.filter import convolve
from quorate.test_time.perturbations.perturbation import (
    Family,
    Perturbation,
    load,
    save,
    to_bytes,
)

CLASSES = ("cat", "dog", "eel")
SLACK = 1e-6  # of a level: what square roots of sums of whole levels round by, and far below one


def additive(delta: Any, epsilon: float = 8 / 255, norm: Norm = "linf") -> Perturbation:
    delta = np.asarray(delta, dtype=np.int16)
    c, h, w = delta.shape[1:]
    return Perturbation("additive", {"delta": delta}, CLASSES, (c, h, w), epsilon, norm)


def arrays_of(family: Family, shape: tuple[int, int, int], rng: np.random.Generator) -> Any:
    """Parameters far beyond any budget, that point anywhere."""
    c = shape[0]
    if family == "additive":
        count = rng.choice([1, len(CLASSES)])
        return {"delta": rng.integers(-300, 300, size=(count, *shape)).astype(np.int16)}
    bias = rng.uniform(-300, 300, size=c).astype(np.float32)
    if family == "gain":
        return {"gain": rng.uniform(-4, 4, size=c).astype(np.float32), "bias": bias}
    side = int(rng.choice([1, 3, 5]))
    weight = rng.uniform(-4, 4, (c, c, side, side)).astype(np.float32)
    if family == "filter":
        return {"weight": weight, "bias": bias}
    delta = rng.integers(-300, 300, size=(1, *shape)).astype(np.int16)
    return {"weight": weight, "bias": bias, "delta": delta}


def naive(p: Perturbation, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Picture by picture and pixel by pixel, in double precision."""
    out = np.zeros_like(x)
    c, h, w = p.shape
    for i in range(len(x)):
        change = np.zeros((c, h, w))
        for a in range(c):
            for r in range(h):
                for s in range(w):
                    change[a, r, s] = naive_change(p, x[i], int(y[i]), a, r, s)
        if p.norm == "linf":
            most = math.floor(p.epsilon * 255 + 1e-6)
            change = np.clip(np.rint(change), -most, most)
        else:
            length = math.sqrt((change**2).sum())
            if length > 255 * p.epsilon + SLACK:
                change = change * (255 * p.epsilon / length)
            change = np.trunc(change)
        out[i] = np.clip(x[i] + change, 0, 255)
    return out


def naive_change(p: Perturbation, x: np.ndarray, y: int, a: int, r: int, s: int) -> float:
    if p.family == "additive":
        return float(p.arrays["delta"][y if len(p.arrays["delta"]) > 1 else 0][a, r, s])
    bias = float(p.arrays["bias"][a])
    if p.family == "gain":
        return (float(p.arrays["gain"][a]) - 1) * float(x[a, r, s]) + bias
    weight = p.arrays["weight"]
    margin = weight.shape[-1] // 2
    total = bias + (float(p.arrays["delta"][0, a, r, s]) if p.family == "combined" else 0)
    for b in range(x.shape[0]):
        for i in range(-margin, margin + 1):
            for j in range(-margin, margin + 1):
                row = min(max(r + i, 0), x.shape[1] - 1)
                column = min(max(s + j, 0), x.shape[2] - 1)
                total += float(weight[a, b, margin + i, margin + j]) * float(x[b, row, column])
    return total


# ------------------------------------------------------------------------------------- by hand


def test_a_change_per_class_by_hand() -> None:
    p = additive([[[[1, -8]]], [[[20, 0]]], [[[0, 0]]]])
    x = np.array([[[[254, 5]]], [[[250, 5]]], [[[7, 7]]]], dtype=np.uint8)
    before = x.copy()
    # cat: +1 and −8, which stops at 0; dog: 20 is cut to 8, and stops at 255; eel: nothing
    assert p.apply(x, np.array([0, 1, 2])).tolist() == [[[[255, 0]]], [[[255, 5]]], [[[7, 7]]]]
    assert (x == before).all()
    assert not p.label_free
    assert p.label("dog") == 1
    with pytest.raises(InputError, match=r"Expected a known label, got 'dgo'\. Did you mean dog"):
        p.label("dgo")


def test_one_change_for_everyone_cannot_carry_the_label() -> None:
    shape = (1, 1, 2)
    free = [
        additive([[[[1, -8]]]]),
        Perturbation("gain", {"gain": np.array([1.5]), "bias": np.zeros(1)}, CLASSES, shape, 0.2),
        Perturbation(
            "filter", {"weight": np.zeros((1, 1, 3, 3)), "bias": np.ones(1)}, CLASSES, shape, 0.2
        ),
        Perturbation(
            "combined",
            {
                "weight": np.zeros((1, 1, 3, 3)),
                "bias": np.zeros(1),
                "delta": np.ones((1, *shape)),
            },
            CLASSES,
            shape,
            0.2,
        ),
    ]
    x = np.full((3, *shape), 100, dtype=np.uint8)
    for p in free:
        assert p.label_free
        changed = p.apply(x, np.arange(3))
        assert (changed == changed[0]).all()
        assert (changed != x).any()


def test_gain_and_filter_by_hand() -> None:
    x = np.array([[[[10, 20]]]], dtype=np.uint8)
    y = np.zeros(1, np.int64)
    # (1.5 − 1)·10 + 2 = 7, (1.5 − 1)·20 + 2 = 12; the budget is 10 levels
    gain = Perturbation(
        "gain", {"gain": np.array([1.5]), "bias": np.array([2.0])}, CLASSES, (1, 1, 2), 10 / 255
    )
    assert gain.apply(x, y).tolist() == [[[[17, 30]]]]
    weight = np.zeros((1, 1, 3, 3))
    weight[0, 0, 1, 2] = 0.25  # a quarter of the right neighbour: of the last pixel, itself
    right = Perturbation(
        "filter", {"weight": weight, "bias": np.array([-1.0])}, CLASSES, (1, 1, 2), 10 / 255
    )
    assert right.apply(x, y).tolist() == [[[[14, 24]]]]
    both = Perturbation(
        "combined",
        {**right.arrays, "delta": np.array([[[[2, -9]]]])},
        CLASSES,
        (1, 1, 2),
        10 / 255,
    )
    assert both.apply(x, y).tolist() == [[[[16, 15]]]]  # 5 − 1 + 2 and 5 − 1 − 9


def test_l2_shrinks_then_cuts_towards_zero() -> None:
    # length √(30² + 40²) = 50; to 10 levels: 6 and −8. To 9 levels: 5.4 and −7.2
    for epsilon, expected in ((10 / 255, [106, 92]), (9 / 255, [105, 93]), (60 / 255, [130, 60])):
        p = additive([[[[30, -40]]]], epsilon, "l2")
        x = np.full((1, 1, 1, 2), 100, dtype=np.uint8)
        assert p.apply(x, np.zeros(1, np.int64)).tolist() == [[[expected]]]


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_what_is_within_the_budget_is_left_as_it_is(norm: Norm) -> None:
    moved = np.zeros((1, 1, 1, 2), dtype=np.int16)
    for levels in range(1, 256):
        moved[0, 0, 0, 0] = levels
        for epsilon in (levels / 255, levels * (1 / 255)):  # 255 times these may fall short
            assert within(moved, epsilon, norm).tolist() == moved.tolist()


def test_a_huge_budget_does_not_wrap_around() -> None:
    # 255·200 levels and more: far beyond 16 bits
    moved = np.array([[[[60_000.0, -60_000.0]]]])
    assert within(moved, 400.0, "l2").tolist() == [[[[255, -255]]]]


# ---------------------------------------------------------------------------------- properties


@settings(max_examples=80)
@given(
    st.sampled_from(["additive", "gain", "filter", "combined"]),
    st.sampled_from(["linf", "l2"]),
    st.sampled_from([1 / 255, 1.5 / 255, 8 / 255, 0.3, 1.0]),
    st.integers(1, 3),
    st.integers(0, 10**6),
)
def test_the_budget_is_kept_and_the_change_is_the_definition(
    family: Family, norm: Norm, epsilon: float, c: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    shape = (c, int(rng.integers(1, 6)), int(rng.integers(1, 6)))
    p = Perturbation(family, arrays_of(family, shape, rng), CLASSES, shape, epsilon, norm)
    x = rng.integers(0, 256, size=(4, *shape), dtype=np.uint8)
    y = rng.integers(len(CLASSES), size=4)
    before = x.copy()
    changed = p.apply(x, y)
    assert changed.dtype == np.uint8
    assert (x == before).all()
    moved = changed.astype(int) - x
    if norm == "linf":
        assert np.abs(moved).max() <= math.floor(epsilon * 255 + 1e-6)
    else:
        assert np.sqrt((moved**2).sum((1, 2, 3))).max() <= 255 * epsilon + SLACK
    # Single and double precision may fall on two sides of a half, hence of one level, seldom; where
    # pictures have a single value and are moved by the same length, in each of them.
    off = np.abs(changed.astype(int) - naive(p, x, y))
    assert off.max() <= (0 if family == "additive" and norm == "linf" else 1)
    assert (off > 0).mean() <= 0.01 or off.sum((1, 2, 3)).max() <= 1


@given(st.integers(0, 10**6), st.sampled_from([1, 3, 5]))
def test_convolution_is_scipys(seed: int, side: int) -> None:
    from scipy.signal import correlate2d

    rng = np.random.default_rng(seed)
    c, d, h, w = rng.integers(1, 6, size=4)
    x = rng.uniform(0, 255, size=(2, c, h, w)).astype(np.float32)
    weight = rng.uniform(-1, 1, size=(d, c, side, side)).astype(np.float32)
    margin = side // 2
    wide = np.pad(x, ((0, 0), (0, 0), (margin,) * 2, (margin,) * 2), mode="edge").astype(float)
    expected = [
        [sum(correlate2d(image[b], weight[a, b], "valid") for b in range(c)) for a in range(d)]
        for image in wide
    ]
    # float32 keeps 7 digits of at most 125 summands of 255
    assert np.abs(convolve(x, weight) - np.array(expected)).max() < 1e-6 * 255 * 125


def test_many_images_are_changed_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, size=(20, 1, 2, 2), dtype=np.uint8), rng.integers(3, size=20)
    p = additive(rng.integers(-8, 9, size=(3, 1, 2, 2)))
    whole = p.apply(x, y)
    monkeypatch.setattr("quorate.test_time.perturbations.perturbation.AT_ONCE", 3)
    assert (p.apply(x, y) == whole).all()
    monkeypatch.setattr(perturbation, "VALUES_AT_ONCE", 5)  # one image of four values
    assert (p.apply(x, y) == whole).all()
    assert p.apply(x[:0], y[:0]).shape == (0, 1, 2, 2)


# ----------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("epsilon", [0, -0.1, math.nan, math.inf, 0.5 / 255, 1.01])
def test_a_budget_that_is_none(epsilon: float) -> None:
    with pytest.raises(InputError, match=r"Expected epsilon=.* of at least 1/255.*Use 8/255"):
        check_budget(epsilon, "linf")
    with pytest.raises(InputError, match="of at least 1/255"):
        additive(np.zeros((3, 1, 1, 1)), epsilon)
    assert levels_of(epsilon) < 1 or epsilon == 1.01


def test_l2_may_be_above_one() -> None:
    check_budget(1.01, "l2")
    with pytest.raises(InputError, match=r"known norm, got 'l1'.*l2, linf"):
        check_budget(0.1, "l1")


def test_whole_levels_are_whole() -> None:
    for levels in range(256):
        assert levels_of(levels / 255) == levels_of(levels * (1 / 255)) == levels


@pytest.mark.parametrize(
    ("family", "arrays"),
    [
        ("additive", {"delta": np.zeros((2, 1, 2, 2))}),
        ("additive", {"delta": np.zeros((3, 1, 2, 3))}),
        ("additive", {"delta": np.full((3, 1, 2, 2), np.nan)}),
        ("additive", {}),
        ("additive", {"delta": np.zeros((1, 1, 2, 2)), "bias": np.zeros(1)}),
        ("gain", {"gain": np.zeros(1)}),
        ("gain", {"gain": np.zeros(2), "bias": np.zeros(1)}),
        ("gain", {"gain": np.array([np.inf]), "bias": np.zeros(1)}),
        ("filter", {"weight": np.zeros((1, 1, 2, 2)), "bias": np.zeros(1)}),
        ("filter", {"weight": np.zeros((1, 1, 3, 5)), "bias": np.zeros(1)}),
        ("filter", {"bias": np.zeros(1)}),
        ("combined", {"weight": np.zeros((1, 1, 3, 3)), "bias": np.zeros(1)}),
        ("additive", {"delta": np.full((3, 1, 2, 2), 1e300)}),
        ("additive", {"delta": np.full((3, 1, 2, 2), 2**62)}),
        ("additive", {"delta": np.zeros((3, 1, 2, 2), complex)}),
        ("additive", {"delta": np.zeros((3, 1, 2, 2), bool)}),
        ("additive", {"delta": np.zeros((3, 1, 2, 2), "U3")}),
        ("additive", {"delta": np.zeros((3, 1, 2, 2), object)}),
        ("filter", {"weight": np.zeros((1, 1, 65, 65)), "bias": np.zeros(1)}),
        ("filter", {"weight": np.broadcast_to(0.0, (1, 1, 1501, 1501)), "bias": np.zeros(1)}),
        ("filter", {"weight": np.zeros((1, 1, 0, 0)), "bias": np.zeros(1)}),
        ("filter", {"weight": np.float32(1), "bias": np.zeros(1)}),
        (
            "combined",
            {
                "weight": np.zeros((1, 1, 3, 3)),
                "bias": np.zeros(1),
                "delta": np.zeros((3, 1, 2, 2)),
            },
        ),
    ],
)
def test_arrays_of_another_shape(family: Family, arrays: Any) -> None:
    with pytest.raises(InputError, match=f"Expected finite arrays of .* family {family}"):
        Perturbation(family, arrays, CLASSES, (1, 2, 2), 8 / 255)


@pytest.mark.parametrize(
    "shape",
    [(1, 2), (1, 2, 2, 2), (0, 2, 2), (1, -2, 2), (1, 2.0, 2), (1, True, 2), (1, 2**14, 2**14)],
)
def test_images_of_a_shape_that_is_none(shape: Any) -> None:
    delta = np.broadcast_to(np.int16(1), tuple(int(abs(axis)) for axis in (3, *shape)))
    with pytest.raises(InputError, match="Expected finite arrays"):
        Perturbation("additive", {"delta": delta}, CLASSES, shape, 8 / 255)


def test_a_filter_that_would_take_minutes_is_refused() -> None:
    arrays = {"weight": np.zeros((3, 3, 31, 31), np.float32), "bias": np.zeros(3, np.float32)}
    shape = (3, 2000, 2000)  # 9·31²·2000² = 35·10⁹ multiplications
    with pytest.raises(InputError, match="Expected finite arrays"):
        Perturbation("filter", arrays, CLASSES, shape, 8 / 255)
    assert Perturbation("filter", arrays, CLASSES, (3, 224, 224), 8 / 255).label_free


@pytest.mark.parametrize(
    ("classes", "named"),
    [
        ((), "names of the labels"),
        (("a", 3, "b"), "names of the"),
        (("a", "a", "b"), "got a twice"),
    ],
)
def test_labels_that_are_no_names(classes: Any, named: str) -> None:
    delta = np.zeros((1, 1, 2, 2), np.int16)
    with pytest.raises(InputError, match=named):
        Perturbation("additive", {"delta": delta}, classes, (1, 2, 2), 8 / 255)


def test_an_unknown_family() -> None:
    with pytest.raises(InputError, match=r"known family of perturbations, got 'gian'.*mean gain"):
        Perturbation("gian", {}, CLASSES, (1, 2, 2), 8 / 255)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("x", "named"),
    [
        (np.zeros((1, 1, 3, 3), np.uint8), r"\(1, 1, 3, 3\)"),
        (np.zeros((1, 3, 2, 2), np.uint8), r"\(1, 3, 2, 2\)"),
        (np.zeros((1, 2, 2), np.uint8), r"\(1, 2, 2\)"),
        (np.zeros((1, 1, 2, 2), np.float32), "float32"),
        (np.zeros((1, 1, 2, 2), np.int64), "int64"),
    ],
)
def test_images_of_another_shape_or_type(x: np.ndarray, named: str) -> None:
    p = additive(np.zeros((3, 1, 2, 2)))
    with pytest.raises(
        InputError, match=rf"Expected 8-bit images of shape \(n, 1, 2, 2\).*{named}"
    ):
        p.apply(x, np.zeros(1, np.int64))


@pytest.mark.parametrize(
    ("y", "named"),
    [
        ([3, 0], r"labels in \[0, 2\].*got 0 to 3"),
        ([-1, 0], r"labels in \[0, 2\].*got -1 to 0"),
        ([0], r"one label per image, 2, got shape \(1,\)"),
        ([[0], [1]], r"one label per image, 2, got shape \(2, 1\)"),
    ],
)
def test_labels_that_are_none(y: Any, named: str) -> None:
    x = np.zeros((2, 1, 2, 2), np.uint8)
    for count in (1, 3):
        p = additive(np.ones((count, 1, 2, 2)))
        with pytest.raises(InputError, match=named):
            p.apply(x, np.array(y))


# ------------------------------------------------------------------------------------ the file


@given(
    st.sampled_from(["additive", "gain", "filter", "combined"]),
    st.sampled_from(["linf", "l2"]),
    st.integers(0, 10**6),
)
def test_a_file_comes_back_to_the_byte(family: Family, norm: Norm, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (2, 3, 4)
    p = Perturbation(
        family, arrays_of(family, shape, rng), ("ä", "b,c", ""), shape, 0.1, norm, {"n": [1, None]}
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "perturbation.npz"
        save(p, path)
        again = load(path)
        assert path.read_bytes() == to_bytes(p) == to_bytes(again)
    assert (again.family, again.classes, again.shape) == (p.family, p.classes, p.shape)
    assert (again.epsilon, again.norm, again.about) == (p.epsilon, p.norm, p.about)
    x = rng.integers(0, 256, size=(5, *shape), dtype=np.uint8)
    y = rng.integers(3, size=5)
    assert (again.apply(x, y) == p.apply(x, y)).all()
    told = p.with_about(cell="abc")
    assert told.about == {"n": [1, None], "cell": "abc"}
    assert p.about == {"n": [1, None]}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "perturbation.npz"
    save(additive(np.random.default_rng(0).integers(-8, 9, size=(3, 2, 9, 9))), path)
    return path


def test_a_damaged_file_is_named_wherever_the_damage_is(saved: Path) -> None:
    whole = saved.read_bytes()
    rng = np.random.default_rng(0)
    damaged = [whole[:n] for n in range(0, len(whole), 37)]
    for _ in range(300):
        bytes_ = bytearray(whole)
        for at in rng.integers(len(whole), size=rng.integers(1, 4)):
            bytes_[at] = rng.integers(256)
        damaged.append(bytes(bytes_))
    refused = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's own, of names that differ
        for content in damaged:
            saved.write_bytes(content)
            try:
                load(saved)  # a byte that nobody reads, or within what the checksums do not cover
            except InputError:
                refused += 1
    assert refused > 250


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "a file of another kind"),
        (b'{"format": 1}', "a file of another kind"),
        (b"\x93NUMPY", "a file of another kind"),
        (b"\x80\x04N.", "a file of another kind"),
        (b"PK\x03\x04", "a damaged one, or another archive"),
    ],
)
def test_a_foreign_file_is_named(saved: Path, content: bytes, got: str) -> None:
    saved.write_bytes(content)
    with pytest.raises(InputError, match=rf"perturbation file at .*got: {got}\. .*\.npz") as error:
        load(saved)
    assert "pickle" not in str(error.value)


def test_other_archives_and_no_file_are_named(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.zeros(3))
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    np.savez(tmp_path / "pickled.npz", facts=np.array({"format": 1}, dtype=object))
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as archive:
        archive.writestr("facts.npy", "no array")
    for name, got in (
        ("nowhere.npz", "No such file or directory"),
        (".", "Is a directory"),
        ("one.npy", "a file of another kind"),
        ("other.npz", "an archive of a"),
        ("pickled.npz", "a damaged one, or another archive"),
        ("text.npz", "a damaged one, or another archive"),
    ):
        with pytest.raises(InputError, match="Expected a perturbation file") as error:
            load(tmp_path / name)
        assert f"got: {got}. Give" in str(error.value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            {"format": 9},
            "Expected a perturbation of format 2 or older in .*, got format 9. Upgrade",
        ),
        ({"format": "new"}, "Expected a perturbation file"),
        ({"family": "melody"}, "known family"),
        ({"norm": "l7"}, "known norm"),
        ({"epsilon": 0}, "at least 1/255"),
        ({"epsilon": "a"}, "Expected a perturbation file"),
        ({"shape": []}, "Expected finite arrays"),
        ({"shape": [2, 9]}, "Expected finite arrays"),
        ({"shape": None}, "Expected a perturbation file"),
        ({"classes": 3}, "Expected a perturbation file"),
        ({"about": None}, "Expected a perturbation file"),
    ],
)
def test_facts_that_are_none(saved: Path, change: Any, named: str) -> None:
    with np.load(saved) as file:
        facts, delta = json.loads(str(file["facts"])), file["delta"]
    np.savez(saved, facts=np.array(json.dumps({**facts, **change})), delta=delta)
    with pytest.raises(InputError, match=named):
        load(saved)


def member(name: str, shape: tuple[int, ...], dtype: str, size: int) -> tuple[str, bytes]:
    """An array of zeros in a file whose header says that it has the shape."""
    buffer = io.BytesIO()
    head = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, head)
    return name, buffer.getvalue() + bytes(size)


def rewrite(saved: Path, change: Mapping[str, Any], *members: tuple[str, bytes]) -> None:
    """Give a file other facts and other arrays."""
    with np.load(saved) as file:
        facts = {**json.loads(str(file["facts"])), **change}
    buffer = io.BytesIO()
    np.save(buffer, np.array(json.dumps(facts)))
    with (
        warnings.catch_warnings(),
        zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED, True, 9) as to,
    ):
        warnings.simplefilter("ignore")  # two members of one name
        for name, content in (("facts.npy", buffer.getvalue()), *members):
            to.writestr(name, content)


BOMBS = {
    "a header that claims more than there is": ({}, [("delta.npy", (3, 10**6, 10**6), "<i2", 9)]),
    "and says so in its facts": (
        {"shape": [1, 8000, 8000]},
        [("delta.npy", (3, 1, 8000, 8000), "<i2", 9)],
    ),
    "zeros": ({}, [("delta.npy", (3, 2, 1000, 1000), "<i2", 12_000_000)]),
    "zeros under another name": (
        {},
        [("delta.npy", (3, 2, 9, 9), "<i2", 972), ("more.npy", (10**7,), "|i1", 10**7)],
    ),
    "negative": ({}, [("delta.npy", (-3, 1, 2, 2), "<i2", 24)]),
    "objects": ({}, [("delta.npy", (3, 1, 2, 2), "|O", 96)]),
    "rows of a table": ({}, [("delta.npy", (3, 1, 2, 2), "|V2", 24)]),
    "two of one name": ({}, 2 * [("delta.npy", (3, 1, 2, 2), "<i2", 24)]),
    "very many": ({}, [(f"{i}.npy", (1,), "<i2", 2) for i in range(70)]),
    "of another shape": ({}, [("delta.npy", (3, 1, 2, 3), "<i2", 36)]),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_before_it_is_unpacked(saved: Path, kind: str) -> None:
    change, members = BOMBS[kind]
    rewrite(saved, change, *(member(*one) for one in members))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"^Expected .*\.$"):
            load(saved)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_facts_that_are_nested_without_end(saved: Path) -> None:
    with np.load(saved) as file:
        delta = file["delta"]
    np.savez(saved, facts=np.array("[" * 100_000), delta=delta)
    with pytest.raises(InputError, match="got: a damaged one"):
        load(saved)


def test_a_file_of_too_many_bytes_is_not_read(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perturbation, "MOST_BYTES", 100)
    with pytest.raises(InputError, match=r"got: one of [\d,]+ bytes"):
        load(saved)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(InputError, match=r"pipe\.npz, got: no file"):
        load(tmp_path / "pipe.npz")
