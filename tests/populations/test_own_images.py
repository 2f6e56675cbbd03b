"""The population "images": who is learned from and who is held out, and real faces."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate import catalog
from quorate.errors import InputError
from quorate.populations.pictures.image_files import folder_fingerprint
from quorate.table import Split

Write = Callable[..., None]
pytestmark = pytest.mark.usefixtures("decoded_anew")


def split(path: Path, seed: int = 0, **parameters: Any) -> Split:
    population = catalog.build("populations", {"name": "images", "path": str(path), **parameters})
    return population.split(np.random.default_rng(seed))


def test_the_official_test_part_is_held_out(folder: Path) -> None:
    drawn = split(folder)
    assert drawn.train.x[:, 0, 0, 0].tolist() == np.float32([0, 0.2, 0.4, 1]).tolist()
    assert drawn.held_out.x[:, 0, 0, 0].tolist() == np.float32([0.6, 0.8]).tolist()


def test_a_validation_part_is_held_out_too(folder: Path) -> None:
    (folder / "test.parquet").rename(folder / "validation.parquet")
    drawn = split(folder)
    assert (len(drawn.train), len(drawn.held_out)) == (4, 2)


def test_n_people_are_drawn_without_replacement(folder: Path) -> None:
    rows = [split(folder, seed, n=3).train.x[:, 0, 0, 0].tolist() for seed in range(20)]
    assert all(len(set(row)) == 3 for row in rows)
    assert len({tuple(row) for row in rows}) > 1
    assert rows[7] == split(folder, 7, n=3).train.x[:, 0, 0, 0].tolist()


def test_without_parts_a_random_fraction_is_held_out(folder: Path) -> None:
    (folder / "test.parquet").unlink()
    seen = set()
    for seed in range(20):
        drawn = split(folder, seed, held_out=0.25)
        train, held_out = (part.x[:, 0, 0, 0].tolist() for part in (drawn.train, drawn.held_out))
        assert (len(train), len(held_out)) == (3, 1)
        assert sorted(train + held_out) == np.float32([0, 0.2, 0.4, 1]).tolist()
        seen.add(held_out[0])
    assert len(seen) == 4  # these seeds hold out each of the four at least once


def test_parts_without_train_are_refused(folder: Path) -> None:
    (folder / "train.parquet").rename(folder / "validation.parquet")
    message = (
        r"Expected train beside test or validation in .*, got the parts validation, test\. Call"
    )
    with pytest.raises(InputError, match=message):
        split(folder)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"size": 0}, r"Expected size=0 to be at least 1\. Use a side such as 32"),
        ({"size": -1}, r"Expected size=-1 to be at least 1"),
        ({"n": 0}, r"Expected n=0 between 1 and the 4 people there are\. Leave n out to take"),
        ({"n": 5}, r"Expected n=5 between 1 and the 4 people there are"),
        ({"held_out": 0}, r"Expected held_out=0 in \(0, 1\)\. Use a fraction such as 0\.25"),
        ({"held_out": 1}, r"Expected held_out=1 in \(0, 1\)"),
    ],
)
def test_a_size_out_of_range_is_answered(
    parameters: dict[str, float], message: str, folder: Path
) -> None:
    with pytest.raises(InputError, match=message):
        split(folder, **parameters)


def test_a_fingerprint_changes_with_the_files(folder: Path, write_hub_parquet: Write) -> None:
    before = folder_fingerprint(str(folder))
    assert before == folder_fingerprint(str(folder))
    (folder / "test.parquet").rename(folder / "validation.parquet")
    renamed = folder_fingerprint(str(folder))
    write_hub_parquet(folder / "validation.parquet", [np.zeros((2, 3))], ("dog", "cat"), label=[0])
    assert len({before, renamed, folder_fingerprint(str(folder))}) == 3


def test_files_that_changed_are_read_again(folder: Path, write_hub_parquet: Write) -> None:
    assert len(split(folder).held_out) == 2
    images = [np.zeros((2, 3))] * 3
    write_hub_parquet(
        folder / "test.parquet", images, ("dog", "cat"), label=[0, 0, 1], place=["a", "b", "c"]
    )
    assert len(split(folder).held_out) == 3


def test_faces_with_gender_and_race(quorate_data: Path, tmp_path: Path) -> None:
    """Colour images in JPEG with groups, from one part of a folder."""
    source = quorate_data / "HuggingFaceM4--FairFace" / "validation.parquet"
    if not source.is_file():
        pytest.skip("no local copy of HuggingFaceM4/FairFace")
    (tmp_path / source.name).symlink_to(source)
    population = catalog.build("populations", f"images:path={tmp_path},label=gender,group=race")
    drawn = population.split(np.random.default_rng(0))
    assert drawn.train.x.shape == (2250, 3, 64, 64)
    assert drawn.held_out.x.shape == (750, 3, 64, 64)
    assert drawn.train.classes == ("Male", "Female")
    assert len(drawn.train.groups) == 7
    assert "Latino_Hispanic" in drawn.train.groups
    assert (drawn.train.x.min(), drawn.train.x.max()) == (0, 1)
    assert (drawn.train.x[:, 0] != drawn.train.x[:, 1]).mean() > 0.5  # these are not grey
