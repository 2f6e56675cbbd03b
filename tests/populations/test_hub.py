"""The hub, or a local folder in its schema: one loader for both."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest

from quorate import catalog
from quorate.errors import DataUnavailableError, InputError
from quorate.populations.pictures import image_files
from quorate.populations.pictures.image_files import hub_folder, load_hub, load_images

pytestmark = pytest.mark.usefixtures("decoded_anew")


@pytest.fixture
def sources(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What ``datasets.load_dataset`` is asked for; it gives the folder's data for any name."""
    asked: list[str] = []
    original = datasets.load_dataset

    def load_dataset(source: str, config: str | None) -> Any:
        asked.append(source if config is None else f"{source} {config}")
        return original(str(folder))

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return asked


def test_the_hub_name_and_a_local_folder_take_the_same_path(
    folder: Path,
    sources: list[str],
    a_new_process: Callable[[], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("QUORATE_DATA", raising=False)
    hub = catalog.build("populations", "mnist").split(np.random.default_rng(0))
    a_new_process()
    local = tmp_path / "data" / "ylecun--mnist"
    shutil.copytree(folder, local)
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path / "data"))
    near = catalog.build("populations", "mnist").split(np.random.default_rng(0))
    assert sources == ["ylecun/mnist", str(local)]
    for ours, theirs in ((hub.train, near.train), (hub.held_out, near.held_out)):
        assert ours.x.tolist() == theirs.x.tolist()
        assert ours.y.tolist() == theirs.y.tolist()
        assert ours.classes == theirs.classes


def test_the_hub_is_asked_where_the_folder_has_no_copy(
    sources: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path))
    assert hub_folder("ylecun/mnist") is None
    catalog.build("populations", "mnist").split(np.random.default_rng(0))
    assert sources == ["ylecun/mnist"]


def test_what_was_decoded_is_kept(
    sources: list[str], a_new_process: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QUORATE_DATA", raising=False)
    first = catalog.build("populations", "mnist").split(np.random.default_rng(0))
    a_new_process()
    again = catalog.build("populations", "mnist").split(np.random.default_rng(0))
    assert sources == ["ylecun/mnist"]
    assert first.train.x.tolist() == again.train.x.tolist()
    assert again.train.x.flags.writeable  # what is kept is not what is handed out


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            ConnectionError("Couldn't reach the hub.\nTry again."),
            "got: Couldn't reach the hub. Conn",
        ),
        (ConnectionError(), "got: ConnectionError. Connect"),
        (FileNotFoundError("no such set"), "got: no such set. Connect"),
        (datasets.exceptions.DatasetNotFoundError("gone"), "got: gone. Connect"),
    ],
)
def test_a_hub_out_of_reach_is_answered(
    error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_dataset(source: str, config: str | None) -> None:
        raise error

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.delenv("QUORATE_DATA", raising=False)
    with pytest.raises(DataUnavailableError) as caught:
        catalog.build("populations", "mnist").split(np.random.default_rng(0))
    message = str(caught.value)
    assert message.startswith("Expected ylecun/mnist in the cache of Hugging Face datasets, on the")
    assert reason in message
    assert message.endswith(
        "or set QUORATE_DATA to a folder that holds ylecun--mnist/ with the hub's parquet files."
    )


def test_the_hub_is_asked_for_one_of_its_variants(
    folder: Path, sources: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path / "data"))
    load_hub("someone/pets", "image", "label", config="0.25")
    local = tmp_path / "data" / "someone--pets"
    shutil.copytree(folder, local)
    load_hub("someone/pets", "image", "label", config="0.25")  # one variant, whichever it is
    shutil.copytree(folder, local / "0.25")  # as the hub keeps several
    load_hub("someone/pets", "image", "label", config="0.25")
    assert sources == ["someone/pets 0.25", str(local), str(local / "0.25")]


@pytest.mark.parametrize("lacking", ["train", "test"])
def test_a_local_copy_without_a_part_is_answered(
    lacking: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = tmp_path / "data" / "ylecun--mnist"
    shutil.copytree(folder, local)
    (local / f"{lacking}.parquet").unlink()
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path / "data"))
    with pytest.raises(
        InputError, match=r"Expected the parts train and test of .*ylecun--mnist, got t.*\. Copy"
    ):
        catalog.build("populations", "mnist").split(np.random.default_rng(0))


def test_images_are_decoded_once_whatever_is_asked_of_them(
    folder: Path, a_new_process: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_images(str(folder), None, "label", "place", None)["train"]
    a_new_process()
    monkeypatch.setattr(image_files, "_pixels", None)  # decoding anew would fail
    other = load_images(str(folder), None, "place", "label", None)["train"]
    assert other.x.tolist() == first.x.tolist()
    assert (other.classes, other.groups) == (first.groups, first.classes)
    assert other.group is not None
    assert first.group is not None
    assert other.y.tolist() == first.group.tolist()
    assert other.group.tolist() == first.y.tolist()


def test_the_loader_leaves_logging_as_it_was(folder: Path) -> None:
    loggers = [logging.getLogger(name) for name in ("huggingface_hub", "datasets")]
    before = [logger.level for logger in loggers], datasets.utils.logging.is_progress_bar_enabled()
    load_images(str(folder), None, "label", None, None)
    after = [logger.level for logger in loggers], datasets.utils.logging.is_progress_bar_enabled()
    assert before == after
