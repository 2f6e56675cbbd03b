"""The gap closed: by hand, resampled as rows are, and its intervals against the truth."""

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binomtest

from quorate.errors import InputError
from quorate.fairness.gap_closed import gap_closed
from quorate.intervals import Estimate

Labels = npt.NDArray[np.int64]
# A few operations on quotients of small integers.
ROUNDING = 1e-12


def paired(counts: list[list[int]]) -> tuple[Labels, Labels, Labels, Labels]:
    """Return y, before, after and group; counts are of never, only after, only before, always."""
    cells = np.concatenate([np.repeat(np.arange(4), of_group) for of_group in counts])
    group = np.repeat(np.arange(len(counts)), [sum(of_group) for of_group in counts])
    return np.ones(len(cells), dtype=int), cells // 2, cells % 2, group


def test_the_gap_closed_by_hand() -> None:
    # Subgroup: 4 of 10 right before, 6 after. Others: 16 of 20 before, 15 after.
    given_people = paired([[3, 3, 1, 3], [4, 0, 1, 15]])
    found = gap_closed(*given_people, 0, rng=np.random.default_rng(0))
    exact = 1 - (Fraction(15, 20) - Fraction(6, 10)) / (Fraction(16, 20) - Fraction(4, 10))
    assert exact == Fraction(5, 8)
    assert found.value == pytest.approx(float(exact), abs=ROUNDING)
    assert found.low < found.value < found.high


def test_everyone_else_is_others() -> None:
    y, before, after, group = paired([[30, 30, 10, 30], [40, 0, 10, 150]])
    split = np.where((group == 1) & (np.arange(len(y)) % 2 == 0), 2, group)
    one, two = (
        gap_closed(y, before, after, g, 0, rng=np.random.default_rng(0)) for g in (group, split)
    )
    assert one == two


def test_nothing_changed_closes_nothing_for_certain() -> None:
    found = gap_closed(*paired([[50, 0, 0, 50], [20, 0, 0, 180]]), 0, rng=np.random.default_rng(0))
    assert found == Estimate(0, 0, 0)


def test_no_gap_before_is_nothing_to_close() -> None:
    for counts in ([[1, 1, 1, 1], [2, 2, 2, 2]], [[1, 1, 2, 2], [2, 2, 1, 1]]):
        found = gap_closed(*paired(counts), 0, rng=np.random.default_rng(0))
        assert math.isnan(found.value)
        assert math.isnan(found.low)
        assert math.isnan(found.high)


def test_a_gap_that_may_be_none_sets_no_bound() -> None:
    found = gap_closed(*paired([[4, 2, 0, 4], [5, 0, 0, 7]]), 0, rng=np.random.default_rng(0))
    assert found.value == pytest.approx(1 - (7 / 12 - 6 / 10) / (7 / 12 - 4 / 10), abs=ROUNDING)
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_the_gap_closed_is_resampled_as_rows_are() -> None:
    y, before, after, group = paired([[30, 40, 10, 70], [40, 20, 20, 220]])
    rng, slow = np.random.default_rng(3), []
    inside, outside = np.flatnonzero(group == 0), np.flatnonzero(group == 1)
    for _ in range(2000):
        rows, rest = rng.choice(inside, 150), rng.choice(outside, 300)
        gaps = [(p[rest] == y[rest]).mean() - (p[rows] == y[rows]).mean() for p in (before, after)]
        slow.append(1 - gaps[1] / gaps[0])
    found = gap_closed(y, before, after, group, 0, resamples=40_000, rng=np.random.default_rng(0))
    # The 2.5% quantile of 2,000 draws lies between those of ranks 2.5% ± 5·√(.025·.975/2000).
    ranks = 0.025 + np.array([-1, 1]) * 5 * math.sqrt(0.025 * 0.975 / 2000)
    below, above = np.quantile(slow, ranks)
    assert below <= found.low <= above
    below, above = np.quantile(slow, np.sort(1 - ranks))
    assert below <= found.high <= above


def test_the_interval_of_the_gap_closed_holds_the_truth() -> None:
    subgroup, others = [0.2, 0.25, 0.05, 0.5], [0.1, 0.05, 0.05, 0.8]
    truth = 1 - (0.85 - 0.75) / (0.85 - 0.55)
    rng, held, trials = np.random.default_rng(5), 0, 300
    for _ in range(trials):
        counts = [rng.multinomial(200, subgroup).tolist(), rng.multinomial(400, others).tolist()]
        found = gap_closed(*paired(counts), 0, resamples=300, rng=rng)
        held += found.low <= truth <= found.high
    assert binomtest(held, trials, 0.95).pvalue > 1e-4  # neither too narrow nor too wide


def test_bad_numbers_are_named() -> None:
    rng = np.random.default_rng(0)
    y, before, after, group = paired([[1, 1, 1, 1], [1, 1, 1, 3]])
    with pytest.raises(InputError, match="level=95"):
        gap_closed(y, before, after, group, 0, level=95, rng=rng)
    with pytest.raises(InputError, match="nobody among the subgroup"):
        gap_closed(y, before, after, group, 2, rng=rng)
    with pytest.raises(InputError, match="nobody among the others"):
        gap_closed(y, before, after, np.zeros_like(group), 0, rng=rng)
    with pytest.raises(InputError, match="one entry of after per person"):
        gap_closed(y, before, after[1:], group, 0, rng=rng)
