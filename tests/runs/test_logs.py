"""Trackers of experiments that are told of a run, and what happens to the run where they fail."""

import sqlite3
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

import quorate
from quorate import catalog
from quorate.errors import InputError
from quorate.executors.serial import SERIAL
from quorate.runs.cell import PlainCell, Record, Work
from quorate.runs.logs import telling
from quorate.runs.logs.log import OpenLog, RunLog
from quorate.runs.logs.telling import logged
from quorate.runs.running import run_missing
from quorate.runs.store import Store

CURVE = ["curve", "--population", "digits:n=200", "--strategy", "planting:target=8,size=2"]
CURVE += ["--learner", "naive-bayes", "--alphas", "0.1,0.3", "--seeds", "2"]


@dataclass(frozen=True)
class Doubled(Work[PlainCell]):
    """Doubles a number, or refuses to."""

    kind: ClassVar[str] = "doubled"
    refuses: bool = False

    def prepare(self, stack: Sequence[PlainCell]) -> None:
        pass

    def compute(self, stack: Sequence[PlainCell]) -> list[Record]:
        if self.refuses:
            raise InputError("Expected nothing.")
        return [Record(cell.id, {"n": 2 * cell.plain["n"], "of": "text"}) for cell in stack]


def run(work: Doubled | None = None) -> list[int]:
    cells = [PlainCell({"n": n}) for n in (1, 2, 3)]
    with SERIAL.open() as pool:
        return [
            record.plain["n"] for record in run_missing(work or Doubled(), cells, Store(None), pool)
        ]


@dataclass(frozen=True)
class Noted(RunLog, OpenLog):
    """Notes what it is told, and fails where it is asked to."""

    name: ClassVar[str] = "noted"
    fails: str = ""
    told: list[Any] = field(default_factory=list)

    def _note(self, what: str, *said: Any) -> None:
        self.told.append((what, *said))
        if what == self.fails:
            raise ConnectionError("https://me:hunter2@host is away.\nno second line")

    def open(self, description: Mapping[str, str]) -> OpenLog:
        self._note("open", dict(description))
        return self

    def add(self, first: int, records: Sequence[Mapping[str, float]]) -> None:
        self._note("add", first, list(records))

    def result(self, words: str) -> None:
        self._note("result", words)

    def end(self, how: str) -> None:
        self._note("end", how)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "TURN", 0)


def test_each_record_is_told_once_it_is_stored(at_once: None) -> None:
    log = Noted()
    with logged([log], {"command": "curve"}):
        run()
    opened, *added, ended = log.told
    assert opened == ("open", {"command": "curve"})
    assert ended == ("end", "finished")
    numbers = [(first + i, one) for _, first, some in added for i, one in enumerate(some)]
    assert [step for step, _ in numbers] == [0, 1, 2]
    assert sorted(one["n"] for _, one in numbers) == [2, 4, 6]
    assert all(set(one) == {"n"} for _, one in numbers)  # text is no number
    run()
    assert log.told[-1] == ended  # outside, nothing is told


@pytest.mark.parametrize("step", ["open", "add", "end"])
def test_a_tracker_that_fails_is_told_of_once_and_stops_no_run(
    at_once: None, capsys: pytest.CaptureFixture[str], step: str
) -> None:
    log, other = Noted(fails=step), Noted()
    with logged([log, other], {}):
        assert run() == [2, 4, 6]
    said = capsys.readouterr().err
    assert said.count("Warning: the log noted failed (https://host is away). The run goes on") == 1
    assert [what for what, *_ in log.told].index(step) == len(log.told) - 1  # and no more
    assert other.told[-1] == ("end", "finished")


def test_a_function_tells_its_log_what_it_computes_and_finds(at_once: None) -> None:
    frame = pd.DataFrame({"a": [0.25, 0.75] * 40, "secret": ["yes", "no"] * 40})
    log = Noted()
    curves = quorate.curve(
        quorate.people(frame, label="secret"),
        "planting:target=yes,signal=(columns:a=0.75)",
        DecisionTreeClassifier(),
        alphas=[0.5],
        seeds=[0],
        log=[log],
    )
    opened, *added, found, ended = log.told
    assert opened[1]["command"] == "curve"
    assert opened[1]["seeds"] == "0"  # which, and not left out for being zero
    assert opened[1]["learner"] == "DecisionTreeClassifier"
    assert not {"log", "out", "goal"} & set(opened[1])
    told = [numbers["success"] for _, _, some in added for numbers in some]
    assert sorted(told) == sorted(outcome.success for outcome in curves.outcomes)
    assert found == ("result", "\n".join([curves.title, *curves.summary()]))
    assert ended == ("end", "finished")


def test_an_unknown_log_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="loggy"):
        quorate.curve("digits", "planting", "tree", tmp_path / "out", log="loggy")
    assert not (tmp_path / "out").exists()


def test_how_a_run_ends_is_told() -> None:
    log = Noted()
    with pytest.raises(InputError), logged([log], {}):
        run(Doubled(refuses=True))
    assert log.told[-1] == ("end", "failed")
    with pytest.raises(SystemExit), logged([log], {}):
        raise SystemExit(130)  # what Ctrl-C becomes
    assert log.told[-1] == ("end", "stopped")


def test_mlflow_keeps_a_curve_in_a_folder(quorate: Any, tmp_path: Path) -> None:
    tracking = pytest.importorskip("mlflow.tracking", reason="pip install 'quorate[mlflow]'")
    kept, out = tmp_path / "kept", tmp_path / "curve"
    log = f"mlflow:uri={kept},experiment=unions"
    code, _, said = quorate(*CURVE, "--out", out, "--log", log)
    assert (code, "Warning" in said) == (0, False), said
    client = tracking.MlflowClient(str(kept))
    (found,) = client.search_runs([client.get_experiment_by_name("unions").experiment_id])
    assert found.info.status == "FINISHED"
    assert found.data.params["command"] == "curve"
    assert found.data.params["learner"] == "naive-bayes"
    assert not {"log", "out", "executor", "jobs"} & set(found.data.params)
    assert "people" in found.data.tags["mlflow.note.content"]
    with sqlite3.connect(out / "store.sqlite") as db:
        query = "SELECT json_extract(plain, '$.success') FROM record ORDER BY rowid"
        stored = [success for (success,) in db.execute(query)]
    db.close()
    history = client.get_metric_history(found.info.run_id, "success")
    assert [one.value for one in sorted(history, key=lambda one: one.step)] == stored
    assert len(stored) == 6  # α = 0 as well


def test_weights_and_biases_is_told_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch, at_once: None
) -> None:
    said: list[Any] = []

    class Run:
        summary: ClassVar[dict[str, str]] = {}

        def log(self, numbers: dict[str, float], step: int) -> None:
            said.append((step, numbers["n"]))

        def finish(self, exit_code: int) -> None:
            said.append(exit_code)

    def init(**given: Any) -> Run:
        said.append((given["project"], given["mode"], given["config"]))
        return Run()

    stand_in: Any = types.ModuleType("wandb")
    stand_in.__spec__ = __import__("importlib.machinery").machinery.ModuleSpec("wandb", None)
    stand_in.init, stand_in.Settings = init, dict
    monkeypatch.setitem(sys.modules, "wandb", stand_in)
    log: RunLog = catalog.build("logs", "wandb:project=unions,mode=offline")
    with logged([log], {"command": "curve"}):
        run()
    assert said == [("unions", "offline", {"command": "curve"}), (0, 2), (1, 4), (2, 6), 0]


def test_a_tracker_that_is_not_installed_is_refused_first(
    quorate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    out = tmp_path / "out"
    assert quorate(*CURVE, "--out", out, "--log", "wandb") == (
        2,
        "",
        "Error: Expected wandb for the log wandb, got no such package installed. Install it: pip "
        "install 'quorate[wandb]'.\n",
    )
    assert not out.exists()


def test_no_secret_is_told(quorate: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found: list[Mapping[str, str]] = []

    @contextmanager
    def caught(logs: Sequence[RunLog], description: Mapping[str, str]) -> Iterator[None]:
        found.append(description)
        raise InputError("Expected no more.")
        yield

    monkeypatch.setattr(telling, "logged", caught)
    words = ["correct", "--population", "digits", "--subgroup", "low-light", "--members", "9"]
    words += ["--platform", "https://me:hunter2@platform.example/v1", "--key-file", "keys.txt"]
    words += ["--log", "mlflow:uri=https://me:hunter2@tracker.example", "--out", tmp_path / "out"]
    assert quorate(*words, "--executor", "slurm:options='--account=mine'")[0] == 2
    (told,) = found
    assert told["platform"] == "https://platform.example/v1"
    assert told["members"] == "9"
    assert not {"key_file", "executor", "log", "out"} & set(told)
    assert "hunter2" not in str(told)
