"""Sweeps: only what is missing is run, and the outcomes depend on the cells alone."""

import dataclasses
import json
import math
import os
import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import quorate
from quorate import spec
from quorate.catalog import build
from quorate.cli import entry as cli
from quorate.errors import InputError, StoreError, WorkerError
from quorate.executors.executor import Executor
from quorate.executors.processes import Processes
from quorate.populations.gaussian import Gaussian
from quorate.protocols import Learner, Population
from quorate.runs.messages import work_on
from quorate.runs.store import FILE, Store
from quorate.studies import stacking, trial, trial_work
from quorate.studies import sweep as sweep_module
from quorate.studies import trial_work as run
from quorate.studies.loading import load
from quorate.studies.stacking import stack_trials
from quorate.studies.study import Study, make_study
from quorate.studies.sweep import run_study
from quorate.studies.trial import Outcome, Trial, stored_outcomes
from quorate.studies.trial_work import TrialWork, run_trials
from quorate.table import Rng, Split, Submission
from quorate.theory.planting import estimate_signal

GAUSSIAN: dict[str, Any] = {
    "population": "gaussian:n=100,held_out=60",
    "strategy": "planting:signal=columns,x2=3",
    "learner": ["sgd:epochs=1", "sklearn:estimator=GaussianNB"],
    "alphas": [0.1, 0.3],
    "seeds": 2,
}


def study(**changes: Any) -> Study:
    return make_study(**{**GAUSSIAN, **changes})


def cells_of(folder: Path) -> list[Outcome]:
    with Store(folder) as store:
        return stored_outcomes(store)


def measured(one: Outcome) -> Outcome:
    """Leave out what may differ between two runs of one cell."""
    return dataclasses.replace(one, seconds=0.0, provenance={}, stored_at="")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each cell was run in this process."""
    counts: Counter[str] = Counter()

    def counted(cells: Sequence[Trial]) -> list[Outcome]:
        counts.update(cell.id for cell in cells)
        return run_trials(cells)

    monkeypatch.setattr(trial_work, "run_trials", counted)
    return counts


def run_alone(cells: Sequence[Trial]) -> list[Outcome]:
    """Return the outcomes of one stack, computed as a worker does."""
    records = work_on(TrialWork(), [[(cell.id, cell) for cell in cells]], "cpu", None)[0]
    return [Outcome.from_record(record) for record in records[0]]


@pytest.fixture
def plain_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw nothing: pictures take a second each, and have tests of their own."""
    monkeypatch.setattr("quorate.studies.curves.Curves.plot", lambda curves: None)
    monkeypatch.setattr("quorate.report.files.render", lambda figure, kind: b"<svg></svg>")


# ------------------------------------------------------------------- only what is missing


def test_a_second_run_does_only_what_is_missing(tmp_path: Path, ran: Counter[str]) -> None:
    first = run_study(study(), tmp_path)
    assert len(ran) == 2 * 3 * 2
    assert set(ran.values()) == {1}
    before = cells_of(tmp_path)
    ran.clear()
    again = run_study(study(), tmp_path)
    assert not ran
    assert again.to_json() == first.to_json()
    wider = run_study(study(alphas=[0.1, 0.2, 0.3], seeds=[0, 2]), tmp_path)
    # New: every size of seed 2, and α = .2 of seed 0, for two learners.
    assert len(ran) == 2 * (4 + 1)
    assert set(ran.values()) == {1}
    assert len(wider.outcomes) == 2 * 4 * 2  # only the study's own
    after = {one.id: one for one in cells_of(tmp_path)}
    assert len(after) == 12 + 10
    assert all(after[one.id] == one for one in before)  # nothing stored is ever changed


def test_how_a_result_is_read_makes_no_cell_new(tmp_path: Path, ran: Counter[str]) -> None:
    run_study(study(), tmp_path)
    ran.clear()
    curves = run_study(study(target=0.5, eps=0.1, reading="huber", title="Anew"), tmp_path)
    assert not ran
    assert load(tmp_path).title == curves.title == "Anew"
    assert [mass.target for mass in curves.critical_masses()] == [0.5, 0.5]


def test_a_newer_version_measures_anew(
    tmp_path: Path, ran: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = study(learner="sklearn:estimator=GaussianNB", seeds=1)
    run_study(small, tmp_path)
    ran.clear()
    for module in (trial, sweep_module):
        monkeypatch.setattr(module, "__version__", "99.0")
    run_study(small, tmp_path)
    assert len(ran) == 3
    assert Counter(one.version for one in cells_of(tmp_path))["99.0"] == 3
    assert {one.version for one in load(tmp_path).outcomes} == {"99.0"}


def test_a_changed_file_measures_anew(tmp_path: Path, ran: Counter[str]) -> None:
    file = tmp_path / "people.csv"
    rng = np.random.default_rng(0)

    def write(people: int) -> None:
        rows = [f"{rng.normal():.3f},{rng.normal():.3f},{'ab'[i % 2]}" for i in range(people)]
        file.write_text("\n".join(["u,v,y", *rows]) + "\n")

    tables = study(
        population=f"table:path={file},label=y",
        strategy="planting:signal=columns,u=9",
        learner="sklearn:estimator=GaussianNB",
        alphas="0.5",
        seeds=1,
    )
    write(40)
    run_study(tables, tmp_path / "out")
    run_study(tables, tmp_path / "out")
    assert set(ran.values()) == {1}
    write(60)
    run_study(tables, tmp_path / "out")
    assert len(ran) == 4
    assert {one.people for one in load(tmp_path / "out").outcomes} == {45}
    file.unlink()
    assert {one.people for one in load(tmp_path / "out").outcomes} == {45}


def test_without_a_folder_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small = study(learner="sklearn:estimator=GaussianNB", seeds=1)
    curves = run_study(small)
    stored = run_study(small, tmp_path / "out")
    assert [measured(o) for o in curves.outcomes] == [measured(o) for o in stored.outcomes]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


# ------------------------------------------------------------------- any order, any stack


def test_outcomes_depend_on_the_cell_alone(tmp_path: Path) -> None:
    """Alone, in a stack, in another order, after other cells: the same to the last bit."""
    some = study(
        learner=[
            "sgd:epochs=1",
            "group-dro:epochs=1",
            "dp-sgd:epsilon=8,epochs=1",
            "sklearn:estimator=DecisionTreeClassifier",  # draws from its random_state
        ]
    )
    together = {one.id: measured(one) for one in run_study(some).outcomes}
    rng = np.random.default_rng(1)
    cells = list(some.cells())
    for i in rng.permutation(len(cells)):
        (alone,) = run_alone([cells[i]])
        assert measured(alone) == together[cells[i].id]
    for learner in some.learners:
        mine = [cell for cell in cells if cell.learner == learner]
        part = [mine[i] for i in rng.permutation(len(mine))[:3]]
        for one in run_alone(part):
            assert measured(one) == together[one.id]


def test_serial_and_parallel_runs_give_identical_cells(
    tmp_path: Path, two_workers: Executor
) -> None:
    some = study(
        learner=[
            "sgd:epochs=1",
            "group-dro:epochs=1,groups=group",
            "dp-sgd:epsilon=8,epochs=1",
            "sgd:learning_rate=1e30",  # fails
        ],
        alphas=[0.2],
        seeds=2,
    )
    serial = run_study(some, tmp_path / "serial")
    parallel = run_study(some, tmp_path / "parallel", executor=two_workers)
    assert len(serial.outcomes) == 4 * 2 * 2
    assert [measured(o) for o in serial.outcomes] == [measured(o) for o in parallel.outcomes]
    assert serial.critical_masses().to_json() == parallel.critical_masses().to_json()
    private = [one for one in parallel.outcomes if one.learner.startswith("dp-sgd")]
    assert all(one.epsilon is not None and one.epsilon <= 8 for one in private)


def test_a_worker_hands_back_what_it_has_not_begun_when_its_turn_is_over(ran: Counter[str]) -> None:
    found = stack_trials(study(learner="sklearn:estimator=GaussianNB").cells(), workers=2)
    assert len(found) == 6
    sent = [[(cell.id, cell) for cell in stack] for stack in found]
    ids = [stack[0].id for stack in found]
    whole, _ = work_on(TrialWork(), sent, "cpu", 60)
    assert [record.id for (record,) in whole] == ids
    ran.clear()
    begun, _ = work_on(TrialWork(), sent, "cpu", -1)  # over before it begins: one all the same
    assert [record.id for (record,) in begun] == list(ran) == ids[:1]


def test_a_worker_that_dies_is_named_and_what_is_stored_is_kept(tmp_path: Path) -> None:
    few = study(learner="sklearn:estimator=GaussianNB", seeds=1)
    run_study(few, tmp_path)
    deadly = study(learner=[_Deadly()], seeds=1)
    with pytest.raises(WorkerError, match="fewer workers"):
        run_study(deadly, tmp_path, Processes(2))
    assert len(cells_of(tmp_path)) == 3
    run_study(few, tmp_path)  # and the folder can be written again


def test_stacks_hold_each_cell_once_and_leave_work_for_every_job() -> None:
    some = study(
        population=["gaussian:n=100", "gaussian:n=90"],
        learner=["sgd", "sgd:model=logistic", "sklearn"],
        alphas="0.1:1:5",
        seeds=3,
    )
    assert len(some.cells()) == 108
    for workers in (1, 2, 5, 64):
        found = stack_trials(some.cells(), workers)
        assert sorted(c.id for stack in found for c in stack) == sorted(c.id for c in some.cells())
        assert len(found) >= workers
        for stack in found:
            assert len({(cell.population, spec.text(cell.learner)) for cell in stack}) == 1
            if stack[0].learner.name == "sklearn":
                assert len(stack) == 1
            else:
                assert len(stack) <= math.ceil(108 / workers)


def test_a_stack_fits_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Honest rows count once a seed, members' once a cell."""
    some = study(learner=["sgd"], alphas=[0.0, 0.25, 0.5, 1.0], seeds=2).cells()
    one = 100 * 10 * 4
    monkeypatch.setattr(stacking, "STACK_BYTES", 2 * one)
    # seed 0: honest 1 + 0 + .25 + .5 = 1.75, and 1 more is too much; seed 1: the same
    taken = [[(cell.seed, cell.alpha) for cell in stack] for stack in stack_trials(some, 1)]
    assert taken == [
        [(0, 0.0), (0, 0.25), (0, 0.5)],
        [(0, 1.0)],  # with its honest rows 2
        [(1, 0.0), (1, 0.25), (1, 0.5)],
        [(1, 1.0)],
    ]
    fixed = study(population="digits", strategy="planting:size=2", learner=["sgd"], seeds=2).cells()
    monkeypatch.setattr(stacking, "_drawn_anew", lambda people, cells: False)
    people = trial.draw_people(fixed[0].population, trial.streams(0)[0]).train.x.nbytes
    monkeypatch.setattr(stacking, "STACK_BYTES", 1.9 * people)
    # honest rows once for both seeds, and (0 + .1 + .3) twice: 1.8
    assert [len(stack) for stack in stack_trials(fixed, 1)] == [6]
    monkeypatch.undo()
    monkeypatch.setattr(stacking, "STACK_BYTES", 1)  # what fits nowhere runs alone
    assert [len(stack) for stack in stack_trials(some, 1)] == [1] * 8
    monkeypatch.setattr(stacking, "STACK_BYTES", 1e9)
    assert [len(stack) for stack in stack_trials(some, 1)] == [8]


# ------------------------------------------------------------------------------ what fails


@dataclasses.dataclass(frozen=True)
class _Counted(Population):
    """Gaussian people, counting how often they are drawn."""

    name: ClassVar[str] = "counted"
    draws: ClassVar[Counter[str]] = Counter()

    def split(self, rng: np.random.Generator) -> Split:
        self.draws["people"] += 1
        return Gaussian(n=20, held_out=20).split(rng)


@pytest.mark.parametrize("seeds", [[0, 1, 2, 3], [0, 1, 0, 1, 2, 3, 2, 3], [3, 2, 1, 0, 3]])
@pytest.mark.parametrize("learner", ["sgd:epochs=1", "sklearn:estimator=GaussianNB"])
def test_people_are_drawn_once_a_seed_in_a_stack(seeds: list[int], learner: str) -> None:
    strategy = build("strategies", "planting:signal=columns,x2=3")
    stack = [
        Trial(_Counted(), strategy, strategy.goal, build("learners", learner), alpha, seed)
        for seed in seeds
        for alpha in (0.0, 0.5)
    ]
    trial.draw_people(Gaussian(n=5), np.random.SeedSequence(0))  # others were drawn last
    _Counted.draws.clear()
    outcomes = run_alone(stack)
    assert _Counted.draws["people"] == 4
    alone = [run_alone([cell])[0] for cell in stack]
    assert list(map(measured, outcomes)) == list(map(measured, alone))


def test_what_is_known_of_a_signal_is_worked_out_once_for_the_same_people(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str | None] = []

    def counted(people: Any, law: Any, signal: Any, target: str | None) -> Any:
        asked.append(target)
        return estimate_signal(people, law, signal, target)

    monkeypatch.setattr(run, "estimate_signal", counted)
    goals = ["planted:signal=columns,x2=3,target=0", "planted:signal=columns,x2=3,target=1"]
    found = run_study(study(learner="sklearn:estimator=GaussianNB", goal=goals))
    assert len(found.outcomes) == 12
    assert sorted(map(str, asked)) == ["0", "0", "1", "1"]  # two goals, two seeds


def test_a_training_that_fails_is_stored_and_the_others_go_on(
    tmp_path: Path, ran: Counter[str]
) -> None:
    some = study(learner=["sgd:learning_rate=1e30", "sklearn:estimator=GaussianNB"], seeds=1)
    curves = run_study(some, tmp_path)
    failed = [one for one in cells_of(tmp_path) if one.error]
    assert [one.learner for one in failed] == ["sgd:learning_rate=1e+30"] * 3
    for one in failed:
        assert "training diverged. Lower learning_rate" in str(one.error)
        assert (one.success, one.accuracy, one.worst_group_accuracy) == (None, None, None)
    assert all(one.success is not None for one in cells_of(tmp_path) if not one.error)
    plain = curves.to_json()
    json.dumps(plain, allow_nan=False)
    assert [row["success"] is None for row in plain["cells"]] == [True] * 3 + [False] * 3
    assert plain["critical_mass"][0]["estimate"] is None
    assert len(curves.critical_masses().rows) == 2
    ran.clear()
    run_study(some, tmp_path)
    assert not ran  # the same cell would fail the same way


def test_where_everyone_acts_some_learners_have_nothing_to_tell_apart(tmp_path: Path) -> None:
    """At α = 1 planting leaves one label, which logistic regression refuses: that cell failed."""
    curves = run_study(study(learner="sklearn", alphas=[0.5, 1.0], seeds=1), tmp_path)
    half, everyone = curves.outcomes[1:]
    assert half.success is not None
    assert everyone.success is None
    assert "got the label '1' alone" in str(everyone.error)
    assert curves.critical_masses().rows[0][1].estimate == 0.5


BAD: list[tuple[dict[str, Any], str]] = [
    ({"strategy": "planting:size=2"}, "Expected images"),
    ({"strategy": "planting:signal=columns,y9=1"}, "column"),
    ({"strategy": "planting:target=dog,signal=columns,x2=3"}, "label"),
    ({"goal": "planted:signal=patch"}, "Expected images"),
    ({"learner": ["sgd:epochs=1", "sgd:model=cnn"]}, "model=cnn"),
    ({"learner": ["sgd:epochs=1", "dp-sgd:delta=0.5"]}, "below 1/n"),
    ({"learner": ["sgd:epochs=1", "dp-sgd:epsilon=1e-9"]}, "epsilon"),
    ({"learner": ["sgd:epochs=1", "sklearn:estimator=Forest"]}, "classifier"),
    ({"learner": ["sgd:epochs=1", "sklearn:C=1,depth=2"]}, "parameter"),
    (
        {"population": ["gaussian:n=100", "digits:n=100"], "learner": "group-dro:groups=group"},
        "Expected images|people with groups|columns",
    ),
    ({"population": "digits:n=99999", "strategy": "planting"}, "99999"),
]


@pytest.mark.parametrize(("changes", "named"), BAD)
def test_what_does_not_fit_is_found_before_any_training(
    tmp_path: Path, ran: Counter[str], changes: dict[str, Any], named: str
) -> None:
    run_study(study(learner="sklearn:estimator=GaussianNB", seeds=1), tmp_path)
    ran.clear()
    before = cells_of(tmp_path)
    with pytest.raises(InputError, match=named):
        run_study(study(**changes), tmp_path)
    assert not ran
    assert cells_of(tmp_path) == before
    assert len(load(tmp_path).outcomes) == 3  # nor has the study been noted


def test_jobs_below_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="jobs=0"):
        quorate.curve(out=tmp_path / "out", jobs=0, **GAUSSIAN)
    with pytest.raises(InputError, match="workers=0"):
        Processes(0)
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------------------------ the store fails


@pytest.mark.usefixtures("plain_pictures")
def test_a_full_disk_stops_the_run_and_a_later_one_completes_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ran: Counter[str],
) -> None:
    """Through the command line: one message, exit code 2, no traceback, nothing stored is lost."""
    connect = sqlite3.connect

    def small(*args: Any, **options: Any) -> Any:
        db = connect(*args, **options)
        db.execute("PRAGMA max_page_count = 10")  # SQLite's own way to run out of room
        return db

    out = tmp_path / "out"
    words = (
        "curve --population gaussian:n=100,held_out=60 --strategy planting:signal=columns,x2=3 "
        "--learner sklearn:estimator=GaussianNB --alphas 0.1,0.2,0.3 --seeds 4 --json"
    )
    command = [*words.split(), "--out", str(out)]
    monkeypatch.setattr("sys.argv", ["quorate", *command])
    with monkeypatch.context() as full:
        full.setattr("quorate.runs.store.sqlite3.connect", small)
        with pytest.raises(SystemExit) as stopped:
            cli.main()
    assert stopped.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("Error: Expected to write to")
    assert "database or disk is full. What is stored is kept; make room" in output.err
    assert "Traceback" not in output.err
    kept = cells_of(out)
    assert 0 < len(kept) < 16
    ran.clear()
    with pytest.raises(SystemExit):
        cli.main()
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["cells"]) == 16
    assert len(ran) == 16 - len(kept)
    straight = run_study(
        study(learner="sklearn:estimator=GaussianNB", alphas=[0.1, 0.2, 0.3], seeds=4)
    )
    assert [measured(o) for o in load(out).outcomes] == [measured(o) for o in straight.outcomes]


def test_a_refused_store_runs_nothing(tmp_path: Path, ran: Counter[str]) -> None:
    (tmp_path / FILE).write_bytes(b"not a database, but long enough to be read as one" * 40)
    with pytest.raises(StoreError, match="whole quorate store"):
        run_study(study(), tmp_path)
    with Store(tmp_path / "busy", write=True), pytest.raises(StoreError, match="another run"):
        run_study(study(), tmp_path / "busy")
    assert not ran


# ------------------------------------------------------------------------------ show


@pytest.mark.usefixtures("plain_pictures")
def test_show_gives_the_same_json_as_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["quorate", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code in (0, None)
        output = capsys.readouterr()
        assert output.err == ""  # quiet when not a terminal
        return output.out

    words = (
        "curve --population gaussian:n=100,held_out=60 --strategy planting:signal=columns,x2=3 "
        "--learner sgd:epochs=1 --learner sgd:learning_rate=1e30 --alphas 0.2:1:3 --seeds 2 "
        "--target 0.6 --json"
    )
    curve = [*words.split(), "--out", str(tmp_path)]
    ran = command(*curve)
    assert json.loads(ran)
    assert ran.count("\n") == 1  # one object and nothing else
    assert command(*curve) == ran
    assert command("show", str(tmp_path), "--json") == ran
    kept = json.loads((tmp_path / "results.json").read_text())
    assert {key: kept.get(key) for key in json.loads(ran)} == json.loads(ran)


@dataclasses.dataclass(frozen=True)
class _Deadly(Learner):
    """A learner whose worker dies when it is handed over, as one without memory may."""

    name: ClassVar[str] = "deadly"

    def fit(self, data: Submission, rng: Rng) -> Any:
        raise AssertionError("It never gets there.")

    def __reduce__(self) -> Any:
        return os._exit, (1,)


def test_a_group_that_is_empty_for_one_seed_is_found_before_any_training(tmp_path: Path) -> None:
    """Seed 0 draws one rare person and seed 2 none: nothing is trained, the seed is named."""
    study = make_study(
        population="gaussian:n=200,held_out=50,rare=0.015",
        strategy="planting:signal=columns,x2=3",
        learner="group-dro:epochs=1",
        alphas="0.1",
        seeds=5,
    )
    with pytest.raises(InputError, match=r"got none in rare\..*\(seed 2\).*group-dro"):
        run_study(study, tmp_path / "out")
    assert not (tmp_path / "out").exists()
