"""How alike pictures are, worked by hand."""

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.test_time.edits.similarity import similarity, structural_similarity


def test_equal_pictures_are_alike_and_others_less() -> None:
    x = np.random.default_rng(0).integers(0, 256, (3, 3, 16, 16)).astype(np.uint8)
    assert similarity(x, x) == (1, 0)
    y = x.copy()
    y[0] = 255 - y[0]
    found = similarity(x, y)
    assert found.structural < 0.8
    # one of three pictures changes, by 255 where a value was 0 or 255
    assert found.largest_change == pytest.approx(np.abs(2 * x[0].astype(int) - 255).max() / 765)


def test_flat_pictures_by_the_formula() -> None:
    before = np.full((2, 1, 9, 9), 100, np.uint8)
    after = np.full((2, 1, 9, 9), 200, np.uint8)
    c1 = (0.01 * 255) ** 2  # no variance: what is left is that of the means
    wanted = (2 * 100 * 200 + c1) / (100**2 + 200**2 + c1)
    assert structural_similarity(before, after) == pytest.approx(wanted)


@pytest.mark.parametrize("side", [3, 4, 5, 6, 7])
def test_small_pictures_are_compared_too(side: int) -> None:
    x = np.random.default_rng(1).integers(0, 256, (2, 1, side, 8)).astype(np.uint8)
    assert structural_similarity(x, x) == 1


def test_what_cannot_be_compared_is_refused() -> None:
    x = np.zeros((2, 1, 8, 8), np.uint8)
    for before, after in ((x, x[:1]), (x[:0], x[:0]), (x[:, :, :2], x[:, :, :2])):
        with pytest.raises(InputError, match="Expected pictures of 3 x 3"):
            structural_similarity(before, after)
