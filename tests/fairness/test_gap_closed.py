"""The gap closed: by hand, against people drawn one by one, and its intervals against the truth."""

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from quorate.errors import InputError
from quorate.fairness.gap_closed import gap_closed

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


def test_nothing_changed_closes_nothing_but_somebody_might_have() -> None:
    people = paired([[50, 0, 0, 50], [20, 0, 0, 180]])
    found = gap_closed(*people, 0, rng=np.random.default_rng(0))
    # Of nobody in 100, the exact upper limit is 1 - .025^(1/100) = .036: of a gap of .4, a tenth
    assert found.value == 0
    assert -0.2 < found.low < -0.05
    assert 0.05 < found.high < 0.2


def test_everyone_right_after_is_not_yet_a_gap_closed_for_certain() -> None:
    found = gap_closed(*paired([[0, 9, 0, 9], [0, 0, 0, 22]]), 0, rng=np.random.default_rng(0))
    assert found.value == 1
    assert 0 < found.low < 0.8
    assert 1.1 < found.high < math.inf


def test_without_a_gap_before_any_share_may_be_true() -> None:
    for counts in ([[1, 1, 1, 1], [2, 2, 2, 2]], [[1, 1, 2, 2], [2, 2, 1, 1]]):
        found = gap_closed(*paired(counts), 0, rng=np.random.default_rng(0))
        assert math.isnan(found.value)
        assert (found.low, found.high) == (-math.inf, math.inf)


def test_a_gap_that_may_be_none_sets_no_bound() -> None:
    found = gap_closed(*paired([[4, 2, 0, 4], [5, 0, 0, 7]]), 0, rng=np.random.default_rng(0))
    assert found.value == pytest.approx(1 - (7 / 12 - 6 / 10) / (7 / 12 - 4 / 10), abs=ROUNDING)
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_ends_are_the_shares_of_which_the_difference_may_be_none() -> None:
    """Against people drawn one by one, with exponential weights and one person more."""
    y, before, after, group = paired([[30, 40, 10, 70], [40, 20, 20, 220]])
    found = gap_closed(y, before, after, group, 0, draws=20_000, rng=np.random.default_rng(0))
    rng = np.random.default_rng(3)
    for share, sign in ((found.low, 1), (found.high, -1)):
        adds = (after == y) * 1.0 - (1 - share) * (before == y)
        possible = np.array([0, 1, share - 1, share])
        most, least = possible.max(), possible.min()
        one_more = {1: most, 0: least} if sign > 0 else {1: least, 0: most}  # others, subgroup
        means = {}
        for who, extreme in one_more.items():
            worth = np.append(adds[group == who], extreme)
            weights = rng.exponential(size=(4000, len(worth)))
            means[who] = weights @ worth / weights.sum(axis=1)
        beyond = np.mean(sign * (means[1] - means[0]) < 0)
        # 97.5% of the draws lie on one side of 0; five standard errors of 4,000 are 0.0124.
        assert beyond == pytest.approx(0.975, abs=0.0124)


def test_equal_generators_give_equal_ends() -> None:
    people = paired([[30, 40, 10, 70], [40, 20, 20, 220]])
    one, again, other = (
        gap_closed(*people, 0, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert one == again
    assert one != other


@pytest.mark.parametrize(
    ("subgroup", "others"),
    [
        ([0.2, 0.25, 0.05, 0.5], [0.1, 0.05, 0.05, 0.8]),
        ([0.3, 0.4, 0, 0.3], [0.1, 0, 0, 0.9]),  # nobody of the others changes
        ([0, 0.5, 0, 0.5], [0, 0, 0, 1]),  # everyone is right after
        ([0.05, 0.1, 0, 0.85], [0.02, 0.01, 0.01, 0.96]),  # often no gap in the sample
        ([0.1, 0.6, 0, 0.3], [0.2, 0.1, 0.1, 0.6]),  # turned around
    ],
)
@pytest.mark.parametrize("sizes", [(5, 35), (20, 20), (200, 400)], ids=str)
def test_the_interval_of_the_gap_closed_holds_the_truth(
    sizes: tuple[int, int], subgroup: list[float], others: list[float]
) -> None:
    s, o = np.array(subgroup), np.array(others)
    truth = 1 - (o[1] + o[3] - s[1] - s[3]) / (o[2] + o[3] - s[2] - s[3])
    rng, held, trials = np.random.default_rng(5), 0, 150
    for _ in range(trials):
        counts = [rng.multinomial(n, p).tolist() for n, p in zip(sizes, (s, o), strict=True)]
        found = gap_closed(*paired(counts), 0, draws=200, rng=rng)
        held += found.low <= truth + ROUNDING and truth - ROUNDING <= found.high
    assert held / trials >= 0.93


def test_many_people_make_it_no_wider_than_fiellers() -> None:
    """Fieller's interval of a ratio of two gaps, by the normal law; 1,000 people a group."""
    counts = np.array([[200, 250, 50, 500], [100, 50, 50, 800]])
    found = gap_closed(*paired(counts.tolist()), 0, rng=np.random.default_rng(0))
    before, after = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    shares = np.linspace(0, 1.5, 15_001)
    apart = []
    for share in shares:
        adds = after - (1 - share) * before
        means = counts @ adds / 1000
        error = math.sqrt(sum(counts @ adds**2 / 1000 - means**2) / 1000)
        apart.append(abs(means[1] - means[0]) <= 1.96 * error)
    inside = shares[apart]
    assert found.high - found.low < 1.2 * (inside[-1] - inside[0])


def test_equal_weights_change_nothing_and_uneven_ones_widen() -> None:
    people = paired([[30, 40, 10, 70], [40, 20, 20, 220]])
    n = len(people[0])
    plain, equal, uneven = (
        gap_closed(*people, 0, sample_weight=weights, rng=np.random.default_rng(0))
        for weights in (None, np.full(n, 3.0), np.where(np.arange(n) % 4, 1.0, 5.0))
    )
    assert (equal.low, equal.high) == pytest.approx(
        (plain.low, plain.high), abs=1e-6
    )  # of bisection
    assert uneven.high - uneven.low > plain.high - plain.low


def test_weighted_gaps_closed_hold_the_truth() -> None:
    s, o = np.array([0.2, 0.25, 0.05, 0.5]), np.array([0.1, 0.05, 0.05, 0.8])
    truth, held, trials = 1 - 0.1 / 0.3, 0, 150
    rng = np.random.default_rng(7)
    for _ in range(trials):
        counts = [rng.multinomial(n, p).tolist() for n, p in ((60, s), (90, o))]
        weights = rng.lognormal(0, 0.7, size=150)
        found = gap_closed(*paired(counts), 0, draws=200, sample_weight=weights, rng=rng)
        held += found.low <= truth <= found.high
    assert held / trials >= 0.93


def test_bad_numbers_are_named() -> None:
    rng = np.random.default_rng(0)
    y, before, after, group = paired([[1, 1, 1, 1], [1, 1, 1, 3]])
    with pytest.raises(InputError, match="level=95"):
        gap_closed(y, before, after, group, 0, level=95, rng=rng)
    with pytest.raises(InputError, match="draws=0 to be at least 1"):
        gap_closed(y, before, after, group, 0, draws=0, rng=rng)
    with pytest.raises(InputError, match="weights of 0 or more, got -1"):
        gap_closed(y, before, after, group, 0, sample_weight=-np.ones(10), rng=rng)
    with pytest.raises(InputError, match="nobody among the others"):
        gap_closed(y, before, after, group, 0, sample_weight=(group == 0) * 1.0, rng=rng)
    with pytest.raises(InputError, match="nobody among the subgroup"):
        gap_closed(y, before, after, group, 2, rng=rng)
    with pytest.raises(InputError, match="nobody among the others"):
        gap_closed(y, before, after, np.zeros_like(group), 0, rng=rng)
    with pytest.raises(InputError, match="one entry of after per person"):
        gap_closed(y, before, after[1:], group, 0, rng=rng)
