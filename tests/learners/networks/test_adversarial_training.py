"""Adversarial training: the attack stays within reach, and is what theory says on linear models."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from quorate.engine.generator import torch_generator
from quorate.errors import InputError
from quorate.learners.base.training import Batch, cross_entropy
from quorate.learners.networks.adam import Adam
from quorate.learners.networks.adversarial_training import AdversarialTraining
from quorate.learners.networks.sgd import SGD
from quorate.populations.digits import Digits
from quorate.populations.gaussian import Gaussian
from quorate.table import Submission, Table


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def prepared(learner: AdversarialTraining, people: Table, models: int = 2):
    """Fresh networks and one batch of everyone."""
    stack, pool = learner.prepare(
        [Submission.without_collective(people)] * models, [rng(i) for i in range(models)]
    )
    rows = torch.arange(len(people)).expand(models, -1)
    x, y = pool.batch(rows)
    return stack, Batch(rows, x, y, y), [torch_generator(rng(9 + i)) for i in range(models)]


DIGITS = Digits(n=60).split(rng()).train
GAUSSIAN = Gaussian(n=60).split(rng()).train


@pytest.mark.parametrize(
    "learner",
    [
        AdversarialTraining(model="logistic", radius=0.1, random_start=False),
        AdversarialTraining(model="mlp", radius=0.3, steps=3),
        AdversarialTraining(model="mlp", radius=0.3, steps=2, step_size=5.0),
        AdversarialTraining(model="cnn", radius=0.1, steps=2),
        AdversarialTraining(model="resnet", hidden=4, radius=0.1, steps=2),
    ],
)
def test_stays_within_reach_and_raises_the_loss(learner: AdversarialTraining) -> None:
    stack, batch, starts = prepared(learner, DIGITS)
    x = learner.attack(stack, batch, starts)
    assert x.shape == batch.x.shape
    assert (x - batch.x).abs().max() <= learner.radius + 1e-6  # float32 of values up to 1
    assert x.min() >= 0
    assert x.max() <= 1
    before, after = (cross_entropy(stack.logits(of), batch.target) for of in (batch.x, x))
    assert (after.mean(dim=1) > before.mean(dim=1)).all()
    if learner.model == "logistic":  # the loss is convex in x: nobody's falls
        assert (after >= before - 1e-6).all()


def test_a_table_is_not_cut_off() -> None:
    learner = AdversarialTraining(model="logistic", radius=0.5)
    stack, batch, starts = prepared(learner, GAUSSIAN)
    x = learner.attack(stack, batch, starts)
    assert x.min() < 0
    assert x.max() > 1
    # ascent of 2.5 radii reaches a corner of the box from anywhere; float32 of values up to 5
    torch.testing.assert_close((x - batch.x).abs(), torch.full_like(x, 0.5), rtol=0, atol=1e-6)


def test_one_step_on_a_logistic_model_is_the_sign_of_its_gradient() -> None:
    """∇ₓℓ = Wᵀ(p − 1{y}): FGSM moves by ε times its sign."""
    learner = AdversarialTraining(model="logistic", radius=0.25, steps=1, random_start=False)
    stack, batch, starts = prepared(learner, GAUSSIAN)
    moved = (learner.attack(stack, batch, starts) - batch.x).numpy()
    for k in range(2):
        w, b = (of[k].detach().numpy().astype(float) for of in stack.as_in_networks(stack.weights))
        z = GAUSSIAN.x @ w.T + b
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        gradient = (p - np.eye(2)[GAUSSIAN.y]) @ w  # (n, d)
        # x + ε − x in float32 of values up to 5
        np.testing.assert_allclose(moved[k], 0.25 * np.sign(gradient), atol=1e-6)


def test_training_on_the_worst_case_in_closed_form() -> None:
    """For two labels the worst δ is −ε sign(w₁ − w₀) for label 1: the same steps, written out."""
    people = GAUSSIAN
    learner = AdversarialTraining(
        model="logistic", radius=0.3, steps=2, epochs=20, batch_size=60, momentum=0
    )
    data = Submission.without_collective(people)
    w, b = (
        p.detach().numpy().astype(float)
        for p in SGD(model="logistic", epochs=1, learning_rate=1e-30)
        .fit(data, rng())
        .network.parameters()
    )
    for _ in range(20):
        sign = np.where(people.y == 1, 1, -1)[:, None]
        x = people.x - 0.3 * sign * np.sign(w[1] - w[0])
        z = x @ w.T + b
        p = np.exp(z - z.max(axis=1, keepdims=True))
        residual = (p / p.sum(axis=1, keepdims=True) - np.eye(2)[people.y]) / 60
        w -= learner.learning_rate * residual.T @ x
        b -= learner.learning_rate * residual.sum(axis=0)
    got_w, got_b = (p.detach().numpy() for p in learner.fit(data, rng()).network.parameters())
    # float32 against float64 over 20 steps
    np.testing.assert_allclose(got_w, w, atol=1e-5)
    np.testing.assert_allclose(got_b, b, atol=1e-5)


@pytest.mark.parametrize("adam", [False, True])
def test_no_reach_is_plain_training(adam: bool) -> None:
    data = Submission.without_collective(DIGITS)
    how = {"epochs": 2, "learning_rate": 0.01}
    plain, same = (
        learner.fit(data, rng(3)).network.parameters()
        for learner in (
            (Adam if adam else SGD)(**how),
            AdversarialTraining(radius=0, adam=adam, **how),
        )
    )
    assert all(torch.equal(a, b) for a, b in zip(plain, same, strict=True))


def test_resists_the_attack_it_was_trained_against() -> None:
    """Accuracy of each on its own worst case within 0.1, on the people it learned from."""
    people = Digits(n=300).split(rng()).train
    data = Submission.without_collective(people)
    how = {"model": "mlp", "epochs": 20, "batch_size": 50, "learning_rate": 0.2}
    robust = AdversarialTraining(radius=0.1, steps=3, **how)
    accuracy = []
    for learner in (SGD(**how), robust):
        network = learner.fit(data, rng()).network
        stack, batch, starts = prepared(robust, people, models=1)
        with torch.no_grad():
            own = stack.as_in_networks(stack.weights)
            for mine, trained in zip(own, network.parameters(), strict=True):
                mine.copy_(trained[None])
        x = dataclasses.replace(robust, steps=10).attack(stack, batch, starts)
        accuracy.append(float((stack.logits(x).argmax(dim=2) == batch.y).float().mean()))
    assert accuracy[1] > accuracy[0] + 0.1  # measured .53 and .80


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AdversarialTraining(radius=-1), "radius=-1 to be at least 0"),
        (lambda: AdversarialTraining(steps=0), "steps=0 to be at least 1"),
        (lambda: AdversarialTraining(step_size=0), "step_size=0 to be a positive"),
    ],
)
def test_parameters_out_of_range(make, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
