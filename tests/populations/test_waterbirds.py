"""Waterbirds, by its hub name: its columns, made up, since no copy of it is at hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from quorate import catalog
from quorate.checks import check
from quorate.errors import DataUnavailableError, InputError
from quorate.populations.waterbirds import Waterbirds
from quorate.table import Split

Write = Callable[..., None]
pytestmark = pytest.mark.usefixtures("decoded_anew")
BIRDS, PLACES = ("landbird", "waterbird"), ("land", "water")


def split(text: str, seed: int = 0) -> Split:
    return catalog.build("populations", text).split(np.random.default_rng(seed))


@pytest.fixture(params=[{"label": BIRDS, "place": PLACES}, {}], ids=["named", "numbers"])
def made_up(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    write_hub_parquet: Write,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, tuple[str, ...]]:
    """The hub's columns and parts over plain photos of several sizes; labels named or not."""
    parts = {
        "train": ([0, 51, 102, 153, 255], [0, 0, 1, 1, 1], [0, 1, 0, 1, 1]),
        "validation": ([7], [1], [0]),
        "test": ([204, 25], [1, 0], [0, 1]),
    }
    for part, (shades, label, place) in parts.items():
        photos = [np.full((5 + i, 9 - i, 3), shade) for i, shade in enumerate(shades)]
        file = tmp_path / "grodino--waterbirds" / f"{part}-00000-of-00001.parquet"
        write_hub_parquet(file, photos, request.param, label=label, place=place)
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path))
    return dict(request.param)


def test_groups_are_the_bird_and_the_place(made_up: dict[str, tuple[str, ...]]) -> None:
    drawn = split("waterbirds")
    birds, places = (made_up or {"label": ("0", "1"), "place": ("0", "1")}).values()
    names = tuple(f"{bird} on {place}" for bird in birds for place in places)
    for people, y, group in (
        (drawn.train, [0, 0, 1, 1, 1], [0, 1, 2, 3, 3]),
        (drawn.held_out, [1, 0], [2, 1]),
    ):
        assert people.x.shape == (len(y), 3, 64, 64)
        assert (people.classes, people.groups, people.y.tolist()) == (birds, names, y)
        assert people.group is not None
        assert people.group.tolist() == group
        assert people.groups_by_label
    assert (drawn.train.x[:, 0, 0, 0] * 255).round().tolist() == [0, 51, 102, 153, 255]
    assert len(check(Waterbirds(size=4))) >= 8


@pytest.mark.usefixtures("made_up")
def test_everyone_is_one_table_for_all_seeds_and_some_are_drawn() -> None:
    assert split("waterbirds:size=2").train is split("waterbirds:size=2", seed=1).train
    assert split("waterbirds:size=2").train.x.shape == (5, 3, 2, 2)
    firsts = {split("waterbirds:n=1,size=2", seed).train.x[0, 0, 0, 0] for seed in range(30)}
    assert len(firsts) == 5  # these seeds draw each of the five


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("waterbirds:size=0", r"Expected size=0 to be at least 1\. Use a side such as 64"),
        ("waterbirds:n=6", "Expected n=6 between 1 and the 5 people there are"),
        ("waterbirds:held_out=3", "Expected held_out=3 between 1 and the 2 people there are"),
    ],
)
def test_a_wrong_parameter_is_answered(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split(text)


def test_what_is_not_there_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path))
    message = "Expected grodino/waterbirds in the cache .*a folder that holds grodino--waterbirds/"
    with pytest.raises(DataUnavailableError, match=message):
        split("waterbirds")
