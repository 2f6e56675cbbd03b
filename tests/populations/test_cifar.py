"""CIFAR-10 and CIFAR-100, by their hub names: their columns, made up, and real photos."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from quorate import catalog
from quorate.checks import check
from quorate.errors import InputError
from quorate.table import Split

Write = Callable[..., None]
pytestmark = pytest.mark.usefixtures("decoded_anew")


def split(text: str, seed: int = 0) -> Split:
    return catalog.build("populations", text).split(np.random.default_rng(seed))


def colour(value: int) -> np.ndarray:
    return np.full((2, 2, 3), value)


@pytest.fixture
def made_up(tmp_path: Path, write_hub_parquet: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both data sets in the hub's columns: three photos to learn from, two held out."""
    for part, shades, fine in (("train", (0, 51, 255), [0, 2, 1]), ("test", (102, 204), [2, 0])):
        photos = [colour(shade) for shade in shades]
        write_hub_parquet(
            tmp_path / "uoft-cs--cifar10" / f"{part}.parquet",
            photos,
            ("ship", "cat", "dog"),
            image_column="img",
            label=fine,
        )
        write_hub_parquet(
            tmp_path / "uoft-cs--cifar100" / f"{part}.parquet",
            photos,
            {"fine_label": ("ship", "cat", "dog"), "coarse_label": ("vehicle", "animal")},
            image_column="img",
            fine_label=fine,
            coarse_label=[min(code, 1) for code in fine],
        )
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path))


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize("text", ["cifar10", "cifar100", "cifar100:labels=fine"])
def test_the_kinds_are_the_labels(text: str) -> None:
    drawn = split(text)
    assert drawn.train.classes == ("ship", "cat", "dog")
    assert (drawn.train.y.tolist(), drawn.held_out.y.tolist()) == ([0, 2, 1], [2, 0])
    assert (drawn.train.x[:, :, 0, 0] * 255).round().tolist() == [[0] * 3, [51] * 3, [255] * 3]
    assert drawn.train.group is None
    assert len(check(catalog.build("populations", text))) >= 8


@pytest.mark.usefixtures("made_up")
def test_coarse_labels_are_the_kinds_of_kinds() -> None:
    drawn = split("cifar100:labels=coarse")
    assert drawn.train.classes == ("vehicle", "animal")
    assert (drawn.train.y.tolist(), drawn.held_out.y.tolist()) == ([0, 1, 1], [1, 0])
    with pytest.raises(InputError, match=r"known value of labels, got 'fein'\. Did you mean fine"):
        split("cifar100:labels=fein")


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_people_are_drawn_per_seed(name: str) -> None:
    rows = [split(f"{name}:n=1,held_out=1", seed) for seed in range(20)]
    assert {len(drawn.train) for drawn in rows} == {len(drawn.held_out) for drawn in rows} == {1}
    assert len({drawn.train.y[0] for drawn in rows}) == 3  # these seeds draw each of the three
    with pytest.raises(InputError, match="Expected n=4 between 1 and the 3 people there are"):
        split(f"{name}:n=4")


def test_real_photos_of_ten_kinds(few_rows: Callable[[str, int], None]) -> None:
    few_rows("uoft-cs/cifar10", 150)
    drawn = split("cifar10")
    assert drawn.train.x.shape == drawn.held_out.x.shape == (150, 3, 32, 32)
    assert drawn.train.classes == (
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    )
    assert len(set(drawn.train.y.tolist())) == 10
    assert (drawn.train.x.min(), drawn.train.x.max()) == (0, 1)
    # Mean and standard deviation of red over all of CIFAR-10 are 0.4914 and 0.2470 (published);
    # the mean of 150 photos has a standard error of about 0.12/√150 = 0.01: five of them.
    assert abs(drawn.train.x[:, 0].mean() - 0.4914) < 0.05
    assert (drawn.train.x[:, 0] != drawn.train.x[:, 2]).mean() > 0.5  # these are not grey


def test_real_photos_of_a_hundred_kinds(few_rows: Callable[[str, int], None]) -> None:
    few_rows("uoft-cs/cifar100", 150)
    fine, coarse = split("cifar100"), split("cifar100:labels=coarse")
    assert fine.train.x.shape == (150, 3, 32, 32)
    assert (fine.train.k, coarse.train.k) == (100, 20)
    assert (fine.train.classes[0], coarse.train.classes[0]) == ("apple", "aquatic_mammals")
    assert fine.train.x.tolist() == coarse.train.x.tolist()
    # Every kind falls into one coarse kind, in the real labels of both parts.
    pairs = {
        (fine.train.classes[f], coarse.train.classes[c])
        for part in ("train", "held_out")
        for f, c in zip(getattr(fine, part).y, getattr(coarse, part).y, strict=True)
    }
    assert len({kind for kind, _ in pairs}) == len(pairs) > 50
