"""Feature-only planting and unplanting: each bound against brute force on random laws."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from naive_theory import (
    constant,
    naive_carried,
    naive_erasing,
    naive_margins,
    naive_quantities,
    naive_received,
    naive_tau,
    naive_worst,
)

from quorate.errors import InputError
from quorate.theory.erasing import erasing_bound, erasing_critical_mass
from quorate.theory.finite import (
    erasing_success,
    margins,
    members_law,
    pushforward_mass,
    received_law,
    signal_quantities,
)
from quorate.theory.planting import feature_only_bound, feature_only_critical_mass, planting_bound
from quorate.theory.suboptimality import Reading
from quorate.theory.unplanting import unplanting_bound, unplanting_critical_mass
from quorate.theory.worst_case import fractional_success, margin_bound, worst_case_success

Floats = npt.NDArray[np.float64]
LAWS = 12_000  # random finite laws in each brute force
SOME = 2_400  # where the exact worst case is found law by law
READINGS: tuple[Reading, ...] = ("tv", "huber")
ACTIONS = ("planting", "feature-only", "unplanting")
# Sums of at most 50 probabilities, each rounded to 2^-53, divided by αp ≥ 10^-3·10^-6 at the worst;
# where a bound says anything, αp is far larger than that.
ROUNDING = 1e-11

fractions = st.floats(0, 1)


# ------------------------------------------------------------------ the definitions, by brute force


def promised(batch, action: str, reading: Reading) -> Floats:
    """Return the library's bound in each law, from ξ, Δ and p found here."""
    q = naive_quantities(batch)
    if action == "planting":
        return planting_bound(batch.alpha, q["xi"], q["delta"], batch.eps, reading)
    if action == "feature-only":
        return feature_only_bound(batch.alpha, q["xi"], q["p"], batch.eps, reading)
    return unplanting_bound(batch.alpha, q["xi"], q["unplanting_delta"], batch.eps, reading)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("action", ACTIONS)
def test_the_worst_case_is_never_below_the_bound(action: str, reading: Reading, laws) -> None:
    said_something = tight = total = 0
    for batch in laws(LAWS, seed=1):
        bound = promised(batch, action, reading)
        worst = naive_worst(batch, action, constant(batch.eps, reading))
        assert (worst >= bound - ROUNDING).all()
        said_something += int((bound > 0).sum())
        tight += int(((bound > 0) & (worst < 1)).sum())
        total += len(batch)
    print(f"{action}, {reading}: {said_something} of {total} say something, {tight} put to work")
    assert total >= LAWS
    assert said_something > LAWS / 8
    assert tight > 100  # and some where the collective does not simply win everywhere


@pytest.mark.parametrize("action", ACTIONS)
def test_hubers_constant_under_tv_is_caught(action: str, laws) -> None:
    caught = 0
    for batch in laws(LAWS, seed=2):
        worst = naive_worst(batch, action, constant(batch.eps, "tv"))
        caught += int((worst < promised(batch, action, "huber") - ROUNDING).sum())
    print(f"{action}: {caught} of {LAWS} laws refute it")
    assert caught > (10 if action == "feature-only" else 50)  # feature-only has room to spare


# ------------------------------------------------------------------- the library against the naive


def test_margins_people_and_worst_cases_are_the_naive_ones(laws) -> None:
    for batch in laws(600, seed=5):
        people = pushforward_mass(batch.mass, batch.image)
        np.testing.assert_allclose(people, naive_carried(batch), rtol=0, atol=1e-15)
        for action in ACTIONS:
            members = members_law(batch.mass, batch.image, action, batch.target)
            submitted = received_law(batch.mass, (batch.alpha, members))
            # Sums of probabilities in another order: a few 2^-53.
            np.testing.assert_allclose(submitted, naive_received(batch, action), rtol=0, atol=1e-15)
            ahead = margins(submitted, action, batch.target)
            np.testing.assert_allclose(ahead, naive_margins(batch, action), rtol=0, atol=1e-15)
            for reading in READINGS:
                c = constant(batch.eps, reading)
                worst = worst_case_success(ahead, people, batch.eps, reading)
                expected = naive_worst(batch, action, c)
                np.testing.assert_allclose(worst, expected, rtol=0, atol=1e-14)
                won = np.where(naive_margins(batch, action) > c[:, None], naive_carried(batch), 0)
                found = margin_bound(ahead, people, batch.eps, reading)
                np.testing.assert_allclose(found, won.sum(axis=1), rtol=0, atol=1e-14)
        members = members_law(batch.mass, batch.image, "erasing")
        erased = erasing_success(
            batch.mass, batch.image, received_law(batch.mass, (batch.alpha, members))
        )
        np.testing.assert_allclose(erased, naive_erasing(batch), rtol=0, atol=1e-14)


def test_quantities_are_the_naive_ones(laws) -> None:
    for batch in laws(2000, seed=6):
        found = signal_quantities(batch.mass, batch.image, batch.target)
        for name, expected in naive_quantities(batch).items():
            np.testing.assert_allclose(getattr(found, name), expected, rtol=0, atol=1e-13)
        np.testing.assert_allclose(found.tau, naive_tau(batch), rtol=0, atol=1e-13)


@pytest.mark.parametrize("action", ACTIONS)
def test_the_exact_success_dominates_the_bounds(action: str, laws) -> None:
    """exact worst case ≥ general bound, ≥ per-value margin test, ≥ fractional relaxation."""
    strictly = 0
    for batch in laws(SOME, seed=7):
        members = members_law(batch.mass, batch.image, action, batch.target)
        ahead = margins(received_law(batch.mass, (batch.alpha, members)), action, batch.target)
        people = pushforward_mass(batch.mass, batch.image)
        bound = promised(batch, action, "tv")
        worst = worst_case_success(ahead, people, batch.eps)
        assert (worst >= bound - ROUNDING).all()
        assert (worst >= margin_bound(ahead, people, batch.eps) - ROUNDING).all()
        assert (worst >= fractional_success(ahead, people, batch.eps) - ROUNDING).all()
        optimal = planting_free(batch, action)
        assert (margin_bound(ahead, people) >= optimal - ROUNDING).all()
        strictly += int((worst > np.maximum(bound, 0) + 0.01).sum())
    print(f"{action}: {strictly} of {SOME} laws promise more than the bound by a hundredth")
    assert strictly > SOME / 10


def planting_free(batch, action: str) -> Floats:
    """Return the general bound at eps = 0."""
    eps, batch.eps = batch.eps, np.zeros(len(batch))
    bound = promised(batch, action, "tv")
    batch.eps = eps
    return bound


@pytest.mark.parametrize("reading", READINGS)
def test_unplanting_against_adversaries_built_outright(reading: Reading, laws) -> None:
    """A law near P is built, y* overtaking all others at as many x as the budget allows."""
    rng, attained, total = np.random.default_rng(8), 0, 0
    for batch in laws(900, seed=8):
        worst = naive_worst(batch, "unplanting", constant(batch.eps, reading))
        people = naive_carried(batch)
        for i, submitted in enumerate(naive_received(batch, "unplanting")):
            near, y_star = submitted * (1 if reading == "tv" else 1 - batch.eps[i]), batch.target[i]
            left, lost = float(batch.eps[i]), 0.0
            for x in rng.permutation(len(near)):
                price = price_of_overtaking(near[x], y_star, reading)
                if price <= left + 1e-15:
                    left, lost = left - price, lost + people[i, x]
            assert 1 - lost >= worst[i] - ROUNDING
            attained += 1 - lost <= worst[i] + ROUNDING
            total += 1
    assert attained > total / 2


def price_of_overtaking(of_x: Floats, y_star: int, reading: Reading) -> float:
    """Return the mass to move (tv) or to add (huber) until y* is as likely as any other label.

    tv: mass is moved to y* from labels above a level, which is found by bisection.
    """
    rivals = np.delete(of_x, y_star)
    if rivals.max() <= of_x[y_star]:
        return 0.0
    if reading == "huber":
        return float(rivals.max() - of_x[y_star])
    low, high = of_x[y_star], rivals.max()
    for _ in range(50):  # to the last digits
        level = (low + high) / 2
        enough = np.maximum(rivals - level, 0).sum() >= level - of_x[y_star]
        low, high = (level, high) if enough else (low, level)
    return float(high - of_x[y_star])


# ------------------------------------------------------------------- worked by hand, and properties


def test_bounds_by_hand() -> None:
    # feature-only: α = .2, p = .5, ξ = .02: 1 − .5·.02/(.5·.2) = .9; c = .02 takes .02/.1 more.
    assert feature_only_bound(0.2, xi=0.02, p=0.5) == pytest.approx(0.9, abs=1e-15)
    assert feature_only_bound(0.2, 0.02, 0.5, eps=0.01) == pytest.approx(0.7, abs=1e-15)
    assert feature_only_critical_mass(0.9, xi=0.02, p=0.5) == pytest.approx(0.2, abs=1e-15)
    # unplanting, as planting: 1 − 4·.05 = .8. Erasing: 1 − 2·4·.05 = .6.
    assert unplanting_bound(0.2, xi=0.1, delta=0.5) == pytest.approx(0.8, abs=1e-15)
    assert unplanting_critical_mass(0.8, xi=0.1, delta=0.5) == pytest.approx(0.2, abs=1e-15)
    assert erasing_bound(0.2, tau=0.05) == pytest.approx(0.6, abs=1e-15)
    assert erasing_critical_mass(0.6, tau=0.05) == pytest.approx(0.2, abs=1e-15)


def test_limits() -> None:
    assert feature_only_bound(0.5, xi=0.1, p=0.0) == -math.inf
    assert feature_only_critical_mass(0.5, xi=0.1, p=0.0) == math.inf
    assert feature_only_bound(0.5, xi=0.1, p=1.0) == 1  # everyone has the target
    assert feature_only_critical_mass(1.0, xi=0.1, p=0.5) == math.inf  # approached, not reached
    assert feature_only_critical_mass(1.0, xi=0.0, p=0.5) == 0
    assert erasing_bound(1e-6, tau=0.0) == 1  # the signal says nothing
    assert erasing_critical_mass(1.0, tau=0.3) == 1
    assert erasing_bound(0.0, tau=0.0) == -math.inf


@given(t=fractions, xi=fractions, p=st.floats(0.01, 1), eps=st.floats(0, 0.4))
def test_feature_only_at_its_critical_mass_is_the_target(
    t: float, xi: float, p: float, eps: float
) -> None:
    mass = feature_only_critical_mass(t, xi, p, eps)
    if math.isinf(mass):
        assert feature_only_bound(1.0, xi, p, eps) < t + 1e-12  # rounding of 1 − (…)/p
        return
    assume(mass > 1e-9)
    assert feature_only_bound(mass, xi, p, eps) == pytest.approx(t, abs=1e-13 / mass)


@given(t=fractions, tau=fractions)
def test_erasing_at_its_critical_mass_is_the_target(t: float, tau: float) -> None:
    mass = erasing_critical_mass(t, tau)
    assert 0 <= mass <= 1
    assume(mass > 1e-9)
    assert erasing_bound(mass, tau) == pytest.approx(t, abs=1e-14 / mass)


@given(st.tuples(fractions, fractions), st.tuples(fractions, fractions), st.floats(0.01, 0.99))
def test_more_members_promise_more_and_more_resistance_less(
    sizes: tuple[float, float], against: tuple[float, float], alpha: float
) -> None:
    (small, large), (less, more) = sorted(sizes), sorted(against)
    assume(small > 1e-6)
    slack = 1e-12 / small  # rounding of numbers as large as 1/α
    for bound in (
        lambda a, r: erasing_bound(a, r),
        lambda a, r: unplanting_bound(a, r, 0.5, 0.01),
        lambda a, r: feature_only_bound(a, r, 0.5, 0.01),
        lambda a, r: feature_only_bound(a, 0.1, 1 - 0.9 * r),
    ):
        assert bound(small, alpha) <= bound(large, alpha) + slack
        assert bound(alpha, more) <= bound(alpha, less) + 1e-10


def test_arguments_broadcast() -> None:
    values = feature_only_bound([[0.1], [0.2]], xi=[0.0, 0.02], p=0.5)
    np.testing.assert_allclose(values, [[1.0, 0.8], [1.0, 0.9]], rtol=0, atol=1e-15)
    assert erasing_bound([0.1, 0.2], tau=0.0).tolist() == [1, 1]
    assert unplanting_critical_mass([0.5, 0.8], xi=0.0, delta=1.0).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: feature_only_bound(1.2, 0.1, 0.5), "alpha=1.2"),
        (lambda: feature_only_bound(0.2, 0.1, -0.5), "p=-0.5"),
        (lambda: feature_only_critical_mass(0.2, [0.1, 1.1], 0.5), "xi=1.1"),
        (lambda: unplanting_bound(0.2, 0.1, 2.0), "delta=2"),
        (lambda: unplanting_critical_mass(-0.2, 0.1, 0.5), "target=-0.2"),
        (lambda: erasing_bound(0.2, 1.5), "tau=1.5"),
        (lambda: erasing_critical_mass(0.2, math.nan), "tau=nan"),
        (lambda: erasing_critical_mass(0.2, 0.1, eps=1.5), "eps=1.5"),
    ],
)
def test_what_is_out_of_range_is_named(call: Callable[[], object], named: str) -> None:
    with pytest.raises(InputError, match=named.replace(".", r"\.")):
        call()
