"""Group DRO against a loop written out in NumPy, and what makes a group."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from quorate.engine.architectures import build_network
from quorate.engine.generator import torch_generator
from quorate.errors import InputError
from quorate.learners.base.groups import group_codes
from quorate.learners.networks.sgd import SGD
from quorate.learners.reweighting.group_dro import GroupDRO
from quorate.populations.digits import Digits
from quorate.populations.gaussian import Gaussian
from quorate.table import Submission, Table


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def naive(people, codes, member, learner, seed):
    """Logistic group DRO in float64, given the batches that the learner draws."""
    generator = rng(seed)
    start = build_network("logistic", people.x.shape[1:], people.k, 1, generator)
    order = torch_generator(generator)
    w, b = (p.detach().numpy().astype(float) for p in start.parameters())
    vw, vb = np.zeros_like(w), np.zeros_like(b)
    m = codes.max() + 1
    sizes = np.bincount(codes)
    share = np.array([member[codes == g].mean() for g in range(m)])
    likely = torch.from_numpy(1.0 / sizes[codes])
    q, effective = np.full(m, 1 / m), []
    for _ in range(learner.epochs):
        drawn = torch.multinomial(likely, len(codes), replacement=True, generator=order).numpy()
        seen = []
        for start_at in range(0, len(drawn), learner.batch_size):
            rows = drawn[start_at : start_at + learner.batch_size]
            z = people.x[rows] @ w.T + b
            p = np.exp(z - z.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            each = -np.log(p[np.arange(len(rows)), people.y[rows]])
            grads_w, grads_b = np.zeros((m, *w.shape)), np.zeros((m, *b.shape))
            for g in range(m):
                of_g = codes[rows] == g
                if not of_g.any():
                    continue
                q[g] *= np.exp(learner.group_step * each[of_g].mean())
                residual = (p[of_g] - np.eye(people.k)[people.y[rows][of_g]]) / of_g.sum()
                grads_w[g], grads_b[g] = residual.T @ people.x[rows][of_g], residual.sum(axis=0)
            q /= q.sum()
            seen.append(q.copy())
            vw = learner.momentum * vw + np.tensordot(q, grads_w, axes=1)
            vb = learner.momentum * vb + np.tensordot(q, grads_b, axes=1)
            w, b = w - learner.learning_rate * vw, b - learner.learning_rate * vb
        effective.append(float(np.mean(seen, axis=0) @ share))
    return w, b, q, effective


def test_equals_a_numpy_loop_step_by_step() -> None:
    people = Gaussian(n=150, rare=0.2).split(rng()).train
    member = rng(3).random(150) < 0.3
    changed = dataclasses.replace(people.take(member), y=np.ones(member.sum(), dtype=np.int64))
    data = Submission(people, changed, member)
    learner = GroupDRO(
        model="logistic", epochs=3, batch_size=32, groups="group-label", group_step=0.05
    )
    model = learner.fit(data, rng(7))
    mixed = data.mixed()
    w, b, q, effective = naive(mixed, mixed.group * 2 + mixed.y, member, learner, 7)
    got_w, got_b = (p.detach().numpy() for p in model.network.parameters())
    # float32 against float64 over 15 steps
    np.testing.assert_allclose(got_w, w, atol=2e-5)
    np.testing.assert_allclose(got_b, b, atol=2e-5)
    np.testing.assert_allclose(model.record["group_weights"], q, atol=1e-5)
    np.testing.assert_allclose(model.record["alpha_effective"], effective, atol=1e-5)


def test_alpha_effective_is_alpha_when_every_group_has_the_same_share() -> None:
    people = Digits(n=200).split(rng()).train
    people = dataclasses.replace(
        people, group=np.arange(200, dtype=np.int64) % 2, groups=("even", "odd")
    )
    member = np.arange(200) % 20 < 2  # one in ten of each group
    data = Submission(people, people.take(member), member)
    record = GroupDRO(groups="group", epochs=2).fit(data, rng()).record
    np.testing.assert_allclose(record["alpha_effective"], 0.1, atol=1e-6)  # float32 weights


def test_weight_moves_to_the_group_that_does_badly() -> None:
    """One person in five has a label drawn by a coin: that group's loss cannot fall."""
    people = Gaussian(n=1000, rare=0.2).split(rng()).train
    coin = rng(1).integers(2, size=1000)
    people = dataclasses.replace(people, y=np.where(people.group == 1, coin, people.y))
    learner = GroupDRO(model="logistic", epochs=20, groups="group", group_step=0.1)
    majority, rare = learner.fit(Submission.without_collective(people), rng()).record[
        "group_weights"
    ]
    assert rare > 0.9 > 0.1 > majority


def test_worst_group_does_better_than_under_sgd() -> None:
    people = Gaussian(n=4000, held_out=4000).split(rng())
    data = Submission.without_collective(people.train)
    rare = people.held_out.group == 1
    accuracy = {
        learner.name: (learner.fit(data, rng()).predict(people.held_out.x) == people.held_out.y)[
            rare
        ].mean()
        for learner in (SGD(model="logistic"), GroupDRO(model="logistic"))
    }
    # about 200 rare people: a standard error of 3.5 points; measured .46 and .79
    assert accuracy["group-dro"] > accuracy["sgd"] + 0.15


def test_what_makes_a_group() -> None:
    people = Gaussian(n=100, rare=0.3).split(rng()).train
    counts = {
        choice: group_codes(people.y, people.group, people.k, choice)[1]  # type: ignore[arg-type]
        for choice in ("auto", "group", "label", "group-label")
    }
    assert counts == {"auto": 4, "group": 2, "label": 2, "group-label": 4}
    without = Digits(n=300).split(rng()).train
    assert group_codes(without.y, None, without.k, "auto")[1] == 10


def test_the_weights_are_the_submitted_labels_groups() -> None:
    """Everyone claims label 0: only one group is left, though honest people had ten."""
    people = Digits(n=200).split(rng()).train
    everyone = np.ones(200, dtype=bool)
    changed = dataclasses.replace(people, y=np.zeros(200, dtype=np.int64))
    record = GroupDRO(epochs=1).fit(Submission(people, changed, everyone), rng()).record
    assert record["group_weights"] == [1.0]
    assert record["alpha_effective"] == [1.0]


def test_groups_that_are_not_there() -> None:
    without = Digits(n=50).split(rng()).train
    with pytest.raises(InputError, match="Expected people with groups for groups=group, got none"):
        GroupDRO(groups="group").check(without)
    nobody = Gaussian(n=50, rare=0).split(rng()).train
    with pytest.raises(InputError, match="Expected people in every group, got none in rare"):
        GroupDRO().check(nobody)


def test_members_are_weighed_in_the_group_that_they_hand_in() -> None:
    """All ten of group a0 are honest; two of b1 claim label 0 and are then of a1, two of twelve."""
    y, place = np.repeat([0, 0, 1, 1], 10), np.repeat([0, 1, 0, 1], 10)
    x = np.random.default_rng(0).random((40, 3), dtype=np.float32)
    names = ("a0", "a1", "b0", "b1")
    honest = Table(x, y, ("a", "b"), 2 * y + place, names, groups_by_label=True)
    member = np.arange(40) >= 38
    changed = honest.take(member).relabelled(np.zeros(2, np.int64))
    learner = GroupDRO(epochs=1, batch_size=40, group_step=1e-9)  # weights stay 1/4
    record = learner.fit(Submission(honest, changed, member), rng()).record
    assert len(record["group_weights"]) == 4
    # float32, and a step of 1e-9
    assert record["alpha_effective"] == pytest.approx([(2 / 12) / 4], rel=1e-5)
