"""Names and texts of strangers are read in a terminal, and never obeyed by it."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from quorate.errors import InputError, PlatformError
from quorate.printable import escaped, one_line, printable
from quorate.runtime.progress import bar, status, tell

OBEYED = "\x1b\x07\x08\r\x00\x7f\x9b\x85\u202e\u2066\u200f\u061c\u2028\u2029\ufeff\ud800\U000e0041"
NASTY = f"\x1b[2J\x1b]0;mine\x07{OBEYED}[red]x[/red][/nothing]"
# What all languages write with: joiners of Persian and emoji, marks, wide letters.
VALID = NASTY.replace("\ud800", "")
HONEST = "Zoë\tα≤½ می\u200cخواهم 中文 👩\u200d🔬\n"


def is_clean(text: str) -> bool:
    return not any(sign in text for sign in OBEYED if sign not in "\r\n")


def test_what_is_obeyed_goes_and_what_is_read_stays() -> None:
    assert is_clean(printable(NASTY))
    assert "[red]x[/red][/nothing]" in printable(NASTY)
    assert printable(HONEST) == HONEST
    assert one_line(f"a\r\nError: {NASTY}" + "x" * 1000, 50).isprintable()
    assert json.loads(escaped(json.dumps({"a": NASTY}, ensure_ascii=False))) == {"a": NASTY}


@pytest.mark.parametrize("kind", [InputError, PlatformError])
def test_no_message_is_obeyed(kind: type[Exception]) -> None:
    assert is_clean(str(kind(f"Expected a name, got {NASTY}.")))


@pytest.fixture
def strangers(tmp_path: Path) -> Path:
    """The folder of a result that a stranger made, in a file that is valid UTF-8."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    plain = {
        "title": f"Title {VALID}",
        "sentences": [f"Sentence {VALID}", HONEST],
        "tables": {f"Heading {VALID}": [{f"column {VALID}": f"cell {VALID}"}]},
        "rows": [{f"column {VALID}": f"cell {VALID}"}],
    }
    (folder / "results.json").write_text(json.dumps(plain))
    return folder


def test_show_prints_a_strangers_result_to_be_read(strangers: Path, quorate: Any) -> None:
    code, out, err = quorate("show", strangers)
    assert (code, err) == (0, "")
    assert is_clean(out)
    for word in ("Title", "Sentence", "Heading", "column", "cell", "[red]", "می\u200cخواهم"):
        assert word in out
    code, out, _ = quorate("show", strangers, "--json")
    assert code == 0
    assert is_clean(out)
    assert json.loads(out)["title"] == f"Title {VALID}"  # the same data


def test_a_terminal_is_not_steered_by_an_export(
    strangers: Path, quorate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for kind in ("json", "latex"):
        code, out, err = quorate("export", strangers, "--format", kind)
        assert code in (0, 2)
        assert is_clean(out + err)


def test_a_folder_of_an_evil_name_is_named_to_be_read(tmp_path: Path, quorate: Any) -> None:
    code, out, err = quorate("show", tmp_path / "\x1b[2J\u202egone")
    assert code == 2
    assert is_clean(out + err)
    assert "gone" in err


def test_progress_takes_names_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither as escape codes nor as the markup of colours, which may be broken."""
    shown = io.StringIO()
    shown.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("quorate.runtime.progress._silent", False)
    name = "mlp[/red]\x1b]0;mine\x07"
    tell(f"Warning: {name}")
    assert shown.getvalue() == "Warning: mlp[/red]?]0;mine?\n"
    with status(f"Training {name}"):
        pass
    with bar(2, f"Training {name}") as progress:
        progress.advance(2)
    assert "\x1b]0" not in shown.getvalue()
    assert shown.getvalue().count("mlp[/red]") >= 3
