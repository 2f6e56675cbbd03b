"""The release checklist: run each step, and say which pass.

python .ci/release.py [STEP ...] [--python PYTHON ...]

Everything is checked on what users get: the wheel, in an empty environment without PyTorch.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LARGEST = 521  # MB of a plain installation, without pip
SLOWEST = 0.2  # seconds of `import quorate`
DATED = r"\d{4}-\d{2}-\d{2}"


class FailedError(Exception):
    """A step did not pass; the message says why."""


def version() -> str:
    """Return the version, from the one place where it stands."""
    text = (ROOT / "src" / "quorate" / "version.py").read_text(encoding="utf-8")
    return re.search(r'__version__ = "(.+)"', text)[1]  # type: ignore[index]


def check_version(_: Sequence[str]) -> str:
    """The version is a version, and every other file says the same one."""
    found = version()
    if not re.fullmatch(r"\d+\.\d+\.\d+", found):
        raise FailedError(f"Expected a version such as 0.1.0, got {found}. Write it so.")
    for name, line in (("CITATION.cff", "version: {}\n"), ("docs/cite.md", "version = {{{}}}\n")):
        if line.format(found) not in (ROOT / name).read_text(encoding="utf-8"):
            raise FailedError(f"Expected version {found} in {name}, got another. Write it there.")
    return found


def check_changelog(_: Sequence[str]) -> str:
    """The changes stand under [Unreleased], or, where a tag says so, under this version's date."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(r"^## (.+)$", text, re.MULTILINE)
    newest = found[1] if found else "none"
    tagged = f"v{version()}" in run("git", "tag", "--points-at", "HEAD").split()
    if not tagged and newest == "[Unreleased]":
        return "in development"
    if not re.fullmatch(rf"\[{re.escape(version())}\] - {DATED}", newest):
        also = "" if tagged else ", or [Unreleased]"
        raise FailedError(
            f"Expected the newest heading to be [{version()}] with its date{also}, got {newest}. "
            "Write it so."
        )
    return newest


def check_files(_: Sequence[str]) -> str:
    """Everything is committed."""
    changed = run("git", "status", "--porcelain")
    if changed:
        raise FailedError(f"Expected nothing to commit, got:\n{changed}")
    return run("git", "rev-parse", "--short", "HEAD")


def check_wheel(pythons: Sequence[str]) -> str:
    """The wheel, in an empty environment without PyTorch: its size, its start, and its demo."""
    said = []
    with tempfile.TemporaryDirectory() as folder:
        wheel = build(Path(folder) / "dist")
        for number, python in enumerate(pythons):
            place = Path(folder) / f"environment-{number}"
            said.append(try_wheel(wheel, python, place))
            shutil.rmtree(place)
    return "; ".join(said)


def build(to: Path) -> Path:
    """Build the archive of the source, and from it the wheel; return the wheel."""
    run(sys.executable, "-m", "build", "--outdir", str(to), str(ROOT))
    (wheel,) = to.glob("*.whl")
    return wheel


def try_wheel(wheel: Path, python: str, place: Path) -> str:
    """Install a wheel, start it, run its demo and one command; return what was measured."""
    run(python, "-m", "venv", str(place))
    bare = megabytes(place)
    own = str(place / "bin" / "python")
    run(own, "-m", "pip", "install", "-q", "--disable-pip-version-check", str(wheel))
    size = megabytes(place) - bare
    if size > LARGEST:
        raise FailedError(f"Expected at most {LARGEST} MB installed, got {size}. Use extras.")
    if run(own, "-c", "import quorate; print(quorate.__version__)") != version():
        raise FailedError("Expected the installed version to be this one, got another.")
    seconds = min(float(run(own, "-c", STARTED)) for _ in range(5))
    if seconds > SLOWEST:
        raise FailedError(f"Expected import quorate in {SLOWEST} s, got {seconds:.2f} s.")
    outside = place / "outside"  # where no checkout is found
    outside.mkdir()
    began = time.monotonic()
    run(str(place / "bin" / "quorate"), "demo", cwd=outside)
    demo = time.monotonic() - began
    if not (outside / "runs" / "demo" / "report.html").is_file():
        raise FailedError("Expected the demo to leave runs/demo/report.html, got none.")
    got = run(own, "-c", "import sys; print('.'.join(map(str, sys.version_info[:3])))")
    return f"Python {got}: {size} MB, import {1000 * seconds:.0f} ms, demo {demo:.0f} s"


STARTED = (
    "import time; began = time.perf_counter(); import quorate; print(time.perf_counter() - began)"
)


def megabytes(folder: Path) -> int:
    """Return the size of a folder's files, in MB of 2²⁰ bytes."""
    files = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return sum(file.stat().st_size for file in files) // 2**20


def check_docs(_: Sequence[str]) -> str:
    """The reference pages are those of the code."""
    run(sys.executable, "docs/generate.py")
    changed = run("git", "status", "--porcelain", "docs")
    if changed:
        raise FailedError(f"Expected reference pages of this version, got others:\n{changed}")
    return "up to date"


def check_tests(_: Sequence[str]) -> str:
    """Format, lint, types and the whole suite."""
    return run("make", "test").splitlines()[-1]


STEPS: dict[str, Callable[[Sequence[str]], str]] = {
    "version": check_version,
    "changelog": check_changelog,
    "files": check_files,
    "docs": check_docs,
    "wheel": check_wheel,
    "tests": check_tests,
}


def run(*words: str, cwd: Path = ROOT) -> str:
    """Run a command and return what it prints.

    Raises:
        FailedError: it does not end well.
    """
    # What is on the path of this process would stand in front of the wheel.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    ended = subprocess.run(words, cwd=cwd, env=clean, capture_output=True, text=True, check=False)
    if ended.returncode:
        last = "\n".join((ended.stdout + ended.stderr).strip().splitlines()[-15:])
        raise FailedError(f"Expected {' '.join(words)} to end well, got:\n{last}")
    return ended.stdout.strip()


def main() -> int:
    """Run the steps that are named, or all, and return how many fail."""
    parser = argparse.ArgumentParser(description="The release checklist.")
    parser.add_argument("steps", nargs="*", help=f"steps: {', '.join(STEPS)}; by default all")
    parser.add_argument(
        "--python", action="append", help="a Python to try the wheel on; by default this one"
    )
    given = parser.parse_args()
    unknown = [step for step in given.steps if step not in STEPS]
    if unknown:
        parser.error(f"Expected steps among {', '.join(STEPS)}, got {', '.join(unknown)}.")
    failed = 0
    for name in given.steps or STEPS:
        began = time.monotonic()
        try:
            word, said = "pass", STEPS[name](given.python or [sys.executable])
        except FailedError as error:
            word, said, failed = "FAIL", str(error), failed + 1
        print(f"{word}  {name} ({time.monotonic() - began:.0f} s): {said}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(min(main(), 1))
