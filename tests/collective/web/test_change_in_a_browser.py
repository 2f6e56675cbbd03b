"""The change that a page adds to a picture is the one of ``quorate apply``, to the bit."""

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from changed_pictures import APPLY, Case, in_memory, png_of
from PIL import Image
from scripted_page import ScriptedPage, array, text

from quorate.errors import InputError
from quorate.test_time.perturbations.apply import AppliedChange, apply_to_file
from quorate.test_time.perturbations.budget import is_none
from quorate.test_time.perturbations.perturbation import Perturbation, from_bytes, to_bytes

READ = """async (npz) => {
  const change = await quorate.change.read(quorate.bytes.fromBase64(npz));
  const arrays = {};
  for (const name in change.arrays) {
    const { shape, values } = change.arrays[name];
    arrays[name] = [shape, [...values]];
  }
  const { classes, shape, epsilon, norm, labelFree, about } = change;
  return { arrays, classes, shape, epsilon, norm, labelFree, about };
}"""
INTEGERS = ("<i2", "<i4", ">i2", "i1", "<i8", "<u2")
FLOATS = ("<f4", "<f8", ">f4", "<f2")


def numbers(rng: np.random.Generator, shape: tuple[int, ...], reach: float) -> np.ndarray:
    """Parameters of one of the types that a file may have: whole, halves, or any."""
    x = rng.normal(0, reach, shape)
    kind = rng.integers(3)
    if kind == 0:
        return np.clip(x, -120, 120).round().astype(rng.choice(INTEGERS[:5]))
    if kind == 1:
        x = (2 * x).round() / 2  # which round to the even ones
    return x.astype(rng.choice(FLOATS))


def random_change(rng: np.random.Generator) -> Perturbation:
    """A change of any family, norm and size."""
    c = int(rng.choice([1, 3]))
    shape = (c, *(int(side) for side in rng.integers(1, 14, 2)))
    k = int(rng.integers(1, 4))
    family: Any = rng.choice(["additive", "gain", "filter", "combined"])
    norm: Any = rng.choice(["linf", "l2"])
    epsilon = float(rng.choice([rng.uniform(1, 40) / 255, 8 / 255, 33 / 255]))
    if norm == "l2":
        epsilon *= float(np.sqrt(rng.integers(1, 400)))
    arrays: dict[str, np.ndarray] = {}
    if family == "additive":
        arrays["delta"] = numbers(rng, (int(rng.choice([1, k])), *shape), 20)
        arrays["delta"][:, 0, 0, 0] += 1  # so that there is one
    elif family == "gain":
        arrays["gain"] = 1 + rng.normal(0, 0.3, c).astype(rng.choice(FLOATS))
        arrays["bias"] = numbers(rng, (c,), 20)
    else:
        side = int(rng.choice([1, 3, 5]))
        arrays["weight"] = rng.normal(0, 0.1, (c, c, side, side)).astype(rng.choice(FLOATS))
        arrays["bias"] = numbers(rng, (c,), 20)
    if family == "combined":
        arrays["delta"] = numbers(rng, (1, *shape), 20)
    if rng.random() < 0.2:
        arrays = {name: np.asfortranarray(one) for name, one in arrays.items()}
    classes = tuple(f"label {i} é" for i in range(k))
    return Perturbation(family, arrays, classes, shape, epsilon, norm)


def random_case(rng: np.random.Generator) -> Case:
    """A change, a picture (H, W) or (H, W, 3), and the label, if one is wanted."""
    change = random_change(rng)
    _, h, w = change.shape
    sides = (h, w) if rng.random() < 0.4 else (*(int(one) for one in rng.integers(1, 40, 2)),)
    if rng.random() < 0.2:
        sides = (sides[0], w)
    colours = () if rng.random() < 0.4 else (3,)
    top = int(rng.choice([3, 256]))  # dark ones, where black takes less than the change
    picture = rng.integers(0, top, (*sides, *colours)).astype(np.uint8)
    return change, picture, None if change.label_free else str(rng.choice(change.classes))


def applied(case: Case, folder: Path) -> tuple[AppliedChange, np.ndarray]:
    """What ``quorate apply`` says and writes."""
    change, picture, label = case
    paths = [folder / name for name in ("perturbation.npz", "picture.png", "out.png")]
    paths[0].write_bytes(to_bytes(change))
    paths[1].write_bytes(png_of(picture))
    said = apply_to_file(*paths, label)
    with Image.open(paths[2]) as image:
        return said, np.atleast_3d(np.asarray(image))


def told_as_by(said: AppliedChange, words: str) -> bool:
    """Whether the page says what the command says, with the same numbers."""
    noise = said.lines()[1].removeprefix("Noise: ")
    more = [one for one in said.lines() if one.startswith(("Not exact", "Brightness"))]
    plain = [
        re.sub(r"[\d.]+e\+\d+", lambda n: f"{float(n[0]):.15g}", one) for one in (noise, *more)
    ]
    return all(one in words for one in plain)


def test_hundreds_of_changes_and_pictures(scripted: ScriptedPage) -> None:
    rng = np.random.default_rng(0)
    cases = [random_case(rng) for _ in range(400)]
    asked = [[text(to_bytes(one)), text(png_of(picture)), label] for one, picture, label in cases]
    changed = 0
    for case, got in zip(cases, scripted.each(APPLY, asked), strict=True):
        assert "refused" not in got, got
        wanted = in_memory(case)
        assert got["shape"] == list(wanted.shape)
        np.testing.assert_array_equal(array(got["data"], *wanted.shape), wanted)
        changed += got["facts"]["largest"] > 0
    assert changed > 300


def test_what_is_said_of_a_changed_picture(scripted: ScriptedPage, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    cases = [random_case(rng) for _ in range(50)]
    asked = [[text(to_bytes(one)), text(png_of(picture)), label] for one, picture, label in cases]
    for case, got in zip(cases, scripted.each(APPLY, asked), strict=True):
        said, wanted = applied(case, tmp_path)
        np.testing.assert_array_equal(array(got["data"], *wanted.shape), wanted)
        assert got["facts"] == {
            "label": said.label,
            "norm": said.norm,
            "budget": said.budget,
            "used": said.used,
            "largest": said.largest_change,
            "mean": said.mean_change,
            "size": list(said.size),
            "trainedSize": list(said.trained_size),
            "brightness": said.brightness,
            "madeColour": said.made_colour,
            "clipped": said.clipped,
            "noBudget": is_none(said.epsilon, said.norm),
            "way": said.way,
        }
        assert told_as_by(said, " ".join(got["told"]))


def test_filters_sum_in_the_order_of_the_library(scripted: ScriptedPage) -> None:
    # Of a hundred thousand values about one is rounded otherwise where float32 is left.
    rng = np.random.default_rng(3)
    shape = (3, 260, 300)
    filters = {"weight": rng.normal(0, 0.1, (3, 3, 5, 5)).astype(np.float32)}
    filters["bias"] = rng.normal(0, 9, 3).astype(np.float32)
    change = Perturbation("filter", filters, ("cat",), shape, 200 / 255)
    picture = rng.integers(0, 256, (260, 300, 3)).astype(np.uint8)
    (got,) = scripted.each(APPLY, [[text(to_bytes(change)), text(png_of(picture)), None]])
    wanted = in_memory((change, picture, None))
    np.testing.assert_array_equal(array(got["data"], *wanted.shape), wanted)


def test_a_photo_of_a_telephone(scripted: ScriptedPage) -> None:
    rng = np.random.default_rng(1)
    delta = rng.integers(-8, 9, (2, 3, 32, 32)).astype(np.int16)
    change = Perturbation("additive", {"delta": delta}, ("cat", "dog"), (3, 32, 32), 8 / 255)
    small = Image.fromarray(rng.integers(0, 256, (30, 40, 3)).astype(np.uint8))
    picture = np.asarray(small.resize((603, 457)))
    asked = [text(to_bytes(change)), text(png_of(picture)), "dog"]
    (got,) = scripted.each(APPLY, [asked])
    wanted = in_memory((change, picture, "dog"))
    np.testing.assert_array_equal(array(got["data"], *wanted.shape), wanted)


def test_a_change_is_read_as_it_was_written(scripted: ScriptedPage) -> None:
    rng = np.random.default_rng(2)
    changes = [random_change(rng).with_about(lost=float("nan"), said='a "NaN"') for _ in range(60)]
    told = scripted.each(READ, [text(to_bytes(one)) for one in changes])
    for change, got in zip(changes, told, strict=True):
        for name, one in change.arrays.items():
            shape, values = got["arrays"][name]
            assert shape == list(one.shape)
            np.testing.assert_array_equal(np.array(values).reshape(shape), one.astype(np.float64))
        assert got["classes"] == list(change.classes)
        assert (got["epsilon"], got["norm"]) == (change.epsilon, change.norm)
        assert got["labelFree"] == change.label_free
        assert got["about"] == {"lost": None, "said": 'a "NaN"'}


def facts_of(**other: Any) -> str:
    facts = {"format": 1, "family": "additive", "classes": ["a", "b"], "shape": [1, 2, 2]}
    facts |= {"epsilon": 0.1, "norm": "linf", "about": {}}
    return json.dumps(facts | other)


def archive(compressed: bool = True, **arrays: Any) -> bytes:
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def hostile_files() -> dict[str, bytes]:
    """Files that the library refuses, by what is wrong with them."""
    delta = np.ones((2, 1, 2, 2), np.int16)
    good = archive(facts=np.array(facts_of()), delta=delta)
    files = {
        "empty": b"",
        "text": b"PK, but no archive",
        "cut": good[:-30],
        "damaged": good[:90] + bytes([good[90] ^ 255]) + good[91:],
        "no facts": archive(delta=delta),
        "newer": archive(facts=np.array(facts_of(format=99)), delta=delta),
        "objects": archive(facts=np.array(facts_of()), delta=np.array([None])),
        "text for numbers": archive(facts=np.array(facts_of()), delta=np.full((2, 1, 2, 2), "a")),
        "another shape": archive(facts=np.array(facts_of()), delta=delta[0]),
        "nothing allowed": archive(facts=np.array(facts_of(epsilon=0.001)), delta=delta),
        "no norm": archive(facts=np.array(facts_of(norm="l1")), delta=delta),
        "twice": archive(facts=np.array(facts_of(classes=["a", "a"])), delta=delta),
        "too large": archive(facts=np.array(facts_of()), delta=delta * 2.0e6),
        "not finite": archive(facts=np.array(facts_of()), delta=delta * np.nan),
        "many": archive(facts=np.array(facts_of()), **{f"a{i}": delta for i in range(70)}),
        "more": archive(facts=np.array(facts_of()), delta=delta, bias=np.ones(1)),
        "a filter of two": archive(
            facts=np.array(facts_of(family="filter")), weight=np.ones((1, 1, 2, 2)), bias=[1.0]
        ),
    }
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("facts.npy", bytes(2**25))
    files["a bomb"] = bomb.getvalue()
    return files


def test_hostile_files_are_refused_as_in_the_library(scripted: ScriptedPage) -> None:
    files = hostile_files()
    for name, content in files.items():
        with pytest.raises(InputError):
            from_bytes(content, name)
    told = scripted.each(READ, [text(one) for one in files.values()])
    for name, got in zip(files, told, strict=True):
        assert got.get("refused", "").startswith("InputError: Expected "), name
    plain = archive(False, facts=np.array(facts_of()), delta=np.ones((2, 1, 2, 2), np.int16))
    assert "refused" not in scripted.each(READ, [text(plain)])[0]  # as it is without compression


def test_labels_that_do_not_fit_are_refused(scripted: ScriptedPage) -> None:
    delta = np.zeros((2, 1, 2, 2), np.int16)
    delta[0] = 3
    change = Perturbation("additive", {"delta": delta}, ("cat", "dog"), (1, 2, 2), 8 / 255)
    free = Perturbation("additive", {"delta": delta[:1]}, ("cat", "dog"), (1, 2, 2), 8 / 255)
    picture = text(png_of(np.zeros((2, 2), np.uint8)))
    asked = [[text(to_bytes(change)), picture, label] for label in (None, "bird", "dog")]
    asked.append([text(to_bytes(free)), picture, "cat"])
    told = [one["refused"] for one in scripted.each(APPLY, asked)]
    assert [one.split(", got ")[0] for one in told] == [
        "InputError: Expected the picture's true label",
        "InputError: Expected the picture's true label",
        "InputError: Expected a label that the collective had pictures of",
        "InputError: Expected no label, as this change is the same for everyone",
    ]
