"""Several collectives and members who err, in closed form: against brute force on random laws."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from naive_others import MISTAKES, Sizes, random_sizes, worst_among
from naive_theory import constant, naive_quantities

from quorate.errors import InputError
from quorate.theory.planting import planting_bound, planting_critical_mass
from quorate.theory.several import errors_of, several_bound, several_critical_mass
from quorate.theory.suboptimality import Reading

Floats = npt.NDArray[np.float64]
READINGS: tuple[Reading, ...] = ("tv", "huber")
LAWS = 12_000  # random finite laws in each brute force
# Sums of at most 50 probabilities, each rounded to 2^-53, divided by what acts: 10^-5 and more
# where a bound says anything.
ROUNDING = 1e-10

fractions = st.floats(0, 1)


def promised(batch, sizes: Sizes, action: str, reading: Reading, **changed: object) -> Floats:
    """Return the library's bound in each law; ``changed`` breaks it on purpose."""
    q = naive_quantities(batch)
    delta = q["delta" if action == "planting" else "unplanting_delta"]
    out = np.empty(len(batch))
    for mistake in MISTAKES:
        some = sizes.mistake == mistake
        given = {
            "opposed": sizes.opposed[some],
            "elsewhere": sizes.elsewhere[some],
            "unknown": sizes.unknown[some],
            "error": sizes.error[some],
            "mistake": mistake,
        }
        for name, value in changed.items():
            given[name] = value(given) if callable(value) else value
        where = (one[some] for one in (batch.alpha, q["xi"], delta))
        out[some] = several_bound(*where, **given, eps=batch.eps[some], reading=reading)
    return out


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("action", ["planting", "unplanting"])
def test_no_plan_of_the_others_takes_it_below_the_bound(
    action: str, reading: Reading, laws
) -> None:
    rng = np.random.default_rng(31)
    said_something, tight, total = dict.fromkeys(MISTAKES, 0), 0, 0
    for batch in laws(LAWS, seed=31):
        sizes = random_sizes(batch, rng)
        bound = promised(batch, sizes, action, reading)
        worst = worst_among(batch, sizes, action, constant(batch.eps, reading))
        assert (worst >= bound - ROUNDING).all()
        for mistake in MISTAKES:
            said_something[mistake] += int(((bound > 0) & (sizes.mistake == mistake)).sum())
        tight += int(((bound > 0) & (worst < 1)).sum())
        total += len(batch)
    print(f"{action}, {reading}: {said_something} of {total} say something, {tight} put to work")
    assert total >= LAWS
    assert min(said_something.values()) > LAWS / 40
    assert tight > 300


BROKEN = {
    # what is wrong, and the laws that it is about
    "unknown people count as people elsewhere": (
        {"elsewhere": lambda g: g["elsewhere"] + g["unknown"], "unknown": 0.0},
        MISTAKES,
    ),
    "those who oppose count as people elsewhere": (
        {"elsewhere": lambda g: g["elsewhere"] + g["opposed"], "opposed": 0.0},
        MISTAKES,
    ),
    "wrong labels count as honest rows": ({"mistake": "forget"}, ("label",)),
    "any rows count as honest rows": ({"mistake": "forget"}, ("anything",)),
    "chosen members count as members by chance": ({"mistake": "anything"}, ("chosen",)),
    "nobody errs": ({"error": 0.0}, ("label", "anything", "chosen", "forget")),
}


@pytest.mark.parametrize("wrong", BROKEN)
def test_a_broken_bound_is_caught(wrong: str, laws) -> None:
    changed, about = BROKEN[wrong]
    rng, caught = np.random.default_rng(32), 0
    for batch in laws(LAWS, seed=32):
        sizes = random_sizes(batch, rng)
        worst = worst_among(batch, sizes, "planting", constant(batch.eps, "tv"))
        refuted = worst < promised(batch, sizes, "planting", "tv", **changed) - ROUNDING
        caught += int((refuted & np.isin(sizes.mistake, about)).sum())
    print(f"{wrong}: {caught} of {LAWS} laws refute it")
    assert caught > 20


# ------------------------------------------------------------------- worked by hand, and properties


def test_bounds_by_hand() -> None:
    # α = .2, Δξ = .05, .1 opposed: h = .7, so .035 against .2 − .1: 1 − .35.
    assert several_bound(0.2, 0.1, 0.5, opposed=0.1) == pytest.approx(0.65, abs=1e-15)
    # .1 elsewhere: .035 against .2. .1 unknown: .135 against .2.
    assert several_bound(0.2, 0.1, 0.5, elsewhere=0.1) == pytest.approx(0.825, abs=1e-15)
    assert several_bound(0.2, 0.1, 0.5, unknown=0.1) == pytest.approx(0.325, abs=1e-15)
    # A quarter errs: forget: .15 act, h = .85: 1 − .0425/.15. label: .1 act: 1 − .04/.1.
    by_hand = {"forget": 1 - 0.0425 / 0.15, "label": 0.6, "anything": 1 - 0.09 / 0.15}
    by_hand["chosen"] = 1 - (0.04 + 2 * 0.05) / 0.2
    for mistake, expected in by_hand.items():
        found = several_bound(0.2, 0.1, 0.5, error=0.25, mistake=mistake)
        assert found == pytest.approx(expected, abs=1e-14)
    # S* = .65 beside .1 opposed: (.9·.05 + .35·.1)/(.35 + .05) = .2.
    mass = several_critical_mass(0.65, 0.1, 0.5, opposed=0.1)
    assert mass == pytest.approx(0.2, abs=1e-15)


def test_limits() -> None:
    assert several_bound(0.1, 0.1, 0.5, opposed=0.1) == -math.inf  # as many oppose as act
    assert several_critical_mass(1.0, 0.0, 0.5, opposed=0.1) == 0.1  # above it every size
    assert several_critical_mass(0.9, 0.0, 0.5, error=0.5, mistake="label") == math.inf
    assert several_critical_mass(0.9, 0.0, 0.5, error=0.4, mistake="label") == 0
    assert several_bound(0.3, 0.0, 0.5, error=0.5, mistake="label") == -math.inf
    assert several_critical_mass(0.5, 0.0, 0.5, 0.1, error=0.5, mistake="label") == math.inf
    assert several_critical_mass(0.9, 0.0, 0.0, unknown=0.2) == math.inf  # .2/.1: not even all
    assert several_critical_mass(0.5, 0.0, 0.0, unknown=0.2) == pytest.approx(0.4, abs=1e-15)


@given(alpha=st.floats(1e-6, 1), t=fractions, xi=fractions, delta=fractions, eps=st.floats(0, 0.4))
def test_alone_and_without_errors_it_is_the_bound_for_planting(
    alpha: float, t: float, xi: float, delta: float, eps: float
) -> None:
    for mistake in MISTAKES:
        bound = several_bound(alpha, xi, delta, mistake=mistake, eps=eps)
        assert bound == pytest.approx(planting_bound(alpha, xi, delta, eps), abs=1e-14 / alpha)
        mass = several_critical_mass(t, xi, delta, mistake=mistake, eps=eps)
        expected = planting_critical_mass(t, xi, delta, eps)
        if np.isinf(expected) != np.isinf(mass):  # at 1, but for the last digits
            assert min(mass, expected) == pytest.approx(1, abs=1e-9)
            continue
        assert mass == pytest.approx(expected, rel=1e-12, abs=1e-15)


shares = st.tuples(fractions, fractions, fractions, fractions)
known_mistakes = st.sampled_from(MISTAKES)


@given(
    t=fractions,
    xi=fractions,
    delta=fractions,
    shares=shares,
    rho=st.floats(0, 0.45),
    m=known_mistakes,
)
def test_at_its_critical_mass_it_is_the_target(
    t: float, xi: float, delta: float, shares: tuple[float, ...], rho: float, m: str
) -> None:
    others = [one / max(sum(shares), 1e-9) * 0.8 for one in shares[:3]]
    mass = several_critical_mass(t, xi, delta, *others, rho, m)
    most = 1 - sum(others)
    if math.isinf(mass):  # not even all who are left are enough
        assert several_bound(most, xi, delta, *others, rho, m) < t + 1e-9
        return
    assume(1e-6 < mass < most)
    above = min(mass * (1 + 1e-9), most)
    # Rounding, divided by what acts: at the least 10^-9 of the mass.
    assert several_bound(above, xi, delta, *others, rho, m) >= t - 1e-6
    larger = np.linspace(above, most, 20)
    assert (several_bound(larger, xi, delta, *others, rho, m) >= t - 1e-6).all()
    if t > 1e-3:
        below = several_bound(mass * (1 - 1e-6), xi, delta, *others, rho, m)
        assert below < t or mass == pytest.approx(0, abs=1e-9)


@given(xi=fractions, delta=fractions, alpha=st.floats(0.01, 0.5), shares=shares, m=known_mistakes)
def test_it_is_monotone_in_each_size_of_the_others(
    xi: float, delta: float, alpha: float, shares: tuple[float, ...], m: str
) -> None:
    """So that of a size that is known up to an interval both ends are enough."""
    for name in ("opposed", "elsewhere", "unknown"):
        fixed = {"error": shares[3] * 0.4, "mistake": m}
        rest = {
            "opposed": 0.1 * shares[0],
            "elsewhere": 0.1 * shares[1],
            "unknown": 0.1 * shares[2],
        }
        rest[name] = np.linspace(0, 0.3, 12)
        bounds = several_bound(alpha, xi, delta, **rest, **fixed)
        steps = np.diff(bounds[np.isfinite(bounds)])  # beyond, more oppose than act
        slack = 1e-9 * (1 + abs(steps).max(initial=0))
        assert (steps <= slack).all() or (steps >= -slack).all()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (
            lambda: several_bound(0.5, 0.1, 0.1, opposed=0.4, unknown=0.2),
            "the sum of the sizes=1.1",
        ),
        (lambda: several_bound(0.5, 0.1, 0.1, elsewhere=-0.1), "elsewhere=-0.1"),
        (lambda: several_critical_mass(0.5, 0.1, 0.1, 0.6, 0.6), "the sum of the sizes=1.2"),
        (lambda: several_critical_mass(0.5, 0.1, 0.1, error=1.2), "error=1.2"),
        (lambda: errors_of(0.1, "sleep"), "known mistake, got 'sleep'"),  # type: ignore[arg-type]
    ],
)
def test_what_is_out_of_range_is_named(call, named: str) -> None:
    with pytest.raises(InputError, match=named.replace(".", r"\.")):
        call()
