"""Every command prints to any terminal, file or program, of few letters or few columns."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main

from quorate.catalog import BUILT_IN
from quorate.cli.entry import app, main
from test_stored_results import COMMANDS, STORED

Run = Callable[..., tuple[int, bytes, bytes]]
ENCODINGS = ("cp1252", "ascii", "latin-1")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that runs the command line with streams of an encoding, and returns the bytes."""

    def run_in(encoding: str, *words: str | Path, columns: int | None = None) -> Any:
        streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
        monkeypatch.setattr("sys.stdout", streams[0])
        monkeypatch.setattr("sys.stderr", streams[1])
        monkeypatch.setattr("sys.argv", ["quorate", *map(str, words)])
        monkeypatch.delenv("COLUMNS", raising=False)
        if columns:
            monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as caught:
            main()
        for stream in streams:
            stream.flush()
        return caught.value.code or 0, *(stream.buffer.getvalue() for stream in streams)

    return run_in


def every_help() -> list[tuple[str, ...]]:
    """Return the words that ask for the help of each command, and of each one inside another."""
    found, waiting = [], [((), typer.main.get_command(app))]
    while waiting:
        words, command = waiting.pop()
        found.append((*words, "--help"))
        inside = getattr(command, "commands", {})
        waiting += [((*words, name), one) for name, one in inside.items()]
    return found


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_help_and_every_list_is_printed(encoding: str, run: Run) -> None:
    said = [*every_help(), ("list",), *(("list", kind) for kind in BUILT_IN)]
    said += [("scenario", "participation", "--help")]
    assert len(said) > 25
    for words in said:
        code, printed, errors = run(encoding, *words)
        assert (code, errors) == (0, b""), words
        assert printed.decode(encoding)
        assert b"\\u" not in printed
        assert b"\\x" not in printed


def test_help_says_the_same_in_few_letters(run: Run) -> None:
    for encoding in ENCODINGS:
        code, printed, _ = run(encoding, "curve", "--help")
        assert code == 0
        assert b"Measure S(alpha): how the success" in printed


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stored folders of every kind in the working folder."""
    shutil.copytree(STORED, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("stored", "plain_pictures")
@pytest.mark.parametrize("name", ["curve", "correct", "navigation", "participation", "privacy"])
def test_every_result_is_printed_in_few_letters_and_narrow(name: str, run: Run) -> None:
    code, printed, errors = run("ascii", *COMMANDS[name], columns=40)
    assert (code, errors) == (0, b"")
    text = printed.decode("ascii")
    assert not re.search(r"\\u|\\x|\?{2}", text)
    for line in text.splitlines():
        if line.startswith("|"):
            assert len(line) <= 40


@pytest.mark.usefixtures("stored", "plain_pictures")
@pytest.mark.parametrize("encoding", [*ENCODINGS, "utf-8"])
def test_json_and_exports_are_utf8_whatever_the_terminal(encoding: str, run: Run) -> None:
    code, printed, _ = run(encoding, "show", "curve", "--json")
    assert code == 0
    assert json.loads(printed.decode("utf-8"))["cells"]
    code, listed, _ = run(encoding, "list", "scenarios", "--json")
    assert "α" in str(json.loads(listed.decode("utf-8")))  # as it is, not spelled
    code, exported, _ = run(encoding, "export", "curve")
    assert code == 0
    assert list(csv.DictReader(io.StringIO(exported.decode("utf-8"))))


def test_export_prints_the_bytes_of_the_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quorate.report.export.export", lambda *given: "α;é\n".encode())
    assert run("cp1252", "export", tmp_path)[1] == b"\xce\xb1;\xc3\xa9\n"


def test_errors_are_printed_in_few_letters(run: Run) -> None:
    code, _, said = run("ascii", "curve", "--alphas", "0.1:α")
    assert code == 2
    code, _, said = run("cp1252", "show", "no-such-ρ–folder")
    assert code == 2
    assert b"no-such-rho" in said


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_process_prints_to_a_pipe(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "quorate", "list", "goals"],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode(encoding).startswith("GOALS")
