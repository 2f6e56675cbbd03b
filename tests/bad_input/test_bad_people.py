"""People who are not there, or not whole: what is said at the command line."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import datasets
import numpy as np
import pandas as pd
import pytest

import quorate
from quorate.cli import entry as cli
from quorate.errors import InputError
from quorate.populations.pictures import image_files
from quorate.protocols import Population
from quorate.studies.trial import Outcome
from quorate.table import Rng, Split, Table


@pytest.fixture
def people_csv(tmp_path: Path) -> Path:
    rows = "".join(f"{i},{'ab'[i % 2]},{'ny'[i % 3 == 0]}\n" for i in range(40))
    path = tmp_path / "people.csv"
    path.write_text("age,sex,y\n" + rows)
    return path


@pytest.fixture
def people_folder(tmp_path: Path, write_hub_parquet: Callable[..., None]) -> Path:
    images = [np.full((4, 4), i) for i in range(8)]
    race = ["a", "b"] * 4
    write_hub_parquet(tmp_path / "faces" / "train.parquet", images, label=[0, 1] * 4, race=race)
    return tmp_path / "faces"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("columns", "column", "near"),
    [
        ("label=Y2", "Y2", ""),
        ("label=y,group=sx", "sx", " Did you mean sex?"),
        ("label=y,drop=ag", "ag", " Did you mean age?"),
    ],
)
def test_a_column_that_the_table_does_not_have(
    kind: str, columns: str, column: str, near: str, people_csv: Path, refuse: Callable[..., str]
) -> None:
    path = people_csv
    if kind == "parquet":
        path = people_csv.with_suffix(".parquet")
        pd.read_csv(people_csv).to_parquet(path)
    message = refuse(population=f"table:path={path},{columns}")
    assert message == (
        f"Expected a known column of {path}, got '{column}'.{near} Known: age, sex, y."
    )


@pytest.mark.parametrize(
    ("columns", "column", "near"),
    [
        ("label=lable", "lable", " Did you mean label?"),
        ("group=race2", "race2", " Did you mean race?"),
        ("image=picture", "picture", ""),
    ],
)
def test_a_column_that_the_images_do_not_have(
    columns: str, column: str, near: str, people_folder: Path, refuse: Callable[..., str]
) -> None:
    message = refuse(population=f"images:path={people_folder},{columns}", strategy="planting")
    assert message == (
        f"Expected a known column of {people_folder}, got '{column}'.{near} Known: image, label, "
        "race."
    )


def test_the_cell_that_a_mistake_came_from_is_named(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: Callable[..., list[str]],
    out: Path,
) -> None:
    words = options(strategy="planting:signal=columns,cor=3")
    monkeypatch.setattr("sys.argv", ["quorate", "curve", *words, "--out", str(out)])
    with pytest.raises(SystemExit):
        cli.main()
    assert capsys.readouterr().err.endswith(
        " This came from gaussian:n=100,held_out=100 (seed 0), planting:signal=columns,cor=3, "
        "sgd:model=logistic,epochs=1.\n"
    )


def test_a_group_that_is_empty_for_a_later_seed(refuse: Callable[..., str]) -> None:
    """Seed 0 draws one of the rare group, seed 3 nobody: found before any training."""
    message = refuse(
        population="gaussian:n=20,held_out=20,rare=0.05", learner="group-dro:epochs=1", seeds="5"
    )
    assert message.startswith("Expected people in every group, got none in rare. Draw more people")


def test_an_empty_group(refuse: Callable[..., str]) -> None:
    message = refuse(population="gaussian:n=100,rare=0", learner="group-dro:epochs=1")
    assert message == (
        "Expected people in every group, got none in rare. Draw more people, or leave such groups "
        "out."
    )


@pytest.mark.parametrize("groups", ["group", "group-label"])
def test_groups_that_the_people_do_not_have(groups: str, refuse: Callable[..., str]) -> None:
    message = refuse(
        population="digits:n=100",
        strategy="planting",
        learner=f"group-dro:groups={groups},epochs=1",
    )
    assert message == (
        f"Expected people with groups for groups={groups}, got none. Name the group column of the "
        "population (group=COLUMN), or use groups=label."
    )


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            ",a,n",
            "Expected finite features, got 1 missing or infinite values in column 'age' of {path}, "
            "the first in row 40. Fill or drop them first, or leave the column out: drop=COLUMN.",
        ),
        (
            "inf,a,n",
            "Expected finite features, got 1 missing or infinite values in column 'age' of {path}, "
            "the first in row 40. Fill or drop them first, or leave the column out: drop=COLUMN.",
        ),
        (
            "3,,n",
            "Expected finite features, got 1 missing or infinite values in column 'sex' of {path}, "
            "the first in row 40. Fill or drop them first, or leave the column out: drop=COLUMN.",
        ),
        (
            "3,a,",
            "Expected a value of 'y' for everyone, got 1 missing of 41. Fill or drop these rows "
            "first.",
        ),
    ],
)
def test_a_missing_value_in_a_table(
    bad: str, message: str, people_csv: Path, refuse: Callable[..., str]
) -> None:
    people_csv.write_text(people_csv.read_text() + bad + "\n")
    got = refuse(population=f"table:path={people_csv},label=y")
    assert got == message.format(path=people_csv)


def test_a_nan_feature_of_a_population_in_python(
    out: Path, stored: Callable[[], list[Outcome]]
) -> None:
    @dataclasses.dataclass(frozen=True)
    class Holes(Population):
        """People of whom something is not known."""

        name: ClassVar[str] = "holes"

        def split(self, rng: Rng) -> Split:
            x = np.zeros((20, 2), np.float32)
            x[7, 1] = np.nan
            people = Table(x, np.zeros(20, np.int64), ("no", "yes"))
            return Split(people, people)

    before = stored()
    message = (
        r"got nan in feature \[1\] of row 7 \(1 of 20 rows are affected\)\. Fill or drop these"
    )
    with pytest.raises(InputError, match=message):
        quorate.curve(population=Holes(), strategy="planting", learner="sgd", out=out)
    assert stored() == before


@pytest.mark.parametrize(
    ("population", "message"),
    [
        (
            "table:path={folder}/none.csv,label=y",
            "Expected path={folder}/none.csv to be a readable file, got none. Give a file that "
            "exists.",
        ),
        (
            "images:path={folder}/none",
            "Expected path={folder}/none to be a folder of parquet files or of images, got nothing "
            "there. Give a folder that exists.",
        ),
        (
            "table:label=y",
            "Expected table to be given path, got ['label']. Write table:path=VALUE.",
        ),
        ("images", "Expected images to be given path, got nothing. Write images:path=VALUE."),
        (
            "digits:n=5000",
            "Expected n=5000 between 1 and the 1348 people there are. Leave n out to take "
            "everyone.",
        ),
        ("gaussian:rare=2", "Expected rare=2 in [0, 1]. Use a probability such as 0.05."),
        (
            "finite:labels=1",
            "Expected labels=1 to be at least 2. A classifier needs two labels to t",
        ),
    ],
)
def test_people_who_are_not_there(
    population: str, message: str, refuse: Callable[..., str], tmp_path: Path
) -> None:
    got = refuse(population=population.format(folder=tmp_path), strategy="planting")
    assert got.startswith(message.format(folder=tmp_path))


def test_a_folder_of_broken_images(people_folder: Path, refuse: Callable[..., str]) -> None:
    file = people_folder / "train.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    message = refuse(population=f"images:path={people_folder}", strategy="planting")
    assert message.startswith(f"Expected {people_folder} to hold parquet files or images, got: ")
    assert message.endswith("Check that the files are there and whole.")


def test_a_data_set_neither_cached_nor_reachable(
    refuse: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def load_dataset(source: str, config: str | None) -> Any:
        raise ConnectionError(f"Couldn't reach '{source}' on the Hub (ConnectTimeout)")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setenv("QUORATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("QUORATE_DATA", raising=False)
    image_files._official.cache_clear()
    image_files._open.cache_clear()
    message = refuse(population="mnist:n=17", strategy="planting")
    assert message == (
        "Expected ylecun/mnist in the cache of Hugging Face datasets, on the hub, or under the "
        "folder that QUORATE_DATA names, got: Couldn't reach 'ylecun/mnist' on the Hub "
        "(ConnectTimeout). Connect to the network once, or set QUORATE_DATA to a folder that holds "
        "ylecun--mnist/ with the hub's parquet files."
    )
