"""What every command shares: --version, --quiet, groups in --help, and what a shell completes."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quorate.catalog import BUILT_IN
from quorate.runtime import progress
from quorate.version import __version__

CURVE = [
    *("curve", "--population", "gaussian:n=60,held_out=20", "--learner", "sgd:epochs=1"),
    *("--strategy", "planting:signal=columns,core=3", "--alphas", "0.5", "--seeds", "1"),
]
COMPLETE = (
    "import sys; sys.argv = ['quorate']\n"
    "from quorate.cli.entry import main\n"
    "try: main()\n"
    "finally: print(sorted({'torch', 'matplotlib', 'sklearn', 'scipy', 'pandas'} "
    "& set(sys.modules)), file=sys.stderr)"
)


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def completed(*words: str) -> list[str]:
    """Return what bash is told to complete the last of these words with; nothing slow is loaded."""
    asked = {
        "COMP_WORDS": " ".join(["quorate", *words]),
        "COMP_CWORD": str(len(words)),
        "_QUORATE_COMPLETE": "complete_bash",
    }
    done = subprocess.run(
        [sys.executable, "-c", COMPLETE],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **asked},
    )
    assert done.stderr == "[]\n"
    return done.stdout.split()


def test_version(quorate: Any) -> None:
    assert quorate("--version") == (0, f"quorate {__version__}\n", "")


def test_help_groups_the_commands(quorate: Any) -> None:
    printed = quorate("--help")[1]
    parts = [part.splitlines() for part in printed.split("\n\n")]
    groups = {part[0]: [line.split()[0] for line in part[1:] if line[2] != " "] for part in parts}
    assert "curve" in groups["Measure a collective:"]
    assert groups["Plan a collective:"] == ["plan", "participation", "bound"]
    assert {"correct", "apply"} <= set(groups["Act on a deployed model:"])
    assert "Commands:" not in groups
    assert printed.count("...") == 1  # that of the usage: every summary is whole


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.usefixtures("plain_pictures")
def test_quiet_prints_the_result_alone(
    quorate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(progress, "_silent", False)
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    code, loud, _ = quorate(*CURVE, "--out", tmp_path)
    assert code == 0
    assert "Drawing pictures" in terminal.getvalue()
    assert "\nReport: " in loud
    terminal.truncate(0)
    words = ["--quiet", *CURVE] if where == "before" else [*CURVE, "--quiet"]
    code, printed, _ = quorate(*words, "--out", tmp_path)
    assert (code, terminal.getvalue()) == (0, "")
    assert printed == loud.partition("Report: ")[0]
    quorate("show", tmp_path)
    assert "Reading" in terminal.getvalue()  # the next command is not quiet


def test_quiet_keeps_errors(quorate: Any, tmp_path: Path) -> None:
    code, out, err = quorate("--quiet", "show", tmp_path / "none")
    assert (code, out) == (2, "")
    assert err.startswith("Error: Expected the folder of a run")


def test_notes_are_left_out_and_warnings_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    progress.be_quiet()
    progress.note("a note")
    progress.tell("a warning")
    progress.be_quiet(False)
    progress.note("another")
    assert capsys.readouterr().err == "a warning\nanother\n"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["curve", "--learner", "dp-s"], ["dp-sgd"]),
        (["curve", "--strategy", "planting-"], ["planting-features"]),
        (["list", "pop"], ["populations"]),
        (["list", "signals", "p"], ["patch"]),
        (["scenario", "nav"], ["navigation"]),
        (["compare-q"], ["compare-queries"]),
    ],
)
def test_a_shell_completes_names(words: list[str], found: list[str]) -> None:
    assert completed(*words) == found


def test_one_method_in_full(quorate: Any) -> None:
    code, printed, err = quorate("list", "learners", "dp_sgd")
    assert (code, err) == (0, "")
    assert printed.startswith("dp-sgd\n\nDifferentially private SGD")
    assert "arXiv:1607.00133" in printed  # its source
    assert "\n  epsilon=  Privacy budget ε; inf clips without noise" in printed
    assert "--learner dp-sgd " in printed  # an example
    plain = json.loads(quorate("list", "learners", "dp-sgd", "--json")[1])
    assert plain["name"] == "dp-sgd"
    assert plain["defined_in"] == BUILT_IN["learners"]["dp-sgd"]


def test_every_method_can_be_shown_in_full(quorate: Any) -> None:
    from quorate.report.listing import method_listing

    for kind, names in BUILT_IN.items():
        for name in names:
            found = method_listing(kind, name)
            assert found["description"].startswith(found["meaning"].split()[0])
            assert (found["example"] is None) == (kind in ("settings",))


def test_the_example_of_a_method_names_what_it_needs() -> None:
    from quorate.report.listing import method_listing

    example = method_listing("populations", "table")["example"]
    assert "--population table:path=PATH,label=LABEL " in example


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["learners", "sdg"], "Did you mean sgd?"),
        (["learner"], "Did you mean learners?"),
        (["sgd"], "sgd is one of the learners: quorate list learners sgd."),
    ],
)
def test_misspelt_names_are_answered_with_the_near_ones(
    quorate: Any, words: list[str], said: str
) -> None:
    code, out, err = quorate("list", *words)
    assert (code, out) == (2, "")
    assert said in err


# ------------------------------------------------------------------------- options of scenarios


@pytest.mark.parametrize("words", [("bias", "--help"), ("--help", "bias"), ("bias", "-h")])
def test_help_of_a_scenario_lists_its_own_options(quorate: Any, words: tuple[str, ...]) -> None:
    code, printed, err = quorate("scenario", *words)
    assert (code, err) == (0, "")
    assert printed.startswith("Usage: quorate scenario bias [OPTIONS]\n")
    assert "The disadvantaged group changes its own rows" in printed
    assert "Arguments:" not in printed  # the name is given
    own, _, shared = printed.partition("\nOptions:\n")
    assert "--standard-error <float>" in own
    assert "--executor <str>" in shared


def test_help_shows_the_type_of_one_value_of_what_may_be_repeated(quorate: Any) -> None:
    printed = quorate("curve", "--help")[1]
    assert "  --learner <str> " in printed
    assert "list[" not in printed


def test_defaults_are_shown_as_they_are_written(quorate: Any) -> None:
    assert "[default: none]" in quorate("scenario", "navigation", "--help")[1]
    assert "MODULE:NAME, default none)" in quorate("list", "scenarios")[1]


def test_meanings_stand_below_one_another(quorate: Any) -> None:
    printed = quorate("list", "learners")[1]
    of_tree = printed.partition("\n  tree  ")[2].partition("\n\n")[0].splitlines()[1:]
    meanings = ("Impurity that", "Largest depth", "Smallest number")
    assert len({line.index(one) for line, one in zip(of_tree, meanings, strict=True)}) == 1


def test_help_of_participation_lists_its_own_options(quorate: Any) -> None:
    printed = quorate("participation", "--help")[1]
    assert "--cost <float>" in printed
    assert "--executor <str>" in printed
    assert "--folder" not in printed  # it is the argument


def test_participation_takes_an_executor(
    quorate: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from quorate.executors.processes import Processes

    asked: list[Any] = []

    def run_named(*words: Any) -> None:
        asked.extend(words)

    monkeypatch.setattr("quorate.cli.scenario.run_named", run_named)
    words = ["--executor", "processes:workers=2", "--cost", "0.2", "--out", tmp_path]
    assert quorate("participation", "runs/x", *words)[0] == 0
    name, options, _, executor, *_ = asked
    assert (name, executor) == ("participation", Processes(2))
    assert options == ["--folder", "runs/x", "--cost", "0.2"]


def test_every_command_is_quiet_on_request(quorate: Any) -> None:
    import typer.main

    from quorate.cli.entry import app

    command: Any = typer.main.get_command(app)
    waiting: list[Callable[..., Any] | Any] = list(command.commands.values())
    for one in waiting:
        inner = getattr(one, "commands", None)
        if inner is None:
            assert "--quiet" in one.params[-1].opts, one.name
        else:
            waiting.extend(inner.values())
    assert len(waiting) > 20
