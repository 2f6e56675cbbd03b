"""The command line: what it takes, calls, prints and returns."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from quorate.catalog import BUILT_IN
from quorate.executors.choose import choose_executor
from quorate.executors.executor import Executor
from quorate.executors.processes import Processes
from quorate.executors.serial import Serial
from quorate.runs.store import Store
from quorate.studies import sweep  # noqa: F401  (imported before a test replaces what it is made of)
from quorate.studies.trial import stored_outcomes

WORDS = [
    *("--population", "gaussian:n=100,held_out=50"),
    *("--strategy", "planting:signal=columns,core=3"),
    *("--learner", "sgd:epochs=1,model=logistic"),
    *("--learner", "dp-sgd:epsilon=2,epochs=1"),
]
COMMANDS = (
    *("curve", "run", "critical-mass", "show", "demo", "correct", "compare-queries", "apply"),
    *("export", "list", "config"),
)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command line asks for, instead of doing it."""
    asked: dict[str, Any] = {}

    class Nothing:
        def to_json(self) -> dict[str, Any]:
            return {}

    def make_study(**plain: Any) -> str:
        asked.update(plain)
        return "a study"

    def read_study(path: Path) -> str:
        asked.update(path=Path(path), text=Path(path).read_text())
        return "a study"

    def run_study(study: str, out: Path, executor: Executor, device: str) -> Nothing:
        asked.update(study=study, out=out, executor=executor, device=device)
        return Nothing()

    monkeypatch.setattr("quorate.studies.study.make_study", make_study)
    monkeypatch.setattr("quorate.studies.study.read_study", read_study)
    monkeypatch.setattr("quorate.studies.sweep.run_study", run_study)
    monkeypatch.setattr("quorate.report.files.write_result", lambda curves, folder: folder / "r")

    def run_correction(*words: Any) -> Nothing:
        asked.update(corrected=words)
        return Nothing()

    monkeypatch.setattr("quorate.test_time.study.running.run_correction", run_correction)
    return asked


# ---------------------------------------------------------------------------------- what is asked


def test_curve_hands_every_option_on(quorate: Any, called: dict[str, Any]) -> None:
    words = ["--goal", "planted", "--alphas", "0.1,0.2", "--seeds", "3", "--target", "0.8"]
    more = ["--eps", "0.01", "--reading", "huber", "--jobs", "2", "--out", "runs/x", "--json"]
    more += ["--device", "cpu", "--collective", "rare", "--collective", "anyone"]
    more += ["--name", "plain", "--name", "ε = 2"]
    assert quorate("curve", *WORDS, *words, *more) == (0, "{}\n", "")
    assert called == {
        "population": ["gaussian:n=100,held_out=50"],
        "strategy": ["planting:signal=columns,core=3"],
        "learner": ["sgd:epochs=1,model=logistic", "dp-sgd:epsilon=2,epochs=1"],
        "name": ["plain", "ε = 2"],
        "goal": ["planted"],
        "collective": ["rare", "anyone"],
        "alphas": "0.1,0.2",
        "seeds": 3,
        "target": 0.8,
        "eps": 0.01,
        "reading": "huber",
        "study": "a study",
        "out": Path("runs/x"),
        "executor": Processes(2),
        "device": "cpu",
    }


def test_curve_has_defaults(quorate: Any, called: dict[str, Any]) -> None:
    assert quorate("curve", *WORDS, "--out", "x", "--json")[0] == 0
    assert called["goal"] == called["collective"] == []
    assert (called["alphas"], called["seeds"], called["target"]) == ("0.001:0.1:7", 5, 0.9)
    assert (called["eps"], called["reading"], called["executor"]) == (0, "tv", Serial())
    assert called["device"] == "auto"


def test_demo_runs_the_studies_that_come_with_it(quorate: Any, called: dict[str, Any]) -> None:
    assert quorate("demo", "--json") == (0, '{"groups": {}, "correction": {}}\n', "")
    assert 'population = "coloured-digits"' in called["text"]
    assert called["out"] == Path("runs/demo/groups")
    assert called["executor"] == choose_executor(min(4, os.cpu_count() or 1))
    quorate("demo", "--jobs", "3", "--out", "elsewhere", "--json")
    assert (called["out"], called["executor"]) == (Path("elsewhere/groups"), Processes(3))
    assert called["corrected"][0].members == (10, 40)
    assert called["corrected"][1:] == (Path("elsewhere/correction"), Processes(3), "auto")


def test_the_demo_ends_by_naming_the_command_that_opens_a_coordinator(
    quorate: Any, called: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quorate.cli.studies.present", lambda *_: None)
    assert quorate("demo")[1].endswith("\n  quorate collective serve --demo\n")


def test_correct_reads_a_file_and_options_win(
    quorate: Any, called: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "correction.toml"
    file.write_text('population = "digits"\nsubgroup = "blur"\nplatform = "mlp"\nmembers = 5\n')
    words = ["--file", file, "--members", "7,9", "--epsilon", "4/255", "--out", "x", "--jobs", "2"]
    assert quorate("correct", *words, "--json") == (0, "{}\n", "")
    study, *where = called["corrected"]
    assert (study.members, study.platforms, study.epsilons) == ((7, 9), ("mlp",), (4 / 255,))
    assert where == [Path("x"), Processes(2), "auto", False]


@pytest.mark.parametrize(
    "moment", ["studies.sweep.run_study", "report.files.write_result"], ids=["run", "report"]
)
def test_ctrl_c_says_what_is_kept(
    quorate: Any, called: dict[str, Any], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def stop(*words: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"quorate.{moment}", stop)
    code, out, err = quorate("curve", *WORDS, "--out", "runs/x", "--json")
    assert (code, out) == (130, "")
    assert err == (
        "\nStopped. What was finished is stored in runs/x; run the same command to go on.\n"
    )


# -------------------------------------------------------------------------------- what is printed


def test_a_study_from_the_command_to_the_page(
    quorate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "first"
    words = [*WORDS, "--alphas", "0.3", "--seeds", "2", "--out", out]
    code, printed, err = quorate("curve", *words, "--json")
    assert (code, err) == (0, "")
    assert printed.count("\n") == 1
    result = json.loads(printed)
    assert sorted(result) == ["cells", "critical_mass"]
    assert len(result["cells"]) == 8  # two learners, two sizes, two seeds
    keys = {"population", "strategy", "learner", "alpha", "seed", "success", "accuracy", "members"}
    for cell in result["cells"]:
        assert keys | {"epsilon", "seconds"} <= set(cell)
        assert cell["members"] == round(100 * cell["alpha"])
        assert 0 <= cell["success"] <= 1
        assert 0 <= cell["accuracy"] <= 1
        assert (cell["epsilon"] is None) == cell["learner"].startswith("sgd")
    assert sorted({cell["alpha"] for cell in result["cells"]}) == [0, 0.3]
    masses = result["critical_mass"]
    assert [m["learner"] for m in masses] == [
        "sgd:model=logistic,epochs=1",
        "dp-sgd:epsilon=2,max_grad_norm=1,epochs=1",
    ]
    for mass in masses:
        assert mass["target"] == 0.9
        assert {"estimate", "low", "high"} <= set(mass)
        assert mass["estimate"] in (None, 0, 0.3)
    for name in ("report.html", "curves.svg", "curves.png", "cells.csv", "results.json"):
        assert (out / name).stat().st_size > 0
    kept = json.loads((out / "results.json").read_text())
    assert {key: kept[key] for key in result} == result

    # Run again, everything is there: the same result, seconds included. (Drawing is slow.)
    monkeypatch.setattr("quorate.report.files.render", lambda figure, kind: b"<svg></svg>")
    assert json.loads(quorate("curve", *words, "--json")[1]) == result

    # Shown for people, at another target.
    code, printed, err = quorate("show", out, "--target", "0.5")
    assert (code, err) == (0, "")
    assert f"Report: {out / 'report.html'}" in printed
    assert "dp-sgd:epsilon=2,max_grad_norm=1,epochs=1" in printed
    shown = json.loads(quorate("show", out, "--target", "0.5", "--json")[1])
    assert shown["cells"] == result["cells"]
    assert [m["target"] for m in shown["critical_mass"]] == [0.5, 0.5]


def test_list_shows_every_method_with_its_parameters(quorate: Any) -> None:
    code, printed, err = quorate("list")
    assert (code, err) == (0, "")
    for kind, names in BUILT_IN.items():
        assert kind.upper() in printed
        for name in names:
            assert f"\n  {name}  " in printed
    assert "batch_size" in printed
    only = quorate("list", "goals")[1]
    assert "GOALS" in only
    assert "POPULATIONS" not in only


def test_list_as_json(quorate: Any) -> None:
    entries = json.loads(quorate("list", "signals", "--json")[1])
    (patch,) = (entry for entry in entries["signals"] if entry["name"] == "patch")
    assert (
        patch["meaning"]
        == "A trigger for images: a square of pixels set to one value in every channel."
    )
    assert patch["parameters"][0] == {
        "name": "size",
        "type": "whole number",
        "required": False,
        "default": 3,
        "meaning": "Side of the square in pixels.",
    }


def test_list_shows_what_executors_take(quorate: Any) -> None:
    printed = quorate("list", "executors")[1]
    assert (
        "\n      address         Address of a scheduler, such as tls://host:8786. (text, default "
        "empty)\n"
    ) in printed


def test_list_writes_out_what_may_be_none(quorate: Any) -> None:
    entries = json.loads(quorate("list", "populations", "--json")[1])["populations"]
    (faces,) = (entry for entry in entries if entry["name"] == "fairface")
    types = {parameter["name"]: parameter["type"] for parameter in faces["parameters"]}
    assert types["task"] == types["group"] == "gender|age|race"
    assert types["size"] == "whole number"
    json.loads(quorate("list", "--json")[1])


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_s_help_holds_a_worked_example(quorate: Any, command: str) -> None:
    code, printed, _ = quorate(command, "--help")
    assert code == 0
    assert f"quorate {command} " in printed.replace("Usage: quorate", "") or command == "demo"


def test_help_names_every_command(quorate: Any) -> None:
    printed = quorate("--help")[1]
    for command in COMMANDS:
        assert f"\n  {command} " in printed
    assert quorate("-h")[1] == printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fly"], "No such command 'fly'"),
        (["curve", *WORDS], "Missing option '--out'"),
        (["curve", "--out", "x"], "Missing option '--population'"),
        (["curve", *WORDS, "--out", "x", "--seeds", "two"], "Invalid value for '--seeds'"),
        (["curve", *WORDS, "--out", "x", "--target", "high"], "Invalid value for '--target'"),
        (["curve", *WORDS, "--out", "x", "--alpha", "0.1"], "No such option: --alpha"),
        (["run"], "missing argument 'file'"),
        (["show"], "missing argument 'folder'"),
    ],
)
def test_an_option_that_is_none(quorate: Any, words: list[str], message: str) -> None:
    code, out, err = quorate(*words)
    assert (code, out) == (2, "")
    assert f"error: {message}".lower() in err.lower()
    assert "Traceback" not in err


# ---------------------------------------------------------------------------- a process of its own


def process(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command; ``environment`` replaces what tests are given."""
    command = Path(sys.executable).with_name("quorate")
    kept = {k: v for k, v in os.environ.items() if k != "QUORATE_DATA"}
    return subprocess.run(
        [str(command), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=kept | environment,
    )


def test_a_process_measures_and_a_mistake_leaves_its_cells(tmp_path: Path) -> None:
    words = ["curve", *WORDS[:6], "--alphas", "0.5", "--seeds", "1", "--out", tmp_path, "--json"]
    right = process(*words)
    assert (right.returncode, right.stderr) == (0, "")
    assert len(json.loads(right.stdout)["cells"]) == 2
    with Store(tmp_path) as store:
        before = stored_outcomes(store)
    wrong = process(*words, "--learner", "group-dro:groups=groups")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr == (
        "Error: Expected a known value of groups, got 'groups'. Did you mean group? Known: auto, "
        "group, group-label, label.\n"
    )
    with Store(tmp_path) as store:
        assert stored_outcomes(store) == before


def test_a_process_without_network_or_data(tmp_path: Path) -> None:
    words = ["--strategy", "planting", "--learner", "sgd", "--out", tmp_path / "out", "--json"]
    hub = tmp_path / "hub"
    done = process(
        "curve",
        "--population",
        "mnist",
        *words,
        HF_HOME=str(hub),
        HF_HUB_OFFLINE="1",
        HF_DATASETS_CACHE=str(hub),
        QUORATE_CACHE=str(hub),
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: Expected ylecun/mnist in the cache of Hugging Face data")
    assert done.stderr.endswith(
        "set QUORATE_DATA to a folder that holds ylecun--mnist/ with the hub's parquet files.\n"
    )
    assert done.stderr.count("\n") == 1


def test_help_loads_nothing_slow() -> None:
    code = (
        "import sys; sys.argv = ['quorate', '--help']\n"
        "from quorate.cli.entry import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "slow = {'torch', 'matplotlib', 'datasets', 'pandas', 'sklearn', 'scipy', 'numpy'}\n"
        "print(sorted(slow & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "curve" in done.stdout
    assert done.stderr == "[]\n"
