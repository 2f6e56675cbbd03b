"""Mistakes at the command line: one clear message, exit code 2, and nothing stored is lost.

Every test runs the whole command in this process; that a process of its own says and returns the
same is tested in test_cli.py.
"""

import dataclasses
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import datasets
import numpy as np
import pandas as pd
import pytest

import quorate
from quorate import cli
from quorate.errors import InputError, StoreError
from quorate.lab.store import FILE, Store
from quorate.lab.trial import Outcome
from quorate.populations import mnist
from quorate.protocols import Population
from quorate.table import Rng, Split, Table

TABLE = "gaussian:n=100,held_out=100"
IMAGES = "digits:n=100"
STUDY = {
    "population": TABLE,
    "strategy": "planting:signal=columns,core=3",
    "learner": "sgd:epochs=1,model=logistic",
    "alphas": "0.5",
    "seeds": "1",
}
Refuse = Callable[..., str]


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a study has been run: two cells."""
    folder = tmp_path_factory.mktemp("first")
    quorate.curve(out=folder, **{**STUDY, "seeds": 1})
    return folder


@pytest.fixture
def out(first_run: Path, tmp_path: Path) -> Path:
    """A copy of that folder, which a mistake must leave as it is."""
    shutil.copytree(first_run, tmp_path / "out")
    return tmp_path / "out"


def cells(folder: Path) -> list[Outcome]:
    with Store(folder) as store:
        return store.outcomes()


@pytest.fixture
def run_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """A function that runs a command line which must be refused, and returns the message."""

    def run(*words: str | Path) -> str:
        monkeypatch.setattr("sys.argv", ["quorate", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        printed = capsys.readouterr()
        assert caught.value.code == 2
        assert printed.out == ""
        # One line: what was expected, what came, and what to do about it; then from which cell.
        assert re.fullmatch(r"Error: Expected [^\n]+\.( See: quorate list( \w+)?)?\n", printed.err)
        return printed.err.removeprefix("Error: ").rstrip("\n").partition(" This came from ")[0]

    return run


@pytest.fixture
def refuse(run_refused: Callable[..., str], out: Path) -> Refuse:
    """A function that changes the study, which must be refused: see ``run_refused``.

    What was stored before is still there, and the mistake itself is not stored.
    """

    def run(**changes: str) -> str:
        before = cells(out)
        assert len(before) == 2
        options = [w for key, value in {**STUDY, **changes}.items() for w in (f"--{key}", value)]
        message = run_refused("curve", *options, "--out", out, "--json")
        assert cells(out) == before
        with Store(out) as store:
            assert len(store.studies()) == 1
        return message

    return run


# -------------------------------------------------------------------------- alpha, target, counts


@pytest.mark.parametrize(
    ("alphas", "message"),
    [
        ("0.1,1.2", "Expected alpha=1.2 in [0, 1]. To act with everyone, use alpha=1."),
        ("-0.1", "Expected alpha=-0.1 in [0, 1]. To act with everyone, use alpha=1."),
        ("nan", "Expected alpha=nan in [0, 1]. To act with everyone, use alpha=1."),
        ("0:0.1:3", "Expected alpha=0 in (0, 1]. A log grid begins above 0."),
        (
            "0.1:2:3",
            "Expected alpha=2 in [0.1, 1]. A log grid ends at or above its beginning, at most at "
            "1.",
        ),
    ],
)
def test_alpha_outside_0_and_1(alphas: str, message: str, refuse: Refuse) -> None:
    assert refuse(alphas=alphas) == message


EXAMPLE = "Write lo:hi:count, as in 0.001:0.1:9, or a list, as in 0.001,0.01,0.1."


@pytest.mark.parametrize(
    ("alphas", "message"),
    [
        ("", f"Expected numbers in alphas, got ''. {EXAMPLE}"),
        ("many", f"Expected numbers in alphas, got 'many'. {EXAMPLE}"),
        ("0.1,", f"Expected numbers in alphas, got '0.1,'. {EXAMPLE}"),
        ("0.1 0.2", f"Expected numbers in alphas, got '0.1 0.2'. {EXAMPLE}"),
        ("0.1:0.2:x", f"Expected numbers in alphas, got '0.1:0.2:x'. {EXAMPLE}"),
        ("0.1:0.2", f"Expected alphas lo:hi:count, got '0.1:0.2'. {EXAMPLE}"),
        ("0.1:0.2:1.5", f"Expected alphas lo:hi:count, got '0.1:0.2:1.5'. {EXAMPLE}"),
        ("0.1:0.2:nan", f"Expected alphas lo:hi:count, got '0.1:0.2:nan'. {EXAMPLE}"),
        ("0.1:0.2:inf", f"Expected alphas lo:hi:count, got '0.1:0.2:inf'. {EXAMPLE}"),
        ("0.1:0.2:3:4", f"Expected alphas lo:hi:count, got '0.1:0.2:3:4'. {EXAMPLE}"),
        ("0.1:0.2:0", f"Expected count=0 in [1, 10000]. {EXAMPLE}"),
        ("0.1:0.2:-3", f"Expected count=-3 in [1, 10000]. {EXAMPLE}"),
        ("0.1:0.2:1e12", f"Expected count=1e+12 in [1, 10000]. {EXAMPLE}"),
    ],
)
def test_a_grid_that_is_none(alphas: str, message: str, refuse: Refuse) -> None:
    assert refuse(alphas=alphas) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "1.5"}, "Expected target=1.5 in [0, 1]. It is a success rate."),
        ({"target": "nan"}, "Expected target=nan in [0, 1]. It is a success rate."),
        ({"seeds": "0"}, "Expected seeds=0 to be at least 1. Run at least one seed."),
        ({"seeds": "-1"}, "Expected seeds=-1 to be at least 1. Run at least one seed."),
        ({"jobs": "0"}, "Expected jobs=0 to be at least 1. Use one worker or more."),
        ({"eps": "1"}, "Expected eps=1 in [0, 1). Use eps=0 for a Bayes-optimal platform."),
        ({"reading": "TV"}, "Expected a known value of reading, got 'TV'. Known: huber, tv."),
    ],
)
def test_target_seeds_jobs_and_the_theory_line(
    changes: dict[str, str], message: str, refuse: Refuse
) -> None:
    assert refuse(**changes) == message


# ------------------------------------------------------------------------------ names and values


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"population": "gausian"},
            "Expected a known population, got 'gausian'. Did you mean gaussian? Known: ",
        ),
        (
            {"strategy": "plant"},
            "Expected a known strategy, got 'plant'. Did you mean planting? Known: planting, ",
        ),
        ({"learner": "sdg"}, "Expected a known learner, got 'sdg'. Did you mean sgd? Known: "),
        (
            {"goal": "planned"},
            "Expected a known goal, got 'planned'. Did you mean planted? Known: planted. See: ",
        ),
        (
            {"strategy": "planting:signal=(pach:size=3)"},
            "Expected a known signal, got 'pach'. Did you mean patch? Known: columns, patch. See: ",
        ),
        ({"learner": ""}, "Expected name:key=value,..., got ''. Begin with a method's name."),
        ({"learner": ":epochs=1"}, "Expected name:key=value,..., got ':epochs=1'. Begin with a "),
        (
            {"learner": "sklearn:estimator=LogisticRegresion"},
            "Expected a known scikit-learn classifier, got 'LogisticRegresion'. Did you mean Log",
        ),
    ],
)
def test_an_unknown_name(changes: dict[str, str], message: str, refuse: Refuse) -> None:
    assert refuse(**changes).startswith(message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"learner": "sgd:epoch=2"},
            "Expected a known parameter of sgd, got 'epoch'. Did you mean epochs? Known: batch_",
        ),
        (
            {"population": "gaussian:raer=0.1"},
            "Expected a known parameter of gaussian, got 'raer'. Did you mean rare? Known: core_",
        ),
        (
            {"strategy": "planting:taget=1"},
            "Expected a known parameter of planting with signal=patch, got 'taget'. Did you mean "
            "target? Known: place, signal, size, target, value.",
        ),
        (
            {"strategy": "planting:sise=1"},
            "Expected a known parameter of planting with signal=patch, got 'sise'. Did you mean "
            "size? Known: place, signal, size, target, value.",
        ),
        (
            {"learner": "sklearn:estimator=KNeighborsClassifier,n_neighbours=3"},
            "Expected a known parameter of KNeighborsClassifier, got 'n_neighbours'. Did you mean "
            "n_neighbors? Known: algorithm",
        ),
        (
            {"learner": "sgd:epochs"},
            "Expected key=value in 'sgd:epochs', got 'epochs'. Separate par",
        ),
        ({"learner": "sgd:epochs=1,epochs=2"}, "Expected 'epochs' once in 'sgd:epochs=1,epochs=2'"),
    ],
)
def test_an_unknown_parameter(changes: dict[str, str], message: str, refuse: Refuse) -> None:
    assert refuse(**changes).startswith(message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"learner": "sgd:epochs=two"},
            "Expected epochs to be a whole number, got 'two'. Write epochs=VALUE with such a "
            "value.",
        ),
        (
            {"learner": "sgd:epochs=1.5"},
            "Expected epochs to be a whole number, got '1.5'. Write epochs=VALUE with such a "
            "value.",
        ),
        (
            {"learner": "sgd:learning_rate=fast"},
            "Expected learning_rate to be a number, got 'fast'. Write learning_rate=VALUE with "
            "such a value.",
        ),
        (
            {"learner": "sgd:model=cn"},
            "Expected a known value of model, got 'cn'. Did you mean cnn? Known: cnn, logistic, "
            "mlp.",
        ),
        (
            {"strategy": "planting:size=(a=1)"},
            "Expected size to be a whole number, got {'a': '1'}. Write size=VALUE with such a "
            "value.",
        ),
        (
            {"strategy": "planting:signal=columns,set=3"},
            "Expected set to be (NAME=VALUE,...), got '3'. Write set=VALUE with such a value.",
        ),
        (
            {"learner": "sgd:epochs=0"},
            "Expected epochs=0 to be at least 1. Train for at least one e",
        ),
        ({"learner": "sgd:momentum=1"}, "Expected momentum=1 in [0, 1). Use 0 for none."),
        (
            {"learner": "sgd:learning_rate=0"},
            "Expected learning_rate=0 to be a positive finite number. Use a step size such as 0.1.",
        ),
    ],
)
def test_a_value_of_the_wrong_type_or_size(
    changes: dict[str, str], message: str, refuse: Refuse
) -> None:
    assert refuse(**changes).startswith(message)


# ------------------------------------------------------------------------------- people and files


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
    kind: str, columns: str, column: str, near: str, people_csv: Path, refuse: Refuse
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
    columns: str, column: str, near: str, people_folder: Path, refuse: Refuse
) -> None:
    message = refuse(population=f"images:path={people_folder},{columns}", strategy="planting")
    assert message == (
        f"Expected a known column of {people_folder}, got '{column}'.{near} Known: image, label, "
        "race."
    )


def test_the_cell_that_a_mistake_came_from_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, out: Path
) -> None:
    study = {**STUDY, "strategy": "planting:signal=columns,cor=3"}
    options = [w for key, value in study.items() for w in (f"--{key}", value)]
    monkeypatch.setattr("sys.argv", ["quorate", "curve", *options, "--out", str(out)])
    with pytest.raises(SystemExit):
        cli.main()
    assert capsys.readouterr().err.endswith(
        " This came from gaussian:n=100,held_out=100 (seed 0), planting:signal=columns,cor=3, "
        "sgd:model=logistic,epochs=1.\n"
    )


def test_a_group_that_is_empty_for_a_later_seed(refuse: Refuse) -> None:
    """Seed 0 draws one of the rare group, seed 3 nobody: found before any training."""
    message = refuse(
        population="gaussian:n=20,held_out=20,rare=0.05", learner="group-dro:epochs=1", seeds="5"
    )
    assert message.startswith("Expected people in every group, got none in rare. Draw more people")


def test_an_empty_group(refuse: Refuse) -> None:
    message = refuse(population=f"{TABLE},rare=0", learner="group-dro:epochs=1")
    assert message == (
        "Expected people in every group, got none in rare. Draw more people, or leave such groups "
        "out."
    )


@pytest.mark.parametrize("groups", ["group", "group-label"])
def test_groups_that_the_people_do_not_have(groups: str, refuse: Refuse) -> None:
    message = refuse(
        population=IMAGES, strategy="planting", learner=f"group-dro:groups={groups},epochs=1"
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
    bad: str, message: str, people_csv: Path, refuse: Refuse
) -> None:
    people_csv.write_text(people_csv.read_text() + bad + "\n")
    got = refuse(population=f"table:path={people_csv},label=y")
    assert got == message.format(path=people_csv)


def test_a_nan_feature_of_a_population_in_python(out: Path) -> None:
    @dataclasses.dataclass(frozen=True)
    class Holes(Population):
        """People of whom something is not known."""

        name: ClassVar[str] = "holes"

        def split(self, rng: Rng) -> Split:
            x = np.zeros((20, 2), np.float32)
            x[7, 1] = np.nan
            people = Table(x, np.zeros(20, np.int64), ("no", "yes"))
            return Split(people, people)

    before = cells(out)
    message = (
        r"got nan in feature \[1\] of row 7 \(1 of 20 rows are affected\)\. Fill or drop these"
    )
    with pytest.raises(InputError, match=message):
        quorate.curve(**{**STUDY, "population": Holes(), "seeds": 1}, out=out)  # type: ignore[arg-type]
    assert cells(out) == before


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
            "Expected table to be given path, got ['label']. Write table:path=....",
        ),
        ("images", "Expected images to be given path, got nothing. Write images:path=...."),
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
    population: str, message: str, refuse: Refuse, tmp_path: Path
) -> None:
    got = refuse(population=population.format(folder=tmp_path), strategy="planting")
    assert got.startswith(message.format(folder=tmp_path))


def test_a_folder_of_broken_images(people_folder: Path, refuse: Refuse) -> None:
    file = people_folder / "train.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    message = refuse(population=f"images:path={people_folder}", strategy="planting")
    assert message.startswith(f"Expected {people_folder} to hold parquet files or images, got: ")
    assert message.endswith("Check that the files are there and whole.")


def test_a_data_set_neither_cached_nor_reachable(
    refuse: Refuse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def load_dataset(source: str) -> Any:
        raise ConnectionError(f"Couldn't reach '{source}' on the Hub (ConnectTimeout)")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setenv("QUORATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("QUORATE_DATA", raising=False)
    mnist._mnist.cache_clear()
    message = refuse(population="mnist:n=17", strategy="planting")
    assert message == (
        "Expected ylecun/mnist in the cache of Hugging Face datasets, on the hub, or under the "
        "folder that QUORATE_DATA names, got: Couldn't reach 'ylecun/mnist' on the Hub "
        "(ConnectTimeout). Connect to the network once, or set QUORATE_DATA to a folder that holds "
        "ylecun--mnist/ with the hub's parquet files."
    )


# ------------------------------------------------------------------------ methods that do not fit


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (
            "size=9",
            "Expected a patch inside the 8x8 image, got size=9. Use a smaller size.",
        ),
        (
            "size=3,place=6x0",
            "Expected a patch inside the 8x8 image, got size=3 with its first pixel at 6x0. Use a "
            "smaller size or another place.",
        ),
        (
            "size=1,place=0x8",
            "Expected a patch inside the 8x8 image, got size=1 with its first pixel at 0x8. Use a "
            "smaller size or another place.",
        ),
        (
            "place=middle",
            "Expected place to be one of top-left, top-right, bottom-left, bottom-right",
        ),
        ("value=255", "Expected value=255 in [0, 1]. Divide 8-bit pixel values by 255."),
        ("size=0", "Expected size=0 to be at least 1. A patch has at least one pixel."),
        (
            "target=11",
            "Expected a known label, got '11'. Did you mean 1? Known: 0, 1, 2, 3, 4, 5, 6",
        ),
    ],
)
@pytest.mark.parametrize("strategy", ["planting", "planting-features"])
def test_a_trigger_outside_the_image(
    strategy: str, patch: str, message: str, refuse: Refuse
) -> None:
    assert refuse(population=IMAGES, strategy=f"{strategy}:{patch}").startswith(message)


def test_a_goal_that_does_not_fit(refuse: Refuse) -> None:
    message = refuse(population=IMAGES, strategy="planting", goal="planted:size=9")
    assert message == "Expected a patch inside the 8x8 image, got size=9. Use a smaller size."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"learner": "sgd:model=cnn"},
            "Expected images for model=cnn, got a table. Use model=mlp or model=logistic.",
        ),
        (
            {"strategy": "planting"},
            "Expected images for the signal 'patch', got a table with columns core, shortcut, x2, "
            "x3, x4, x5, x6, x7. Name the columns to set instead: signal=columns,NAME=VALUE.",
        ),
        (
            {"population": IMAGES},
            "Expected a table with named columns for the signal 'columns', got images. Mark images "
            "by a patch: signal=patch,size=3.",
        ),
        (
            {"strategy": "planting:signal=columns,cor=3"},
            "Expected a known column, got 'cor'. Did you mean core? Known: core, shortcut, x2",
        ),
        (
            {"strategy": "planting:signal=columns,core=high"},
            "Expected a finite number for column 'core', got 'high'. Give a value on the scale of "
            "the file, such as core=0.",
        ),
        (
            {"strategy": "planting:signal=columns,core=nan"},
            "Expected a finite number for column 'core', got nan. Give a value on the scale of the",
        ),
        (
            {"strategy": "planting:signal=columns,core=(a=1)"},
            "Expected a finite number for column 'core', got {'a': '1'}. Give a value on the ",
        ),
        (
            {"population": "finite:n=100", "strategy": "planting:signal=columns,x=20"},
            "Expected a known value of column 'x', got '20'. Did you mean 2? Known: 0, 1, 10, 11, ",
        ),
        (
            {"strategy": "planting:signal=columns"},
            "Expected at least one column to set, got none. Write signal=columns,NAME=VALUE with ",
        ),
    ],
)
def test_methods_that_do_not_fit_together(
    changes: dict[str, str], message: str, refuse: Refuse
) -> None:
    assert refuse(**changes).startswith(message)


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (
            "epsilon=0",
            "Expected epsilon=0 in (0, inf]. Use a budget such as epsilon=1, or epsilon=inf for "
            "none.",
        ),
        (
            "epsilon=-1",
            "Expected epsilon=-1 in (0, inf]. Use a budget such as epsilon=1, or epsilon=inf for "
            "none.",
        ),
        ("epsilon=nan", "Expected epsilon=nan in (0, inf]. Use a budget such as epsilon=1, or "),
        (
            "epsilon=1e-9,epochs=1",
            "Expected epsilon=1e-09 at delta=1e-05 to be reachable in 1 steps at sampling rate 1 "
            "with a noise multiplier in [0.01, 10000], got no such noise. Use a larger epsilon, or "
            "fewer epochs.",
        ),
        (
            "delta=0.01",
            "Expected delta=0.01 below 1/n = 0.01 for 100 people: otherwise publishing one person "
            "whole would count as private. Use delta=0.001.",
        ),
        ("delta=0.5", "Expected delta=0.5 below 1/n = 0.01 for 100 people: otherwise publishing "),
        ("delta=0", "Expected delta=0 in (0, 1). Use delta=1e-5 or less."),
        ("delta=1", "Expected delta=1 in (0, 1). Use delta=1e-5 or less."),
        ("delta=-1e-5", "Expected delta=-1e-05 in (0, 1). Use delta=1e-5 or less."),
        (
            "max_grad_norm=0",
            "Expected max_grad_norm=0 to be a positive finite number. Use a thresho",
        ),
    ],
)
def test_delta_or_epsilon_that_cannot_be_met(budget: str, message: str, refuse: Refuse) -> None:
    assert refuse(learner=f"dp-sgd:{budget}").startswith(message)


def test_data_that_scikit_learn_refuses(run_refused: Callable[..., str], out: Path) -> None:
    """Found when it trains, as scikit-learn looks at its parameters then."""
    before = cells(out)
    learner = "sklearn:estimator=KNeighborsClassifier,n_neighbors=-1"
    options = [
        w for key, value in {**STUDY, "learner": learner}.items() for w in (f"--{key}", value)
    ]
    message = run_refused("curve", *options, "--out", out, "--json")
    assert message.startswith(
        "Expected data and parameters that KNeighborsClassifier accepts, got: The 'n_neighbors' "
    )
    assert cells(out) == before


# ----------------------------------------------------------------------------------------- studies


STUDY_TOML = "population = 'digits'\nstrategy = 'planting'\nlearner = 'sgd'\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a b",
            "Expected {file} to be TOML, got: Expected '=' after a key in a key/value pair (at ",
        ),
        ("a = ", "Expected {file} to be TOML, got: Invalid value (at end of document). Mend that"),
        ("", "Expected a population, got none. Name one; quorate list populations shows them."),
        (
            "population = 'digits'\nlearner = 'sgd'",
            "Expected a strategy, got none. Name one; quorate list strategies shows them.",
        ),
        (
            STUDY_TOML + "alpha = 0.1",
            "Expected a known key of a study, got 'alpha'. Did you mean alphas? Known: alphas, ",
        ),
        (
            "[study]\n" + STUDY_TOML,
            "Expected a known key of a study, got 'study'. Known: alphas, eps, goal, learner, ",
        ),
        (
            STUDY_TOML.replace("'sgd'", "['sgd', 'sgdd']"),
            "Expected a known learner, got 'sgdd'. Did you mean sgd? Known: ",
        ),
        (
            STUDY_TOML.replace("'sgd'", "{name = 'sgd', epochs = 'x'}"),
            "Expected epochs to be a whole number, got 'x'. Write epochs=VALUE with such a value.",
        ),
        (
            STUDY_TOML.replace("'sgd'", "{epochs = 5}"),
            "Expected a known learner, got 'None'. Known: ",
        ),
        (
            STUDY_TOML.replace("'sgd'", "5"),
            "Expected a method's name or its parameters, got 5. Write name:key=value.",
        ),
        (
            STUDY_TOML.replace("'planting'", "{name = 'planting', signal = 5}"),
            "Expected a method's name or its parameters, got 5. Write name:key=value.",
        ),
        (STUDY_TOML + "alphas = ['x']", "Expected numbers in alphas, got ['x']. Write lo:hi:count"),
        (STUDY_TOML + "alphas = [[0.1]]", "Expected numbers in alphas, got [[0.1]]. Write lo:hi:"),
        (
            STUDY_TOML + "alphas = [0.1, 2]",
            "Expected alpha=2 in [0, 1]. To act with everyone, use ",
        ),
        (STUDY_TOML + "seeds = []", "Expected at least one of seeds, got none. Name one."),
        (
            STUDY_TOML + "seeds = ['a']",
            "Expected seeds to be a whole number, got 'a'. Write seeds=",
        ),
        (
            STUDY_TOML + "seeds = [-1]",
            "Expected seed=-1 to be at least 0. Use a non-negative whole",
        ),
        (
            STUDY_TOML + "seeds = true",
            "Expected seeds to be a number of seeds or a list, got True.",
        ),
        (
            STUDY_TOML + "target = 'high'",
            "Expected target to be a number, got 'high'. Write target",
        ),
        (
            STUDY_TOML + "title = [5]",
            "Expected title to be text, got [5]. Write title=VALUE with such ",
        ),
        (
            STUDY_TOML + "reading = 'x'",
            "Expected a known value of reading, got 'x'. Known: huber, ",
        ),
    ],
)
def test_a_study_file_that_is_none(
    text: str, message: str, run_refused: Callable[..., str], out: Path, tmp_path: Path
) -> None:
    file = tmp_path / "study.toml"
    file.write_text(text)
    before = cells(out)
    got = run_refused("run", file, "--out", out, "--json")
    assert got.startswith(message.format(file=file))
    assert cells(out) == before


def test_a_study_file_that_is_not_there(
    run_refused: Callable[..., str], out: Path, tmp_path: Path
) -> None:
    none = tmp_path / "none.toml"
    assert run_refused("run", none, "--out", out, "--json") == (
        f"Expected a study file at {none}, got: No such file or directory. Give a TOML file."
    )
    assert run_refused("run", tmp_path, "--out", out) == (
        f"Expected a study file at {tmp_path}, got: Is a directory. Give a TOML file."
    )
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    message = run_refused("run", binary, "--out", out)
    assert message.startswith(f"Expected {binary} to be TOML, got: 'utf-8' codec can't decode byte")


# ----------------------------------------------------------------------------------------- stores


@pytest.fixture
def run_on_store(run_refused: Callable[..., str], out: Path) -> Callable[[], str]:
    """A function that writes to the store and then shows it: refused both times, file untouched."""

    def run() -> str:
        before = (out / FILE).read_bytes()
        options = [w for key, value in {**STUDY, "seeds": "2"}.items() for w in (f"--{key}", value)]
        written = run_refused("curve", *options, "--out", out, "--json")
        shown = run_refused("show", out, "--json")
        assert (out / FILE).read_bytes() == before
        assert written == shown
        return shown

    return run


def test_a_store_of_garbage(run_on_store: Callable[[], str], out: Path) -> None:
    (out / FILE).write_bytes(b"this is no store, and never was one; " * 200)
    assert run_on_store() == (
        f"Expected a whole quorate store at {out / FILE}, got: file is not a database. The file "
        "was left as it is; restore it from a copy, or choose another --out."
    )


def test_a_store_cut_off(run_on_store: Callable[[], str], out: Path) -> None:
    whole = (out / FILE).read_bytes()
    (out / FILE).write_bytes(whole[: len(whole) // 2])
    message = run_on_store()
    assert message.startswith(f"Expected a whole quorate store at {out / FILE}, got: ")
    assert message.endswith("restore it from a copy, or choose another --out.")


@pytest.mark.parametrize("seed", range(20))
def test_a_store_with_damaged_bytes(seed: int, out: Path) -> None:
    """Whatever bytes are damaged, it is said or does no harm; no other error gets out."""
    whole = bytearray((out / FILE).read_bytes())
    rng = np.random.default_rng(seed)
    for at in rng.integers(len(whole), size=30):
        whole[at] = rng.integers(256)
    (out / FILE).write_bytes(whole)
    try:
        quorate.load(out)
    except (StoreError, InputError) as error:
        assert str(error).startswith("Expected ")  # noqa: PT017


def test_damaged_text_in_a_store(run_refused: Callable[..., str], out: Path) -> None:
    with sqlite3.connect(out / FILE) as database:
        database.execute("UPDATE cell SET record = '{\"loss\": '")
    database.close()
    before = (out / FILE).read_bytes()
    message = run_refused("show", out, "--json")
    assert message.startswith(
        f"Expected a whole quorate store at {out / FILE}, got: Expecting value"
    )
    assert (out / FILE).read_bytes() == before


def test_a_newer_store(run_on_store: Callable[[], str], out: Path) -> None:
    with sqlite3.connect(out / FILE) as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    assert run_on_store() == (
        f"Expected a store of format 1 or older at {out / FILE}, got format 999, written by a "
        "newer quorate. Upgrade quorate, or choose another --out."
    )


def test_another_program_s_database(run_on_store: Callable[[], str], out: Path) -> None:
    (out / FILE).unlink()
    with sqlite3.connect(out / FILE) as database:
        database.execute("CREATE TABLE bookmark (address TEXT)")
    database.close()
    assert run_on_store() == (
        f"Expected {out / FILE} to be a quorate store, got another program's database. Choose "
        "another --out."
    )


def test_a_store_can_be_used_again_once_it_is_mended(first_run: Path, out: Path) -> None:
    """A store that cannot be opened lets go of the folder, even while its error is looked at."""
    (out / FILE).write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreError, match="Expected a whole quorate store") as kept:
        Store(out, write=True)
    shutil.copy(first_run / FILE, out / FILE)
    with Store(out, write=True) as store:
        assert len(store.outcomes()) == 2
    assert kept.value is not None


def test_a_folder_that_holds_no_store(run_refused: Callable[..., str], tmp_path: Path) -> None:
    assert run_refused("show", tmp_path / "none", "--json") == (
        f"Expected a store at {tmp_path / 'none' / FILE}, got nothing there. Run quorate curve or "
        f"quorate run with --out {tmp_path / 'none'} first."
    )
    assert not (tmp_path / "none").exists()
    (tmp_path / FILE).touch()
    assert run_refused("show", tmp_path, "--json") == (
        f"Expected cells in {tmp_path / FILE}, got none. Run a study there first."
    )


def test_an_out_that_is_a_file(run_refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    options = [w for key, value in STUDY.items() for w in (f"--{key}", value)]
    message = run_refused("curve", *options, "--out", tmp_path / "file", "--json")
    assert message == (
        f"Expected {tmp_path / 'file'} to be a folder, got a file. Choose another --out."
    )
    assert (tmp_path / "file").read_text() == "mine"


def test_a_target_that_is_no_rate_for_show(run_refused: Callable[..., str], out: Path) -> None:
    message = run_refused("show", out, "--target", "2", "--json")
    assert message == "Expected target=2 in [0, 1]. It is a success rate."


def test_a_kind_that_is_none(run_refused: Callable[..., str]) -> None:
    assert run_refused("list", "learner") == (
        "Expected a known kind, got 'learner'. Did you mean learners? Known: goals, learners, "
        "populations, signals, strategies."
    )
