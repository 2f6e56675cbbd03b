"""Digits on photos, made of both data sets in the hub's columns: small ones, and the real ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from quorate import catalog
from quorate.checks import check
from quorate.errors import DataUnavailableError, InputError
from quorate.populations.composite import Composite
from quorate.populations.pictures import image_files
from quorate.table import Split

Write = Callable[..., None]
pytestmark = pytest.mark.usefixtures("decoded_anew")
CROSSED = ("4 on airplane", "4 on frog", "9 on airplane", "9 on frog")
INK = {"train": {"4": 51, "9": 255}, "test": {"4": 102, "9": 204}}  # of 255: which image it is
LIGHT = {"train": {"airplane": 0, "frog": 153}, "test": {"airplane": 25, "frog": 229}}


def split(text: str, seed: int = 0) -> Split:
    return catalog.build("populations", text).split(np.random.default_rng(seed))


@pytest.fixture
def made_up(tmp_path: Path, write_hub_parquet: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two plain digits of 2x2 pixels and two plain photos of 4x4, others of each part."""
    for part in ("train", "test"):
        digits = [np.full((2, 2), INK[part][d]) for d in "49"]
        photos = [np.full((4, 4, 3), LIGHT[part][p]) for p in ("airplane", "frog")]
        folders = tmp_path / "ylecun--mnist", tmp_path / "uoft-cs--cifar10"
        classes = tuple("0123456789")
        write_hub_parquet(folders[0] / f"{part}.parquet", digits, classes, label=[4, 9])
        write_hub_parquet(
            folders[1] / f"{part}.parquet",
            photos,
            ("airplane", "frog", "ship"),
            image_column="img",
            label=[0, 1],
        )
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path))


def seen(x: np.ndarray, layout: str) -> tuple[float, float]:
    """The digit's and the photo's brightness of 255, in one person's picture (3, h, w)."""
    photo = x[0, -1, -1] * 255
    if layout == "beside":
        return round(x[0, 1, 1] * 255), round(photo)
    return round(255 * (1 - (1 - x[0, 1, 1]) / (1 - photo / 255))), round(photo)


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize("layout", ["on", "beside"])
@pytest.mark.parametrize("label", ["digit", "photo"])
def test_everyone_is_a_digit_and_a_photo(layout: str, label: str) -> None:
    drawn = split(f"composite:n=200,held_out=40,layout={layout},label={label},agreement=0.7")
    shape = (3, 8, 4) if layout == "beside" else (3, 4, 4)
    for part, people in (("train", drawn.train), ("test", drawn.held_out)):
        assert people.x.shape == (len(people), *shape)
        assert people.classes == (("4", "9") if label == "digit" else ("airplane", "frog"))
        assert people.groups_by_label
        assert people.group is not None
        for x, group in zip(people.x, people.group, strict=True):
            digit, _, photo = people.groups[group].split()
            assert seen(x, layout) == (INK[part][digit], LIGHT[part][photo])


@pytest.mark.usefixtures("made_up")
def test_pixels_by_hand() -> None:
    """A 4 of brightness 51/255 = .2 on a frog of 153/255 = .6: .2 + .8·.6 = .68 in the middle."""
    train = split("composite:n=50,agreement=0").train
    assert train.group is not None
    one = train.x[train.group == CROSSED.index("4 on frog")][0]
    # three operations in float32
    expected = np.full((4, 4), 0.6)
    expected[1:3, 1:3] = 0.68
    np.testing.assert_allclose(one, np.broadcast_to(expected, (3, 4, 4)), atol=3e-7)
    beside = split("composite:n=50,agreement=0,layout=beside").train
    assert beside.group is not None
    one = beside.x[beside.group == 1][0]
    expected = np.zeros((8, 4))
    expected[1:3, 1:3] = 0.2
    expected[4:] = 0.6
    np.testing.assert_allclose(one, np.broadcast_to(expected, (3, 8, 4)), atol=1e-7)


@pytest.mark.usefixtures("made_up")
def test_they_go_together_as_often_as_asked() -> None:
    for agreement in (0.0, 0.5, 0.95, 1.0):
        drawn = split(f"composite:n=4000,held_out=401,agreement={agreement}")
        sizes = np.bincount(np.asarray(drawn.train.group), minlength=4)
        # a binomial of standard deviation √(4000·.25) = 32 at most: four of them
        assert abs(sizes[[0, 3]].sum() - 4000 * agreement) <= (128 if 0 < agreement < 1 else 0)
        assert abs(sizes[:2].sum() - 2000) < 128
        assert np.bincount(np.asarray(drawn.held_out.group)).tolist() == [101, 100, 100, 100]
        assert drawn.train.groups == CROSSED


@pytest.mark.usefixtures("made_up")
def test_it_has_what_a_population_must_have() -> None:
    assert len(check(Composite(n=20, held_out=8))) >= 8
    assert (
        split("composite:n=50", 1).train.y.tolist() != split("composite:n=50", 2).train.y.tolist()
    )


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("composite:digits=4", r"digits to be two different kinds, got '4'. Write digits=ONE"),
        ("composite:photos=frog/frog", "photos to be two different kinds, got 'frog/frog'"),
        ("composite:digits=1/2/3", "digits to be two different kinds, got '1/2/3'"),
        ("composite:digits=4/ten", r"known label of .*mnist, got 'ten'\. Known: 0, 1, 2"),
        ("composite:digits=4/5", "Expected images with the label '5' in .*mnist, got none"),
        ("composite:photos=frog/fog", r"known label of .*cifar10, got 'fog'\. Did you mean frog"),
        ("composite:agreement=1.5", r"Expected agreement=1\.5 in \[0, 1\]"),
        ("composite:n=0", "Expected n=0 to be at least 1"),
        ("composite:held_out=0", "Expected held_out=0 to be at least 1"),
        ("composite:layout=under", "known value of layout, got 'under'"),
    ],
)
def test_a_wrong_parameter_is_answered(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split(text)


def test_what_is_not_there_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path))
    with pytest.raises(DataUnavailableError, match="Expected ylecun/mnist in the cache"):
        split("composite")


@pytest.mark.usefixtures("made_up")
def test_both_data_sets_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    split("composite:n=10")
    with monkeypatch.context() as patched:
        patched.setattr(image_files, "_people", lambda *_: pytest.fail("read again"))
        split("composite:n=10,layout=beside", 1)


def test_real_digits_on_real_photos(few_rows: Callable[[str, int], None]) -> None:
    few_rows("ylecun/mnist", 300)
    few_rows("uoft-cs/cifar10", 300)
    drawn = split("composite:n=60,held_out=20")
    assert drawn.train.x.shape == (60, 3, 32, 32)
    assert (drawn.train.x.min() >= 0, drawn.train.x.max()) == (True, 1)  # ink at its brightest
    beside = split("composite:n=60,held_out=20,layout=beside")
    assert beside.train.x.shape == (60, 3, 64, 32)
    assert beside.train.y.tolist() == drawn.train.y.tolist()
    # The same digits and photos: where there is no ink, the photo is seen in both.
    bare = beside.train.x[:, :, :32] == 0
    np.testing.assert_array_equal(drawn.train.x[bare], beside.train.x[:, :, 32:][bare])
    assert (beside.train.x[:, :, :2] == 0).all()  # 28 rows in the middle of 32
