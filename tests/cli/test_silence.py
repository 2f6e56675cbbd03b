"""Nobody waits without a word: what takes long says what it is, and words come before pictures."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quorate.report import files
from quorate.runs.result import Result
from quorate.runtime import progress
from test_stored_results import COMMANDS, STORED

MAKEFILE = Path(__file__).parents[2] / "Makefile"


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """A function that puts a terminal in the place of standard error; stored folders are here."""
    for name in ("curve", "correct"):
        shutil.copytree(STORED / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(progress, "_silent", False)
    monkeypatch.setenv("TERM", "dumb")  # each word on a line of its own

    def put_there() -> Terminal:
        terminal = Terminal()
        monkeypatch.setattr("sys.stderr", terminal)
        return terminal

    return put_there


@pytest.mark.usefixtures("plain_pictures")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "curve"), ["Reading curve ...", "Drawing pictures"]),
        (COMMANDS["participation"], ["Playing the game", "Following who acts", "Drawing pictures"]),
        (
            [
                "plan",
                "members.csv",
                "--label",
                "d",
                "--target",
                "y",
                "--platform-size",
                "3000",
                "--suggest",
                "2",
                "--no-simulate",
                "--out",
                "plan",
            ],
            ["Reading members.csv", "Trying every signal", "Working out what", "Drawing pictures"],
        ),
    ],
)
def test_each_step_says_what_it_is(
    words: Any, told: list[str], put: Callable[[], Terminal], quorate: Any
) -> None:
    rows = "web,y\nfax,n\n" * 40
    Path("members.csv").write_text(f"channel,d\n{rows}")
    shown = put()
    code, _, _ = quorate(*words)
    assert code == 0, shown.getvalue()
    places = [shown.getvalue().index(one) for one in told]
    assert places == sorted(places)


@pytest.mark.parametrize("words", [("show", "curve"), COMMANDS["participation"]])
def test_words_are_printed_before_pictures_are_drawn(
    words: Any,
    put: Callable[[], Terminal],
    quorate: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    before: list[str] = []

    def write(result: Result, folder: Path) -> Path:
        before.append(capsys.readouterr().out)
        return folder / "report.html"

    monkeypatch.setattr(files, "write_result", write)
    put()
    code, after, _ = quorate(*words)
    assert code == 0
    assert "┃" in before[0]
    assert after.startswith("Report: ")


def test_a_slow_start_says_so(
    put: Callable[[], Terminal], quorate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*given: Any) -> Any:
        assert progress._waiting is not None
        progress._waiting.join(10)  # as if libraries took as long
        return {}

    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr("quorate.report.listing.listing", load)
    shown = put()
    assert quorate("list")[0] == 0
    assert shown.getvalue().startswith("Starting: libraries are loaded")


def test_installing_says_what_it_does() -> None:
    recipe = MAKEFILE.read_text().partition("$(READY):")[2]
    assert "--quiet" not in recipe
    assert recipe.count("@echo") >= 3
