"""What a mistake at the command line comes to: one message, exit code 2, nothing stored is lost.

The whole command runs in this process; that a process of its own says and returns the same is
tested in test_cli.py.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import quorate
from quorate.cli import entry as cli
from quorate.runs.store import Store
from quorate.studies.trial import Outcome, stored_outcomes

STUDY = {
    "population": "gaussian:n=100,held_out=100",
    "strategy": "planting:signal=columns,core=3",
    "learner": "sgd:epochs=1,model=logistic",
    "alphas": "0.5",
    "seeds": "1",
}


def _options(**changes: str) -> list[str]:
    return [w for key, value in {**STUDY, **changes}.items() for w in (f"--{key}", value)]


def _cells(folder: Path) -> list[Outcome]:
    with Store(folder) as store:
        return stored_outcomes(store)


@pytest.fixture(scope="session")
def options() -> Callable[..., list[str]]:
    """A function that returns the options of a small study that is right, with changes."""
    return _options


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the study has been run: two cells."""
    folder = tmp_path_factory.mktemp("first")
    quorate.curve(out=folder, **{**STUDY, "seeds": 1})
    return folder


@pytest.fixture
def out(first_run: Path, tmp_path: Path) -> Path:
    """A copy of that folder, which a mistake must leave as it is."""
    shutil.copytree(first_run, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def stored(out: Path) -> Callable[[], list[Outcome]]:
    """A function that returns the cells that ``out`` holds."""
    return lambda: _cells(out)


@pytest.fixture
def run_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """A function that runs a command line which must be refused, and returns the message."""

    def run(*words: str | Path) -> str:
        monkeypatch.setattr("sys.argv", ["quorate", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        printed = capsys.readouterr()
        assert caught.value.code == 2
        assert printed.out == ""
        # One line: what was expected, what came, and what to do about it; then from which cell.
        assert re.fullmatch(r"Error: Expected [^\n]+\.( See: quorate list( \w+)?)?\n", printed.err)
        return printed.err.removeprefix("Error: ").rstrip("\n").partition(" This came from ")[0]

    return run


@pytest.fixture
def refuse(run_refused: Callable[..., str], out: Path) -> Callable[..., str]:
    """A function that changes the study, which must be refused: see ``run_refused``.

    What was stored before is still there, and the mistake itself is not stored.
    """

    def run(**changes: str) -> str:
        before = _cells(out)
        assert len(before) == 2
        message = run_refused("curve", *_options(**changes), "--out", out, "--json")
        assert _cells(out) == before
        with Store(out) as store:
            assert len(store.studies()) == 1
        return message

    return run
