"""FairFace, by its hub name: its columns, made up, and a few real rows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from quorate import catalog
from quorate.checks import check
from quorate.compared_groups import ComparedGroups
from quorate.errors import InputError
from quorate.populations.fairface import FairFace
from quorate.table import Split

Write = Callable[..., None]
pytestmark = pytest.mark.usefixtures("decoded_anew")
NAMES = {
    "gender": ("Male", "Female"),
    "age": ("0-2", "3-9", "10-19"),
    "race": ("Indian", "Black", "White"),
}


def split(text: str, seed: int = 0) -> Split:
    return catalog.build("populations", text).split(np.random.default_rng(seed))


@pytest.fixture
def made_up(tmp_path: Path, write_hub_parquet: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub's columns over plain squares: three to learn from, two held out."""
    folder = tmp_path / "HuggingFaceM4--FairFace"
    codes = {"gender": [0, 1, 1], "age": [2, 0, 1], "race": [1, 2, 0]}
    for part, shades in (("train", (0, 51, 255)), ("validation", (102, 204))):
        n = len(shades)
        squares = [np.full((6, 6, 3), shade) for shade in shades]
        columns = {name: values[:n] for name, values in codes.items()}
        write_hub_parquet(folder / f"{part}.parquet", squares, NAMES, **columns)
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path))


@pytest.mark.usefixtures("made_up")
def test_gender_is_predicted_and_race_makes_the_groups() -> None:
    drawn = split("fairface")
    assert (drawn.train.classes, drawn.train.groups) == (NAMES["gender"], NAMES["race"])
    assert drawn.train.compared == ComparedGroups(("Black",), (), "Female")
    assert split("fairface:task=age").train.compared is None
    assert drawn.train.y.tolist() == [0, 1, 1]
    assert drawn.train.group is not None
    assert drawn.train.group.tolist() == [1, 2, 0]
    assert drawn.train.x.shape == (3, 3, 32, 32)
    assert drawn.held_out.x.shape == (2, 3, 32, 32)
    assert (drawn.train.x[:, 0, 5, 5] * 255).round().tolist() == [0, 51, 255]
    assert len(check(FairFace(n=2))) >= 8


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize("task", ["gender", "age", "race"])
@pytest.mark.parametrize("group", ["gender", "age", "race", "none"])
def test_any_attribute_is_a_task_or_the_groups(task: str, group: str) -> None:
    train = split(f"fairface:task={task},group={group},size=4").train
    assert train.classes == NAMES[task]
    assert train.x.shape == (3, 3, 4, 4)
    if group == "none":
        assert train.group is None
    else:
        assert train.groups == NAMES[group]
        assert train.group is not None
        assert train.group.tolist() == split(f"fairface:task={group}").train.y.tolist()


@pytest.mark.usefixtures("made_up")
def test_faces_keep_their_size_where_asked() -> None:
    assert split("fairface:size=none").train.x.shape == (3, 3, 6, 6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fairface:task=service_test", r"known value of task, got 'service_test'.*age, gender, ra"),
        ("fairface:group=hair", r"known value of group, got 'hair'\. Known: age, gender, race"),
        ("fairface:size=0", r"Expected size=0 to be at least 1\. Use a side such as 32"),
    ],
)
def test_a_wrong_parameter_is_answered(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split(text)


def test_real_rows(few_rows: Callable[[str, int], None]) -> None:
    few_rows("HuggingFaceM4/FairFace", 200)
    drawn = split("fairface:n=120,held_out=80")
    assert drawn.train.x.shape == (120, 3, 32, 32)
    assert drawn.held_out.x.shape == (80, 3, 32, 32)
    assert drawn.train.classes == ("Male", "Female")
    assert drawn.train.groups == (
        "East Asian",
        "Indian",
        "Black",
        "White",
        "Middle Eastern",
        "Latino_Hispanic",
        "Southeast Asian",
    )
    assert drawn.held_out.group is not None
    assert len(set(drawn.held_out.group.tolist())) == 7
    assert len(split("fairface:task=age").train.classes) == 9
    assert (drawn.train.x[:, 0] != drawn.train.x[:, 2]).mean() > 0.5  # these are not grey
