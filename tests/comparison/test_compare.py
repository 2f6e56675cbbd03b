"""``quorate compare`` from stored folders to the page."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import quorate as library
from quorate.errors import InputError
from quorate.report.stored import load_result

STORED = Path(__file__).parents[1] / "stored"
SMALL = {"population": "gaussian:n=100,held_out=50", "strategy": "planting:signal=columns,x3=4"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with stored runs in it."""
    for name in ("curve", "correct", "critical-mass"):
        shutil.copytree(STORED / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("here", "plain_pictures")
def test_two_learners_on_the_same_people(quorate: Any) -> None:
    library.curve(**SMALL, learner="logistic", alphas="0.1,0.4", seeds=3, out="plain")
    library.curve(**SMALL, learner="tree", alphas="0.1,0.2,0.4", seeds=2, out="tree")
    code, printed, err = quorate("compare", "plain", "tree", "--out", "both")
    assert (code, err) == (0, "")
    # Of 9 cells and 8, those of two seeds at 0, 0.1 and 0.4 are in both.
    assert "6 cells of tree and plain are paired; 3 of plain and 2 of tree have no partner." in (
        printed
    )
    assert "What could not be paired" in printed
    assert "2 cells of tree have no partner in plain: " in printed
    assert "alpha 0.2 (2 cells)." in printed
    assert (Path("both") / "report.html").exists()
    plain = json.loads(quorate("compare", "plain", "tree", "--out", "both", "--json")[1])
    success = [row for row in plain["differences"] if row["measure"] == "success"]
    assert [row["alpha"] for row in success] == [0, 0.1, 0.4]
    cells = {name: library.load(name).to_frame() for name in ("plain", "tree")}
    for row in success:
        means = [
            found[(found.alpha == row["alpha"]) & (found.seed < 2)].success.mean()
            for found in cells.values()
        ]
        assert [row["first"], row["second"]] == pytest.approx(means)
        assert row["difference"] == pytest.approx(means[1] - means[0])
    (mass,) = plain["critical_mass"]
    assert (mass["first_is"][:8], mass["second_is"][:4], mass["pairs"]) == ("logistic", "tree", 2)
    told = load_result("both")  # it can be shown again
    assert told.title == "tree beside plain"
    assert quorate("show", "both")[0] == 0


@pytest.mark.usefixtures("here", "plain_pictures")
@pytest.mark.parametrize("kind", ["curve", "correct", "critical-mass"])
def test_a_run_does_not_differ_from_its_copy(kind: str, quorate: Any) -> None:
    shutil.copytree(kind, "copy")
    plain = json.loads(quorate("compare", kind, "copy", "--out", "both", "--json")[1])
    assert plain["differences"]
    assert {row["difference"] for row in plain["differences"]} == {0}
    (unpaired,) = plain["unpaired"]
    assert unpaired["only_in_first"] == unpaired["only_in_run"] == 0
    # What a search has trained is no grid to read α* off.
    assert bool(plain["critical_mass"]) == (kind == "curve")


@pytest.mark.usefixtures("here", "plain_pictures")
def test_searches_are_compared_by_their_own_intervals() -> None:
    given = {**SMALL, "target": 0.6, "width": 3.0, "budget": 8}
    first = library.critical_mass(learner="logistic", out="one", **given)
    second = library.critical_mass(learner="naive-bayes", out="two", **given)
    from quorate.report.files import write_result

    write_result(first, "one")
    write_result(second, "two")
    (row,) = library.compare("one", "two").mass_rows()
    assert (row["first"], row["second"]) == (first.estimate, second.estimate)
    assert row["low"] <= row["difference"] <= row["high"]
    assert (row["target"], row["pairs"]) == (0.6, 0)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "words",
    [
        ("compare", "correct", "curve"),
        ("participation", "curve"),
        ("compare", "correct", "curve/store.sqlite"),
    ],
)
def test_the_report_of_a_run_is_not_replaced(quorate: Any, words: tuple[str, ...]) -> None:
    before = {file: file.read_bytes() for file in Path("curve").iterdir()}
    code, _, err = quorate(*words, "--out", "./correct/../curve")
    assert code == 2
    assert "its report would be replaced. Name another: --out" in err
    assert {file: file.read_bytes() for file in Path("curve").iterdir()} == before


@pytest.mark.usefixtures("here")
def test_what_cannot_be_compared() -> None:
    for folders, said in (
        (["curve"], "Expected two or more folders of runs, got 1"),
        (["curve", "curve/"], "got curve twice"),
        (["curve", "correct"], "Expected cells in common between curve and correct"),
        (["curve", "curve/store.sqlite"], "got curve twice"),
        (["curve", "."], "which holds several"),
    ):
        with pytest.raises(InputError, match=said):
            library.compare(*folders)
    with pytest.raises(InputError, match=r"Expected target=nan in \[0, 1\]"):
        library.compare("curve", "correct", target=float("nan"))
