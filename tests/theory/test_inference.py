"""Inference of an attribute on finite laws, worked by hand and against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.theory.inference import (
    blending_mass,
    cancelling_claims,
    cancelling_mass,
    inference_accuracy,
    inference_advantage,
    received_law,
)

# One binary feature and a binary attribute: P(a=1 | x) = .2 and .7, π = .4, P₀(x=1) = .4
LAW = np.array([[0.48, 0.12], [0.12, 0.28]])
POSTERIOR, BASE = np.array([[0.8, 0.2], [0.3, 0.7]]), np.array([0.6, 0.4])


def received(alpha: float) -> np.ndarray:
    return received_law(LAW, cancelling_claims(POSTERIOR, BASE, alpha), alpha)


def test_an_honest_law_by_hand() -> None:
    assert inference_accuracy(LAW, LAW) == pytest.approx(0.76)  # .48 + .28
    assert inference_advantage(LAW, LAW) == pytest.approx(0.5)  # .28/.4 − .12/.6


def test_cancelling_by_hand() -> None:
    # 1 − π_a/q_a: x=0: 1 − .6/.8 = .25; x=1: 1 − .4/.7 = .4286
    assert cancelling_mass(LAW) == pytest.approx(3 / 7)
    # till then all members at x=1 claim 0, and (1−α)·.7 < ½ from α = 1 − 1/(2·.7) = .2857
    assert inference_accuracy(LAW, received(0.28)) == pytest.approx(0.76)
    assert inference_accuracy(LAW, received(0.29)) == pytest.approx(0.6)
    # one who allows for the base rate reads on until the law is flat
    assert inference_advantage(LAW, received(0.42)) == pytest.approx(0.5)
    assert inference_advantage(LAW, received(0.43)) == pytest.approx(0)
    flat = received(0.43)
    assert flat / flat.sum(axis=1, keepdims=True) == pytest.approx(np.tile(BASE, (2, 1)))


def test_blending_by_hand() -> None:
    # at x=1: (1−α)·.7 + α·.4 < ½ from α = (.7 − .5)/(.7 − .4) = 2/3
    assert blending_mass(LAW) == pytest.approx(2 / 3)
    for alpha, accuracy in ((0.66, 0.76), (0.67, 0.6)):
        assert inference_accuracy(LAW, received_law(LAW, BASE, alpha)) == pytest.approx(accuracy)
    # and the order of P(a|x)/π_a stays as it was
    assert inference_advantage(LAW, received_law(LAW, BASE, 0.99)) == pytest.approx(0.5)
    assert blending_mass([[0.35, 0.15], [0.15, 0.35]]) == 1  # no majority to hide in
    assert blending_mass([[0.3, 0.2], [0.3, 0.2]]) == 0  # nothing to hide


laws = st.integers(0, 2**32).map(
    lambda seed: np.random.default_rng(seed).dirichlet(np.ones(12)).reshape(4, 3)
)


@settings(max_examples=60)
@given(laws, st.floats(0.01, 0.99))
def test_claims_cancel_from_the_mass_on_and_not_before(law: np.ndarray, alpha: float) -> None:
    base, rows = law.sum(axis=0), law.sum(axis=1, keepdims=True)
    claims = cancelling_claims(law / rows, base, alpha)
    assert claims.sum(axis=1) == pytest.approx(1)
    assert (claims >= 0).all()
    seen = received_law(law, claims, alpha)
    naive = np.array(
        [
            [(1 - alpha) * law[x, a] + alpha * sum(law[x]) * claims[x, a] for a in range(3)]
            for x in range(4)
        ]
    )
    assert seen == pytest.approx(naive)
    error = abs(seen / rows - base).max()
    if alpha >= cancelling_mass(law):
        assert error < 1e-9  # rounding of (π − (1−α)q)/α
    else:
        # short by Δα at the worst row, where the value has (1−α)q − π too much: > 0
        assert error > 0


@settings(max_examples=60)
@given(laws, st.floats(0.001, 0.02))
def test_blending_is_at_the_base_rate_from_its_mass_on(law: np.ndarray, step: float) -> None:
    base, mass = law.sum(axis=0), blending_mass(law)
    after, before = mass + step, mass - step
    if after < 1:
        found = inference_accuracy(law, received_law(law, base, after))
        assert found == pytest.approx(base.max())
    if before > 0:
        answers = received_law(law, base, before).argmax(axis=1)
        assert (answers != base.argmax()).any()


@pytest.mark.parametrize(
    ("law", "said"),
    [
        ([[0.5, 0.4]], "sum 0.9"),
        ([0.5, 0.5], r"shape \(v, k\).*got shape \(2,\)"),
        ([[0.5, 0.0], [0.5, 0.0]], "every attribute value to occur"),
        ([[1.2, -0.2]], "Expected probabilities"),
    ],
)
def test_what_is_no_law_is_answered(law: list[object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        cancelling_mass(law)  # type: ignore[arg-type]


@pytest.mark.parametrize("alpha", [-0.1, 0.0, 1.1])
def test_somebody_has_to_act(alpha: float) -> None:
    with pytest.raises(InputError, match=f"Expected alpha={alpha:g} in"):
        cancelling_claims(POSTERIOR, BASE, alpha)
