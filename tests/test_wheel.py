"""What is packed for users: the archive of the source, and the wheel that is built from it."""

import email
import importlib.util
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

from quorate.version import __version__

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, built without a network from a copy of the project."""
    if importlib.util.find_spec("build") is None:
        pytest.skip("what builds wheels is not installed: pip install build")
    copy = tmp_path_factory.mktemp("project")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(ROOT / "src", copy / "src", ignore=LEFT_OUT)
    words = [sys.executable, "-m", "build", "--no-isolation", str(copy)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return copy / "dist"


def test_the_wheel_holds_every_file_of_the_source(packed: Path) -> None:
    source = ROOT / "src"
    files = {
        path.relative_to(source).as_posix()
        for path in (source / "quorate").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "quorate/py.typed" in files
    (wheel,) = packed.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == files
    (archive_of_source,) = packed.glob("*.tar.gz")
    with tarfile.open(archive_of_source) as tar:
        inside = {name.partition("/")[2] for name in tar.getnames()}
    assert {f"src/{name}" for name in files} | {"LICENSE", "README.md"} <= inside


def test_the_wheel_says_what_it_is(packed: Path) -> None:
    (wheel,) = packed.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (place,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        said = email.message_from_bytes(archive.read(place))
        commands = archive.read(place.replace("METADATA", "entry_points.txt")).decode()
    assert said["Version"] == __version__
    assert said["Author"] == "The quorate developers"
    assert said["License-Expression"] == "Apache-2.0"
    assert "quorate = quorate.cli.entry:main" in commands
    needed = said.get_all("Requires-Dist") or []
    plain = {re.split(r"[<>=; ]", one)[0] for one in needed if "extra ==" not in one}
    assert "numpy" in plain
    assert not plain & {"torch", "datasets", "pyarrow"}


def test_the_changes_keep_to_their_format() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.+)$", text, re.MULTILINE)
    dated = [one for one in versions if one != "[Unreleased]"]
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", one) for one in dated)
    assert versions[0] == "[Unreleased]" or versions[0].startswith(f"[{__version__}]")
    assert "[Unreleased]" not in versions[1:]
    kinds = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
    for part in re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]:
        found = re.findall(r"^### (.+)$", part, re.MULTILINE)
        assert found == [kind for kind in kinds if kind in found]


def test_the_citation_is_of_this_version_and_of_its_format() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    # Version 1.2.0 of the Citation File Format asks for these four, and knows these others.
    required = {"cff-version", "message", "title", "authors"}
    assert required <= set(cited)
    assert set(cited) - required <= {"type", "version", "license", "abstract", "keywords"}
    assert cited["cff-version"] == "1.2.0"
    assert cited["type"] == "software"
    assert cited["version"] == __version__
    assert cited["license"] == "Apache-2.0"
    assert [set(author) for author in cited["authors"]] == [{"name"}]  # a group of people
    assert len(cited["keywords"]) == len(set(cited["keywords"]))
