"""Learners that weigh people: weights against solvers and cases by hand, and α_eff."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy.optimize import linprog, minimize

from quorate.engine.architectures import build_network
from quorate.engine.generator import torch_generator
from quorate.errors import InputError
from quorate.learners.networks.sgd import SGD
from quorate.learners.reweighting.chi2_dro import Chi2DRO
from quorate.learners.reweighting.cvar_dro import CVaRDRO
from quorate.learners.reweighting.jtt import JTT
from quorate.populations.digits import Digits
from quorate.populations.gaussian import Gaussian
from quorate.table import Submission


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def random_losses(seed: int, b: int = 9) -> np.ndarray:
    return rng(seed).exponential(size=b).astype(np.float32)


def submission(n: int = 120, alpha: float = 0.25) -> Submission:
    people = Digits(n=n).split(rng()).train
    member = np.arange(n) < alpha * n
    changed = dataclasses.replace(people.take(member), y=np.full(member.sum(), 3))
    return Submission(people, changed, member)


@pytest.mark.parametrize("level", [0.1, 1 / 3, 0.5, 0.77, 1.0])
def test_cvar_weights_solve_the_linear_programme(level: float) -> None:
    learner = CVaRDRO(level=level)
    for seed in range(50):
        losses = random_losses(seed)
        weights = learner.weigh(torch.from_numpy(losses)[None])[0].numpy()
        best = linprog(-losses, A_eq=[[1] * 9], b_eq=[9], bounds=[(0, 1 / level)] * 9)
        # float32 weights of up to 10 against a solver's float64
        assert weights @ losses == pytest.approx(-best.fun, rel=1e-5)
        assert weights.sum() == pytest.approx(9, rel=1e-6)
        assert weights.max() <= 1 / level + 1e-5


@pytest.mark.parametrize("radius", [0.01, 0.3, 1.0, 3.0, 100.0])
def test_chi2_weights_solve_the_convex_programme(radius: float) -> None:
    learner = Chi2DRO(radius=radius)
    for seed in range(5):
        losses = random_losses(seed, 6).astype(float)
        weights = learner.weigh(torch.from_numpy(losses)[None])[0].numpy()
        best = minimize(
            lambda w, losses=losses: -w @ losses,
            np.ones(6),
            jac=lambda w, losses=losses: -losses,
            bounds=[(0, None)] * 6,
            constraints=[
                {"type": "eq", "fun": lambda w: w.sum() - 6},
                {"type": "ineq", "fun": lambda w: radius - ((w - 1) ** 2).sum() / 12},
            ],
            method="SLSQP",
            options={"maxiter": 500, "ftol": 1e-12},
        )
        assert weights @ losses == pytest.approx(-best.fun, rel=1e-4)  # the solver's tolerance
        assert ((weights - 1) ** 2).sum() / 12 <= radius + 1e-9
        assert weights.sum() == pytest.approx(6, rel=1e-9)


@pytest.mark.parametrize(
    ("losses", "radius", "expected"),
    [
        ([1.0, 1.0000001], 1.0, [0.0, 2.0]),  # the ball holds all mass on one of two
        ([0.0, 3.0, 3.0, 1.0], 5.0, [0.0, 2.0, 2.0, 0.0]),  # and on two equals of four
        ([0.0, 0.0, 0.0, 1.0], 1.5, [0.0, 0.0, 0.0, 4.0]),  # (9 + 3)/8 = 1.5: exactly within
    ],
)
def test_chi2_weights_of_a_large_ball_are_on_the_worst_alone(losses, radius, expected) -> None:
    weights = Chi2DRO(radius=radius).weigh(torch.tensor([losses], dtype=torch.float64))
    assert weights[0].tolist() == pytest.approx(expected, abs=1e-6)  # η is bisected


def test_plain_training_is_a_special_case() -> None:
    data = submission()
    plain = SGD(epochs=2).fit(data, rng(3)).network.parameters()
    for learner in (CVaRDRO(level=1, epochs=2), Chi2DRO(radius=0, epochs=2)):
        same = learner.fit(data, rng(3)).network.parameters()
        for a, b in zip(plain, same, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)  # float32, weights of 1
        plain = SGD(epochs=2).fit(data, rng(3)).network.parameters()


def test_equal_losses_weigh_the_same() -> None:
    equal = torch.full((2, 5), 0.7)
    assert torch.equal(Chi2DRO(radius=2).weigh(equal), torch.ones(2, 5))
    assert CVaRDRO(level=0.4).weigh(equal).sum(dim=1).tolist() == [5, 5]


def test_alpha_effective_without_weights_is_alpha() -> None:
    record = CVaRDRO(level=1, epochs=2).fit(submission(), rng()).record
    assert record["alpha_effective"] == [0.25, 0.25]
    assert "alpha_effective" not in SGD(epochs=1).fit(submission(), rng()).record


def test_alpha_effective_is_bounded_under_cvar() -> None:
    """α_eff ≤ α/a: members can at most make up all who count."""
    record = CVaRDRO(level=0.5, epochs=4).fit(submission(alpha=0.1), rng()).record
    assert all(0 <= value <= 0.1 / 0.5 + 1e-6 for value in record["alpha_effective"])


def naive_jtt(data: Submission, learner: JTT, seed: int):
    """The two trainings written out for one logistic model, in float64."""
    generator = rng(seed)
    people = data.mixed()
    second = build_network("logistic", people.x.shape[1:], people.k, 1, generator)
    first = build_network("logistic", people.x.shape[1:], people.k, 1, generator)

    def train(network, weights, epochs, order):
        w, b = (p.detach().numpy().astype(float) for p in network.parameters())
        vw, vb = np.zeros_like(w), np.zeros_like(b)
        x = people.x.reshape(len(people), -1)
        for _ in range(epochs):
            perm = torch.randperm(len(people), generator=order).numpy()
            for start in range(0, len(perm), learner.batch_size):
                rows = perm[start : start + learner.batch_size]
                z = x[rows] @ w.T + b
                p = np.exp(z - z.max(axis=1, keepdims=True))
                p /= p.sum(axis=1, keepdims=True)
                residual = (p - np.eye(people.k)[people.y[rows]]) * weights[rows, None]
                residual /= len(rows)
                vw = learner.momentum * vw + residual.T @ x[rows]
                vb = learner.momentum * vb + residual.sum(axis=0)
                w, b = w - learner.learning_rate * vw, b - learner.learning_rate * vb
        return w, b, (x @ w.T + b).argmax(axis=1)

    everyone = np.ones(len(people))
    _, _, labels = train(first, everyone, learner.first_epochs, torch_generator(generator))
    wrong = labels != people.y
    weights = np.where(wrong, learner.upweight, 1.0)
    w, b, _ = train(second, weights / weights.mean(), learner.epochs, torch_generator(generator))
    return w, b, wrong, weights


def test_jtt_equals_two_trainings_written_out() -> None:
    data = submission()
    learner = JTT(model="logistic", epochs=3, first_epochs=1, upweight=4, batch_size=32)
    model = learner.fit(data, rng(9))
    w, b, wrong, weights = naive_jtt(data, learner, 9)
    got_w, got_b = (p.detach().numpy() for p in model.network.parameters())
    np.testing.assert_allclose(got_w, w, atol=2e-5)  # float32 against float64 over 12 steps
    np.testing.assert_allclose(got_b, b, atol=2e-5)
    e_c, e_b = wrong[data.member].mean(), wrong[~data.member].mean()
    assert model.record["error_collective"] == pytest.approx(e_c)
    assert model.record["error_others"] == pytest.approx(e_b)
    # the published form of α_eff, and the weights themselves
    up_c, up_b = 0.25 * (1 + 3 * e_c), 0.75 * (1 + 3 * e_b)
    expected = up_c / (up_c + up_b)
    assert weights[data.member].sum() / weights.sum() == pytest.approx(expected)
    assert model.record["alpha_effective"] == pytest.approx([expected] * 3, rel=1e-5)  # float32


def test_small_collectives_gain_under_cvar() -> None:
    """A collective of 3% is in the worst fifth until it is learned: α_eff rises above α."""
    people = Gaussian(n=2000).split(rng()).train
    member = np.arange(2000) < 60
    x = people.x[member].copy()
    x[:, 5] = 4
    changed = dataclasses.replace(people.take(member), x=x, y=np.ones(60, dtype=np.int64))
    record = CVaRDRO(level=0.2, epochs=3).fit(Submission(people, changed, member), rng()).record
    assert record["alpha_effective"][0] > 0.03


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CVaRDRO(level=0), r"level=0 in \(0, 1\]"),
        (lambda: CVaRDRO(level=1.1), r"level=1.1 in \(0, 1\]"),
        (lambda: Chi2DRO(radius=-1), "radius=-1 to be at least 0"),
        (lambda: JTT(upweight=0.5), "upweight=0.5 to be at least 1"),
        (lambda: JTT(first_epochs=0), "first_epochs=0 to be at least 1"),
    ],
)
def test_parameters_out_of_range(make, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
