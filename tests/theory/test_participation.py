"""When acting pays, and who acts: against every possible set of actors."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.theory.participation import (
    assured_equilibria,
    equilibria,
    gain_from_acting,
    paying_size,
    success_that_pays,
)
from quorate.theory.planting import planting_bound, planting_critical_mass


def payoff(acts: bool, actors: int, success, cost: float, share: float, threshold: int) -> float:
    """Return what a person gets if ``actors`` have pledged; below the threshold nobody acts."""
    if actors < threshold:
        return share * success[0]
    return success[actors] - cost if acts else share * success[actors]


def stable_sizes(success, costs, share: float, threshold: int) -> set[int]:
    """Return the sizes of all sets of pledges that no single person wants to change."""
    found = set()
    for acts in itertools.product((False, True), repeat=len(costs)):
        m = sum(acts)
        content = all(
            payoff(mine, m, success, cost, share, threshold)
            >= payoff(not mine, m + (1 if not mine else -1), success, cost, share, threshold)
            for mine, cost in zip(acts, costs, strict=True)
        )
        if content and m >= threshold:
            found.add(m)
    return found


def test_equilibria_against_every_set_of_actors() -> None:
    rng, several, met = np.random.default_rng(1), 0, 0
    for _ in range(1500):
        n = int(rng.integers(1, 6))
        success = rng.random(n + 1)
        if rng.random() < 0.7:
            success.sort()
        costs = rng.random(n) * rng.choice([0.1, 0.5, 1.0])
        share = float(rng.random())
        found = equilibria(success, costs, share).tolist()
        assert found == sorted(stable_sizes(success, costs, share, 0))
        assert found
        threshold = int(rng.integers(1, n + 1))
        assured = assured_equilibria(success, costs, share, threshold).tolist()
        assert assured == sorted(stable_sizes(success, costs, share, threshold))
        several, met = several + (len(found) > 1), met + (len(assured) > 0)
    assert several > 100
    assert 300 < met < 1200  # an assurance can be met, or ask for too many


def test_an_assurance_makes_everyone_decisive_by_hand() -> None:
    """γ = .8, k = .35: who joins as the second brings .7 − .8·.5 = .3, or, assured, .7 − 0."""
    success, costs = [0.0, 0.5, 0.7, 0.75], [0.35, 0.35, 0.35]
    assert equilibria(success, costs, 0.8).tolist() == [1]
    assert assured_equilibria(success, costs, 0.8, threshold=2).tolist() == [2]
    assert assured_equilibria(success, costs, 0.8, threshold=3).tolist() == [3]
    # The trap: below a critical mass of 2 nobody begins, though both together would gain .55.
    assert equilibria([0.0, 0.0, 0.9], [0.35, 0.35], 0.5).tolist() == [0, 2]


def test_the_size_at_which_acting_pays() -> None:
    assert gain_from_acting(0.8, cost=0.1, outsiders_share=0.5) == pytest.approx(0.3, abs=1e-15)
    assert success_that_pays(0.1, 0.5) == 0.2
    assert success_that_pays([0.6, 0.0, 0.1], [0.5, 1.0, 1.0]).tolist() == [math.inf, 0, math.inf]
    # It pays at .02 and .08, but not in between.
    assert paying_size([0.01, 0.02, 0.04, 0.08], [0.1, 0.5, 0.3, 0.9], 0.2, 0.5) == 0.08
    assert paying_size([0.01, 0.02], [0.1, 0.2], 0.2, 0.5) == math.inf


@given(
    cost=st.floats(0.01, 0.5), share=st.floats(0, 0.4), xi=st.floats(0.01, 1), d=st.floats(0.1, 1)
)
def test_with_a_bound_the_size_is_in_closed_form(
    cost: float, share: float, xi: float, d: float
) -> None:
    """Just above α acting pays, just below it does not, by the bound."""
    wanted = float(success_that_pays(cost, share))
    alpha = float(planting_critical_mass(wanted, xi, d))
    above, below = (
        gain_from_acting(float(planting_bound(a, xi, d)), cost, share)
        for a in (min(1.0, alpha * 1.001), alpha * 0.999)
    )
    assert above > 0 > below


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: gain_from_acting(1.5, 0.1, 0.5), "success=1.5"),
        (lambda: gain_from_acting(0.5, -0.1, 0.5), "cost=-0.1"),
        (lambda: success_that_pays(0.1, 1.5), "outsiders_share=1.5"),
        (lambda: paying_size([0.1], [0.1, 0.2], 0.1, 0.5), r"got \(2,\) for \(1,\)"),
        (lambda: equilibria([0.1, 0.2], [0.1, 0.1], 0.5), r"success of 0 to 2 actors, \(3,\)"),
        (lambda: equilibria([0.1], [], 0.5), "people=0"),
        (lambda: assured_equilibria([0.1, 0.2], [0.1], 0.5, 2), "threshold=2"),
    ],
)
def test_what_is_out_of_range_is_named(call, named: str) -> None:
    with pytest.raises(InputError, match=named):
        call()
