"""Progress: on standard error at a terminal, and nothing at all elsewhere."""

import io
import re
import sys
import time
import types
from collections.abc import Callable

import pytest

from quorate.runtime import progress
from quorate.runtime.progress import bar, patience, silence, status


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True

    def seen(self) -> str:
        """Return what was written, without the codes that move the cursor."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue())


@pytest.fixture(autouse=True)
def loud_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo ``silence`` after each test."""
    monkeypatch.setattr(progress, "_silent", False)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """Return a function that puts a terminal in the place of standard error, in the test."""

    def put() -> Terminal:
        shown = Terminal()
        monkeypatch.setattr("sys.stderr", shown)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.delenv("NO_COLOR", raising=False)
        return shown

    return put


Put = Callable[[], Terminal]


def run_bar(total: int, done: int) -> None:
    with bar(total, "Training") as progress:
        for _ in range(done):
            progress.advance(1)


def test_a_bar_counts_the_steps_at_a_terminal(terminal: Put) -> None:
    shown = terminal()
    run_bar(total=5, done=5)
    assert "Training" in shown.seen()
    assert "5/5" in shown.seen()
    assert "left" in shown.seen()  # the time left


def test_several_steps_may_be_done_at_once(terminal: Put) -> None:
    shown = terminal()
    with bar(10, "Training") as progress:
        progress.advance(3)
        progress.advance(4)
    assert "7/10" in shown.seen()


def test_a_status_names_what_is_under_way(terminal: Put) -> None:
    shown = terminal()
    with status("Checking dp-sgd"):
        pass
    assert "Checking dp-sgd" in shown.seen()


def test_nothing_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    run_bar(total=5, done=5)
    with status("Checking"):
        pass
    assert capsys.readouterr() == ("", "")


def test_nothing_for_no_steps(terminal: Put) -> None:
    shown = terminal()
    run_bar(total=0, done=0)
    assert shown.getvalue() == ""


def test_a_worker_leaves_the_terminal_to_its_parent(terminal: Put) -> None:
    shown = terminal()
    silence()
    run_bar(total=5, done=5)
    with status("Checking"):
        pass
    assert shown.getvalue() == ""


def test_standard_output_is_left_alone(terminal: Put, capsys: pytest.CaptureFixture[str]) -> None:
    shown = terminal()
    run_bar(total=3, done=3)
    with status("Checking"):
        pass
    print("a result")
    assert capsys.readouterr().out == "a result\n"
    assert "a result" not in shown.seen()


@pytest.mark.parametrize("show", [lambda: bar(3, "Training"), lambda: status("Checking")])
def test_an_error_passes_through_and_the_cursor_comes_back(terminal: Put, show) -> None:
    shown = terminal()
    with pytest.raises(KeyboardInterrupt), show():
        raise KeyboardInterrupt
    assert shown.getvalue().count("\x1b[?25l") == shown.getvalue().count("\x1b[?25h") == 1


def test_a_dumb_terminal_gets_lines(terminal: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = terminal()
    monkeypatch.setenv("TERM", "dumb")
    run_bar(total=20, done=20)
    with status("Checking"):
        pass
    lines = shown.getvalue().splitlines()
    assert lines[:2] == ["Training: 0 of 20", "Training: 2 of 20"]
    assert lines[-2:] == ["Training: 20 of 20", "Checking ..."]
    assert len(lines) == 12


def test_patience_ends_with_a_word(terminal: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    shown = terminal()
    with patience("Loading"):
        assert progress._waiting is not None
        progress._waiting.join(10)
    assert shown.getvalue() == "Loading ...\n"


def test_patience_says_nothing_where_something_shows(
    terminal: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 600.0)
    shown = terminal()
    for show in (lambda: bar(3, "Training"), lambda: status("Checking")):
        with patience("Loading"), show():
            assert progress._waiting is not None
            assert progress._waiting.finished.is_set()  # it was called off
    assert "Loading" not in shown.getvalue()


def test_patience_is_silent_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_waiting", None)
    with patience("Loading"):
        assert progress._waiting is None


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for a notebook's kernel."""
    shell = types.SimpleNamespace(get_ipython=lambda: object())
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))


@pytest.mark.usefixtures("notebook")
def test_a_notebook_is_told_in_few_lines_of_what_takes_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_bar(total=100, done=100)
    with status("Checking"):
        pass
    assert capsys.readouterr().err == ""  # it was over before anyone could wait
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    with bar(100, "Training") as told:
        told.advance(5)
        time.sleep(0.2)
        for _ in range(95):
            told.advance(1)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "Training: 5 of 100"
    assert said[1:] == [f"Training: {tenth} of 100" for tenth in range(10, 101, 10)]
