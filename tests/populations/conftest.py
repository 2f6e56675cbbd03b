"""People in images that several tests share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from quorate.populations.pictures import image_files

Write = Callable[..., None]


@pytest.fixture
def decoded_anew(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """What this test loads, it decodes itself."""
    monkeypatch.setenv("QUORATE_CACHE", str(tmp_path_factory.mktemp("cache")))
    forget()
    yield
    forget()


def forget() -> None:
    """Let go of what this process has loaded, as another process would not have it."""
    image_files._official.cache_clear()
    image_files._kinds.cache_clear()
    image_files._open.cache_clear()


@pytest.fixture
def a_new_process() -> Callable[[], None]:
    """A function after which nothing is held in memory, only in the cache on disk."""
    return forget


@pytest.fixture
def folder(tmp_path: Path, write_hub_parquet: Write) -> Path:
    """Four people to learn from and two held out, cats and dogs of two places."""

    def plain(value: int) -> np.ndarray:
        return np.full((2, 3), value)

    shades = [plain(v) for v in (0, 51, 102, 255)]
    write_hub_parquet(
        tmp_path / "pets" / "train.parquet",
        shades,
        ("dog", "cat"),
        label=[0, 1, 1, 0],
        place=["north", "south", "north", "south"],
    )
    write_hub_parquet(
        tmp_path / "pets" / "test.parquet",
        [plain(153), plain(204)],
        ("dog", "cat"),
        label=[1, 0],
        place=["south", "south"],
    )
    return tmp_path / "pets"
