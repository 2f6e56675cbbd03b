"""The exact critical mass for ε ≥ 0, against every losing set tried alone, and the closed form."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from naive_theory import constant, naive_quantities, naive_worst

from quorate.errors import InputError
from quorate.theory import least_size as module
from quorate.theory.finite import margins, members_law, pushforward_mass, received_law
from quorate.theory.least_size import Lines, least_size, worst_case_critical_mass
from quorate.theory.planting import planting_critical_mass
from quorate.theory.suboptimality import Reading
from quorate.theory.worst_case import exact_critical_mass, worst_case_success

Floats = npt.NDArray[np.float64]
ACTIONS = ("planting", "feature-only", "unplanting")
READINGS: tuple[Reading, ...] = ("tv", "huber")
LAWS = 12_000
# The allowance of 1e-12 for the rounding of a budget (SLACK), over slopes of 1/10 of it and more.
ROUNDING = 1e-10


def ends_of(batch, action: str) -> tuple[Floats, Floats, Floats]:
    """Return the margins at α = 0 and at α = 1, and the people, by the library."""
    members = members_law(batch.mass, batch.image, action, batch.target)
    before, after = (margins(law, action, batch.target) for law in (batch.mass, members))
    return before, after, pushforward_mass(batch.mass, batch.image)


def every_losing_set(target: float, m0: Floats, m1: Floats, people: Floats, c: float) -> float:
    """Return α* by trying each set with more than 1 − S* of the people, by bisection of α."""
    subsets = np.array(list(itertools.product((0.0, 1.0), repeat=len(people))))
    subsets = subsets[1 - subsets @ people < target - 1e-12]

    def costs(alpha: Floats) -> Floats:
        ahead = (1 - alpha)[:, None] * m0 + alpha[:, None] * m1
        return (np.maximum(ahead, 0) * subsets).sum(axis=1)

    low, high = np.zeros(len(subsets)), np.ones(len(subsets))
    if not len(subsets):
        return 0.0
    if (costs(high) <= c).any():
        return np.inf
    for _ in range(50):
        middle = (low + high) / 2
        lost = costs(middle) <= c
        low, high = np.where(lost, middle, low), np.where(lost, high, middle)
    return float(low.max())


@pytest.mark.parametrize("action", ACTIONS)
def test_the_exact_critical_mass_is_that_of_the_worst_losing_set(action: str, laws) -> None:
    rng, inside, several = np.random.default_rng(1), 0, 0
    for batch in laws(480, seed=21):
        if batch.mass.shape[1] > 4:
            continue
        m0, m1, people = ends_of(batch, action)
        targets = rng.uniform(0.3, 1, len(batch))
        c = constant(batch.eps, "tv")
        found = worst_case_critical_mass(targets, m0, m1, people, batch.eps)
        for i, target in enumerate(targets):
            expected = every_losing_set(target, m0[i], m1[i], people[i], c[i])
            # The bisection's last step, 2^-50, beside ROUNDING.
            assert found[i] == pytest.approx(expected, rel=ROUNDING, abs=1e-14)
            inside += 0 < expected < 1
        alone = exact_critical_mass(targets, m0, m1, people, batch.eps)
        several += int((found < alone * (1 - 1e-6)).sum())
    assert inside > 60
    if action != "feature-only":
        assert several > 2  # one budget for all values asks for less than one for each


@pytest.mark.parametrize("action", ACTIONS)
def test_success_begins_there_and_stays(action: str, laws) -> None:
    rng, inside = np.random.default_rng(2), 0
    for batch in laws(1200, seed=22):
        m0, m1, people = ends_of(batch, action)
        members = members_law(batch.mass, batch.image, action, batch.target)
        targets = rng.uniform(0.3, 1, len(batch))
        found = worst_case_critical_mass(targets, m0, m1, people, batch.eps, "huber")
        for share in (-1e-9, 1e-9, 0.03, 0.5, 1.0):  # of the way to everyone, or to nobody
            at = np.minimum(found, 1.0)  # where no size is enough: with everyone
            sizes = at * (1 + share) if share < 0 else at + (1 - at) * share
            sizes = np.where(np.isfinite(found), sizes, 1.0)
            submitted = received_law(batch.mass, (sizes, members))
            ahead = margins(submitted, action, batch.target)
            success = worst_case_success(ahead, people, batch.eps, "huber")
            reached = np.isfinite(found) & ((share > 0) | (found == 0))
            assert (success[reached] >= targets[reached] - 2e-12).all()
            assert (success[~reached] < targets[~reached]).all()
        inside += int(((found > 0) & (found < 1)).sum())
    assert inside > 400


def test_without_a_budget_it_is_that_of_the_thresholds(laws) -> None:
    for batch in laws(2400, seed=23):
        for action in ACTIONS:
            m0, m1, people = ends_of(batch, action)
            by_steps = worst_case_critical_mass(0.9, m0, m1, people)
            sorted_ = exact_critical_mass(0.9, m0, m1, people)
            np.testing.assert_allclose(by_steps, sorted_, rtol=1e-12, atol=1e-20)


@pytest.mark.parametrize("reading", READINGS)
def test_the_closed_form_never_asks_for_less(reading: Reading, laws) -> None:
    """And how much more it asks for: several times as many, at a small ε."""
    ratios = []
    for batch in laws(LAWS, seed=24):
        m0, m1, people = ends_of(batch, "planting")
        q = naive_quantities(batch)
        eps = np.minimum(batch.eps, 0.01)
        closed = planting_critical_mass(0.9, q["xi"], q["delta"], eps, reading)
        exact = worst_case_critical_mass(0.9, m0, m1, people, eps, reading)
        assert (exact <= closed * (1 + ROUNDING) + 1e-15).all()
        both = (exact > 1e-12) & np.isfinite(closed)
        ratios.append(closed[both] / exact[both])
    median = float(np.median(np.concatenate(ratios)))
    print(f"{reading}: the closed form asks for {median:.2f} times the exact size (median)")
    assert len(np.concatenate(ratios)) > LAWS / 2
    assert median > 3


def test_beyond_the_exact_size_it_is_sufficient(monkeypatch) -> None:
    rng, above = np.random.default_rng(5), 0
    laws = [(-rng.random(12) / 5, rng.random(12), rng.dirichlet(np.ones(12))) for _ in range(60)]
    exact = [worst_case_critical_mass(0.8, *law, eps=0.05) for law in laws]
    monkeypatch.setattr(module, "EXACT", 5)
    for law, least in zip(laws, exact, strict=True):
        found = worst_case_critical_mass(0.8, *law, eps=0.05)
        assert found >= least * (1 - ROUNDING)
        above += found > least * (1 + 1e-6)
    assert above > 10


# ------------------------------------------------------------------- lines, and growing budgets


def test_a_value_that_more_members_lose_again_is_not_won() -> None:
    """min(α − .1, .8 − α) is above 0 from .1 to .8, and lost with everyone."""
    lines = Lines(np.array([[-0.1, 0.8]]), np.array([[1.0, -1.0]]))
    assert least_size(0.5, lines, np.ones(1), fixed=0.0) == np.inf
    # Room for .7 of everyone: the margin there is .1, and what stays above 0 begins at .1.
    room = Lines(lines.at_zero, lines.slope, most=0.7)
    assert least_size(0.5, room, np.ones(1), fixed=0.0) == pytest.approx(0.1, abs=1e-13)
    assert least_size(0.5, room, np.ones(1), fixed=0.05) == pytest.approx(0.15, abs=1e-12)
    assert room.at(0.7).tolist() == pytest.approx([0.1], abs=1e-15)


def test_a_budget_that_grows_by_hand() -> None:
    """α − .1 against .05 + α/2: above it from α = .3 on. Against .05 + α: never."""
    lines = Lines(np.array([[-0.1]]), np.array([[1.0]]))
    assert least_size(1.0, lines, np.ones(1), 0.05, 0.5) == pytest.approx(0.3, abs=1e-11)
    assert least_size(1.0, lines, np.ones(1), 0.05, 1.0) == np.inf
    assert least_size(0.0, lines, np.ones(1), 0.05, 1.0) == 0


def test_growing_budgets_over_a_grid() -> None:
    """Above the size found no set is within the budget; just below it one is."""
    rng, inside = np.random.default_rng(6), 0
    for _ in range(200):
        v, j = rng.integers(1, 5), rng.integers(1, 4)
        lines = Lines(rng.uniform(-0.4, 0.2, (v, j)), rng.uniform(-0.1, 1.2, (v, j)), most=0.9)
        people, target = rng.dirichlet(np.ones(v)), float(rng.uniform(0.3, 1))
        fixed, growing = rng.uniform(0, 0.1), rng.uniform(0, 0.4)
        found = least_size(target, lines, people, fixed, growing)
        subsets = np.array(list(itertools.product((0.0, 1.0), repeat=int(v))))
        subsets = subsets[1 - subsets @ people < target - 1e-12]

        def cheapest(alpha: Floats, lines=lines, subsets=subsets) -> Floats:
            return (np.maximum(lines.at(alpha), 0) @ subsets.T).min(axis=-1)

        grid = np.linspace(0, 0.9, 3001)
        short = grid[cheapest(grid) <= fixed + growing * grid]
        if np.isinf(found):
            assert len(short)
            assert short[-1] == 0.9
            continue
        last = short[-1] if len(short) else 0.0
        assert last <= found + 1e-12
        assert found <= last + 0.9 / 3000 + 1e-9  # the grid's step
        inside += 0 < found < 0.9
    assert inside > 40


def test_what_is_out_of_range_is_named() -> None:
    with pytest.raises(InputError, match=r"target=1\.2"):
        worst_case_critical_mass(1.2, np.zeros(1), np.ones(1), np.ones(1))
    with pytest.raises(InputError, match="eps=-1"):
        worst_case_critical_mass(0.9, np.zeros(1), np.ones(1), np.ones(1), eps=-1)


def test_naive_worst_case_at_the_critical_mass(laws) -> None:
    """The definitions alone, written anew in naive_theory, agree with both sides of α*."""
    for batch in laws(600, seed=25):
        m0, m1, people = ends_of(batch, "planting")
        eps = np.maximum(batch.eps, 1e-3)
        found = worst_case_critical_mass(0.9, m0, m1, people, eps)
        for factor, sign in ((1 + 1e-9, 1), (1 - 1e-9, -1)):
            batch.alpha = np.where(np.isfinite(found), np.minimum(found * factor, 1), 1.0)
            worst = naive_worst(batch, "planting", constant(eps, "tv"))
            enough = np.isfinite(found) & ((sign > 0) | (found == 0))
            assert ((worst >= 0.9 - 1e-12) == enough).all()
