"""Erasing: the bound against brute force on random laws, its factor 2, and ties."""

import dataclasses
import itertools

import numpy as np
import pytest
from naive_theory import given_x, naive_erasing, naive_tau

from quorate.errors import InputError
from quorate.theory.erasing import erasing_bound
from quorate.theory.finite import erasing_success, members_law, received_law, signal_quantities

LAWS = 12_000  # random finite laws in each brute force
# Sums of at most 50 probabilities, each rounded to 2^-53, divided by αp ≥ 10^-3·10^-6 at the worst;
# where a bound says anything, αp is far larger than that.
ROUNDING = 1e-11


def undecided(batch, rng: np.random.Generator):
    """Bring labels at g(x) near a tie in most laws, and most x near their g(x), but not all.

    There few people have a t_x that loses them, so that the bound says something and is tight.
    """
    (laws, v), k, cases = batch.image.shape, batch.mass.shape[2], np.arange(len(batch))[:, None]
    at = (np.arange(v) == batch.image)[:, :, None]
    of_x, here = batch.mass.sum(axis=2, keepdims=True), given_x(batch.mass)
    near = np.where(rng.random(laws) < 0.8, 10 ** rng.uniform(-3, 0, laws), 1.0)[:, None, None]
    here = np.where(at, 1 / k + near * (here - 1 / k), here)
    there = here[cases, batch.image]
    apart = 10 ** rng.uniform(-3, 0, (laws, v, 1))
    here = np.where(rng.random((laws, 1, 1)) < 0.7, there + apart * (here - there), here)
    return dataclasses.replace(batch, mass=of_x * here)


def test_erasing_is_never_below_its_bound(laws) -> None:
    rng, said_something, tight, caught = np.random.default_rng(3), 0, 0, 0
    for one in laws(LAWS, seed=3):
        batch = undecided(one, rng)
        tau = naive_tau(batch)
        bound, success = erasing_bound(batch.alpha, tau), naive_erasing(batch)
        assert (success >= bound - ROUNDING).all()
        said_something += int((bound > 0).sum())
        tight += int(((bound > 0) & (success < 1 - ROUNDING)).sum())
        caught += int((success < erasing_bound(batch.alpha, tau / 2) - ROUNDING).sum())
    print(
        f"erasing: {said_something} of {LAWS} bounds say something, {tight} are put to work, "
        f"{caught} refute it without the factor 2"
    )
    assert said_something > LAWS / 8
    assert tight > 100
    assert caught > 20


def test_erasing_without_its_factor_two_is_caught() -> None:
    """S ≥ 1 − ((1−α)/α)·τ is false: from a near tie at g(x) both labels can move by t_x."""
    # g sends the second value to the first; P_0(·|x) is (.501, .499) and (.3, .7), t_x = .201.
    alpha, tau = 0.28, 0.9 * 0.201
    mass = np.array([[0.1 * 0.501, 0.1 * 0.499], [0.9 * 0.3, 0.9 * 0.7]])
    submitted = received_law(mass, (alpha, members_law(mass, [0, 0], "erasing")))
    success = float(erasing_success(mass, [0, 0], submitted))
    # At the second value .28 + .72·.3 = .496 against .504: its people get another answer.
    assert success == pytest.approx(0.1, abs=1e-15)
    assert erasing_bound(alpha, tau) <= success
    assert success < erasing_bound(alpha, tau / 2) - 0.4


def test_why_erasing_refuses_a_platform_that_is_not_optimal() -> None:
    """Everyone is sent to a value where next to nobody stands: it is overturned for nothing."""
    mass = np.array([[0.002, 0.001], [0.665, 0.332]])  # g(x) = 0 for both, the same P_0(y|x): τ ≈ 0
    tau = float(signal_quantities(mass, [0, 0]).tau)
    assert tau < 1e-3
    assert erasing_bound(0.5, tau) > 0.998
    submitted = received_law(mass, (0.5, members_law(mass, [0, 0], "erasing")))
    eps = 0.0011  # of mass, moved from one label to the other at g(x) alone
    submitted[0] += np.array([-eps, eps])
    assert float(erasing_success(mass, [0, 0], submitted)) == pytest.approx(0.003, abs=1e-12)
    with pytest.raises(InputError, match=r"Expected eps=0 for erasing, got eps=0\.0011"):
        erasing_bound(0.5, tau, eps=eps)


def test_erasing_needs_every_g_of_x_to_occur() -> None:
    """Where g(x) never occurs the platform may answer anything there, even to everyone's data."""
    mass = np.array([[0.0, 0.0], [0.4, 0.6]])
    assert np.isnan(signal_quantities(mass, [0, 0]).tau)
    submitted = received_law(mass, (1.0, members_law(mass, [0, 0], "erasing")))
    assert erasing_success(mass, [0, 0], submitted) == 0


def test_erasing_with_ties_against_every_answer_that_is_open() -> None:
    """Laws of few whole numbers have ties; every optimal platform is built outright."""
    rng, tied = np.random.default_rng(4), 0
    for _ in range(600):
        v, k = int(rng.integers(2, 5)), int(rng.integers(2, 4))
        mass = rng.integers(0, 3, (v, k)) / 8.0  # exact in binary, as are the sums below
        fixed = int(rng.integers(1, v))
        image = np.concatenate([np.arange(fixed), rng.integers(0, fixed, v - fixed)])
        alpha = float(rng.choice([0.0, 0.25, 0.5]))
        submitted = received_law(mass, (alpha, members_law(mass, image, "erasing")))
        choices = [np.flatnonzero(row == row.max()) for row in submitted]
        answers = np.array(list(itertools.product(*choices)))  # (platforms, v)
        success = ((answers[:, image] == answers) * mass.sum(axis=1)).sum(axis=1)
        assert erasing_success(mass, image, submitted) == success.min()
        tied += success.min() < success.max()
    assert tied > 100
