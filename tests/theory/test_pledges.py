"""Pledges: by hand, by every case that there is, and by drawing what the formulas sum."""

import itertools
import math

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.theory.pledges import (
    call_probability,
    expected_after_defection,
    pledge_outcome,
    pledges_needed,
    too_few_probability,
    turnout_law,
)

DRAWS = 200_000
NEAR = 5 / math.sqrt(DRAWS)  # 5 standard deviations of a mean of numbers that spread by 1 or less


def test_an_assurance_by_hand() -> None:
    """Three people, k = .2, γ = .5, S = 0, .1, .9, 1. Acting pays from two on: .5·.9 > .2.

    One or two of them answer, half and half. At once: (.1 − .2)/2 + (.9 − .2)/2 = .3, and one in
    two acts too early. With two pledges: (0 + .7)/2 = .35, and nobody does.
    """
    success, half = [0.0, 0.1, 0.9, 1.0], [0.0, 0.5, 0.5, 0.0]
    alone = pledge_outcome(success, 0.2, 0.5, half, np.ones(4))
    assert alone.too_early == 0.5
    assert alone.member == pytest.approx(0.3, abs=1e-15)
    assert alone.outsider == pytest.approx(0.25, abs=1e-15)
    assured = pledge_outcome(success, 0.2, 0.5, half, call_probability(3, 2, 0.0))
    assert (assured.reached, assured.too_early) == (0.5, 0.0)
    assert assured.member == pytest.approx(0.35, abs=1e-15)
    assert assured.success == pytest.approx(0.45, abs=1e-15)
    assert assured.acting == pytest.approx(1 / 3, abs=1e-15)
    # One in two defects. Of two pledges, nobody acts in ¼, one in ½ (too early), both in ¼.
    # One who keeps it acts with the other in ½: (.1 + .9)/2 − .2 = .3.
    broken = pledge_outcome(success, 0.2, 0.5, [0, 0, 1, 0], call_probability(3, 2, 0.0), 0.5)
    assert broken.too_early == pytest.approx(0.5, abs=1e-12)
    assert broken.member == pytest.approx(0.3, abs=1e-12)
    assert broken.success == pytest.approx(0.5 * 0.1 + 0.25 * 0.9, abs=1e-12)


def test_small_cases_against_every_set_of_defectors() -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        n, d = int(rng.integers(1, 7)), float(rng.random() * 0.9)
        success, cost, share = np.sort(rng.random(n + 1)), float(rng.random() / 2), rng.random()
        law, weights = rng.dirichlet(np.ones(n + 1)), rng.random(n + 1)
        law[0], law[1] = 0.0, law[0] + law[1]  # somebody always answers
        early = got = member = 0.0
        for j in range(1, n + 1):
            got += law[j] * (1 - weights[j]) * success[0]
            member += law[j] * (1 - weights[j]) * share * success[0]
            for keeps in itertools.product((False, True), repeat=j):
                mass = law[j] * weights[j] * math.prod(1 - d if one else d for one in keeps)
                a = sum(keeps)
                got += mass * success[a]
                early += mass * (a > 0 and (1 - share) * success[a] <= cost)
                if keeps[0]:  # of those who answer, look at the first, who keeps it
                    member += mass / (1 - d) * (success[a] - cost)
        found = pledge_outcome(success, cost, share, law, weights, d)
        assert found.success == pytest.approx(got, abs=1e-9)  # sums of rounded logarithms
        assert found.too_early == pytest.approx(early, abs=1e-9)
        assert found.member == pytest.approx(member, abs=1e-9)
        assert found.outsider == pytest.approx(share * got, abs=1e-9)


@pytest.mark.parametrize(
    ("spread", "noise", "defectors"), [(0.8, 0.0, 0.0), (0.8, 0.0, 0.3), (0.6, 0.5, 0.2)]
)
def test_outcomes_against_draws(spread: float, noise: float, defectors: float) -> None:
    """900 people, acting pays from 40 on, 60 pledges wanted: turnout, guess and defectors drawn."""
    n, cost, share, wanted, median = 900, 0.15, 0.4, 60.0, 55.0
    success = 1 / (1 + (60 / np.maximum(np.arange(n + 1), 0.5)) ** 2.5)
    rng = np.random.default_rng(7)
    j = np.clip(np.rint(median * np.exp(spread * rng.normal(size=DRAWS))), 1, n).astype(int)
    reached = j >= wanted * np.exp(noise * rng.normal(size=DRAWS))
    others = rng.binomial(j - 1, 1 - defectors)
    mine = rng.random(DRAWS) >= defectors
    acts = np.where(reached, others + mine, 0)
    early = (acts > 0) & ((1 - share) * success[acts] <= cost)
    found = pledge_outcome(
        success,
        cost,
        share,
        turnout_law(n, median, spread),
        call_probability(n, wanted, noise),
        defectors,
    )
    assert found.reached == pytest.approx(reached.mean(), abs=NEAR)
    assert found.too_early == pytest.approx(early.mean(), abs=NEAR)
    # Between 240 numbers of pledges the sum is linear: see below.
    assert found.success == pytest.approx(success[acts].mean(), abs=NEAR + 3e-4)
    assert found.acting == pytest.approx(acts.mean() / n, abs=NEAR)
    keeps = np.where(reached, success[others + 1] - cost, share * success[0])
    assert found.member == pytest.approx(keeps.mean(), abs=NEAR + 3e-4)
    assert (found.too_early == 0) is (noise == 0 and defectors == 0)


def test_large_collectives_are_summed_as_well_as_small_ones() -> None:
    """At 3,000 people, all numbers of pledges against those that are summed."""
    from scipy.special import bdtr

    values = 1 / (1 + (200 / np.maximum(np.arange(3001), 0.5)) ** 3)
    found = expected_after_defection(values, 0.25)
    for j in (0, 1, 2, 17, 150, 201, 433, 1111, 2999, 3000):
        law = np.diff([bdtr(a, j, 0.75) for a in range(j + 1)], prepend=0.0)
        # Linear between numbers 3.4% apart: h²/8·j²|f″|, and with u = (j/200)³ that is
        # |6u − 12u²|/(1+u)³, at most 1.41.
        assert found[j] == pytest.approx(law @ values[: j + 1], abs=1.41 * 0.0342**2 / 8)
    few = too_few_probability(100, 3000, 0.25)
    for j in (0, 1, 99, 100, 130, 160):
        assert few[j] == pytest.approx(bdtr(min(99, j), j, 0.75) - 0.25**j, abs=1e-9)


def test_turnout_and_call_against_draws() -> None:
    rng = np.random.default_rng(2)
    drawn = np.clip(np.rint(6 * np.exp(0.7 * rng.normal(size=DRAWS))), 1, 20).astype(int)
    law = turnout_law(20, 6.0, 0.7)
    assert law.sum() == pytest.approx(1, abs=1e-12)
    assert law == pytest.approx(np.bincount(drawn, minlength=21) / DRAWS, abs=NEAR)
    asks = 6 * np.exp(0.4 * rng.normal(size=DRAWS))
    counted = [(asks <= j).mean() for j in range(21)]
    assert call_probability(20, 6.0, 0.4) == pytest.approx(counted, abs=NEAR)
    assert call_probability(20, 6.0, 0.0).tolist() == [0.0] * 6 + [1.0] * 15
    assert call_probability(20, math.inf, 0.4).tolist() == [0.0] * 21
    assert turnout_law(5, 0.0, 0.5).tolist() == [0, 1, 0, 0, 0, 0]  # whoever calls


def test_pledges_that_are_enough() -> None:
    assert pledges_needed(10, 0.0, 0.0) == 10
    assert pledges_needed(math.inf, 0.1, 0.1) == math.inf
    rng = np.random.default_rng(0)
    for size, defectors, noise in ((10, 0.2, 0.0), (40, 0.3, 0.0), (250, 0.1, 0.0), (30, 0.2, 0.4)):
        m = int(pledges_needed(size, defectors, noise))
        truth = math.ceil(size * math.exp(noise * 1.6448536) - 1e-9)
        kept = (rng.binomial(m, 1 - defectors, DRAWS) >= truth).mean()
        fewer = (rng.binomial(m - 1, 1 - defectors, DRAWS) >= truth).mean()
        assert kept > 0.95 - NEAR
        assert fewer < 0.95 + NEAR


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: turnout_law(5, -1.0, 0.5), "belief=-1"),
        (lambda: turnout_law(5, 1.0, -0.5), r"spread=-0\.5"),
        (lambda: call_probability(5, 1.0, -0.5), r"noise=-0\.5"),
        (lambda: expected_after_defection([0.0, 1.0], 1.0), r"defectors=1 in \[0, 1\)"),
        (lambda: too_few_probability(1, 2, -0.1), r"defectors=-0\.1"),
        (lambda: pledges_needed(10, 0.1, 0.0, 1.0), r"sure=1 in \(0, 1\)"),
        (lambda: pledges_needed(0, 0.1, 0.0), "size=0"),
        (lambda: pledge_outcome([0, 1], -0.1, 0.5, [0, 1], [1, 1]), r"cost=-0\.1"),
        (lambda: pledge_outcome([0, 1], 0.1, 1.5, [0, 1], [1, 1]), r"outsiders_share=1\.5"),
    ],
)
def test_what_is_out_of_range_is_named(call, said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()
