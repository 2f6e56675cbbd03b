"""Where networks are trained: the choice, a GPU that is not there, and one that is too small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import quorate
from quorate.errors import InputError
from quorate.runtime import device

NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")


def test_the_cpu_unless_asked() -> None:
    assert device.current() == "cpu"
    with device.use("cpu"):
        assert device.current() == "cpu"


@NO_GPU
def test_auto_without_a_gpu_is_the_cpu() -> None:
    assert device.resolve("auto") == "cpu"


@NO_GPU
@pytest.mark.parametrize("call", ["curve", "critical_mass"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_gpu_that_is_not_there(call: str, jobs: int, tmp_path: Path) -> None:
    methods = {"population": "digits:n=100", "learner": "sgd:epochs=1"}
    if call == "curve":
        methods |= {"strategy": "planting:size=2"}
    with pytest.raises(InputError, match=r"Expected a GPU for device=cuda, got none .*device=cpu"):
        getattr(quorate, call)(out=tmp_path / "out", device="cuda", jobs=jobs, **methods)
    assert not (tmp_path / "out").exists()  # found before anything is stored


def test_an_unknown_device() -> None:
    with pytest.raises(InputError, match=r"known device, got 'gpu'.*auto, cpu, cuda"):
        device.resolve("gpu")


def test_a_gpu_too_small_halves_the_stack_and_says_so(monkeypatch, capsys) -> None:
    """A memory of three models: 7 are fitted as 3 and 4, and 4 as 2 and 2, each with its draws."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    sizes = []

    def fit_many(data, rngs):
        draws = [float(rng.random()) for rng in rngs]  # before memory runs out
        sizes.append(len(data))
        if len(data) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [(one, draw) for one, draw in zip(data, draws, strict=True)]

    def rngs() -> list[np.random.Generator]:
        return [np.random.default_rng(i) for i in range(7)]

    with device.use("cuda"):
        fitted = device.in_halves(fit_many, list("abcdefg"), rngs())
    assert sizes == [7, 3, 4, 2, 2]
    expected = [(one, float(rng.random())) for one, rng in zip("abcdefg", rngs(), strict=True)]
    assert fitted == expected
    said = capsys.readouterr().err
    assert "too little memory for 7 models at once: going on with 3" in said
    assert "too little memory for 4 models at once: going on with 2" in said


def test_one_model_that_does_not_fit_is_an_error(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)

    def fit_many(data, rngs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with device.use("cuda"), pytest.raises(torch.OutOfMemoryError):
        device.in_halves(fit_many, ["a"], [np.random.default_rng()])
