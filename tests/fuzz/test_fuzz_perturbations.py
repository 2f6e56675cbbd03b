"""Damaged perturbation files: read, or refused in one sentence; see ``fuzzing``."""

import io
import json
import warnings
import zipfile
from typing import Any

import numpy as np
from fuzzing import NUMBERS, Counts, Rng, damaged

from quorate.errors import InputError
from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.perturbations.perturbation import Perturbation, from_bytes, to_bytes
from quorate.test_time.perturbations.told import ToldPerturbation
from quorate.test_time.perturbations.whole_network import WholeLayer, WholeNetwork, tanh_table

CLASSES = ("cat", "dog")
SHAPE = (2, 5, 7)
GREY, COLOUR = (1, 5, 7), (3, 5, 7)
FAMILIES = ("additive", "gain", "filter", "combined", "edit", "network")
PIPELINES = {
    "gaussian:sigma=0.7 + exposure:stops=2": GREY,
    "white-balance + jpeg + own-contrast + median": COLOUR,
    "bilateral + non-local-means + rescale": COLOUR,
    "sharpen + deblur + gamma + contrast": GREY,
}
STEPS = ("exposure", "median", "jpeg", "own-contrast", "magic", "", "tanh", "0")
TABLES = ("parameters", "curve", "taps", "steps", "factor", "weight", "bias", "shift", "")
WORDS: tuple[Any, ...] = (
    *(None, True, "", *FAMILIES, "linf", "l2", "\x1b[2J", "a" * 999),
    *(-1, 0, 0.5, 1e-9, 1e308, float("nan"), float("inf"), 10**400, *NUMBERS),
    *([], [[]], {}, {"a": {"value": 1}}, [1, 2, 2], [3, 5, 7], [10**9] * 3, ["cat", "cat"], [None]),
)
TYPES = (
    "<i2",
    ">i2",
    "<f4",
    "<f8",
    "|i1",
    "|u1",
    "|b1",
    "<c16",
    "<U3",
    "|S4",
    "|O",
    "|V2",
    "<M8[s]",
)


def seeds() -> list[bytes]:
    rng = np.random.default_rng(0)
    bias = rng.normal(0, 3, 2).astype(np.float32)
    weight = rng.normal(0, 0.1, (2, 2, 3, 3)).astype(np.float32)
    delta = rng.integers(-8, 9, (2, *SHAPE)).astype(np.int16)
    arrays: dict[str, dict[str, Any]] = {
        "additive": {"delta": delta},
        "gain": {"gain": bias + 1, "bias": bias},
        "filter": {"weight": weight, "bias": bias},
        "combined": {"weight": weight, "bias": bias, "delta": delta[:1]},
    }
    about = {"platform": "mlp", "measured": {"before": {"value": 0.5}, "after": {"value": 0.7}}}
    return [
        to_bytes(Perturbation(family, given, CLASSES, SHAPE, 8 / 255, norm, about))  # type: ignore[arg-type]
        for family, given in arrays.items()
        for norm in ("linf", "l2")
    ] + newer_seeds()


def newer_seeds() -> list[bytes]:
    """Return files of format 2: pipelines of photo edits, and a network."""
    files = [
        Perturbation("edit", Pipeline.parse(text).arrays(shape), CLASSES, shape, 1.0)
        for text, shape in PIPELINES.items()
    ]
    rng = np.random.default_rng(1)
    layers = [
        WholeLayer(
            rng.integers(-127, 128, shape).astype(np.int8),
            rng.integers(-999, 999, shape[0]).astype(np.int32),
            np.full(shape[0], 8, np.int8),
        )
        for shape in ((4, 3, 3, 3), (3, 4, 1, 1))
    ]
    network = WholeNetwork(layers, tanh_table(8)).arrays()
    files += [
        Perturbation("network", network, CLASSES, COLOUR, 8 / 255, norm) for norm in ("linf", "l2")
    ]
    return [to_bytes(one) for one in files]


SEEDS = seeds()


def rebuilt(content: bytes, rng: Rng) -> bytes:
    """Return an archive that is whole, and holds other facts or other arrays."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {one.filename: archive.read(one) for one in archive.infolist()}
    facts = json.loads(str(np.load(io.BytesIO(members["facts.npy"]))))
    for _ in range(int(rng.geometric(0.7))):
        name = str(rng.choice(list(members)))
        how = rng.random()
        if name == "facts.npy":
            members[name] = other_facts(facts, rng)
        elif how < 0.4:
            members[name] = nearly(members[name], rng)
        elif how < 0.7:
            members[name] = damaged(members[name], list(members.values()), rng)
        else:
            members[name] = claimed(rng)
        if rng.random() < 0.2:
            other = str(rng.choice(list(members)))
            members[numbered(rng)] = members[other]
            if rng.random() < 0.5 and other != "facts.npy":
                del members[other]
        if rng.random() < 0.1:
            members[f"{rng.choice(['delta', 'x', '../a', 'facts'])}.npy"] = claimed(rng)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


def other_facts(facts: dict[str, Any], rng: Rng) -> bytes:
    """Return facts of which one or two are something else, or whose text is damaged."""
    any_facts: dict[str, Any] = {
        "format": int(rng.choice([1, 2])),
        "family": str(rng.choice(FAMILIES)),
        "classes": list(CLASSES),
        "shape": list((SHAPE, GREY, COLOUR, (3, 1, 1), (1, 1, 2**16))[int(rng.integers(5))]),
        "epsilon": 8 / 255,
        "norm": "l2",
        "about": {},
    }
    facts = dict(facts) if rng.random() < 0.5 else any_facts
    for key in rng.choice(list(facts), size=int(rng.geometric(0.8))):
        facts[str(key)] = WORDS[int(rng.integers(len(WORDS)))]
    text = json.dumps(facts)
    if rng.random() < 0.2:
        text = damaged(text.encode(), [text.encode()], rng).decode("latin-1")
    buffer = io.BytesIO()
    np.save(buffer, np.array(text))
    return buffer.getvalue()


def numbered(rng: Rng) -> str:
    """Return a name as those of a pipeline's or a network's arrays, or nearly."""
    parts = [str(rng.choice(["0", "1", "3", "00", "-1", "99", "100", "²"]))]
    if rng.random() < 0.7:
        parts.append(str(rng.choice(STEPS)))
    return ".".join([*parts, str(rng.choice(TABLES))]) + ".npy"


def nearly(content: bytes, rng: Rng) -> bytes:
    """Return an array with some values a little or very different, or of another type."""
    try:
        array = np.load(io.BytesIO(content))
    except Exception:
        return content
    if array.dtype.kind not in "iuf" or not array.size or array.size > 10_000:
        return content
    array = array.copy()
    with np.errstate(all="ignore"):
        for place in rng.integers(0, array.size, int(rng.geometric(0.5))):
            other = rng.choice([0, -1, 1, 2, 127, 255, 1e6, 1e30, float("nan"), -0.0])
            value = array.flat[place] + (rng.choice([-2, -1, 1, 2]) if rng.random() < 0.5 else 0)
            kept = other if rng.random() < 0.5 else value
            array.flat[place] = np.asarray(kept, float).astype(array.dtype)
        if rng.random() < 0.2:
            kinds = ("<f4", "<f8", ">i2", "<i8", "|u1", "|i1")
            array = array.astype(kinds[int(rng.integers(len(kinds)))])
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def claimed(rng: Rng) -> bytes:
    """Return an array whose header claims any type and shape."""
    sides = [1, 2, 2, 3, 5, 7, *NUMBERS, -1]
    shape = tuple(int(rng.choice(sides)) for _ in range(int(rng.integers(0, 5))))
    head = {"descr": str(rng.choice(TYPES)), "fortran_order": bool(rng.random() < 0.3)}
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {**head, "shape": shape})
    return buffer.getvalue() + bytes(int(rng.integers(0, 3000)))


def one_of(rng: Rng) -> bytes:
    content = SEEDS[int(rng.integers(len(SEEDS)))]
    return rebuilt(content, rng) if rng.random() < 0.6 else damaged(content, SEEDS, rng)


def use(content: bytes, rng: Rng) -> None:
    """Read a file, say what it is, and change two pictures by it, within its own budget."""
    read = from_bytes(content, "it")
    told = ToldPerturbation("it", read)  # type: ignore[arg-type]
    words = " ".join([*told.summary(), *told.facts().values()])
    assert "\x1b" not in words
    json.dumps(told.to_json())
    if np.prod(read.shape) > 10_000:
        return
    x = rng.integers(0, 256, (2, *read.shape)).astype(np.uint8)
    moved = read.apply(x, np.array([0, len(read.classes) - 1])).astype(int) - x
    if read.norm == "linf":
        assert np.abs(moved).max() <= read.epsilon * 255 + 1e-6  # the rounding of ε to levels
    else:
        assert np.sqrt((moved**2).sum((1, 2, 3))).max() <= read.epsilon * 255 + 1e-6  # of roots


def test_damaged_perturbation_files() -> None:
    counts = Counts("perturbation files")
    for number, rng in counts.rounds():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                warnings.filterwarnings("ignore", "Duplicate name")  # of writing the archive
                content = one_of(rng)
                use(content, rng)
            counts.found["read"] += 1
        except InputError as error:
            message = str(error)
            assert message.startswith("Expected "), number
            assert message.endswith("."), number
            counts.found["refused"] += 1
        except Exception as error:
            raise AssertionError(f"file {number}: {type(error).__name__}: {error}") from error
    counts.tell()
