"""A value as it stands in the file means the same in every study, and reading is reported."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate import catalog, curve, load
from quorate.compared_groups import ComparedGroups
from quorate.errors import InputError
from quorate.populations.attribute_labels import label_by_attribute
from quorate.scenarios.scenario import run_scenario
from quorate.studies.curves import Curves
from quorate.studies.trial import find_eligible
from quorate.subgroups.attribute import Attribute
from quorate.table import Split, Table

pytestmark = pytest.mark.usefixtures("plain_pictures")
N = 120


@pytest.fixture
def people_csv(tmp_path: Path) -> Path:
    """Semicolons, decimal commas, TRUE and FALSE, 1.0 and 2.0, and countries NA, None and null."""
    rng = np.random.default_rng(0)
    rows = [
        f"{i};{('TRUE', 'FALSE')[i % 2]};{20 + i % 29},5;{('DE', 'NA', 'None', 'null')[i % 4]};"
        f"{('1.0', '2.0')[i // 2 % 2]};{('TRUE', 'FALSE')[int(rng.integers(2))]}"
        for i in range(N)
    ]
    path = tmp_path / "people.csv"
    path.write_text("\n".join([";member;income;country;grade;ok", *rows]) + "\n")
    return path


def split_of(path: Path, **given: Any) -> Split:
    plain = {"name": "table", "path": str(path), "label": "ok", **given}
    return catalog.build("populations", plain).split(np.random.default_rng(0))


def features(people: Table, text: str) -> list[list[float]]:
    signal: Any = catalog.build("signals", text)
    return signal.plant(people)[:1].tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("columns:member=TRUE", "columns:member=True"),
        ("columns:member=TRUE", "columns:member=true"),
        ("columns:grade=1.0", "columns:grade=1"),
        ('columns:income="25,5"', "columns:income=25.5"),
        ("columns:country=None", 'columns:country="None"'),
        ("columns:country=NA", "columns:country= NA "),
        ('offset:income="2,5"', "offset:income=2.5"),
    ],
)
def test_a_signal_as_written(one: str, other: str, people_csv: Path) -> None:
    people = split_of(people_csv).train
    assert features(people, one) == features(people, other)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("columns:country=na", r"got 'na'\. Did you mean NA\?"),
        ("columns:country=missing", r"got 'missing'\. Known: DE, NA, None, null"),
        ("columns:income=NA", "Expected a finite number for column 'income', got 'NA'"),
        ("columns:income=nan", "Expected a finite number for column 'income', got nan"),
        ("columns:Unnamed: 0=3", r"got 'Unnamed: 0'.* as a saved index does, and is left out\."),
    ],
)
def test_a_signal_that_is_not_in_the_file(text: str, message: str, people_csv: Path) -> None:
    people = split_of(people_csv).train
    name, _, value = text.removeprefix("columns:").rpartition("=")
    with pytest.raises(InputError, match=message):
        catalog.build("signals", {"name": "columns", "set": {name: value}}).plant(people)


def test_a_target_as_written(people_csv: Path, tmp_path: Path) -> None:
    """Three spellings plant the same, so the outcomes are the same."""

    def run(target: str) -> Curves:
        return curve(
            population=f"table:path={people_csv},label=ok",
            strategy=f"planting:target={target},signal=columns,member=TRUE",
            learner="naive-bayes",
            alphas="0.2",
            seeds=1,
            out=tmp_path / target,
        )

    found = [run(target) for target in ("TRUE", "True", "true")]
    outcomes = [[(one.success, one.accuracy) for one in curves.outcomes] for curves in found]
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert all(success is not None for success, _ in outcomes[0])
    facts = found[0].facts()["How the file was read"]
    assert "Column 'Unnamed: 0' has another value in every row" in facts
    assert "'20,5' is read as 20.5" in facts
    assert load(tmp_path / "TRUE").facts()["How the file was read"] == facts


def test_groups_as_written(people_csv: Path) -> None:
    train = split_of(people_csv, group="grade").train
    assert train.groups == ("1.0", "2.0")
    for name in ("1", "1.0", "1e0"):
        minority, majority = ComparedGroups((name,), ("2",), "true").groups_of(train.groups)
        assert (minority.tolist(), majority.tolist()) == ([True, False], [False, True])
        drawn = Attribute(name).draw(train, None, np.random.default_rng(0))
        assert drawn.group is not None
        assert train.group is not None
        assert drawn.group.tolist() == (train.group == 0).tolist()
        among = find_eligible(train, catalog.build("strategies", "planting"), 0.1, name)
        assert among is not None
        assert among.tolist() == (train.group == 0).tolist()


def test_an_attribute_as_written(people_csv: Path) -> None:
    split = split_of(people_csv)
    for value in ("TRUE", "true"):
        read = label_by_attribute(split, "member", value).train
        assert read.classes == ("others", "TRUE")


def test_a_label_called_none_must_be_named(people_csv: Path) -> None:
    train = split_of(people_csv, label="country").train
    assert train.label("None") == train.classes.index("None")
    with pytest.raises(
        InputError, match=r"since one is called 'None', got none\. .*target=\"None\""
    ):
        train.label(None)


def test_reading_is_told_once_on_the_terminal(
    people_csv: Path, tmp_path: Path, quorate: Callable[..., tuple[int, str, str]]
) -> None:
    words = ["--strategy", "planting:target=TRUE,signal=columns,country=NA", "--alphas", "0.1"]
    words += ["--learner", "naive-bayes", "--seeds", "2", "--out", str(tmp_path / "out"), "--json"]
    code, _, err = quorate("curve", "--population", f"table:path={people_csv},label=ok", *words)
    assert code == 0
    assert err.count("Column 'Unnamed: 0'") == 1
    assert "'NA' (30), 'None' (30), 'null' (30) count as values like any other" in err


def test_a_scenario_says_how_the_file_was_read(people_csv: Path, tmp_path: Path) -> None:
    text = people_csv.read_text()
    header, *rows = text.splitlines()
    people_csv.write_text("\n".join([header, *rows * 20]) + "\n")
    found = run_scenario(
        {
            "name": "privacy",
            "population": f"table:path={people_csv},label=ok,held_out=0.5,drop=Unnamed: 0",
            "attribute": "member",
            "value": "true",
            "ways": ["cancelling"],
            "alphas": [0.2],
            "seeds": 1,
            "models": 0,
            "margin": 0.2,
        },
        tmp_path / "out",
    )
    assert "'20,5' is read as 20.5" in found.facts()["How the file was read"]
