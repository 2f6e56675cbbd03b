"""The examples of pages that add to the library hold: they are applied to a copy, which passes."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from documents import ROOT, Block, blocks, commands, patched

GUIDE = ROOT / "CONTRIBUTING.md"
# What the examples may break. Of the generic tests those run that name what was added.
GENERIC = (
    "tests/test_catalog.py",
    "tests/test_checks.py",
    "tests/learners/base/test_stack.py",
    "tests/test_import_direction.py",
    "tests/test_docs.py",
)
ALWAYS = ("imports_go_downwards", "names_are_unique", "reference_is_up_to_date")
IN_THE_COPY = ("src/", "tests/")
SESSION = "tests/test_session_of_the_guide.py"
# The guide's other code and its commands, in order, in one process.
HEAD = '''"""What the guide runs, as its reader would."""

import sys
from pathlib import Path

import pytest

from quorate.cli.entry import main


def run(monkeypatch, words):
    monkeypatch.setattr(sys, "argv", words)
    if words[1] == "curve":  # whose report takes longer than what it shows
        monkeypatch.setattr("quorate.report.files.write_result", lambda curves, folder: folder)
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code, " ".join(words)


class WorkBegins(Exception):
    """The command line has understood a command."""


def begin(*args, **options):
    raise WorkBegins


def read(monkeypatch, words):
    monkeypatch.setattr(sys, "argv", words)
    with monkeypatch.context() as patch, pytest.raises(WorkBegins):
        patch.setattr("quorate.studies.sweep.run_study", begin)
        patch.setattr("quorate.scenarios.scenario.run_scenario", begin)
        main()


def test_session_of_the_guide(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
'''


def adding() -> dict[Path, list[Block]]:
    """The blocks of every page that shows a new file of the library."""
    pages = [GUIDE, *sorted((ROOT / "docs").rglob("*.md"))]
    found = {page: list(blocks(page)) for page in pages}
    return {
        page: of_page
        for page, of_page in found.items()
        if any(block.file.startswith("src/") for block in of_page)
    }


def copied(folder: Path) -> Path:
    """Copy what the examples change, and what says whether it still holds."""
    leave = shutil.ignore_patterns("__pycache__", "stored", "*.npz")
    for name in ("src", "tests", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=leave)
    for path in (*ROOT.glob("*.md"), ROOT / "pyproject.toml"):
        shutil.copy(path, folder)
    for name in ("experiments", "benchmarks"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def applied(block: Block, folder: Path) -> None:
    """Write the file that a block names, or change it as the block says."""
    path = folder / block.file
    if block.language == "diff":
        path.write_text(patched(path.read_text(encoding="utf-8"), block), encoding="utf-8")
    else:
        assert not path.exists(), f"{block.file} is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")


def session(of_page: list[Block]) -> str:
    """Return a test that runs a page's code without a file, and its commands, in a folder.

    A command that is not to be run is read all the same.
    """
    lines = []
    for block in of_page:
        if block.file and not block.file.startswith(IN_THE_COPY):
            lines.append(f"Path({block.file!r}).write_text({block.text!r}, encoding='utf-8')")
        elif block.language == "python" and not block.file and not block.not_run:
            lines += block.text.splitlines()
        elif block.language in ("sh", "console"):
            for line, _ in commands(block):
                if (words := shlex.split(line, comments=True)) and words[0] == "quorate":
                    lines.append(f"{'read' if block.not_run else 'run'}(monkeypatch, {words!r})")
    return HEAD + "".join(f"    {line}\n" if line else "\n" for line in lines)


def names_added(of_page: list[Block]) -> list[str]:
    """Return the names that lines are added to the catalog for."""
    diffs = "".join(block.text for block in of_page if block.language == "diff")
    return re.findall(r'^\+ +"([\w-]+)": "[\w.]+:\w+",$', diffs, flags=re.MULTILINE)


def run(folder: Path, *words: str) -> None:
    """Run Python in the copy, which must succeed."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


def test_the_examples_leave_the_suite_green(tmp_path: Path) -> None:
    folder, pages = copied(tmp_path / "copy"), adding()
    assert GUIDE in pages
    every = [block for of_page in pages.values() for block in of_page]
    for block in every:
        if block.file.startswith(IN_THE_COPY):
            applied(block, folder)
    (folder / SESSION).write_text(session(pages[GUIDE]), encoding="utf-8")
    tests = [block.file for block in every if block.file.startswith("tests/")]
    names = names_added(every)
    assert names, "No line is added to the catalog."
    stems = [Path(name).stem for name in (*tests, SESSION)]
    run(folder, "docs/generate.py")
    chosen = ("-k", " or ".join([*ALWAYS, *stems, *names]))
    run(folder, "-m", "pytest", "-q", "-x", *chosen, *GENERIC, *tests, SESSION)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (' "a": 1,\n+"b": 2,\n', '"a": 1,\n"b": 2,\n"c": 3,\n'),
        ('-"a": 1,\n+"b": 2,\n', '"b": 2,\n"c": 3,\n'),
    ],
)
def test_a_diff_changes_the_lines_that_it_shows(change: str, said: str) -> None:
    block = Block("diff", f"# x.py\n{change}", 1, None)
    assert patched('"a": 1,\n"c": 3,\n', block) == said
    for wrong in ('"d": 1,\n', '"a": 1,\n"a": 1,\n'):
        with pytest.raises(AssertionError, match=r"times in x\.py, not once"):
            patched(wrong, block)
