"""The law of a sum of counts that are dealt at random."""

import itertools
import math

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.test_time.extraction.dealing import law_of_sum


@pytest.mark.parametrize("counts", [[2, 0, 3, 3, 1], [0, 0], [1], [4, 4, 4, 1, 0, 2], [2, 2, 2]])
def test_sums_of_counts_dealt_at_random(counts: list[int]) -> None:
    for t in range(len(counts) + 1):
        sums = [sum(dealt) for dealt in itertools.combinations(counts, t)]
        found = law_of_sum(np.array(counts), t)
        expected = [sums.count(s) / math.comb(len(counts), t) for s in range(len(found))]
        # sums of a few products in double precision
        assert found.tolist() == pytest.approx(expected, abs=1e-12)
        assert sum(expected) == pytest.approx(1)  # the law reaches as far as the sums do


def test_many_counts_keep_their_mean_and_spread() -> None:
    counts = np.repeat([0, 1, 2], [6000, 3000, 1000])
    law, t, n = law_of_sum(counts, 500), 500, 10_000
    s = np.arange(len(law))
    mean = law @ s
    # the sum of a sample: t·mean, with variance t·var·(n − t)/(n − 1)
    assert law.sum() == pytest.approx(1, abs=1e-9)  # log factorials of 10,000 have 11 digits
    assert mean == pytest.approx(t * counts.mean(), rel=1e-9)
    spread = t * counts.var() * (n - t) / (n - 1)
    assert law @ (s - mean) ** 2 == pytest.approx(spread, rel=1e-6)


def test_more_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(InputError, match="at most 2 counts, got 3"):
        law_of_sum(np.array([0, 1]), 3)
