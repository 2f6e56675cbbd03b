"""Results kept on disk: computed once, shared, memory-mapped, and never in the way."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from safetensors import safe_open

from quorate.runtime.cache import folder, on_disk

CALLS: list[tuple[float, ...]] = []


@on_disk
def powers(base: float, count: int = 3) -> npt.NDArray[np.float64]:
    """The first powers of a number."""
    CALLS.append((base, count))
    return base ** np.arange(count)


@on_disk
def failing(number: int) -> int:
    CALLS.append((number,))
    raise ValueError(f"no {number}")


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QUORATE_CACHE", str(tmp_path / "cache"))
    CALLS.clear()
    return tmp_path / "cache"


# ------------------------------------------------------------------------------ where


@pytest.mark.parametrize(
    ("variables", "where"),
    [
        ({"QUORATE_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/quorate"),
        ({"QUORATE_CACHE": "", "XDG_CACHE_HOME": "/b"}, "/b/quorate"),
        ({}, "/home/ada/.cache/quorate"),
        ({"XDG_CACHE_HOME": ""}, "/home/ada/.cache/quorate"),
    ],
)
def test_where_the_cache_is(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], where: str
) -> None:
    for name in ("QUORATE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ada"))
    assert folder() == Path(where)


# ------------------------------------------------------------------------------ once


def test_a_result_is_computed_once_for_each_argument() -> None:
    for _ in range(3):
        assert powers(2.0).tolist() == [1, 2, 4]
        assert powers(3.0, count=2).tolist() == [1, 3]
        assert powers(3.0, 2).tolist() == [1, 3]  # however the arguments are written
    assert sorted(CALLS) == [(2.0, 3), (3.0, 2)]


def test_another_process_finds_it() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import test_cache\n"
        "print(test_cache.powers(2.0).tolist(), len(test_cache.CALLS))"
    )
    for calls in (1, 0):
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert run.stdout == f"[1.0, 2.0, 4.0] {calls}\n"


def test_arrays_come_back_memory_mapped_and_cannot_be_changed() -> None:
    powers(2.0)
    again = powers(2.0)
    assert isinstance(again, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        again[0] = 7
    assert powers(2.0).tolist() == [1, 2, 4]


def test_another_folder_is_another_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    powers(2.0)
    monkeypatch.setenv("QUORATE_CACHE", str(tmp_path / "elsewhere"))
    powers(2.0)
    assert len(CALLS) == 2


def test_an_error_is_raised_and_not_kept() -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="no 3"):
            failing(3)
    assert len(CALLS) == 2


def test_the_function_keeps_its_name_and_its_words() -> None:
    assert powers.__name__ == "powers"
    assert powers.__doc__ == "The first powers of a number."


# ------------------------------------------------------------------------------ never in the way


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the superuser can make a folder below a file."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("QUORATE_CACHE", str(tmp_path / "file" / "cache"))
    for _ in range(2):
        assert powers(2.0).tolist() == [1, 2, 4]
        with pytest.raises(ValueError, match="no 3"):
            failing(3)
    assert len(CALLS) == 4


@pytest.mark.parametrize("harm", ["cut", "garbage", "empty", "gone"])
def test_a_damaged_result_is_computed_again(empty_cache: Path, harm: str) -> None:
    powers(2.0)
    results = list(empty_cache.rglob("*.safetensors"))
    assert results
    for path in results:
        content = path.read_bytes()
        if harm == "gone":
            path.unlink()
        else:
            path.write_bytes({"cut": content[: len(content) // 2], "empty": b""}.get(harm, b"?!"))
    assert powers(2.0).tolist() == [1, 2, 4]
    assert powers(2.0).tolist() == [1, 2, 4]


def test_a_full_disk_is_done_without(empty_cache: Path) -> None:
    """A limit on the size of files stands for it, in a process of its own."""
    code = (
        f"import resource, sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import test_cache\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "print(float(test_cache.powers(1.0, 10_000).sum()))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "10000.0\n", "")
    assert float(powers(1.0, 10_000).sum()) == 10_000
    assert os.listdir(empty_cache)


# ------------------------------------------------------------------------------ a stranger's


@on_disk
def nested(base: float) -> dict[str, tuple[npt.NDArray[np.uint8], tuple[str, ...], None, float]]:
    def code_inside() -> float:  # whose address differs from process to process
        return base

    CALLS.append((base,))
    return {"träin": (np.zeros((2, 0), np.uint8), ("a",), None, code_inside())}


def test_whatever_a_function_returns_comes_back_as_it_was(empty_cache: Path) -> None:
    for _ in range(2):
        ((name, (array, names, nothing, number)),) = nested(float("inf")).items()
        assert (name, names, nothing, number) == ("träin", ("a",), None, float("inf"))
        assert (array.shape, array.dtype) == ((2, 0), np.uint8)
    assert len(CALLS) == 1
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import test_cache\n"
        "test_cache.nested(float('inf')); print(len(test_cache.CALLS))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "0\n"


def test_nothing_in_the_cache_is_a_pickle(empty_cache: Path) -> None:
    powers(2.0)
    nested(2.0)
    files = [path for path in empty_cache.rglob("*") if path.is_file()]
    assert len(files) == 2
    for path in files:
        with safe_open(path, "np") as file:  # by the format's own reader
            assert file.metadata()["tree"]
