"""Learning from failure against a loop written out in NumPy."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from quorate.engine.architectures import build_network
from quorate.engine.generator import torch_generator
from quorate.errors import InputError
from quorate.learners.reweighting.lff import LfF, _MovingLosses
from quorate.populations.digits import Digits
from quorate.table import Submission


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def submission(n: int = 120, alpha: float = 0.25) -> Submission:
    people = Digits(n=n).split(rng()).train
    member = np.arange(n) < alpha * n
    changed = dataclasses.replace(people.take(member), y=np.full(member.sum(), 3))
    return Submission(people, changed, member)


class Linear:
    """One logistic model in float64 with momentum."""

    def __init__(self, network, learner: LfF) -> None:
        self.w, self.b = (p.detach().numpy().astype(float) for p in network.parameters())
        self.vw, self.vb = np.zeros_like(self.w), np.zeros_like(self.b)
        self.learner = learner

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        z = x @ self.w.T + self.b
        p = np.exp(z - z.max(axis=1, keepdims=True))
        return p / p.sum(axis=1, keepdims=True)

    def step(self, x: np.ndarray, residual: np.ndarray) -> None:
        self.vw = self.learner.momentum * self.vw + residual.T @ x / len(x)
        self.vb = self.learner.momentum * self.vb + residual.mean(axis=0)
        self.w = self.w - self.learner.learning_rate * self.vw
        self.b = self.b - self.learner.learning_rate * self.vb


def naive(data: Submission, learner: LfF, seed: int):
    """The two logistic models, person by person; also α_eff per epoch."""
    generator, people = rng(seed), data.mixed()
    shape, k, n = people.x.shape[1:], people.k, len(people)
    deployed = Linear(build_network("logistic", shape, k, 1, generator), learner)
    biased = Linear(build_network("logistic", shape, k, 1, generator), learner)
    order = torch_generator(generator)
    x, y = people.x.reshape(n, -1).astype(float), people.y
    averages = {"b": {}, "d": {}}  # of those seen so far
    effective = []
    for _ in range(learner.epochs):
        ours = everyone = 0.0
        perm = torch.randperm(n, generator=order).numpy()
        for start in range(0, n, learner.batch_size):
            rows = perm[start : start + learner.batch_size]
            onehot = np.eye(k)[y[rows]]
            p = {"b": biased.probabilities(x[rows]), "d": deployed.probabilities(x[rows])}
            for of, mean in averages.items():
                for i, p_y in zip(rows, p[of][np.arange(len(rows)), y[rows]], strict=True):
                    loss = -np.log(p_y)
                    keep = learner.memory
                    mean[i] = keep * mean[i] + (1 - keep) * loss if i in mean else loss
            weights = np.empty(len(rows))
            for j, i in enumerate(rows):
                hard, left = (
                    mean[i] / max(value for other, value in mean.items() if y[other] == y[i])
                    for mean in (averages["b"], averages["d"])
                )
                weights[j] = hard / (hard + left)
            ours += weights[data.member[rows]].sum()
            everyone += weights.sum()
            # ∇(1 − p_y^q)/q = p_y^q ∇(−log p_y)
            easy = p["b"][np.arange(len(rows)), y[rows]] ** learner.q
            biased.step(x[rows], (p["b"] - onehot) * easy[:, None])
            deployed.step(x[rows], (p["d"] - onehot) * weights[:, None])
        effective.append(ours / everyone)
    return deployed, effective


@pytest.mark.parametrize(("q", "memory"), [(0.7, 0.7), (0.2, 0.0)])
def test_equals_two_models_written_out(q: float, memory: float) -> None:
    data = submission()
    learner = LfF(model="logistic", epochs=3, batch_size=32, q=q, memory=memory)
    model = learner.fit(data, rng(9))
    expected, effective = naive(data, learner, 9)
    w, b = (p.detach().numpy() for p in model.network.parameters())
    # float32 against float64 over 12 steps
    np.testing.assert_allclose(w, expected.w, atol=2e-5)
    np.testing.assert_allclose(b, expected.b, atol=2e-5)
    np.testing.assert_allclose(model.record["alpha_effective"], effective, rtol=1e-5)


def test_moving_average_by_hand() -> None:
    """Labels 0, 0, 1: losses 4, 1, 2; then the second has loss 9 where memory is a half."""
    recent = _MovingLosses(torch.tensor([[0, 0, 1]]), 2, 0.5)
    first = recent.update(torch.tensor([[0, 1, 2]]), torch.tensor([[4.0, 1.0, 2.0]]))
    assert first.tolist() == [[1.0, 0.25, 1.0]]  # over the largest of the label, 4 and 2
    second = recent.update(torch.tensor([[1]]), torch.tensor([[15.0]]))
    assert second.tolist() == [[1.0]]  # (1 + 15)/2 = 8 is now the largest of label 0 ...
    assert recent.update(torch.tensor([[0]]), torch.tensor([[8.0]])).tolist() == [[0.75]]  # 6/8


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LfF(q=0), r"q=0 in \(0, 1\]"),
        (lambda: LfF(q=1.5), r"q=1.5 in \(0, 1\]"),
        (lambda: LfF(memory=1), r"memory=1 in \[0, 1\)"),
        (lambda: LfF(memory=-0.1), r"memory=-0.1 in \[0, 1\)"),
    ],
)
def test_parameters_out_of_range(make, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
