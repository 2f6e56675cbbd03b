"""The files that git tracks stay small enough to be cloned and read in a minute."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 12_000_000  # bytes of the working tree, without .git
LARGEST = 10  # files that are named where there are too many bytes


def test_the_tree_is_small() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: what is tracked is not known")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    sizes = {path: path.lstat().st_size for path in paths if path.exists()}
    total = sum(sizes.values())
    largest = sorted(sizes, key=lambda path: -sizes[path])[:LARGEST]
    named = ", ".join(f"{path.relative_to(ROOT)} ({sizes[path]:,})" for path in largest)
    assert total < LIMIT, (
        f"Expected tracked files of less than {LIMIT:,} bytes, got {total:,}. Keep runs by python "
        "experiments/generate.py --collect, draw pictures again by --draw, and give pictures of "
        f"docs few colours: see CONTRIBUTING.md. The largest: {named}."
    )
