"""Radii and prediction limits: each is passed with probability at most δ, computed exactly."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from quorate.theory import radii
from quorate.theory.radii import (
    bernstein_limits,
    bernstein_radius,
    distance_limit,
    expected_sign_sum,
    hoeffding_radius,
    log_hypergeometric_cdf,
    others_exceed,
    others_limit,
    sample_least,
    sample_most,
)

DELTAS = (0.2, 0.05, 0.001)
# Probabilities with the extremes where variances vanish.
PROBABILITIES = np.concatenate([[0, 1], np.geomspace(1e-5, 0.1, 40), np.linspace(0.1, 0.999, 60)])


def test_radii_by_hand() -> None:
    assert hoeffding_radius(8, 4.0) == 0.5  # √(4/16)
    assert hoeffding_radius([0, 2], 1.0).tolist() == [math.inf, 0.5]
    # p̂ = .2 of 11, V = .2·.8·11/10; L + log 2 = 1: √(2·.16·1.1/11) + 7/30 = √.032 + .2333.
    assert bernstein_radius(0.2, 11, 1 - math.log(2)) == pytest.approx(
        math.sqrt(0.032) + 7 / 30, abs=1e-15
    )
    assert bernstein_radius(0.2, 1, 1.0) == math.inf
    assert [float(a) for a in bernstein_limits(0.2, 1, 1.0)] == [0.0, 1.0]
    # p = .5, L/n = .02: .5 − √(2·.25·.02) − .02/3 = .39333; Chernoff's .5 − √(2·.5·.02) is less.
    assert sample_least(0.5, 100, 2.0) == pytest.approx(0.4 - 0.02 / 3, abs=1e-15)
    assert sample_most(0.5, 100, 2.0) == pytest.approx(0.6 + 0.02 / 3, abs=1e-15)
    assert sample_most(0.9, 100, 2.0) == 1.0
    assert sample_least(0.5, 0, 2.0) == 0
    assert sample_most(0.5, 0, 2.0) == 1


def failures(n: int, delta: float) -> dict[str, float]:
    """Return the largest probability over p with which each limit is passed, exactly."""
    log_inverse = math.log(1 / delta)
    x = np.arange(n + 1) / n  # every frequency that n people can show
    chance = binom.pmf(np.arange(n + 1)[:, None], n, PROBABILITIES)  # (n + 1, p)
    low, high = bernstein_limits(x, n, log_inverse)
    hoeffding = hoeffding_radius(n, log_inverse)
    tiny = 1e-12  # of frequencies that are equal but for rounding
    passed = {
        "hoeffding low": x[:, None] - hoeffding > PROBABILITIES,
        "hoeffding high": x[:, None] + hoeffding < PROBABILITIES,
        "bernstein low": low[:, None] > PROBABILITIES + tiny,
        "bernstein high": high[:, None] < PROBABILITIES - tiny,
        "sample least": x[:, None] < sample_least(PROBABILITIES, n, log_inverse) - tiny,
        "sample most": x[:, None] > sample_most(PROBABILITIES, n, log_inverse) + tiny,
    }
    return {name: float((chance * where).sum(axis=0).max()) for name, where in passed.items()}


@pytest.mark.parametrize("delta", DELTAS)
def test_each_limit_is_passed_with_probability_delta_at_most(delta: float) -> None:
    for n in (2, 3, 10, 57, 400, 3000):
        for name, chance in failures(n, delta).items():
            assert chance <= delta * (1 + 1e-9), (name, n)  # rounding of up to 3001 terms


def test_a_radius_that_is_too_small_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same computation refutes Bernstein's radii without their second terms."""

    def without_second_term(frequency, n, log_inverse):
        p = np.asarray(frequency, dtype=np.float64)
        return np.sqrt(2 * p * (1 - p) * (log_inverse + math.log(2)) / n)

    monkeypatch.setattr(radii, "bernstein_radius", without_second_term)
    assert failures(57, 0.05)["bernstein high"] > 0.5  # nobody seen: "it never happens"


def test_limits_never_decrease() -> None:
    p = np.linspace(0, 1, 100_001)
    for n, delta in itertools.product((2, 5, 60, 2000), DELTAS):
        log_inverse = math.log(1 / delta)
        low, high = bernstein_limits(p, n, log_inverse)
        for curve in (low, high, sample_least(p, n, log_inverse), sample_most(p, n, log_inverse)):
            assert (np.diff(curve) >= -1e-15).all()  # rounding of numbers up to 1


def test_bernstein_is_tighter_where_little_was_seen_and_people_are_many() -> None:
    for n, delta in itertools.product((400, 5000, 10**6), DELTAS):
        log_inverse = math.log(1 / delta)
        small = np.linspace(0, 0.02, 50)
        ratio = bernstein_radius(small, n, log_inverse) / hoeffding_radius(n, log_inverse)
        assert (ratio < 1).all()
    assert bernstein_radius(0.5, 10**6, 3.0) > hoeffding_radius(10**6, 3.0)  # and not at one half


# --------------------------------------------------------------------------- the others' prediction


def test_others_limit_by_hand() -> None:
    # N = 4, n = 2, seen 0: with h = 1, P = C(3,2)/C(4,2) = 1/2; with h = 2, 1/6.
    assert others_limit(0, 2, 2, 0.6) == 0
    assert others_limit(0, 2, 2, 0.3) == 1
    assert others_limit(0, 2, 2, 0.1) == 2
    assert others_limit(2, 2, 0, 0.1) == 0  # nobody else is there
    # Of very many, nobody among 100: (1 − p)^100 = .05 at p = .0295.
    assert others_limit(0, 100, 10**8, 0.05) / 10**8 == pytest.approx(1 - 0.05**0.01, rel=1e-5)


def test_others_limit_is_the_largest_that_is_possible_exactly() -> None:
    """By whole numbers, for every count among up to 14 people."""
    for total, members in itertools.product(range(2, 15), range(1, 14)):
        if members > total:
            continue
        for seen, delta in itertools.product(range(members + 1), (0.47, 0.21, 0.053)):  # no ties
            ways = {
                h: sum(
                    math.comb(seen + h, j) * math.comb(total - seen - h, members - j)
                    for j in range(seen + 1)
                )
                for h in range(total - members + 1)
            }
            least = delta * math.comb(total, members)
            largest = max(h for h, count in ways.items() if count > least)
            assert others_limit(seen, members, total - members, delta) == largest
            assert others_exceed(seen, members, total - members, largest + 1, delta)
            assert not others_exceed(seen, members, total - members, largest, delta)


def test_others_are_more_than_the_limit_with_probability_delta_at_most() -> None:
    total, members, tight = 300, 60, 0.0
    for delta in (0.2, 0.05):
        limits = np.array([others_limit(k, members, 240, delta) for k in range(members + 1)])
        for marked in range(total + 1):
            k = np.arange(max(0, marked - 240), min(marked, members) + 1)
            chance = hypergeom.pmf(k, total, marked, members)
            passed = float(chance[marked - k > limits[k]].sum())
            assert passed <= delta * (1 + 1e-9)  # rounding of up to 61 terms
            tight = max(tight, passed / delta)
    assert tight > 0.99  # exact: nothing is given away but for whole numbers


@pytest.mark.parametrize(
    ("k", "total", "marked", "drawn"),
    [
        (3, 10**5, 120, 5000),
        (300, 10**6, 4000, 10**5),
        (5000, 10**6, 52_000, 10**5),
        (0, 50, 3, 7),
        (4500, 10**6, 52_000, 10**5),
        (40_000, 10**6, 401_000, 10**5),
        (9, 20, 10, 19),
    ],
)
def test_hypergeometric_cdf_against_scipy(k: int, total: int, marked: int, drawn: int) -> None:
    # log C(10^6, 10^5) is some 3·10^5, rounded to 2^-53 of that: 1e-10, and a few of them.
    expected = hypergeom.logcdf(k, total, marked, drawn)
    assert log_hypergeometric_cdf(k, total, marked, drawn) == pytest.approx(expected, abs=1e-7)


def test_hypergeometric_cdf_at_its_ends() -> None:
    assert log_hypergeometric_cdf(-1, 10, 5, 3) == -math.inf
    assert log_hypergeometric_cdf(1, 10, 9, 3) == -math.inf  # at least 2 of 3 are marked
    assert log_hypergeometric_cdf(3, 10, 5, 3) == 0
    assert log_hypergeometric_cdf(0, 10, 0, 3) == 0


# ---------------------------------------------------------------------------------- total variation


def test_signs_against_enumeration() -> None:
    for t in range(1, 13):
        mean = np.abs(np.array(list(itertools.product((-1, 1), repeat=t))).sum(axis=1)).mean()
        assert expected_sign_sum([t])[0] == pytest.approx(mean, abs=1e-12)  # rounding of 12 factors
    many = expected_sign_sum(np.arange(0, 100_000, 2))
    assert (many <= np.sqrt(np.arange(0, 100_000, 2)) + 1e-12).all()
    assert expected_sign_sum([2.5])[0] == 1.25  # halfway from 1 to 1.5
    rate = expected_sign_sum(np.arange(0.25, 3000, 0.25)) / np.arange(0.25, 3000, 0.25)
    assert (np.diff(rate) <= 1e-15).all()  # never more per head; rounding of numbers up to 1


def test_distance_limit_by_hand() -> None:
    assert distance_limit([3, 4], 1, 1.0) == 0
    assert distance_limit([], 5, 1.0) == 1
    step = math.sqrt((1 + math.log(2)) / 200)
    # 99 + 1 of two cells: ½√(1/100) = .05 is less than (E|S_99| + 1)/100 = .0896.
    assert distance_limit([99, 1], 2, 1.0) == pytest.approx(0.05 + step, abs=1e-15)
    # The same of 10^9 cells: E|S_99| = 100·C(100, 50)/2^100 = 7.959.
    expected = (100 * math.comb(100, 50) / 2**100 + 1) / 100 + 2 * step
    assert distance_limit([99, 1], 10**9, 1.0) == pytest.approx(expected, abs=1e-14)
    assert distance_limit([99, 1], 10**400, 1.0) == pytest.approx(expected, abs=1e-14)


LAWS = {
    "even": np.full(20, 0.05),
    "skewed": np.r_[0.7, 0.2, np.full(200, 0.1 / 200)],
    "sparse": np.full(3000, 1 / 3000),
    "two": np.array([0.9, 0.1]),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("delta", [0.2, 0.05])
def test_distance_limit_covers(law: str, delta: float) -> None:
    p = LAWS[law]
    seen = np.random.default_rng(1).multinomial(400, p, size=400)  # (draws, cells)
    distance = np.abs(seen / 400 - p).sum(axis=1) / 2
    limits = np.array([distance_limit(row, len(p), math.log(1 / delta)) for row in seen])
    assert (distance > limits).mean() <= delta
    # Without concentration, it holds on average; with half of it, not where each cell is new.
    average = expected_sign_sum(seen).sum(axis=1).mean() / 400
    assert distance.mean() <= average
    assert law != "sparse" or distance.mean() > average / 2
    assert (limits[0] < 1) == (law != "sparse")  # and it says something but where it cannot
