"""Whom a collective asks, by the words of the command line."""

from pathlib import Path
from typing import Any

import pytest

from quorate.errors import InputError
from quorate.learners.networks.adam import Adam
from quorate.learners.networks.sgd import SGD
from quorate.learners.scikit.forest import Forest
from quorate.learners.theoretical.worst_case import LookupClassifier
from quorate.test_time.platforms.in_process import save_platform
from quorate.test_time.platforms.platform import Card
from quorate.test_time.study.sources import (
    PLATFORM_LOOKS,
    SMALL,
    PlatformAddress,
    SavedPlatform,
    SizedLearner,
    read_learner,
    read_source,
)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "https://example.org/a?b"])
def test_an_address(url: str) -> None:
    assert read_source(url) == PlatformAddress(url)


def test_a_folder_is_named_by_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mlp", "frozen"):
        save_platform(tmp_path / name, LookupClassifier({}, 0), Card("a", ("b",), (1, 1, 1)))
    assert read_source(str(tmp_path / "mlp")) == SavedPlatform(tmp_path / "mlp")
    monkeypatch.chdir(tmp_path)
    for path in ("./mlp", "mlp/", "../" + tmp_path.name + "/mlp"):
        assert read_source(path) == SavedPlatform(Path(path))
    monkeypatch.chdir(tmp_path / "mlp")
    assert read_source(".") == SavedPlatform(Path())


def test_a_name_alone_is_a_learners_whatever_the_working_directory_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    odd = "sgd:model=mlp,schedule=cosine"
    for name in ("mlp", "forest", "frozen", odd):
        save_platform(name, LookupClassifier({}, 0), Card("a", ("b",), (1, 1, 1)))
    assert read_source("mlp") == read_learner("mlp", PLATFORM_LOOKS)
    assert read_source("forest") == SizedLearner(Forest())
    assert isinstance(read_source(odd), SizedLearner)
    with pytest.raises(InputError, match=r"Known: .*The folder frozen .* is named \./frozen\.$"):
        read_source("frozen")
    assert read_source("./frozen") == SavedPlatform(Path("frozen"))


@pytest.mark.parametrize("path", ["./mlp", "/nowhere/mlp", ".", "a/b:c=1"])
def test_a_folder_without_a_platform(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"Expected a platform in .*No such file"):
        read_source(path)


def test_a_separator_in_a_parameter_makes_no_path() -> None:
    found = read_source("fine-tuned:public=(images:path=./faces),learner=(sgd:epochs=2)")
    assert isinstance(found, SizedLearner)


def test_an_architecture_alone() -> None:
    for name in ("logistic", "mlp", "cnn", "resnet"):
        found = read_learner(name, 1234)
        assert isinstance(found.learner, Adam)
        assert found.learner.model == name
        assert found.learner.schedule == "cosine"
        assert found.learner.learning_rate == 0.002
        assert found.looks == 1234
    assert read_source("cnn") == read_learner("cnn", PLATFORM_LOOKS)
    assert read_learner("resnet", 1).learner.hidden == SMALL["resnet"]["hidden"]  # type: ignore[attr-defined]


def test_an_architecture_with_parameters() -> None:
    found = read_learner("resnet:hidden=3,learning_rate=0.1,epochs=4", 99)
    assert isinstance(found.learner, Adam)
    assert (found.learner.hidden, found.learner.learning_rate) == (3, 0.1)
    assert (found.learner.epochs, found.looks) == (4, None)
    assert read_learner(" mlp : hidden=3".replace(" : ", ":"), 9).looks == 9


def test_a_learner_of_the_catalog_is_as_it_says() -> None:
    found = read_learner("sgd:model=cnn,epochs=5", 99)
    assert isinstance(found.learner, SGD)
    assert found == SizedLearner(found.learner, None)
    assert read_learner("forest", 99) == SizedLearner(Forest(), None)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("cnnn", "got 'cnnn'"),
        ("cnn:epoch=3", "'epoch'.*epochs"),
        ("cnn:epochs=0", "epochs=0"),
        ("cnn:model=mlp", "before the colon only, got model=mlp.*write adam:model=mlp"),
        ("", "Begin with a method's name"),
        ("ftp://example.org", "Expected"),
    ],
)
def test_what_is_none_is_named(text: str, named: str) -> None:
    with pytest.raises(InputError, match=named):
        read_source(text)


@pytest.mark.parametrize(
    ("looks", "rows", "epochs"),
    [(60_000, 1000, 60), (60_000, 2000, 30), (60_000, 10, 60), (60_000, 10**6, 1), (None, 5, 10)],
)
def test_epochs_come_to_so_many_pictures(looks: int | None, rows: int, epochs: int) -> None:
    sized: Any = SizedLearner(Adam(), looks).sized(rows)
    assert sized.epochs == epochs
    assert SizedLearner(Forest(), looks).sized(rows) == Forest()
