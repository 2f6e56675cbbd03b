"""Several learners searched in one call: each as alone or cheaper, resumed exactly, one result."""

import csv
import dataclasses
import functools
import itertools
import json
import math
import shlex
from pathlib import Path
from typing import Any

import pytest
from killed_store import killed_after

import quorate
from quorate.cli import entry as cli
from quorate.executors.executor import Executor
from quorate.executors.serial import Serial
from quorate.report.files import write_result
from quorate.studies.critical_mass.result_of_several import CriticalMassSearches
from quorate.studies.critical_mass.search import find_critical_mass, last_search
from quorate.studies.loading import load
from studies.critical_mass.test_search import METHODS, REAL, Rising, Threshold, answer, outcomes

pytestmark = pytest.mark.usefixtures("plain_pictures")

TWO = [Rising(at=40.0), Rising(at=20.0)]


def find(**changes: Any) -> Any:
    return find_critical_mass(**{**METHODS, "learner": TWO, "width": 1.5, **changes})


@functools.cache
def found_two() -> Any:
    return find()


def told(searches: CriticalMassSearches) -> list[tuple[Any, ...]]:
    return [answer(one) for one in searches]


def test_one_learner_of_a_list_is_one_search(tmp_path: Path) -> None:
    alone = find(learner=TWO[0], budget=6, out=tmp_path / "alone")
    listed = find(learner=TWO[:1], budget=6, out=tmp_path / "listed")
    assert type(listed) is type(alone)
    assert listed.to_json() == alone.to_json()
    assert list(listed.data()) == list(alone.data())
    assert outcomes(tmp_path / "listed") == outcomes(tmp_path / "alone")


def test_the_first_learner_is_searched_as_alone() -> None:
    both, alone = found_two(), find(learner=TWO[0])
    assert answer(both.searches[0]) == answer(alone)
    assert both.searches[0].end.asked == alone.end.asked
    assert both.trainings == sum(one.trainings for one in both)


def test_each_answer_holds_the_truth() -> None:
    for mass, at in zip(found_two(), (40, 20), strict=True):
        members = at * math.exp(math.log(8) / 4)  # .1 + .9·σ(4u) = .9 at u = log(8)/4; seeds ± .1
        assert mass.low * 400 < members * 1.04
        assert mass.high * 400 > members


@pytest.mark.parametrize("cells", [3, 13])
def test_a_killed_call_goes_on_to_the_same_answers(
    cells: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = find(budget=9, out=tmp_path / "straight")
    assert straight.searches[0].trainings == 9 < 13 < straight.trainings

    with killed_after(cells, monkeypatch):
        find(budget=9, out=tmp_path / "killed")
    resumed = find(budget=9, out=tmp_path / "killed")
    assert told(resumed) == told(straight)
    assert resumed.trainings == straight.trainings - cells
    assert outcomes(tmp_path / "killed") == outcomes(tmp_path / "straight")
    again = find(budget=9, out=tmp_path / "killed")
    assert (told(again), again.trainings) == (told(straight), 0)


def test_two_workers_give_the_same_answers(tmp_path: Path, two_workers: Executor) -> None:
    learners = [REAL["learner"], "sgd:model=logistic,epochs=3"]
    one, two = (
        find(**{**REAL, "learner": learners}, budget=5, out=tmp_path / name, executor=executor)
        for name, executor in (("1", Serial()), ("2", two_workers))
    )
    assert told(one) == told(two)
    assert outcomes(tmp_path / "1") == outcomes(tmp_path / "2")


def test_the_command_that_prints_the_search_names_all_learners(tmp_path: Path) -> None:
    learners = ["sgd:model=logistic,epochs=2", "sgd:model=logistic,epochs=3"]
    found = find(**{**REAL, "learner": learners}, budget=4, out=tmp_path)
    words = shlex.split(str(last_search(tmp_path)))
    named = [text for word, text in itertools.pairwise(words) if word == "--learner"]
    assert named == [one.curve.learner for one in found]
    assert [curve.learner for curve in load(tmp_path)] == named


def test_words_rows_and_files(tmp_path: Path) -> None:
    never = Threshold(401)
    found = find(learner={"slow": TWO[0], "never": never}, width=2.0)
    assert [row["learner"] for row in found.rows()] == [one.curve.learner for one in found]
    assert found.rows()[1]["estimate"] is None
    assert found.summary()[:2] == [
        f"slow: {found.searches[0].answer()}",
        "never: Not even everyone acting together reaches 90% success.",
    ]
    (rows, *_) = found.tables().values()
    assert [row["learner"] for row in rows] == ["slow", "never"]
    assert found.differing_number() is None
    page = write_result(found, tmp_path).read_text()
    assert page.count("<figure>") == 3
    with (tmp_path / "search.csv").open() as file:
        kept = list(csv.DictReader(file))
    assert [float(kept[0][end]) for end in ("low", "high")] == [
        found.searches[0].low,
        found.searches[0].high,
    ]
    assert "Above the interval" in kept[0]["notes"]
    cells = (tmp_path / "search_cells.csv").read_text().splitlines()
    assert len(cells) == 1 + found.trainings
    assert json.loads((tmp_path / "search.json").read_text())["trainings"] == found.trainings


def test_learners_that_differ_in_one_number_are_drawn_over_it() -> None:
    found = found_two()
    assert found.differing_number() == ("at", [40.0, 20.0])
    (axes,) = found.plot().axes
    assert axes.get_xlabel() == "at"
    assert [one.get_text() for one in axes.get_xticklabels()] == ["20", "40"]  # by the number
    assert "accuracy" not in [one.get_text() for one in axes.texts]


def test_no_answer_for_any_learner_is_an_error_and_for_some_a_note() -> None:
    fails = Threshold(20, fails_from=0)
    found = find(learner=[fails, TWO[1]], width=2.0)
    assert found.why_nothing() is None
    assert any("every training failed" in sentence for sentence in found.summary())
    nothing = dataclasses.replace(found, searches=(found.searches[0],) * 2)
    assert "too many members" in str(nothing.why_nothing())


def test_the_command_line_takes_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    methods = {**REAL, "budget": 4, "out": tmp_path}
    words = [word for key, value in methods.items() for word in (f"--{key}", str(value))]
    second = "sgd:model=logistic,epochs=3"
    argv = ["quorate", "critical-mass", *words, "--learner", second, "--json"]
    monkeypatch.setattr("sys.argv", argv)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    plain = json.loads(capsys.readouterr().out)
    assert not caught.value.code
    assert [row["learner"] for row in plain["critical_mass"]] == [REAL["learner"], second]
    assert plain["trainings"] == 8


def test_from_python() -> None:
    (first, second) = quorate.critical_mass(
        METHODS["population"], TWO, strategy=METHODS["strategy"], budget=6
    )
    assert first.trainings == second.trainings == 6
