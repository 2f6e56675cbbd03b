"""Importance weights by hand, and training against weighted logistic gradients."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from quorate.engine.architectures import build_network
from quorate.engine.generator import torch_generator
from quorate.engine.row_pool import RowPool
from quorate.errors import InputError
from quorate.learners.reweighting.importance_weighted import ImportanceWeighted
from quorate.populations.digits import Digits
from quorate.populations.gaussian import Gaussian
from quorate.table import Submission, Table


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def six_people() -> Submission:
    """Groups a a a a b b and labels 0 0 0 1 1 1; the last is a member."""
    x = np.arange(12, dtype=np.float32).reshape(6, 2)
    y, group = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 0, 0, 1, 1])
    people = Table(x, y, ("0", "1"), group, ("a", "b"))
    member = np.arange(6) == 5
    return Submission(people, people.take(member), member)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ("group", [0.75, 0.75, 0.75, 0.75, 1.5, 1.5]),  # 6/(2·4) and 6/(2·2)
        ("label", [1, 1, 1, 1, 1, 1]),  # three each
        ("group-label", [2 / 3, 2 / 3, 2 / 3, 2, 1, 1]),  # a0: 6/(3·3), a1: 6/3, b1: 6/(3·2)
        ("auto", [2 / 3, 2 / 3, 2 / 3, 2, 1, 1]),
    ],
)
def test_weights_by_hand(groups, expected: list[float]) -> None:
    data = six_people()
    learner = ImportanceWeighted(groups=groups, epochs=2)
    weights = learner.importance(RowPool.of([data]))[0].tolist()
    assert weights == pytest.approx(expected, rel=1e-6)  # float32
    share = expected[5] / 6
    record = learner.fit(data, rng()).record
    assert record["alpha_effective"] == pytest.approx([share, share], rel=1e-6)


def test_weights_are_those_of_what_is_handed_in() -> None:
    """The member claims label 0: labels are then 4 and 2."""
    data = six_people()
    data = Submission(data.honest, dataclasses.replace(data.changed, y=np.array([0])), data.member)
    weights = ImportanceWeighted(groups="label").importance(RowPool.of([data]))[0].tolist()
    assert weights == [0.75, 0.75, 0.75, 1.5, 1.5, 0.75]


def test_models_of_a_stack_may_have_different_groups() -> None:
    data = six_people()
    everyone = dataclasses.replace(data.honest, y=np.zeros(6, dtype=np.int64))
    all_zero = Submission(data.honest, everyone, np.ones(6, dtype=bool))
    weights = ImportanceWeighted(groups="group-label").importance(RowPool.of([data, all_zero]))
    assert weights[1].tolist() == [0.75, 0.75, 0.75, 0.75, 1.5, 1.5]  # a0 and b0 are left
    assert weights.mean(dim=1).tolist() == pytest.approx([1, 1])


def test_equals_weighted_logistic_regression_written_out() -> None:
    people = Gaussian(n=150, rare=0.2).split(rng()).train
    data = Submission.without_collective(people)
    learner = ImportanceWeighted(model="logistic", epochs=3, batch_size=32)
    model = learner.fit(data, rng(7))
    cells = people.group * 2 + people.y
    weights = 150 / (4 * np.bincount(cells)[cells])
    generator = rng(7)
    network = build_network("logistic", people.x.shape[1:], 2, 1, generator)
    order = torch_generator(generator)
    w, b = (p.detach().numpy().astype(float) for p in network.parameters())
    vw, vb = np.zeros_like(w), np.zeros_like(b)
    for _ in range(3):
        perm = torch.randperm(150, generator=order).numpy()
        for start in range(0, 150, 32):
            rows = perm[start : start + 32]
            z = people.x[rows] @ w.T + b
            p = np.exp(z - z.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            residual = (p - np.eye(2)[people.y[rows]]) * weights[rows, None] / len(rows)
            vw = 0.9 * vw + residual.T @ people.x[rows]
            vb = 0.9 * vb + residual.sum(axis=0)
            w, b = w - learner.learning_rate * vw, b - learner.learning_rate * vb
    got_w, got_b = (p.detach().numpy() for p in model.network.parameters())
    # float32 against float64 over 15 steps
    np.testing.assert_allclose(got_w, w, atol=2e-5)
    np.testing.assert_allclose(got_b, b, atol=2e-5)


def test_groups_that_are_not_there() -> None:
    without = Digits(n=50).split(rng()).train
    with pytest.raises(InputError, match="Expected people with groups for groups=group, got none"):
        ImportanceWeighted(groups="group").check(without)
    nobody = Gaussian(n=50, rare=0).split(rng()).train
    with pytest.raises(InputError, match="Expected people in every group, got none in rare"):
        ImportanceWeighted().check(nobody)
    ImportanceWeighted().check(without)  # by label
    ImportanceWeighted(groups="label").check(nobody)
