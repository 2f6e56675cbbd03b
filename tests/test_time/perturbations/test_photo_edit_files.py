"""Photo edits as a family of perturbations: in a file, within a budget, and from a stranger."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.perturbations.kinds import KINDS
from quorate.test_time.perturbations.perturbation import Perturbation, from_bytes, load, save

TEXT = "gaussian:sigma=0.7 + exposure:stops=2"
SHAPE = (3, 8, 9)


def edited(text: str = TEXT, epsilon: float = 1.0, **more: Any) -> Perturbation:
    return Perturbation(
        "edit", Pipeline.parse(text).arrays(SHAPE), ("cat", "dog"), SHAPE, epsilon, **more
    )


def pictures(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (5, *SHAPE)).astype(np.uint8)


def test_without_a_budget_it_is_the_pipeline_whatever_the_label() -> None:
    x = pictures()
    wanted = Pipeline.parse(TEXT).apply(x)
    for y in (np.zeros(5, np.int64), np.ones(5, np.int64)):
        assert (edited().apply(x, y) == wanted).all()
    assert edited().label_free


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 255), st.sampled_from(["linf", "l2"]))
def test_within_a_budget_it_is_clipped(seed: int, levels: int, norm: Any) -> None:
    x = pictures(seed)
    wanted = Pipeline.parse(TEXT).apply(x).astype(int) - x
    found = edited(epsilon=levels / 255, norm=norm).apply(x, np.zeros(5, np.int64)).astype(int) - x
    if norm == "linf":
        assert (found == np.clip(wanted, -levels, levels)).all()
    else:
        assert (np.sqrt((found**2).sum(axis=(1, 2, 3))) <= levels + 1e-6).all()
        assert (found * wanted >= 0).all()


def test_a_file_comes_back(tmp_path: Path) -> None:
    save(edited(), tmp_path / "p.npz")
    found = load(tmp_path / "p.npz")
    x, y = pictures(), np.zeros(5, np.int64)
    assert (found.apply(x, y) == edited().apply(x, y)).all()
    with zipfile.ZipFile(tmp_path / "p.npz") as archive:
        facts = json.loads(str(np.load(io.BytesIO(archive.read("facts.npy")))))
    assert facts["format"] == 2  # older programs refuse it


def _file(change: dict[str, Any], **facts: Any) -> bytes:
    """Return the bytes of a file of a stranger, which says and holds what it likes."""
    arrays: dict[str, Any] = {**edited().arrays, **change}
    said = {
        "format": 2,
        "family": "edit",
        "classes": ["cat", "dog"],
        "shape": list(SHAPE),
        "epsilon": 1.0,
        "norm": "linf",
        "about": {},
        **facts,
    }
    buffer = io.BytesIO()
    kept = {name: one for name, one in arrays.items() if one is not None}
    np.savez_compressed(buffer, facts=np.array(json.dumps(said)), **kept)
    return buffer.getvalue()


STEP = {"parameters": np.ones(1), "curve": np.zeros(256, np.uint8)}
MORE_STEPS = {f"{i}.exposure.{name}": one for i in range(2, 8) for name, one in STEP.items()}


@pytest.mark.parametrize(
    ("change", "facts", "said"),
    [
        ({"2.magic.parameters": np.ones(1)}, {}, "Expected a known edit, got 'magic'"),
        (MORE_STEPS, {}, "Expected 1 to 6 edits in a pipeline, got 8"),
        ({"1.exposure.parameters": np.array([np.nan])}, {}, "Expected finite arrays"),
        ({"1.exposure.parameters": np.array([40.0])}, {}, "Expected stops=40 in [-4, 4]"),
        ({"1.exposure.parameters": np.array([1.0])}, {}, "1.exposure.curve to be what its param"),
        ({"1.exposure.curve": np.zeros(255, np.uint8)}, {}, "Expected finite arrays"),
        ({"1.exposure.curve": np.zeros(256)}, {}, "curve that is float64"),
        ({"1.exposure.curve": None}, {}, "Expected finite arrays"),
        ({"1.exposure.parameters": None}, {}, "steps that are not numbered"),
        ({"delta": np.zeros(1)}, {}, "an array named 'delta'"),
        ({}, {"shape": [2, 8, 9]}, "Expected grey or RGB pictures for gaussian, got 2 channels"),
        ({}, {"shape": [3, 4000, 4000]}, "at most 4,194,304 values for gaussian, got 48,000,000"),
        ({}, {"shape": [1, 1, 100_000]}, "got 6,400,000, with sides below 64 pixels counted"),
        ({}, {"epsilon": 2.0}, "Expected epsilon=2"),
    ],
)
def test_a_strangers_file_is_refused_in_a_line(
    change: dict[str, Any], facts: dict[str, Any], said: str
) -> None:
    from_bytes(_file({}), "p.npz")  # the plain one is fine
    with pytest.raises(InputError) as caught:
        from_bytes(_file(change, **facts), "p.npz")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_many_small_changes_of_a_table_are_refused() -> None:
    """Each entry is within what rounding explains, yet the picture would be twice as bright."""
    arrays = Pipeline.parse("rescale").arrays((1, 1024, 1024))
    one = {**arrays, "0.rescale.rows": arrays["0.rescale.rows"].copy()}
    one["0.rescale.rows"][0, :2] += [1, -1]
    Perturbation("edit", one, ("cat",), (1, 1024, 1024), 1.0)
    bright = {**arrays, "0.rescale.rows": arrays["0.rescale.rows"] + 2}
    with pytest.raises(InputError, match=r"0\.rescale\.rows to be what its parameters give"):
        Perturbation("edit", bright, ("cat",), (1, 1024, 1024), 1.0)


def test_a_colour_change_for_grey_pictures_is_refused() -> None:
    arrays = Pipeline.parse("white-balance").arrays(SHAPE)
    with pytest.raises(InputError, match="Expected pictures in colour for white-balance"):
        Perturbation("edit", arrays, ("cat",), (1, 8, 9), 1.0)


def test_a_newer_file_is_refused_by_its_format() -> None:
    newest = max(kind.file_format for kind in KINDS.values())
    with pytest.raises(InputError, match=rf"format {newest} or older in p.npz, got format 99"):
        from_bytes(_file({}, format=99), "p.npz")
