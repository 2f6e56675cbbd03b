"""MNIST, by its hub name: the whole data set, from a local folder in the hub's schema."""

from pathlib import Path

import numpy as np
import pytest

from quorate import catalog
from quorate.errors import InputError
from quorate.populations.mnist import MNIST
from quorate.table import Split


def split(text: str, seed: int = 0) -> Split:
    return catalog.build("populations", text).split(np.random.default_rng(seed))


def test_all_70000_digits(quorate_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (quorate_data / "ylecun--mnist").is_dir():
        pytest.skip("no local copy of ylecun/mnist")
    monkeypatch.setenv("QUORATE_DATA", str(quorate_data))
    whole = split("mnist")
    assert whole.train.x.shape == (60_000, 1, 28, 28)
    assert whole.held_out.x.shape == (10_000, 1, 28, 28)
    assert whole.train.classes == tuple("0123456789")
    # How many of each digit: the counts published with the data set.
    published = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(whole.train.y).tolist() == published
    published = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(whole.held_out.y).tolist() == published
    assert (whole.train.x.min(), whole.train.x.max()) == (0, 1)
    # Its first ten labels, and the mean grey of all training pixels, 33.32 of 255.
    assert whole.train.y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert round(float(whole.train.x.mean(dtype=np.float64)) * 255, 2) == 33.32

    few = split("mnist:n=50,held_out=20", seed=1)
    assert (len(few.train), len(few.held_out)) == (50, 20)
    assert split("mnist:n=50,held_out=20", seed=1).train.x.tolist() == few.train.x.tolist()
    assert split("mnist:n=50,held_out=20", seed=2).train.y.tolist() != few.train.y.tolist()
    with pytest.raises(InputError, match="Expected held_out=10001 between 1 and the 10000 people"):
        split("mnist:held_out=10001")


def test_its_law_is_not_known_and_its_files_do_not_change() -> None:
    assert MNIST().law() is None
    assert MNIST().fingerprint() is None
