"""Photo edits and networks by a page are those of ``quorate apply``, to the bit, or refused."""

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from changed_pictures import APPLY, Case, in_memory, png_of
from scripted_page import ScriptedPage, array, text

from quorate import spec
from quorate.collective.publishing import settings
from quorate.errors import InputError
from quorate.test_time.edits.built_in import EDITS
from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.perturbations.apply import apply_to_file
from quorate.test_time.perturbations.kinds import KINDS
from quorate.test_time.perturbations.perturbation import FORMAT, Perturbation, from_bytes, to_bytes
from quorate.test_time.perturbations.told import FAMILIES
from quorate.test_time.perturbations.whole_network import WholeLayer, WholeNetwork, tanh_table

READ = """async (npz) => {
  const change = await quorate.change.read(quorate.bytes.fromBase64(npz));
  return [change.family, change.labelFree];
}"""
Arrays = dict[str, Any]


def random_edit(rng: np.random.Generator, name: str) -> Any:
    """An edit with any parameters that it takes, the ends of their ranges among them."""
    cls = EDITS[name]
    types = spec.hints(cls)
    values: dict[str, Any] = {}
    for key, (low, high) in cls.bounds.items():
        value = rng.choice([low, high, rng.uniform(low, high), rng.uniform(low, high)])
        values[key] = int(value) if types[key] is int else float(value)
    if name == "median":
        values["size"] = int(rng.choice([1, 3, 5]))
    return cls(**values)


def random_picture(rng: np.random.Generator, change: Perturbation, least: int, gray: bool) -> Case:
    """A picture of slopes or of noise for a change: smaller, as large, or larger."""
    _, h, w = change.shape
    sides = (h, w) if rng.random() < 0.3 else (*(int(one) for one in rng.integers(least, 50, 2)),)
    colours = () if gray and rng.random() < 0.4 else (3,)
    if rng.random() < 0.5:
        x = rng.integers(0, int(rng.choice([4, 256])), (*sides, *colours))
    else:
        slopes = np.add.outer(np.linspace(0, 120, sides[0]), np.linspace(0, 90, sides[1]))
        x = np.clip(
            slopes.reshape(*sides, *(1 for _ in colours)) + rng.normal(0, 9, colours), 0, 255
        )
    return change, x.astype(np.uint8), None


def random_budget(rng: np.random.Generator) -> dict[str, Any]:
    """None for half of them."""
    if rng.random() < 0.5:
        return {"epsilon": 1.0}
    if rng.random() < 0.5:
        return {"epsilon": float(rng.uniform(1, 60) / 255)}
    return {"epsilon": float(rng.uniform(0.5, 9)), "norm": "l2"}


def random_edits(rng: np.random.Generator, *first: str) -> Case:
    """A pipeline that begins with an edit, or of tone alone, and a picture."""
    tone = not first and rng.random() < 0.7
    c = int(rng.choice([1, 3]))
    names = [name for name, cls in EDITS.items() if c == 3 or not cls.needs_colour]
    some = [name for name in names if EDITS[name].is_tone or not tone]
    chosen = [*(name for name in first if name in names), *rng.choice(some, rng.integers(1, 4))]
    shape = (c, *(int(side) for side in rng.integers(1, 24, 2)))
    pipeline = Pipeline(tuple(random_edit(rng, str(name)) for name in chosen))
    arrays = pipeline.arrays(shape)
    change = Perturbation("edit", arrays, ("cat", "dog"), shape, **random_budget(rng))
    return random_picture(rng, change, 1, not pipeline.needs_colour)


def random_network(rng: np.random.Generator, c: int, sides: tuple[int, ...]) -> WholeNetwork:
    """A network whose values fall on both sides of every clip."""
    channels = [c, *(int(one) for one in rng.integers(1, 6, len(sides) - 1)), c]
    layers = []
    for at, side in enumerate(sides):
        before, after = channels[at : at + 2]
        weight = rng.integers(-127, 128, (after, before, side, side)).astype(np.int8)
        bias = rng.integers(-20_000, 20_000, after).astype(np.int32)
        shift = rng.integers(5, 12, after).astype(np.int8)
        shift[0] = rng.choice([shift[0], -1, 24])
        layers.append(WholeLayer(weight, bias, shift))
    return WholeNetwork(layers, tanh_table(int(rng.choice([8, 100, 255]))))


def random_networks(rng: np.random.Generator) -> Case:
    c = int(rng.choice([1, 3]))
    sides = tuple(int(one) for one in rng.choice([1, 3, 5], rng.integers(1, 4)))
    network = random_network(rng, c, sides)
    least = 2 * network.margin + 1
    shape = (c, *(int(side) for side in rng.integers(least, least + 20, 2)))
    arrays = network.arrays()
    change = Perturbation("network", arrays, ("cat", "dog"), shape, **random_budget(rng))
    return random_picture(rng, change, least, c == 1)


def check_each(scripted: ScriptedPage, cases: list[Case]) -> int:
    """Compare what the page makes of each case with the library's, and count the changed ones."""
    asked = [[text(to_bytes(one)), text(png_of(picture)), label] for one, picture, label in cases]
    changed = 0
    for case, got in zip(cases, scripted.each(APPLY, asked), strict=True):
        words = (
            f"{list(case[0].arrays)} of {case[0].shape} on {case[1].shape}: {got.get('refused')}"
        )
        assert "refused" not in got, words
        wanted = in_memory(case)
        assert got["shape"] == list(wanted.shape)
        np.testing.assert_array_equal(array(got["data"], *wanted.shape), wanted, words)
        changed += got["facts"]["largest"] > 0
    return changed


def test_every_edit_with_any_parameters(scripted: ScriptedPage) -> None:
    rng = np.random.default_rng(0)
    cases = [random_edits(rng, name) for name in EDITS for _ in range(3)]
    assert check_each(scripted, cases) > len(cases) * 0.7


def test_pipelines_of_tone_on_the_picture_itself(scripted: ScriptedPage) -> None:
    rng = np.random.default_rng(1)
    assert check_each(scripted, [random_edits(rng) for _ in range(20)]) > 12


def test_networks(scripted: ScriptedPage) -> None:
    rng = np.random.default_rng(2)
    assert check_each(scripted, [random_networks(rng) for _ in range(20)]) > 15


def test_the_page_knows_the_edits_and_families_of_the_library(scripted: ScriptedPage) -> None:
    """So that neither can be added to the library alone, or without words for it."""
    told = scripted.page.evaluate("[quorate.edits.names, quorate.change.families]")
    assert [sorted(names) for names in told] == [sorted(EDITS), sorted(KINDS)]
    assert scripted.page.evaluate("quorate.change.format") == FORMAT
    assert set(FAMILIES) == set(KINDS)
    assert set(settings.FAMILIES) <= set(KINDS)  # what a coordinator crafts


@pytest.mark.parametrize(
    ("pipeline", "epsilon"),
    [("exposure:stops=2", 1.0), ("gaussian + exposure", 1.0), ("gaussian + exposure", 8 / 255)],
)
def test_what_is_said_of_an_edited_picture(
    scripted: ScriptedPage, tmp_path: Path, pipeline: str, epsilon: float
) -> None:
    shape = (3, 8, 8)
    arrays = Pipeline.parse(pipeline).arrays(shape)
    change = Perturbation("edit", arrays, ("cat",), shape, epsilon)
    picture = png_of(np.random.default_rng(0).integers(0, 200, (20, 30, 3)).astype(np.uint8))
    (tmp_path / "p.npz").write_bytes(to_bytes(change))
    (tmp_path / "x.png").write_bytes(picture)
    said = apply_to_file(tmp_path / "p.npz", tmp_path / "x.png", tmp_path / "out.png").lines()
    (got,) = scripted.each(APPLY, [[text(to_bytes(change)), text(picture), None]])
    words = " ".join(got["told"])
    assert said[1].removeprefix("Noise: ").removeprefix("Change: ") in words
    (size,) = (one for one in said if one.startswith(("Any size", "Not exact")))
    assert size in words
    assert ("no budget" in words) == (epsilon == 1)


# ------------------------------------------------------------------------------ strangers' files


def archive(family: str, arrays: Mapping[str, Any], shape: tuple[int, ...] = (3, 8, 8)) -> bytes:
    facts = {"format": 2, "family": family, "classes": ["a", "b"], "shape": shape}
    facts |= {"epsilon": 1.0, "norm": "linf", "about": {}}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, facts=np.array(json.dumps(facts)), **arrays)
    return buffer.getvalue()


def edits(pipeline: str, shape: tuple[int, int, int] = (3, 8, 8), **other: Any) -> bytes:
    """A file of a pipeline, with other arrays in place of some; None leaves one out."""
    arrays = dict(Pipeline.parse(pipeline).arrays(shape)) | other
    return archive("edit", {name: one for name, one in arrays.items() if one is not None}, shape)


def network(
    change: Callable[[Arrays], Any] = lambda _: None, shape: tuple[int, int, int] = (3, 8, 8)
) -> bytes:
    """A file of a network that something was done to."""
    arrays: Arrays = dict(random_network(np.random.default_rng(0), 3, (3, 1)).arrays())
    change(arrays)
    return archive("network", arrays, shape)


def set_to(name: str, value: Any) -> Callable[[Arrays], Any]:
    return lambda arrays: arrays.update({name: value})


def hostile() -> dict[str, bytes]:
    """Files that the library refuses, and words of what the page says of them."""
    curve = Pipeline.parse("exposure").arrays((3, 8, 8))["0.exposure.curve"]
    nan = np.array([np.nan])
    wide = np.ones((120, 3, 15, 15), np.int8)
    rising = tanh_table(255).copy()
    rising[500] = 0
    big = {"0.weight": wide, "0.bias": np.zeros(120, np.int32), "0.shift": np.zeros(120, np.int8)}
    return {
        "one of the edits": archive("edit", {"0.sepia.parameters": np.ones(1)}),
        "what its parameters give": edits("exposure", **{"0.exposure.curve": curve[::-1]}),
        "it says one thing and does another": edits(
            "exposure:stops=0", **{"0.exposure.curve": (np.arange(256) ^ 1).astype(np.uint8)}
        ),
        "its arrays, got others": edits("exposure", **{"0.exposure.parameters": nan}),
        "stops=9": edits("exposure", **{"0.exposure.parameters": np.array([9.0])}),
        "quality=50.5": edits("jpeg", **{"0.jpeg.parameters": np.array([50.5])}),
        "size=4": edits("median", **{"0.median.parameters": np.array([4.0])}),
        "parameters of exposure of another type": edits(
            "exposure", **{"0.exposure.parameters": np.ones(1, np.float32)}
        ),
        "0.exposure.curve of another type": edits(
            "exposure", **{"0.exposure.curve": curve.astype(np.int16)}
        ),
        "taps of another type": edits(
            "gaussian",
            **{
                "0.gaussian.taps": Pipeline.parse("gaussian")
                .arrays((3, 8, 8))["0.gaussian.taps"]
                .astype(">i4")
            },
        ),
        "other shapes": edits("exposure", **{"0.exposure.curve": curve[:255]}),
        "arrays of other shapes": edits("exposure", **{"0.exposure.curve": None}),
        "arrays of a change": edits("exposure", **{"0.exposure.more": curve}),
        "two edits as step 0": edits("exposure", **{"0.gamma.parameters": np.ones(1)}),
        "not numbered": edits("exposure", **{"2.gamma.parameters": np.ones(1)}),
        "an array named": edits("exposure", x=curve),
        "1 to 6 edits": archive("edit", {f"{i}.median.parameters": np.ones(1) for i in range(7)}),
        "pictures in colour": edits(
            "exposure", **{"1.white-balance.parameters": np.ones(2)}, shape=(1, 8, 8)
        ),
        "grey or RGB": archive("edit", {"0.median.parameters": np.ones(1)}, (2, 8, 8)),
        "values for median": archive("edit", {"0.median.parameters": np.ones(1)}, (3, 2000, 2000)),
        "with margins": archive("edit", {"0.median.parameters": np.ones(1)}, (1, 1, 2**17)),
        "pixels a side": archive("edit", {"0.rescale.parameters": np.ones(1)}, (1, 8, 2000)),
        "layers": network(lambda arrays: [arrays.pop(f"{i}.weight") for i in (0, 1)]),
        "filters of odd sides": network(set_to("0.weight", np.ones((2, 3, 2, 2), np.int8))),
        "at most 50000 weights": network(
            lambda arrays: arrays.update(big | {"1.weight": np.ones((3, 120, 1, 1), np.int8)}),
            (3, 99, 99),
        ),
        "channels it takes": network(set_to("1.weight", np.ones((4, 5, 1, 1), np.int8))),
        "sees no further": network(shape=(3, 2, 2)),
        "family network": network(lambda arrays: arrays.pop("1.bias")),
        "of a network as int8": network(set_to("1.shift", np.ones(3, np.int16))),
        "of a network as int16": network(set_to("tanh", tanh_table(255).astype(np.float64))),
        "numbers up to": network(set_to("tanh", np.full(1025, np.nan))),
        "sums below": network(set_to("1.bias", np.full(3, 2**24, np.int32))),
        "shifts of up to 24": network(set_to("1.shift", np.full(3, 25, np.int8))),
        "the table of tanh": network(set_to("tanh", rising)),
    }


def test_files_of_strangers_are_refused_as_in_the_library(scripted: ScriptedPage) -> None:
    files = hostile()
    for name, content in files.items():
        with pytest.raises(InputError):
            from_bytes(content, name)
    told = scripted.each(READ, [text(one) for one in files.values()])
    for words, got in zip(files, told, strict=True):
        said = got.get("refused", "") if isinstance(got, dict) else f"it was read: {got}"
        assert said.startswith("InputError: Expected "), words
        assert words in said
        assert "\n" not in said
    good = [text(edits("exposure + jpeg")), text(network())]
    assert scripted.each(READ, good) == [["edit", True], ["network", True]]


def test_pictures_that_a_change_is_not_for_are_refused(scripted: ScriptedPage) -> None:
    rng = np.random.default_rng(0)
    grey = text(png_of(rng.integers(0, 256, (9, 9)).astype(np.uint8)))
    small = text(png_of(rng.integers(0, 256, (2, 9, 3)).astype(np.uint8)))
    free = text(edits("exposure"))
    colour = text(edits("exposure + white-balance"))
    asked = [[colour, grey, None], [text(network()), grey, None], [text(network()), small, None]]
    told = scripted.each(APPLY, [*asked, [free, grey, "a"], [free, grey, None]])
    assert [one.get("refused", "").partition("Expected ")[2].split(", ")[0] for one in told] == [
        "a picture in colour",
        "a picture in colour",
        "a picture of at least 3 x 3 pixels",
        "no label",
        "",
    ]
