"""α_eff: against people counted one by one, against the learners' weights, and in the bound."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.learners.reweighting.chi2_dro import Chi2DRO
from quorate.learners.reweighting.cvar_dro import CVaRDRO
from quorate.theory.finite import members_law, pushforward_mass, signal_quantities
from quorate.theory.reweighting import (
    chi2_weights,
    cvar_effective_limit,
    cvar_size_for,
    effective_size,
    effective_size_of,
    group_dro_effective_size,
    group_dro_step,
    jtt_amplifies,
    jtt_effective_size,
    jtt_size_for,
    lff_weights,
    reweighted_planting_bound,
    size_for_effective,
)
from quorate.theory.suboptimality import Reading

Floats = npt.NDArray[np.float64]
LAWS = 12_000
ROUNDING = 1e-10  # a few hundred of 2^-53, divided by α_eff ≥ 10^-4
fractions = st.floats(0, 1)
inner = st.floats(0.01, 0.99)


def test_jtt_against_people_counted_one_by_one() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        n, upweight = 200, float(rng.uniform(1, 20))
        member, wrong = rng.random(n) < rng.random(), rng.random(n) < rng.random()
        if member.all() or not member.any():
            continue
        weights = np.where(wrong, upweight, 1.0)
        counted = sum(w for w, m in zip(weights, member, strict=True) if m) / weights.sum()
        alpha, ours, theirs = member.mean(), wrong[member].mean(), wrong[~member].mean()
        found = jtt_effective_size(alpha, ours, theirs, upweight)
        assert found == pytest.approx(counted, abs=1e-14)
        assert effective_size_of(weights, member) == pytest.approx(counted, abs=1e-14)
        assert jtt_size_for(found, ours, theirs, upweight) == pytest.approx(alpha, abs=1e-13)
        if abs(ours - theirs) > 1e-9 and upweight > 1:
            assert (found > alpha) == jtt_amplifies(ours, theirs)


def test_by_hand() -> None:
    # α = .1, λ = 5, e_C = 1, e_B = .25: members weigh 5, others 2: .5/(.5 + 1.8).
    assert jtt_effective_size(0.1, 1.0, 0.25, 5.0) == pytest.approx(5 / 23, abs=1e-15)
    assert effective_size([0.0, 1.0], 3.0, 1.0).tolist() == [0, 1]
    assert cvar_effective_limit([0.05, 0.2, 0.5], 0.2).tolist() == [0.25, 1, 1]
    assert cvar_size_for(0.25, 0.2) == 0.05
    assert lff_weights([3.0, 0.0, 1.0], [1.0, 2.0, 0.0]).tolist() == [0.75, 0, 1]
    assert math.isnan(lff_weights(0.0, 0.0))
    # Two groups; the second's loss is ln 3 larger: three times its weight.
    assert group_dro_step([0.5, 0.5], [1.0, 1 + math.log(3)], 1.0) == pytest.approx([0.25, 0.75])
    assert group_dro_effective_size([0.25, 0.75], [0.4, 0.0]) == 0.1
    # No spread: section 2 at α_eff. 1 − 4·.05 = .8; with r = 2: 1 − 2·.2.
    assert reweighted_planting_bound(0.2, 0.1, 0.5) == pytest.approx(0.8, abs=1e-15)
    assert reweighted_planting_bound(0.2, 0.1, 0.5, spread=2.0) == pytest.approx(0.6, abs=1e-15)
    assert reweighted_planting_bound(0.0, 0.1, 0.5, spread=2.0) == -math.inf


@given(alpha=inner, ours=st.floats(0.1, 10), theirs=st.floats(0.1, 10))
def test_effective_size_and_its_inverse(alpha: float, ours: float, theirs: float) -> None:
    found = effective_size(alpha, ours, theirs)
    assert 0 <= found <= 1
    assert size_for_effective(found, ours, theirs) == pytest.approx(alpha, abs=1e-12)
    assert effective_size(alpha, ours, ours) == pytest.approx(alpha, abs=1e-15)


@given(effective=fractions, level=st.floats(0.01, 1))
def test_the_cvar_limit_and_its_inverse(effective: float, level: float) -> None:
    found = cvar_effective_limit(cvar_size_for(effective, level), level)
    assert found == pytest.approx(effective, abs=1e-14)


def test_cvar_never_counts_a_collective_as_more_than_its_limit() -> None:
    import torch

    rng, attained = np.random.default_rng(2), 0
    for _ in range(200):
        n, level = 40, float(rng.uniform(0.05, 1))
        member = rng.random(n) < rng.uniform(0.05, 0.5)
        losses = rng.exponential(1, n) + rng.choice([0, 5]) * member  # sometimes all do worst
        weights = CVaRDRO(level=level).weigh(torch.from_numpy(losses)[None])[0].numpy()
        limit = cvar_effective_limit(member.mean(), level)
        found = effective_size_of(weights, member)
        assert found <= limit + 1e-12
        attained += found > limit - 1e-9
    assert attained > 50


def test_chi2_weights_are_the_learners_own() -> None:
    """Two ways to the same maximiser: the dual solved, and the learner's bisection."""
    import torch

    rng, capped = np.random.default_rng(3), 0
    for _ in range(150):
        n, rho = int(rng.integers(2, 30)), float(10 ** rng.uniform(-3, 1.5))
        losses = np.round(rng.exponential(1, n), int(rng.integers(0, 9))) + rng.choice([0.0, 100.0])
        found = chi2_weights(losses, rho)
        learners = Chi2DRO(radius=rho).weigh(torch.from_numpy(losses)[None])[0].numpy()
        # The bisection ends within the digits of η; w is a quotient of differences from it.
        np.testing.assert_allclose(found, learners, rtol=0, atol=1e-5)
        assert found.mean() == pytest.approx(1, abs=1e-12)
        divergence = ((found - 1) ** 2).mean() / 2
        assert divergence <= rho + 1e-9
        capped += divergence < rho - 1e-6
    assert 10 < capped < 120
    assert chi2_weights([1.0, 2.0], 0.0).tolist() == [1, 1]
    assert chi2_weights([2.0, 2.0], 1.0).tolist() == [1, 1]


# ------------------------------------------------------------------- the bound at α_eff


def reweighted(batch, rng: np.random.Generator, even: bool) -> tuple[Floats, Floats]:
    """Return weights of honest people, (laws, v, k), and of members by where they go, (laws, v)."""
    honest = 10 ** rng.uniform(-1, 1, batch.mass.shape)
    spread = 0.0 if even else rng.uniform(0, 1.5, (len(batch), 1))
    ours = 10 ** (rng.uniform(-1, 1, (len(batch), 1)) + spread * rng.random(batch.image.shape))
    return honest, ours


def worst(batch, honest: Floats, ours: Floats, c: Floats) -> Floats:
    """Return the least success of a learner near optimal for the reweighted data: all sets."""
    cases, (v, k) = np.arange(len(batch)), batch.mass.shape[1:]
    seen = (1 - batch.alpha)[:, None, None] * batch.mass * honest
    people = np.zeros((len(batch), v))
    for x, y in itertools.product(range(v), range(k)):
        to = batch.image[:, x]
        people[cases, to] += batch.mass[:, x, y]
        seen[cases, to, batch.target] += batch.alpha * batch.mass[:, x, y] * ours[cases, to]
    seen /= seen.sum(axis=(1, 2), keepdims=True)
    target = seen[cases, :, batch.target]
    seen[cases, :, batch.target] = -np.inf
    price = np.maximum(target - seen.max(axis=2), 0)
    subsets = np.array(list(itertools.product((0.0, 1.0), repeat=v)))
    affordable = price @ subsets.T <= c[:, None] * (1 + 1e-12)
    return 1 - np.where(affordable, people @ subsets.T, 0).max(axis=1)


def at_effective_size(batch, honest: Floats, ours: Floats, reading: Reading, spread: bool):
    """Return the library's bound at α_eff, with ξ and Δ of the reweighted honest law."""
    members = members_law(batch.mass, batch.image, "planting", batch.target)
    mean = (members.sum(axis=2) * ours).sum(axis=1)
    everyone = (batch.mass * honest).sum(axis=(1, 2))
    law = batch.mass * honest / everyone[:, None, None]
    q = signal_quantities(law, batch.image, batch.target)
    least = np.where(pushforward_mass(batch.mass, batch.image) > 0, ours, np.inf).min(axis=1)
    r = np.maximum(mean / least, 1.0) if spread else 1.0
    effective = effective_size(batch.alpha, mean, everyone)
    return reweighted_planting_bound(effective, q.xi, q.delta, r, batch.eps, reading)


@pytest.mark.parametrize("reading", ["tv", "huber"])
def test_the_worst_case_is_never_below_the_bound_at_the_effective_size(
    reading: Reading, laws
) -> None:
    rng, said_something, tight = np.random.default_rng(4), 0, 0
    for batch in laws(LAWS, seed=4):
        honest, ours = reweighted(batch, rng, even=False)
        bound = at_effective_size(batch, honest, ours, reading, spread=True)
        c = 2 * batch.eps if reading == "tv" else batch.eps / (1 - batch.eps)
        success = worst(batch, honest, ours, c)
        assert (success >= bound - ROUNDING).all()
        said_something += int((bound > 0).sum())
        tight += int(((bound > 0) & (success < 1)).sum())
    print(f"{reading}: {said_something} of {LAWS} say something, {tight} put to work")
    assert said_something > LAWS / 8
    assert tight > 100


def test_the_effective_size_alone_is_not_enough_where_members_weigh_differently(laws) -> None:
    """Section 2 with α_eff and a reweighted P₀ is false in general; it holds for even members."""
    rng, caught = np.random.default_rng(5), 0
    for batch in laws(LAWS, seed=5):
        for even in (True, False):
            honest, ours = reweighted(batch, rng, even)
            bound = at_effective_size(batch, honest, ours, "tv", spread=False)
            below = worst(batch, honest, ours, 2 * batch.eps) < bound - ROUNDING
            if even:
                assert not below.any()
            else:
                caught += int(below.sum())
    print(f"{caught} of {LAWS} laws refute the bound without the members' spread")
    assert caught > 20


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: effective_size(1.5, 1, 1), "alpha=1.5"),
        (lambda: effective_size(0.5, -1, 1), "member_weight=-1"),
        (lambda: jtt_effective_size(0.5, 1.5, 0, 2), "member_error=1.5"),
        (lambda: jtt_effective_size(0.5, 0.5, 0, 0.5), "upweight=0.5"),
        (lambda: cvar_effective_limit(0.5, 0), "level=0"),
        (lambda: cvar_size_for(1.5, 0.1), "effective=1.5"),
        (lambda: chi2_weights([1.0, 2.0], -1), "radius=-1"),
        (lambda: lff_weights(-1, 1), "biased_loss=-1"),
        (lambda: reweighted_planting_bound(0.5, 0.1, 0.1, spread=0.5), "spread=0.5"),
    ],
)
def test_what_is_out_of_range_is_named(call: Callable[[], object], named: str) -> None:
    with pytest.raises(InputError, match=named.replace(".", r"\.")):
        call()
