"""Where best responses lead: against every set of actors, and against people asked one by one."""

import itertools

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.theory.acquaintances import REWIRED, acquaintances
from quorate.theory.best_response import (
    RECONSIDER,
    expected_under_doubt,
    rest_points,
    rounds_of_responses,
    settled_size,
    welfare,
    worth_of_acting,
)
from quorate.theory.participation import equilibria


def gets(acts: bool, others: int, success, cost: float, share: float) -> float:
    """Return what one person gets, by how many others act."""
    return success[others + 1] - cost if acts else share * success[others]


def nash(success, costs, share: float) -> set[tuple[bool, ...]]:
    """Return every set of actors that no single person wants to leave or to join."""
    found = set()
    for acts in itertools.product((False, True), repeat=len(costs)):
        m = sum(acts)
        if all(
            gets(mine, m - mine, success, cost, share)
            >= gets(not mine, m - mine, success, cost, share)
            for mine, cost in zip(acts, costs, strict=True)
        ):
            found.add(acts)
    return found


def walks(success, costs, share: float, start: int) -> int:
    """Return where people end who are asked in turn, the next to join first, then the last."""
    acts, ordered = [i < start for i in range(len(costs))], sorted(costs)
    while True:
        m = sum(acts)
        joins = m < len(costs) and (
            gets(True, m, success, ordered[m], share) > gets(False, m, success, ordered[m], share)
        )
        leaves = m > 0 and (
            gets(False, m - 1, success, ordered[m - 1], share)
            > gets(True, m - 1, success, ordered[m - 1], share)
        )
        if joins:
            acts[m] = True
        elif leaves:
            acts[m - 1] = False
        else:
            return m


def a_game(rng: np.random.Generator):
    n = int(rng.integers(1, 9))
    success = np.sort(rng.random(n + 1)) if rng.random() < 0.7 else rng.random(n + 1)
    same = rng.random() < 0.4
    costs = np.full(n, rng.random() * 0.6) if same else rng.random(n) * rng.choice([0.1, 0.5, 1.0])
    return success, costs, float(rng.random())


def test_what_lasts_is_what_every_set_of_actors_says() -> None:
    """Up to 8 people: all 2ⁿ sets of actors, and walks from every number of them."""
    rng, several, tipping = np.random.default_rng(3), 0, 0
    for _ in range(300):
        success, costs, share = a_game(rng)
        n, found = len(costs), rest_points(success, costs, share)
        sets = nash(success, costs, share)
        assert {sum(acts) for acts in sets} == set(equilibria(success, costs, share).tolist())
        # No ties in random games: what rests is stable, and what is unstable does not rest.
        assert found.stable.tolist() == sorted({sum(acts) for acts in sets})
        for m in range(n + 1):
            assert settled_size(success, costs, share, m) == walks(success, costs, share, m)
        for m in found.stable.tolist():
            near = [j for j in (m - 1, m + 1) if 0 <= j <= n and j not in found.unstable]
            assert all(settled_size(success, costs, share, j) in found.stable for j in near)
        for m in found.unstable.tolist():
            assert (
                settled_size(success, costs, share, m - 1)
                < m
                < settled_size(success, costs, share, m)
            )
        # Between two that last there is one at which it tips.
        assert len(found.unstable) == len(found.stable) - 1
        several, tipping = several + (len(found.stable) > 1), tipping + len(found.unstable)
    assert several > 40
    assert tipping > 40


def test_two_regimes_and_the_point_between_them_by_hand() -> None:
    """γ = .5, k = .2. Worth S_{m+1} − S_m/2: .1, .85, .55; the first stays out."""
    success, costs = [0.0, 0.1, 0.9, 1.0], [0.2, 0.2, 0.2]
    assert worth_of_acting(success, 0.5) == pytest.approx([0.1, 0.85, 0.55], abs=1e-15)
    found = rest_points(success, costs, 0.5)
    assert (found.stable.tolist(), found.unstable.tolist()) == ([0, 3], [1])
    assert [settled_size(success, costs, 0.5, m) for m in range(4)] == [0, 3, 3, 3]
    # Everyone: 1 − .2. Two: (2·.9 − 2·.2 + 1·.45)/3.
    assert welfare(success, costs, 0.5) == pytest.approx([0, 0, 1.85 / 3, 0.8], abs=1e-15)


def test_free_riding_by_hand() -> None:
    """γ = 1, k = .3: S rises by .5, .4, .05; two act, the third rides free, and all want that."""
    success, costs = [0.0, 0.5, 0.9, 0.95], [0.3, 0.3, 0.3]
    assert rest_points(success, costs, 1.0).stable.tolist() == [2]
    # At k = .45 the second stays out too, though all together would gain: (1.8 − .9 + .9)/3 = .6.
    dearer = [0.45] * 3
    assert rest_points(success, dearer, 1.0).stable.tolist() == [1]
    assert welfare(success, dearer, 1.0) == pytest.approx([0, 0.35, 0.6, 0.5], abs=1e-15)


def test_a_tie_is_no_stable_place() -> None:
    """γ = 0, k = .5, S = (0, .5): acting changes nothing, so both rest, neither comes back."""
    found = rest_points([0.0, 0.5], [0.5], 0.0)
    assert (found.stable.tolist(), found.unstable.tolist()) == ([], [0, 1])


def test_doubt_is_the_mean_over_beliefs() -> None:
    values, rng = np.array([0.0, 0.1, 0.2, 0.8, 0.9, 1.0]), np.random.default_rng(0)
    found = expected_under_doubt(values, 0.7)
    for m in range(6):
        drawn = np.interp(m * np.exp(0.7 * rng.normal(size=200_000)), np.arange(6), values)
        # Four standard errors of 200,000 draws of a value in [0, 1], and 1/200 for the midpoints.
        assert found[m] == pytest.approx(drawn.mean(), abs=4 * 0.5 / 200_000**0.5 + 1 / 200)
    assert expected_under_doubt(values, 0.0).tolist() == values.tolist()


def test_rounds_among_people_who_see_everybody_end_where_walks_end() -> None:
    rng = np.random.default_rng(0)
    success, costs = np.array([0.0, 0.1, 0.2, 0.9, 1.0]), np.full(4, 0.3)
    worth = worth_of_acting(success, 0.5)  # .1, .15, .8, .55
    for start in range(5):
        shares = rounds_of_responses(worth, costs, None, np.arange(4) < start, 200, rng)
        assert shares[0] == start / 4
        assert shares[-1] * 4 in rest_points(success, costs, 0.5).stable.tolist()
    # From 0 or 4 nobody wants to change: no round is needed.
    assert len(rounds_of_responses(worth, costs, None, np.zeros(4, bool), 200, rng)) == 1
    assert len(rounds_of_responses(worth, costs, None, np.ones(4, bool), 200, rng)) == 1


def test_people_go_by_those_whom_they_know_by_hand() -> None:
    """A ring of 6, 2 neighbours each: one who sees one of two act takes it for half of the 5."""
    ring = acquaintances("ring", 6, 2, np.random.default_rng(0))
    worth, costs = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0]), np.full(6, 0.5)  # pays from 2 others
    start = np.array([True, False, False, False, False, False])
    # .5·5 = 2.5 is 2 others to the even: both neighbours want in, and the one who began, seeing
    # nobody, wants out. Who knows all sees 1 other at most, and wants nothing.
    shares = rounds_of_responses(worth, costs, ring, start, 1, np.random.default_rng(1))
    wants = np.array([False, True, False, False, False, True])
    asked = np.random.default_rng(1).random(6) < RECONSIDER
    assert shares.tolist() == [1 / 6, np.where(asked, wants, start).mean()]
    assert asked.any()
    everybody = rounds_of_responses(worth, costs, None, start, 300, np.random.default_rng(1))
    assert everybody[-1] == 0.0


def test_networks_have_the_acquaintances_that_they_should() -> None:
    rng = np.random.default_rng(0)
    ring = acquaintances("ring", 7, 4, rng)
    assert ring is not None
    assert (ring.toarray()[3] > 0).nonzero()[0].tolist() == [1, 2, 4, 5]
    assert acquaintances("complete", 7, 4, rng) is None
    for kind in ("small-world", "random"):
        network = acquaintances(kind, 2000, 10, rng)
        assert network is not None
        known = (network.toarray() > 0).astype(int)
        assert (known == known.T).all()
        assert known.diagonal().sum() == 0
        # 10,000 pairs; a random network's count has standard deviation 100, of degree .1: 4 of it.
        assert known.sum(1).mean() == pytest.approx(10, abs=0.4)
        rows = network.toarray().sum(1)
        assert rows[known.sum(1) > 0] == pytest.approx(1.0, abs=1e-12)
        if kind == "small-world":
            near = sum(np.roll(known, -j, axis=1).diagonal().sum() for j in range(1, 6)) / 10_000
            assert near == pytest.approx(1 - REWIRED, abs=0.02)  # 5 standard deviations, and more


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: settled_size([0.0, 1.0], [0.1], 0.5, 2), r"start=2 in \[0, 1\]"),
        (lambda: expected_under_doubt([0.0, 1.0], -0.1), r"spread=-0\.1"),
        (lambda: worth_of_acting([0.0, 1.5], 0.5), r"success=1\.5"),
        (lambda: welfare([0.0, 1.0], [0.1], 1.5), r"outsiders_share=1\.5"),
        (lambda: acquaintances("rings", 9, 4, np.random.default_rng(0)), "ring"),  # type: ignore[arg-type]
        (
            lambda: acquaintances("ring", 9, 3, np.random.default_rng(0)),
            "acquaintances=3 to be even",
        ),
        (lambda: acquaintances("random", 9, 9, np.random.default_rng(0)), "below the 9 people"),
        (lambda: acquaintances("random", 9, 0, np.random.default_rng(0)), "acquaintances=0"),
    ],
)
def test_what_is_out_of_range_is_named(call, said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()
