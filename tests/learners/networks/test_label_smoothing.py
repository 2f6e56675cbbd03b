"""Smoothed targets, and the loss towards them, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from quorate.errors import InputError
from quorate.learners.networks.label_smoothing import LabelSmoothing
from quorate.learners.networks.sgd import SGD
from quorate.populations.digits import Digits
from quorate.table import Submission, Table


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_first_step_by_hand() -> None:
    """Nobody has features: only the biases move, by η(target − p), averaged over the people."""
    people = Table(np.zeros((4, 1), np.float32), np.array([0, 0, 0, 1]), ("0", "1"))
    data = Submission.without_collective(people)
    learner = LabelSmoothing(
        model="logistic", smoothing=0.2, epochs=1, batch_size=4, learning_rate=0.5
    )
    before = SGD(model="logistic", epochs=1, learning_rate=1e-30).fit(data, rng())
    after = learner.fit(data, rng())
    start, end = (list(m.network.parameters())[1].tolist() for m in (before, after))
    p = 1 / (1 + math.exp(start[1] - start[0]))
    target = (3 * 0.9 + 0.1) / 4  # three people of label 0 have 0.8 + 0.1, one has 0.1
    assert end[0] == pytest.approx(start[0] + 0.5 * (target - p), abs=1e-6)  # float32
    assert end[1] == pytest.approx(start[1] - 0.5 * (target - p), abs=1e-6)
    loss = -(target * math.log(p) + (1 - target) * math.log(1 - p))
    assert after.record["loss"] == pytest.approx(loss, abs=1e-6)


def test_no_smoothing_is_plain_training() -> None:
    data = Submission.without_collective(Digits(n=120).split(rng()).train)
    plain, same = (
        learner.fit(data, rng(3)).network.parameters()
        for learner in (SGD(epochs=2), LabelSmoothing(epochs=2, smoothing=0))
    )
    for a, b in zip(plain, same, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)  # float32, another order of sums


def test_the_optimum_is_not_certain() -> None:
    """With one label for everyone the model stops at 1 − s + s/k, not at 1."""
    people = Table(np.zeros((50, 1), np.float32), np.zeros(50, np.int64), ("0", "1"))
    learner = LabelSmoothing(model="logistic", smoothing=0.2, epochs=200, learning_rate=0.5)
    model = learner.fit(Submission.without_collective(people), rng())
    logits = model.network(torch.zeros(1, 1))[0]
    assert logits.softmax(dim=0).tolist() == pytest.approx([0.9, 0.1], abs=1e-4)  # converged


@pytest.mark.parametrize("smoothing", [-0.1, 1, math.nan])
def test_parameters_out_of_range(smoothing: float) -> None:
    with pytest.raises(InputError, match=rf"smoothing={smoothing:g} in \[0, 1\)"):
        LabelSmoothing(smoothing=smoothing)
