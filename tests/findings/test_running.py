"""Experiments from file to verdict: tuning, quick forms, reports, and what is refused."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import quorate
from quorate import catalog
from quorate.cli.entry import main
from quorate.errors import InputError
from quorate.executors.serial import SERIAL
from quorate.findings.experiment import read_experiment
from quorate.findings.running import run_experiment
from quorate.findings.tuning import FOLDER, make_tuning, rate_of, tuned
from quorate.learners.networks.sgd import SGD
from quorate.report.files import write_result
from quorate.studies.study import make_study
from quorate.studies.sweep import run_study
from quorate.studies.trial import Outcome, draw_people, streams
from quorate.version import __version__

pytestmark = pytest.mark.usefixtures("plain_pictures")

CLAIM = """
title = "Digits"
claim = "Longer training needs fewer."
source = "ours"
ours = "Everything."
expected = "α* shrinks."
population = "digits:n=300"
strategy = "planting:size=2"
alphas = "0.02,0.1,0.5"
seeds = 3
[learner]
short = "sgd:epochs=1,learning_rate=0.02"
long = "sgd:epochs=15,learning_rate=0.1"
[[expect]]
along = ["short", "long"]
is = "shrinking"
[[expect]]
measure = "success"
of = "long"
at = 0.5
at_least = 0.8
[quick]
seeds = 2
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "longer.toml"
    path.write_text(CLAIM, encoding="utf-8")
    return path


def test_from_file_to_verdict(file: Path, tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["quorate", "run", str(file)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code in (0, None)
    said = capsys.readouterr().out
    assert "Verdict: holds" in said
    assert "short" in said
    found = json.loads((tmp_path / "runs/longer/finding.json").read_text(encoding="utf-8"))
    assert found["verdict"] == "holds"
    assert [one["verdict"] for one in found["statements"]] == ["holds", "holds"]
    assert [one["name"] for one in found["curves"]] == ["short", "long"]
    assert found["curves"][1]["accuracy"] > 0.8
    assert found["seeds"] == 3
    assert found["command"] == "quorate run experiments/longer.toml"
    page = (tmp_path / "runs/longer/report.html").read_text(encoding="utf-8")
    assert "<strong>Holds.</strong>" in page
    assert "Longer training needs fewer." in page


def test_python_gives_the_same_as_the_command_line(file: Path, tmp_path: Path) -> None:
    found = quorate.run(file, tmp_path / "out", quick=True)
    assert found.finding is not None
    assert found.finding.to_json()["quick"] is True
    assert found.finding.experiment.name == "longer"
    assert len({outcome.seed for outcome in found.result.outcomes}) == 2
    again = quorate.run(file, tmp_path / "out", quick=True)
    assert again.to_json() == found.to_json()


def test_asides_do_not_count(file: Path, tmp_path: Path) -> None:
    """A refuted aside is shown, and the claim holds all the same."""
    aside = '[[expect]]\nof = "long"\nthan = "short"\nis = "greater"\naside = true\n[quick]'
    file.write_text(file.read_text(encoding="utf-8").replace("[quick]", aside), encoding="utf-8")
    found = quorate.run(file, tmp_path / "out").finding
    assert found is not None
    assert [one.verdict for one in found.statements][-1] == "does not hold"
    assert found.verdict == "holds"
    assert any(line.startswith("  aside, does not hold") for line in found.lines())


def test_a_study_without_a_claim_has_no_verdict(tmp_path: Path) -> None:
    path = tmp_path / "plain.toml"
    path.write_text(
        'population = "digits:n=100"\nstrategy = "planting:size=2"\n'
        'learner = "sgd:epochs=1"\nalphas = "0.5"\nseeds = 1\n'
    )
    found = run_experiment(read_experiment(path), tmp_path / "out")
    assert found.finding is None
    write_result(found, tmp_path / "out")
    assert not (tmp_path / "out" / "finding.json").exists()
    assert "verdict" not in (tmp_path / "out" / "report.html").read_text().partition("</style>")[2]


def test_a_correction_is_run_and_judged(tmp_path: Path) -> None:
    path = tmp_path / "gap.toml"
    path.write_text(
        """
claim = "The gap closes."
source = "ours"
ours = "All."
expected = "Accuracy rises."
population = "digits"
subgroup = "low-light"
platform = "mlp"
proxy = "mlp"
members = 5
queries = 2
epsilon = "16/255"
adaptive = "none"
label_free = "none"
crafting = "steps=2"
seeds = 2
[[expect]]
measure = "after.accuracy[low-light]"
against = "before.accuracy[low-light]"
of = {members = 5, epsilon = "16/255"}
is = "greater"
""",
        encoding="utf-8",
    )
    found = run_experiment(read_experiment(path), tmp_path / "out")
    assert found.finding is not None
    (statement,) = found.finding.statements
    assert statement.text.endswith("is greater than accuracy of low-light (before)")
    page = write_result(found, tmp_path / "out")
    assert "The gap closes." in page.read_text(encoding="utf-8")
    assert json.loads((page.parent / "finding.json").read_text())["version"] == __version__


# ------------------------------------------------------------------------------------------- tuning

STUDY: dict[str, Any] = {
    "population": "digits:n=200",
    "strategy": "planting:size=2",
    "alphas": "0.5",
    "seeds": 1,
}


def test_the_best_honest_accuracy_is_chosen(tmp_path: Path) -> None:
    """With hardly any step nothing is learned; a learner without a step size is left alone."""
    learner = {"net": "sgd:epochs=5", "tree": "tree", "trimmed": "loss-trimming:epochs=5"}
    study = make_study(**STUDY, learner=learner)
    better, rows = tuned(
        study, make_tuning({"learning_rate": [1e-6, 0.1]}), tmp_path / "out", SERIAL, "cpu"
    )
    assert [rate_of(one) for one in better.learners] == [0.1, None, 0.1]
    assert [better.called(name) for name in better.names] == ["net", "tree", "trimmed"]
    assert [(row["learner"], row["chosen"]) for row in rows] == [
        ("net", False),
        ("net", True),
        ("trimmed", False),
        ("trimmed", True),
    ]
    worse, better_one, *_ = (row["honest_accuracy"] for row in rows)
    assert better_one > worse
    assert (tmp_path / "out" / FOLDER / "store.sqlite").exists()
    kept, rows = tuned(
        study,
        make_tuning({"learning_rate": [1e-6], "keep": ["net", "trimmed"]}),
        None,
        1,
        "cpu",
    )
    assert (kept.learners, rows) == (study.learners, [])


def test_step_sizes_are_chosen_on_people_whom_no_cell_measures_on(tmp_path: Path) -> None:
    """Compared byte by byte; a choice that an older version has made and stored is kept."""
    study = make_study(**{**STUDY, "seeds": 3}, learner="sgd:epochs=1")
    tuning = make_tuning({"learning_rate": [1e-6, 0.1]})
    _, rows = tuned(study, tuning, tmp_path / "new", SERIAL, "cpu")
    assert [row["apart"] for row in rows] == [True, True]
    (used,) = {one.population for one in quorate.load(tmp_path / "new" / FOLDER).outcomes}
    people = draw_people(catalog.build("populations", used), streams(1000)[0])
    chosen_on = {row.tobytes() for side in (people.train, people.held_out) for row in side.x}
    for cell in study.cells():
        measured = draw_people(cell.population, streams(cell.seed)[0]).held_out
        assert not chosen_on & {row.tobytes() for row in measured.x}

    learners = tuple(SGD(epochs=1, learning_rate=rate) for rate in (1e-6, 0.1))
    older = replace(study, learners=learners, alphas=(0.0,), seeds=(1000,), names={})
    run_study(older, tmp_path / "old" / FOLDER)
    _, rows = tuned(study, tuning, tmp_path / "old", SERIAL, "cpu")
    assert [row["apart"] for row in rows] == [False, False]


TRAINED = Outcome(
    id="",
    population="p",
    strategy="s",
    goal="g",
    learner="",
    alpha=0.0,
    seed=1000,
    members=0,
    people=9,
    seconds=1.0,
    version="0",
    accuracy=0.5,
)


def test_success_plays_no_part_in_tuning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two step sizes with the same honest accuracy: the smaller one, whatever their success."""
    from quorate.findings import tuning

    def stands_still(study: Any, *rest: Any) -> Any:
        from quorate import spec
        from quorate.studies.curves import Curves

        assert study.alphas == (0.0,)
        assert study.seeds == (1000,)
        rows = [
            replace(TRAINED, learner=spec.text(one), success=place)
            for place, one in enumerate(study.learners)
        ]
        return Curves(tuple(rows))

    monkeypatch.setattr(tuning, "run_study", stands_still)
    study = make_study(**STUDY, learner="sgd")
    chosen, _ = tuned(study, make_tuning({"learning_rate": [0.3, 0.1]}), None, SERIAL, "cpu")
    assert rate_of(chosen.learners[0]) == 0.1


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ("0.1", "Expected a table [tune], got '0.1'."),
        ({"rate": [0.1]}, "Expected a known key of [tune], got 'rate'."),
        ({"learning_rate": "0.1"}, "Expected step sizes to be a list, got '0.1'."),
        ({"learning_rate": ["a"]}, "Expected learning_rate"),
        ({"learning_rate": [0.1], "keep": ["nobody"]}, "Expected a known learner of [tune]"),
        ({}, "Expected step sizes to try for sgd, got none."),
        ({"learning_rate": [-1]}, "Expected learning_rate=-1"),
    ],
)
def test_bad_tunings(plain: Any, message: str) -> None:
    study = make_study(**STUDY, learner="sgd")
    with pytest.raises(InputError) as error:
        tuned(study, make_tuning(plain), None, SERIAL, "cpu")
    assert str(error.value).startswith(message)


# -------------------------------------------------------------------------------------------- names


def test_methods_are_called_by_their_names() -> None:
    study = make_study(**STUDY, learner={"plain": "sgd", "private": "dp-sgd"})
    assert study.called("sgd") == "plain"
    assert study.called("dp-sgd:epsilon=1,max_grad_norm=1") == "private"
    assert study.called("other") == "other"
    assert make_study(**study.describe()) == study


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('claim = "x"', "Expected claim, source, ours, expected and [[expect]]"),
        ('claim = "x"\nsource = "y"\nours = ""\nexpected = "z"', "Expected claim, source, ours"),
        ('[[expect]]\nof = "a"\nat_most = 1', "Expected claim, source, ours, expected"),
        ("expect = 3", "Expected tables [[expect]]"),
        ("more = 3\n" + CLAIM, "Expected a known key of a study, got 'more'."),
        (CLAIM.replace('of = "long"', 'of = "log"'), "Expected log to name exactly one curve"),
        (
            CLAIM.replace(
                'long = "sgd:epochs=15,learning_rate=0.1"',
                'long = "sgd:epochs=1,learning_rate=0.02"',
            ),
            "Expected one name for sgd",
        ),
    ],
)
def test_bad_files(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        run_experiment(read_experiment(path), tmp_path / "out")
    assert str(error.value).startswith(message)


def test_a_file_without_a_quick_form_says_so(tmp_path: Path) -> None:
    path = tmp_path / "slow.toml"
    path.write_text(CLAIM.partition("[quick]")[0], encoding="utf-8")
    done = subprocess.run(
        [Path(sys.executable).parent / "quorate", "run", path, "--quick"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Error: Expected a table [quick] in")
