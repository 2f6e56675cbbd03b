"""Variants of questions that cost no query."""

import numpy as np
import pytest

from quorate.test_time.extraction.variants import vary


@pytest.mark.parametrize("shape", [(1, 6, 8), (3, 6, 8), (3, 40, 5)])
def test_a_variant_is_a_shifted_or_mirrored_copy(shape: tuple[int, int, int]) -> None:
    c, h, w = shape
    x = np.random.default_rng(0).integers(0, 256, size=(60, *shape), dtype=np.uint8)
    before = x.copy()
    variants = vary(x, np.random.default_rng(2))
    assert (x == before).all()
    assert variants.dtype == np.uint8
    reach = max(1, h // 16)
    ways = set()
    for image, variant in zip(x, variants, strict=True):
        wide = np.pad(image, ((0, 0), (reach, reach), (reach, reach)), mode="edge")
        found = {
            (i - reach, j - reach, flip)
            for i in range(2 * reach + 1)
            for j in range(2 * reach + 1)
            for flip in (1, -1)
            if (wide[:, i : i + h, j : j + w][:, :, ::flip] == variant).all()
        }
        assert len(found) == 1
        ways |= found
    assert {flip for *_, flip in ways} == ({1} if c == 1 else {1, -1})
    assert {down for down, *_ in ways} == set(range(-reach, reach + 1))
