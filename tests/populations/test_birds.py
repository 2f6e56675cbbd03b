"""Birds on backgrounds, after Waterbirds: the folder's own files, where they are there."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from quorate import catalog
from quorate.checks import check
from quorate.errors import DataUnavailableError, InputError
from quorate.populations.birds import Birds
from quorate.populations.pictures.image_files import hub_folder
from quorate.table import Split

Write = Callable[..., None]
GROUPS = ("landbird on land", "landbird on water", "waterbird on land", "waterbird on water")


def split(text: str, seed: int = 0) -> Split:
    return catalog.build("populations", text).split(np.random.default_rng(seed))


@pytest.fixture
def made_up(
    tmp_path: Path,
    write_hub_parquet: Write,
    monkeypatch: pytest.MonkeyPatch,
    decoded_anew: None,
) -> None:
    """The folder's columns and parts over plain pictures."""
    parts = {
        "train": ([0, 51, 102, 153, 255], [0, 0, 1, 1, 1], [0, 1, 0, 1, 1]),
        "validation": ([7], [1], [0]),
        "test": ([204, 25], [1, 0], [0, 1]),
    }
    for part, (shades, label, place) in parts.items():
        pictures = [np.full((4, 4, 3), shade) for shade in shades]
        write_hub_parquet(
            tmp_path / "waterbirds" / f"{part}.parquet", pictures, label=label, place=place
        )
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path))


@pytest.mark.usefixtures("made_up")
def test_groups_are_the_bird_and_the_place() -> None:
    drawn = split("birds:size=4")
    for people, y, group in (
        (drawn.train, [0, 0, 1, 1, 1], [0, 1, 2, 3, 3]),
        (drawn.held_out, [1, 0], [2, 1]),
        (split("birds:size=4,part=validation").held_out, [1], [2]),
    ):
        assert people.x.shape == (len(y), 3, 4, 4)
        assert people.classes == ("landbird", "waterbird")
        assert (people.groups, people.y.tolist()) == (GROUPS, y)
        assert people.group is not None
        assert people.group.tolist() == group
        assert people.groups_by_label
    assert split("birds:size=4").train is split("birds:size=4", seed=1).train
    assert len(check(Birds(size=4))) >= 8


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("birds:size=0", r"Expected size=0 to be at least 1\. Use a side such as 96"),
        ("birds:n=6", "Expected n=6 between 1 and the 5 people there are"),
        ("birds:part=train", "part"),
    ],
)
def test_a_wrong_parameter_is_answered(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split(text)


def test_what_is_not_there_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path))
    message = "Expected the folder waterbirds in QUORATE_DATA .* got none. Set QUORATE_DATA"
    with pytest.raises(DataUnavailableError, match=message):
        split("birds")


def test_the_folder_is_as_it_is_described() -> None:
    if hub_folder("waterbirds") is None:
        pytest.skip("no folder waterbirds in QUORATE_DATA")
    drawn = split("birds")
    assert drawn.train.x.shape == (1694, 3, 96, 96)
    assert np.bincount(np.asarray(drawn.train.group)).tolist() == [1183, 62, 22, 427]
    assert np.bincount(np.asarray(drawn.held_out.group)).tolist() == [313, 312, 113, 112]
    assert len(split("birds:part=validation").held_out) == 287
    assert Birds().fingerprint() is None
