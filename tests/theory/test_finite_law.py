"""Finite laws: several collectives, members who err, the knapsack of the worst case, exact α*."""

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.law import FiniteLaw
from quorate.populations.finite import Finite
from quorate.protocols import Signal
from quorate.signals.columns import Columns
from quorate.table import Array, Table
from quorate.theory import worst_case
from quorate.theory.erasing import erasing_critical_mass
from quorate.theory.finite import (
    erasing_success,
    erring_law,
    image_of,
    margins,
    members_law,
    pushforward,
    pushforward_mass,
    received_law,
    runner_up,
    signal_quantities,
)
from quorate.theory.planting import estimate_signal, planting_critical_mass
from quorate.theory.worst_case import (
    erasing_critical_mass_exact,
    exact_critical_mass,
    fractional_success,
    margin_bound,
    overturned,
    worst_case_success,
)

ACTIONS = ("planting", "feature-only", "unplanting")


def random_law(rng: np.random.Generator, v: int, k: int):
    """Return one law and one idempotent signal."""
    mass = rng.dirichlet(np.full(v * k, 0.7)).reshape(v, k)
    fixed = int(rng.integers(1, v + 1))
    image = np.concatenate([np.arange(fixed), rng.integers(0, fixed, v - fixed)])
    return mass, image


# ------------------------------------------------------------------- laws by hand


def test_the_members_of_each_action_by_hand() -> None:
    mass, image = np.array([[0.1, 0.2, 0.1], [0.3, 0.1, 0.2]]), [1, 1]
    cases = {
        "planting": [[0, 0, 0], [0, 1, 0]],
        "feature-only": [[0.1, 0, 0.1], [0.3, 0.3, 0.2]],  # .2 with y* = 1 join the .1 at g(x)
        "unplanting": [[0, 0, 0], [1, 0, 0]],  # the likeliest at g(x) but y* is label 0
        "erasing": [[0.4, 0, 0], [0.6, 0, 0]],  # the likeliest at g(x) is label 0
    }
    for action, expected in cases.items():
        found = members_law(mass, image, action, target=1)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)
    assert runner_up(mass, 0).tolist() == [1, 2]
    np.testing.assert_allclose(pushforward(mass, image), [[0, 0, 0], [0.4, 0.3, 0.3]], atol=1e-15)


def test_two_collectives_on_one_signal_by_hand() -> None:
    """One value, two labels, nobody's data lean either way: the larger collective wins it."""
    mass, image = np.array([[0.5, 0.5]]), [0]
    for_zero, for_one = (members_law(mass, image, "planting", y) for y in (0, 1))
    submitted = received_law(mass, (0.2, for_zero), (0.1, for_one))
    # .7·.5 + .2 = .55 against .7·.5 + .1 = .45.
    np.testing.assert_allclose(submitted, [[0.55, 0.45]], rtol=0, atol=1e-15)
    people = pushforward_mass(mass, image)
    assert margin_bound(margins(submitted, "planting", 0), people) == 1
    assert margin_bound(margins(submitted, "planting", 1), people) == 0
    tie = received_law(mass, (0.2, for_zero), (0.2, for_one))  # ties go against each of them
    assert [margin_bound(margins(tie, "planting", y), people) for y in (0, 1)] == [0, 0]
    # Half of the larger one err, and plant the other's label: .35 + .1 against .35 + .1 + .1.
    halved = received_law(mass, (0.2, erring_law(for_zero, for_one, 0.5)), (0.1, for_one))
    np.testing.assert_allclose(halved, [[0.45, 0.55]], rtol=0, atol=1e-15)
    assert margin_bound(margins(halved, "planting", 1), people) == 1


def test_rivals_and_errors_against_people_counted_one_by_one() -> None:
    """P by its definition: each person acts for one collective or none, errs or does not."""
    rng = np.random.default_rng(1)
    rivalry = 0
    for _ in range(400):
        mass, image = random_law(rng, int(rng.integers(1, 5)), 3)
        other = random_law(rng, len(mass), 3)[1]  # the rival's own signal
        sizes, rate = rng.dirichlet([1, 1, 1])[:2], float(rng.random())
        expected = np.zeros_like(mass)
        for (x, y), p in np.ndenumerate(mass):
            expected[x, y] += (1 - sizes.sum()) * p
            expected[image[x], 0] += sizes[0] * (1 - rate) * p
            expected[x, y] += sizes[0] * rate * p  # who errs hands in what is theirs
            expected[other[x], 2] += sizes[1] * p
        ours = erring_law(members_law(mass, image, "planting", 0), mass, rate)
        theirs = members_law(mass, other, "planting", 2)
        submitted = received_law(mass, (sizes[0], ours), (sizes[1], theirs))
        np.testing.assert_allclose(submitted, expected, rtol=0, atol=1e-15)
        mine, yours = (
            float(margin_bound(margins(submitted, "planting", y), pushforward_mass(mass, signal)))
            for y, signal in ((0, image), (2, other))
        )
        wins = [int(row.argmax()) for row in expected]  # no ties in laws drawn at random
        people = mass.sum(axis=1)
        assert mine == pytest.approx(sum(people[x] for x in range(len(mass)) if not wins[image[x]]))
        assert yours == pytest.approx(
            sum(people[x] for x in range(len(mass)) if wins[other[x]] == 2)
        )
        rivalry += 0 < mine < 1 or 0 < yours < 1
    assert rivalry > 50


def test_sizes_share_one_platform() -> None:
    law = np.array([[0.5, 0.5]])
    with pytest.raises(InputError, match=r"the sum of the sizes=1\.2"):
        received_law(law, (0.6, law), (0.6, law))
    with pytest.raises(InputError, match=r"alpha=-0\.1"):
        received_law(law, (-0.1, law))
    with pytest.raises(InputError, match="rate=2"):
        erring_law(law, law, 2)


# ------------------------------------------------------------------- the knapsack


def brute_force(prices, weights, budget: float) -> float:
    """Return the heaviest affordable subset's weight; what is free is lost anyway."""
    best = 0.0
    for chosen in itertools.product((0, 1), repeat=len(prices)):
        if sum(max(p, 0.0) for p, c in zip(prices, chosen, strict=True) if c) <= budget:
            best = max(best, sum(w for w, c in zip(weights, chosen, strict=True) if c))
    return best


def test_overturned_is_the_heaviest_affordable_set() -> None:
    rng, partly = np.random.default_rng(2), 0
    for _ in range(300):
        n = int(rng.integers(1, 10))
        prices = rng.integers(-2, 16, n) / 16.0  # exact in binary, so that ties are met
        weights = rng.integers(0, 16, n) / 16.0
        budget = float(rng.integers(0, 40)) / 16.0
        lost = overturned(prices, weights, budget)
        assert np.maximum(prices[lost], 0).sum() <= budget
        assert weights[lost].sum() == brute_force(prices, weights, budget)
        partly += 0 < lost.sum() < n
    assert partly > 100


def test_overturned_of_many_values_against_a_table_of_budgets() -> None:
    """30 values, by dynamic programming over whole prices."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        prices, weights = rng.integers(1, 40, 30), rng.random(30)
        budget = int(prices.sum() // 3)
        best = np.zeros(budget + 1)
        for p, w in zip(prices, weights, strict=True):
            best[p:] = np.maximum(best[p:], best[:-p] + w)
        lost = overturned(prices.astype(float), weights, float(budget))
        assert weights[lost].sum() == pytest.approx(best[-1], abs=1e-12)  # a sum of 30 in any order


def test_beyond_the_exact_size_the_relaxation_stands_below(monkeypatch) -> None:
    rng, above = np.random.default_rng(4), 0
    laws = [(rng.random(12) / 5, rng.dirichlet(np.ones(12))) for _ in range(100)]
    exact = [worst_case_success(m, w, 0.1) for m, w in laws]
    parts = [fractional_success(m, w, 0.1) for m, w in laws]
    monkeypatch.setattr(worst_case, "EXACT", 5)
    for (m, w), true, relaxed in zip(laws, exact, parts, strict=True):
        assert worst_case_success(m, w, 0.1) == relaxed <= true + 1e-15
        greedy = overturned(m, w, 0.2)
        assert m[greedy].sum() <= 0.2
        assert 1 - w[greedy].sum() >= true - 1e-15
        above += relaxed < true - 1e-6
    assert above > 50


def test_one_budget_pays_for_all_values() -> None:
    """Two values with margins .1 each and c = .15: one falls, not both; each alone would."""
    apart, people = np.array([0.1, 0.1]), np.array([0.4, 0.6])
    assert worst_case_success(apart, people, eps=0.075) == pytest.approx(0.4, abs=1e-15)
    assert margin_bound(apart, people, eps=0.075) == 0
    assert fractional_success(apart, people, eps=0.075) == pytest.approx(0.2, abs=1e-12)


# ------------------------------------------------------------------- exact critical masses


@pytest.mark.parametrize("action", ACTIONS)
def test_the_exact_critical_mass_is_where_success_begins_and_stays(action: str) -> None:
    rng, inside = np.random.default_rng(5), 0
    for _ in range(400):
        mass, image = random_law(rng, int(rng.integers(1, 7)), int(rng.integers(2, 4)))
        target, eps = float(rng.uniform(0.05, 1)), float(rng.choice([0.0, 0.02]))
        members, people = members_law(mass, image, action, 0), pushforward_mass(mass, image)

        def success(alpha, law=mass, of=members, there=people, eps=eps):
            ahead = margins(received_law(law, (np.asarray(alpha), of)), action, 0)
            return margin_bound(ahead, there, eps)

        found = float(
            exact_critical_mass(
                target, margins(mass, action, 0), margins(members, action, 0), people, eps
            )
        )
        if np.isinf(found):
            assert success(1.0) < target
            continue
        # Above: a step for rounding of the margins, then all the way to everyone.
        above = found + (1 - found) * np.geomspace(1e-9, 1, 60)
        assert (success(above) >= target - 1e-12).all()
        if found > 0:
            assert success(found * (1 - 1e-9)) < target
            inside += 1
    assert inside > 60


def test_the_exact_critical_mass_of_erasing() -> None:
    rng, inside = np.random.default_rng(6), 0
    for _ in range(400):
        mass, image = random_law(rng, int(rng.integers(2, 7)), int(rng.integers(2, 4)))
        target = float(rng.uniform(0.05, 1))
        members = members_law(mass, image, "erasing")
        found = float(erasing_critical_mass_exact(target, mass, image))
        assert found <= erasing_critical_mass(target, signal_quantities(mass, image).tau) + 1e-12
        above = found + (1 - found) * np.geomspace(1e-9, 1, 60)
        success = erasing_success(mass, image, received_law(mass, (above, members)))
        assert (success >= target - 1e-12).all()
        if found > 0:
            below = received_law(mass, (found * (1 - 1e-9), members))
            assert erasing_success(mass, image, below) < target
            inside += 1
    assert inside > 60


def test_where_g_of_x_never_occurs_erasing_cannot_win() -> None:
    mass = np.array([[0.0, 0.0], [0.4, 0.6]])
    assert erasing_critical_mass_exact(0.1, mass, [0, 0]) == np.inf
    assert erasing_critical_mass_exact(0.0, mass, [0, 0]) == 0


def test_critical_masses_by_hand() -> None:
    # X* is the second value: .3 + .1 honest people there, of .3 + .7 who come. y* = 1 trails by .2:
    # it is won once α·1 > (1−α)·.2, above 1/6.
    mass, image = np.array([[0.2, 0.4], [0.3, 0.1]]), [1, 1]
    m0, m1 = (margins(law, "planting", 1) for law in (mass, members_law(mass, image, "planting")))
    exact = exact_critical_mass([0.0, 0.5, 1.0], m0, m1, pushforward_mass(mass, image))
    np.testing.assert_allclose(exact, [0, 1 / 6, 1 / 6], rtol=0, atol=1e-15)
    # With ε = .05 (tv), c = .1: α − (1−α)·.2 > .1, above .3/1.2.
    with_eps = exact_critical_mass(0.5, m0, m1, pushforward_mass(mass, image), 0.05)
    assert with_eps == pytest.approx(0.25, abs=1e-15)
    # The general bound asks for more: Δξ = .5·.4 = .2, so .2/(.5 + .2).
    q = signal_quantities(mass, image, 1)
    assert planting_critical_mass(0.5, q.xi, q.delta) == pytest.approx(2 / 7, abs=1e-15)


# ------------------------------------------------------------------- laws of populations


def test_a_signal_of_a_population_as_indices() -> None:
    law = Finite(values=4, labels=3).law()
    image = image_of(law, Columns({"x": "2"}))
    assert image.tolist() == [2, 2, 2, 2]
    # The same ξ and Δ as those that a curve is read with.
    found, curve = signal_quantities(law.mass, image, 1), estimate_signal
    told = curve(law.points, law, Columns({"x": "2"}), "1")
    assert (found.xi, found.delta) == pytest.approx((told.xi, told.delta), abs=1e-15)


@dataclass(frozen=True)
class Elsewhere(Signal):
    """Leads to a value that the law does not know."""

    name: ClassVar[str] = "elsewhere"

    def plant(self, people: Table) -> Array:
        return np.full_like(people.x, 7)


def test_what_is_no_finite_law_is_answered() -> None:
    points = Table(np.eye(2, dtype=np.float32), np.zeros(2, np.int64), ("no", "yes"))
    law = FiniteLaw(points, np.full((2, 2), 0.25))
    with pytest.raises(InputError, match="maps 2 of 2 elsewhere"):
        image_of(law, Elsewhere())
    with pytest.raises(InputError, match=r"g\(g\(x\)\) = g\(x\), got \[1, 0\]"):
        pushforward_mass(law.mass, [1, 0])
    with pytest.raises(InputError, match=r"indices of feature values in \[0, 1\]"):
        pushforward_mass(law.mass, [0, 2])
    with pytest.raises(InputError, match="no negative mass"):
        pushforward_mass([[-0.1, 1.1], [0, 0]], [0, 1])
    with pytest.raises(InputError, match=r"shape \(..., v\), got \(2, 2\) and \(3,\)"):
        pushforward_mass(law.mass, [0, 1, 1])
    with pytest.raises(InputError, match="among the 2 labels, got index 2"):
        members_law(law.mass, [0, 1], "planting", 2)
    with pytest.raises(InputError, match="Expected a known action on a finite law, got 'sowing'"):
        members_law(law.mass, [0, 1], "sowing")
    with pytest.raises(InputError, match="margin at each value, got 'erasing'"):
        margins(law.mass, "erasing")
