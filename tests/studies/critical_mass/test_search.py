"""The search on real trainings: what it reuses, how it resumes, and what it leaves behind."""

import csv
import dataclasses
import json
import math
import re
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from killed_store import killed_after

import quorate
from quorate.catalog import build
from quorate.cli import entry as cli
from quorate.errors import FitFailedError, InputError
from quorate.executors.executor import Executor
from quorate.executors.serial import Serial
from quorate.protocols import Learner
from quorate.report.files import write_result
from quorate.runs.store import Store
from quorate.studies import trial_work
from quorate.studies.critical_mass.rounds import SEEDS, Point
from quorate.studies.critical_mass.search import find_critical_mass
from quorate.studies.loading import load
from quorate.studies.study import make_study
from quorate.studies.sweep import run_study
from quorate.studies.trial import Outcome, Trial, draw_people, stored_outcomes, streams
from quorate.studies.trial_work import run_trials
from quorate.table import Array, Labels, Rng, Submission

pytestmark = pytest.mark.usefixtures("plain_pictures")

KEYS = ["estimate", "low", "high", "trainings", "target", "stopped"]


@dataclass(frozen=True)
class Rising(Learner):
    """Gives label 1 to more people the more act: a logistic curve, at its own place each seed."""

    name: ClassVar[str] = "rising"
    at: float = 40.0

    def fit(self, data: Submission, rng: Rng) -> Any:
        place = math.log(self.at) + 0.1 * rng.standard_normal()
        return _Share(expected(math.log(max(int(data.member.sum()), 0.1)) - place))


def expected(away: float) -> float:
    return 0.1 + 0.9 / (1 + math.exp(-4 * away))


@dataclass(frozen=True)
class _Share:
    share: float
    record: ClassVar[dict[str, Any]] = {}

    def predict(self, x: Array) -> Labels:
        return (np.arange(len(x)) < self.share * len(x)).astype(np.int64)


@dataclass(frozen=True)
class Threshold(Learner):
    """Gives everyone label 1 where at least ``members`` act, or cannot be trained beyond."""

    name: ClassVar[str] = "threshold"
    members: int = 20
    fails_from: int = 10_000

    def fit(self, data: Submission, rng: Rng) -> Any:
        acting = int(data.member.sum())
        if acting >= self.fails_from:
            raise FitFailedError("too many members")
        return _Constant(int(acting >= self.members))


@dataclass(frozen=True)
class _Constant:
    label: int
    record: ClassVar[dict[str, Any]] = {}

    def predict(self, x: Array) -> Labels:
        return np.full(len(x), self.label, dtype=np.int64)


METHODS: dict[str, Any] = {
    "population": "gaussian:n=400,held_out=300",
    "strategy": "planting:signal=columns,x2=3,target=1",
    "learner": Rising(),
}
REAL = {**METHODS, "learner": "sgd:model=logistic,epochs=2", "width": 3.0}


def find(**changes: Any) -> Any:
    return find_critical_mass(**{**METHODS, "width": 1.5, **changes})


def find_threshold(members: int, fails_from: int = 10_000, **changes: Any) -> Any:
    return find(learner=Threshold(members, fails_from), **changes)


def answer(mass: Any) -> tuple[Any, ...]:
    return mass.estimate, mass.low, mass.high, mass.stopped


def outcomes(folder: Path) -> list[Outcome]:
    with Store(folder) as store:
        plain = {"seconds": 0.0, "provenance": {}, "stored_at": ""}
        return [dataclasses.replace(one, **plain) for one in stored_outcomes(store)]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each cell was run in this process."""
    counts: Counter[str] = Counter()

    def counted(cells: Sequence[Trial]) -> list[Outcome]:
        counts.update(cell.id for cell in cells)
        return run_trials(cells)

    monkeypatch.setattr(trial_work, "run_trials", counted)
    return counts


# ---------------------------------------------------------------------------------- the answer


def test_the_critical_mass_is_the_known_one(ran: Counter[str]) -> None:
    found = find()
    assert found.stopped == "width"
    assert found.high <= 1.5 * found.low
    assert found.trainings == sum(ran.values()) == len(ran) <= 20
    seeds = 0.1 * np.random.default_rng(0).standard_normal(2000)
    mean = [np.mean([expected(math.log(m / 40) - z) for z in seeds]) for m in range(50, 80)]
    truth = 50 + int(np.argmax(np.array(mean) >= 0.9))
    assert found.low < truth / 400 <= found.high


def test_a_real_learner_is_searched() -> None:
    found = find(**REAL)
    assert found.stopped == "width"
    (mass,) = run_study(
        make_study(
            **{name: REAL[name] for name in METHODS},
            alphas=[found.low / 1.5, found.low, found.high, min(found.high * 1.5, 1)],
            seeds=10,
        )
    ).critical_masses(0.9)
    assert mass.below < found.high
    assert found.low < mass.estimate


def test_sizes_are_whole_numbers_of_members(tmp_path: Path) -> None:
    find(out=tmp_path)
    for one in outcomes(tmp_path):
        assert one.alpha * one.people == pytest.approx(one.members, abs=1e-9)  # m/n·n, rounded


def test_a_threshold_is_found_to_the_member() -> None:
    found = find_threshold(4, width=1.01)
    assert answer(found) == (4 / 400, 3 / 400, 4 / 400, "width")
    assert any("No whole member lies between" in note for note in found.notes())


def test_trainings_above_the_interval_that_fall_short_are_counted() -> None:
    found = find_threshold(4, width=1.01)
    said = " ".join(found.notes())
    assert "Above the interval, S was 1.000 or more at" in said
    assert "and below" not in said
    points = (*found.end.points, Point(300, 99, 0.25), Point(301, 99, 0.5))
    above = sum(point.members > 4 for point in points)
    dipped = dataclasses.replace(found, end=dataclasses.replace(found.end, points=points))
    assert f", and below 0.9 in 2 of {above} trainings." in " ".join(dipped.notes())


def test_a_plateau_is_said_from_where_to_where() -> None:
    found = find_threshold(4, width=1.01)
    end = dataclasses.replace(
        found.end, bracket=dataclasses.replace(found.end.bracket, on_plateau=True)
    )
    flat = dataclasses.replace(found, low=0.05, high=0.2, stopped="plateau", end=end)
    assert flat.answer() == (
        "Success stays within 1% of 90% from 20 (5%) to 80 (20%) of 400 people: the critical "
        "mass lies between them (95% interval)."
    )
    assert flat.to_json()["stopped"] == "plateau"
    assert any("a little lower or higher than 0.9" in note for note in flat.notes())
    never = dataclasses.replace(flat, low=0.0, high=math.inf)
    assert "from nobody to everyone of 400 people" in never.answer()
    assert "or the target is never reached" in never.answer()


def test_reached_with_nobody() -> None:
    found = find_threshold(0)
    assert answer(found) == (0, 0, 0, "width")
    assert found.to_json()["estimate"] == 0
    assert found.answer() == "Success is 90% or more without any collective."


def test_never_reached() -> None:
    found = find_threshold(401)
    assert answer(found) == (math.inf, 1.0, math.inf, "width")
    assert found.to_json() == {
        **dict(zip(KEYS, (None, 1.0, None), strict=False)),
        "trainings": found.trainings,
        "target": 0.9,
        "stopped": "width",
    }
    assert found.answer() == "Not even everyone acting together reaches 90% success."


def test_failed_trainings_are_recorded_and_mentioned(tmp_path: Path) -> None:
    found = find_threshold(20, fails_from=200, out=tmp_path)
    assert found.low < 20 / 400 <= found.high
    failed = [one for one in outcomes(tmp_path) if one.error]
    assert failed
    assert (
        f"{len(failed)} of {found.trainings} trainings failed; they count for nothing."
        in found.notes()
    )
    write_result(found, tmp_path)
    assert "too many members" in (tmp_path / "search.html").read_text()


def test_every_training_fails(tmp_path: Path) -> None:
    found = find_threshold(20, fails_from=0)
    assert math.isnan(found.estimate)
    assert [found.to_json()[key] for key in ("estimate", "low", "high")] == [None, 0, None]
    assert found.answer() == "Nothing was measured: every training failed."
    assert "The search gave up: no training succeeded." in found.notes()
    assert write_result(found, tmp_path).exists()


@pytest.mark.parametrize("budget", [1, 6])
def test_a_small_budget_is_said_to_be_spent(budget: int, tmp_path: Path) -> None:
    found = find(budget=budget)
    assert (found.trainings, found.stopped) == (budget, "budget")
    said = " ".join([found.answer(), *found.notes()])
    assert "larger --budget" in said
    assert f"{SEEDS} are needed" in said
    assert write_result(found, tmp_path).exists()


# -------------------------------------------------------------------------------- what is reused


def test_a_second_search_trains_nothing(tmp_path: Path, ran: Counter[str]) -> None:
    first = find(out=tmp_path)
    assert first.trainings == len(ran) > 0
    ran.clear()
    again = find(out=tmp_path)
    assert not ran
    assert again.trainings == 0
    assert answer(again) == answer(first)


def test_a_second_search_whose_budget_was_spent_trains_nothing(tmp_path: Path) -> None:
    first = find(out=tmp_path, width=1.01, budget=9)
    again = find(out=tmp_path, width=1.01, budget=9)
    assert (first.trainings, again.trainings) == (9, 0)
    assert answer(again) == answer(first)
    more = find(out=tmp_path, width=1.01, budget=12)
    assert more.trainings == 12  # beyond what is stored


def test_a_stored_curve_is_reused(tmp_path: Path, ran: Counter[str]) -> None:
    alone = find()
    ran.clear()
    run_study(make_study(**METHODS, alphas="0.01:0.5:6", seeds=4), tmp_path)
    stored = set(ran)
    ran.clear()
    found = find(out=tmp_path)
    assert found.trainings == len(ran) < alone.trainings / 2
    assert not stored & set(ran)
    assert len(found.curves.outcomes) == 7 * 4 + found.trainings  # α = 0 and six sizes
    assert found.low < alone.high and alone.low < found.high  # noqa: PT018 (they overlap)


def test_other_methods_and_versions_are_no_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {**METHODS, "learner": "sgd:model=logistic,epochs=1"}
    run_study(make_study(**other, alphas="0.01:0.5:4", seeds=2), tmp_path)
    with monkeypatch.context() as patch:
        for module in ("trial", "sweep"):
            patch.setattr(f"quorate.studies.{module}.__version__", "0.0.1")
        run_study(make_study(**METHODS, alphas="0.01:0.5:4", seeds=2), tmp_path)
    found = find(out=tmp_path, budget=4)
    assert found.trainings == 4
    assert len(found.curves.outcomes) == 4


def test_another_target_begins_with_what_is_stored(tmp_path: Path) -> None:
    find(out=tmp_path)
    found = find(out=tmp_path, target=0.5)
    assert 0 < found.trainings < find(target=0.5).trainings


def test_what_is_stored_can_be_shown_as_a_curve(tmp_path: Path) -> None:
    found = find(**REAL, budget=5, out=tmp_path)
    curves = load(tmp_path)
    assert len(curves.outcomes) == found.trainings
    assert curves.target == 0.9


# -------------------------------------------------------------------------- resumed, in parallel


def test_two_workers_give_the_same_answer(tmp_path: Path, two_workers: Executor) -> None:
    one, two = (
        find(**REAL, budget=6, out=tmp_path / name, executor=executor)
        for name, executor in (("1", Serial()), ("2", two_workers))
    )
    assert answer(one) == answer(two)
    assert outcomes(tmp_path / "1") == outcomes(tmp_path / "2")


@pytest.mark.parametrize("cells", [1, 5, 11])
def test_a_search_that_was_killed_goes_on_to_the_same_answer(
    cells: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = find(out=tmp_path / "straight")

    with killed_after(cells, monkeypatch):
        find(out=tmp_path / "killed")
    assert len(outcomes(tmp_path / "killed")) == cells
    resumed = find(out=tmp_path / "killed")
    assert answer(resumed) == answer(straight)
    assert resumed.trainings == straight.trainings - cells
    assert outcomes(tmp_path / "killed") == outcomes(tmp_path / "straight")


# ------------------------------------------------------------------------------ mistakes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"population": "mnits"}, "Did you mean mnist"),
        ({"learner": "sgdd"}, "Did you mean sgd"),
        ({"strategy": "plantin"}, "Did you mean planting"),
        ({"goal": "plantd"}, "Did you mean planted"),
        ({"learner": [Rising(), "sgdd"]}, "Did you mean sgd"),
        ({"strategy": ["planting", "planting-features"]}, "Expected one strategy, got 2"),
        ({"learner": ""}, "Expected a learner, got none"),
        ({"target": 1.5}, r"Expected target=1\.5 in"),
        ({"width": 1}, "Expected width=1 in"),
        ({"budget": 0}, "Expected budget=0 to be at least 1"),
        ({"strategy": "planting:target=9,signal=columns,x2=3"}, "target"),
    ],
)
def test_a_mistake_is_found_before_any_training(
    changes: dict[str, Any], message: str, tmp_path: Path, ran: Counter[str]
) -> None:
    with pytest.raises(InputError, match=message):
        find(**changes, out=tmp_path / "out")
    assert not ran
    assert not (tmp_path / "out").exists()


def test_no_jobs_are_refused_before_any_training(tmp_path: Path, ran: Counter[str]) -> None:
    with pytest.raises(InputError, match="Expected jobs=0 to be at least 1"):
        quorate.critical_mass(**REAL, jobs=0, out=tmp_path / "out")
    assert not ran
    assert not (tmp_path / "out").exists()


def test_a_seed_whose_people_do_not_fit_is_skipped() -> None:
    """Of 80 people, 4% are rare: in some seeds nobody is. Seed 0 fits."""
    methods = {
        "population": "gaussian:n=120,held_out=40,rare=0.04",
        "strategy": "planting:signal=columns,x2=3,target=1",
        "learner": "group-dro:model=logistic,epochs=1",
    }
    found = find(**methods, budget=24, width=1.01)
    assert 5 in found.refused
    assert 0 < found.trainings < 24
    said = [note for note in found.notes() if note.startswith("Seed 5 was skipped: Expected")]
    assert len(said) == 1
    assert not any("trainings failed" in note for note in found.notes())
    assert not {one.seed for one in found.curves.outcomes} & found.refused.keys()


@dataclass(frozen=True)
class Picky(Rising):
    """Refuses everyone."""

    name: ClassVar[str] = "picky"

    def check(self, people: Any) -> None:
        raise InputError("Expected other people, got these. Take others.")


@pytest.mark.parametrize("enough", [20, 10_000])
def test_no_more_act_than_can_be_members(enough: int) -> None:
    """Some 60 of 200 people are of the minority, in each seed others."""
    population = "unequal:n=200,held_out=50"
    mass = find_critical_mass(
        population,
        Threshold(enough),
        strategy="rb-prob",
        goal="planted:target=yes,signal=columns,x1=0",
    )
    reached = enough == 20
    assert mass.low < 0.1 <= mass.high if reached else math.isinf(mass.estimate)
    drawn = [draw_people(build("populations", population), streams(s)[0]).train for s in range(5)]
    fewest = min(int(np.asarray(people.group).sum()) for people in drawn)
    sizes = [outcome.members for outcome in mass.curves.outcomes]
    assert max(sizes) <= fewest < 200
    assert reached or fewest in sizes
    assert not mass.refused


def test_an_unfittable_first_seed_is_a_mistake(ran: Counter[str]) -> None:
    with pytest.raises(InputError, match="Expected other people"):
        find(learner=Picky())
    assert not ran


# ------------------------------------------------------------------------------ command line


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that runs ``quorate critical-mass`` here: (exit code, stdout, stderr)."""

    def run(*more: str | Path, **changes: str) -> tuple[int, str, str]:
        methods = {**REAL, **changes}
        words = [word for key, value in methods.items() for word in (f"--{key}", str(value))]
        monkeypatch.setattr("sys.argv", ["quorate", "critical-mass", *words, *map(str, more)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        printed = capsys.readouterr()
        return int(caught.value.code or 0), printed.out, printed.err

    return run


def test_json_is_one_object_with_six_keys(command: Any, tmp_path: Path) -> None:
    code, out, _ = command("--json", "--out", tmp_path)
    plain = json.loads(out)
    assert code == 0
    assert list(plain) == KEYS
    assert plain["low"] < plain["estimate"] <= plain["high"] <= 3 * plain["low"]
    assert (plain["target"], plain["stopped"]) == (0.9, "width")
    again = json.loads(command("--json", "--out", tmp_path)[1])
    assert again == {**plain, "trainings": 0}


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_search_without_any_training_exits_with_2(
    more: tuple[str, ...], command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = find_threshold(20, fails_from=0)
    monkeypatch.setattr(
        "quorate.studies.critical_mass.search.find_critical_mass", lambda *_: nothing
    )
    code, out, error = command(*more, "--out", tmp_path)
    assert code == 2
    assert error.splitlines() == [
        "Error: Nothing was measured: every training failed. The first said: too many members"
    ]
    if more:
        assert list(json.loads(out)) == KEYS


def test_show_says_which_command_prints_the_search(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    first = json.loads(command("--json", "--out", tmp_path)[1])
    monkeypatch.setattr("sys.argv", ["quorate", "show", str(tmp_path), "--json"])
    with pytest.raises(SystemExit):
        cli.main()
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning.startswith("Warning: a search was run here")
    monkeypatch.setattr("sys.argv", [*shlex.split(warning.split("printed by: ")[1]), "--json"])
    with pytest.raises(SystemExit):
        cli.main()
    assert json.loads(capsys.readouterr().out) == {**first, "trainings": 0}


def test_a_table_a_sentence_and_files(command: Any, tmp_path: Path) -> None:
    code, out, _ = command("--out", tmp_path)
    assert code == 0
    assert re.search(r"About \d+ of 400 people \(.+%\) reach 90% success; more than \d+ ", out)
    assert f"Report: {tmp_path / 'search.html'}" in out
    results = json.loads((tmp_path / "search.json").read_text())
    with (tmp_path / "search.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["estimate"]) == results["estimate"]
    assert row["learner"] == results["learner"] == REAL["learner"]
    cells = (tmp_path / "search_cells.csv").read_text().splitlines()
    assert len(cells) == 1 + len(results["cells"]) == 1 + results["trainings"]
    page = (tmp_path / "search.html").read_text()
    assert "<svg" in page
    assert find(**REAL, out=tmp_path).answer() in page
    assert (tmp_path / "search.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": "1"}, "Error: Expected width=1 in (1, inf)"),
        ({"target": "2"}, "Error: Expected target=2 in [0, 1]"),
        ({"budget": "0"}, "Error: Expected budget=0 to be at least 1"),
        ({"learner": "sgdd"}, "Error: Expected a known learner, got 'sgdd'. Did you mean sgd?"),
    ],
)
def test_a_mistake_is_one_message(
    changes: dict[str, str], message: str, command: Any, tmp_path: Path
) -> None:
    code, out, error = command("--out", tmp_path / "out", **changes)
    assert (code, out) == (2, "")
    assert error.startswith(message)


def test_ctrl_c_says_how_to_go_on(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(cells: Sequence[Trial]) -> list[Outcome]:
        raise KeyboardInterrupt

    monkeypatch.setattr(trial_work, "run_trials", stop)
    code, out, error = command("--out", tmp_path)
    assert (code, out) == (130, "")
    assert "run the same command to go on" in error


def test_from_python() -> None:
    found = quorate.critical_mass(**METHODS, width=1.5)
    assert list(found.to_json()) == KEYS
    alphas = np.array([0.0, 0.01, 0.1, 1.0])
    fitted = found.fitted(alphas)
    assert (np.diff(fitted) >= 0).all()
    assert fitted[0] < 0.9 < fitted[-1]
