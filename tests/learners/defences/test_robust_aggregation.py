"""Robust aggregation: cases by hand, and training against a loop written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from quorate.catalog import build
from quorate.engine.architectures import build_network
from quorate.engine.generator import torch_generator
from quorate.errors import InputError
from quorate.learners.defences.robust_aggregation import RobustAggregation
from quorate.learners.networks.sgd import SGD
from quorate.populations.digits import Digits
from quorate.populations.gaussian import Gaussian
from quorate.studies.trial import streams, submit
from quorate.table import Submission, Table


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# One model, five shards, a weight of two coordinates.
SHARDS = torch.tensor([[[0.0, 5.0], [1.0, -3.0], [2.0, 1.0], [6.0, 0.0], [100.0, 2.0]]])


@pytest.mark.parametrize(
    ("learner", "shards", "expected"),
    [
        (RobustAggregation(), 5, [2.0, 1.0]),  # the third of five, each coordinate by itself
        (RobustAggregation(), 4, [1.5, 0.5]),  # of four, the mean of the second and the third
        (RobustAggregation(), 2, [0.5, 1.0]),
        (RobustAggregation(), 1, [0.0, 5.0]),
        # one of five is out at each end: (1 + 2 + 6)/3 and (0 + 1 + 2)/3
        (RobustAggregation(rule="trimmed-mean", trim=0.2), 5, [3.0, 1.0]),
        # ⌊0.3·4⌋ = 1 of four: (1 + 2)/2 and (0 + 1)/2
        (RobustAggregation(rule="trimmed-mean", trim=0.3), 4, [1.5, 0.5]),
        # ⌊0.3·3⌋ = 0 of three: the mean, (0 + 1 + 2)/3 and (5 − 3 + 1)/3
        (RobustAggregation(rule="trimmed-mean", trim=0.3), 3, [1.0, 1.0]),
        # ⌊0.49·5⌋ = 2 of five: the median is left
        (RobustAggregation(rule="trimmed-mean", trim=0.49), 5, [2.0, 1.0]),
    ],
)
def test_by_hand(learner: RobustAggregation, shards: int, expected: list[float]) -> None:
    assert learner.middle(SHARDS[:, :shards])[0].tolist() == expected


def test_a_whole_number_of_shards_is_trimmed_whatever_floating_point_makes_of_it() -> None:
    # 0.29·100 = 28.999999999999996 in floating point
    learner = RobustAggregation(rule="trimmed-mean", trim=0.29)
    shards = torch.arange(100.0)[None]
    shards[:, 28] = -1000.0  # the lowest; rows 0 to 27 make the 29 that are out
    assert learner.middle(shards).item() == pytest.approx(np.mean(np.arange(29, 71)))


def naive(people: Table, learner: RobustAggregation, inner: SGD, seed: int) -> list[np.ndarray]:
    """Logistic regression in float64 by aggregated gradients, in the order the learner draws."""
    generator = rng(seed)
    start = build_network("logistic", people.x.shape[1:], people.k, 1, generator)
    order = torch_generator(generator)
    w, b = (p.detach().numpy().astype(float) for p in start.parameters())
    vw, vb = np.zeros_like(w), np.zeros_like(b)
    for _ in range(inner.epochs):
        people_in_order = torch.randperm(len(people), generator=order).numpy()
        for at in range(0, len(people), inner.batch_size):
            batch = people_in_order[at : at + inner.batch_size]
            of_w, of_b = [], []
            for rows in np.array_split(batch, min(learner.shards, len(batch))):
                z = people.x[rows] @ w.T + b
                p = np.exp(z - z.max(axis=1, keepdims=True))
                p /= p.sum(axis=1, keepdims=True)
                residual = (p - np.eye(people.k)[people.y[rows]]) / len(rows)
                of_w.append(residual.T @ people.x[rows])
                of_b.append(residual.sum(axis=0))
            vw = inner.momentum * vw + np.median(of_w, axis=0)
            vb = inner.momentum * vb + np.median(of_b, axis=0)
            w, b = w - inner.learning_rate * vw, b - inner.learning_rate * vb
    return [w, b]


def test_equals_a_numpy_loop_step_by_step() -> None:
    """Batches of 16 in 6 shards of 3 or 2 people; the last, of 4 people, in 4 shards."""
    people = Gaussian(n=100).split(rng()).train
    inner = SGD(model="logistic", epochs=3, batch_size=16)
    learner = RobustAggregation(inner, shards=6)
    model = learner.fit(Submission.without_collective(people), rng(7))
    expected = naive(people, learner, inner, 7)
    for got, want in zip(model.network.parameters(), expected, strict=True):
        # float32 against float64 over 21 steps
        np.testing.assert_allclose(got.detach().numpy(), want, atol=2e-5)


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_the_mean_over_equal_shards_is_plain_training(model: str) -> None:
    """96 people in batches of 32 and shards of 8: untrimmed, the mean of means is the mean."""
    data = Submission.without_collective(Digits(n=96).split(rng()).train)
    inner = SGD(model=model, epochs=2, batch_size=32)  # type: ignore[arg-type]
    plain = inner.fit(data, rng(3)).network
    robust = RobustAggregation(inner, "trimmed-mean", shards=4, trim=0).fit(data, rng(3)).network
    for a, b in zip(robust.parameters(), plain.parameters(), strict=True):
        # float32 sums in another order, over 6 steps
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), atol=1e-5)


def test_parameters_are_handed_on() -> None:
    short = build("learners", "robust-aggregation:rule=median,epochs=5")
    long = build("learners", "robust-aggregation:learner=(sgd:epochs=5),rule=median")
    assert short == long == RobustAggregation(SGD(epochs=5))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learner=dp-sgd", "Expected a learner that descends minibatch gradients .* got dp-sgd"),
        ("learner=sklearn", "got sklearn. Wrap one such as sgd"),
        ("learner=early-stopping", "got early-stopping.* another defence goes around this one"),
        ("learner=robust-aggregation", "got robust-aggregation"),
        ("rule=mean", "Expected a known value of rule, got 'mean'"),
        ("shards=0", "Expected shards=0 to be at least 1"),
        ("trim=0.5", r"Expected trim=0\.5 in \[0, 0\.5\)"),
        ("trim=-0.1", r"Expected trim=-0\.1 in \[0, 0\.5\)"),
    ],
)
def test_bad_input(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build("learners", f"robust-aggregation:{text}")


def test_the_learner_inside_is_checked() -> None:
    table = Gaussian(n=50).split(rng()).train
    with pytest.raises(InputError, match="Expected images for model=cnn"):
        RobustAggregation(SGD(model="cnn")).check(table)


@pytest.mark.parametrize("text", ["robust-aggregation", "robust-aggregation:rule=trimmed-mean"])
def test_a_few_planted_people_have_less_success(text: str) -> None:
    """Digits, a patch of 2×2 on three people in a hundred: with sgd it works on most others."""
    plan = build("strategies", "planting:size=2,target=8")
    success: dict[str, list[float]] = {}
    for seed in range(3):
        draw, enlist, fit, test = streams(seed)
        people = Digits().split(rng_of(draw))
        data = submit(people.train, plan, 0.03, enlist)
        for learner in ("sgd", text):
            model = build("learners", learner).fit(data, rng_of(fit))
            reached = plan.goal.success(model, people.held_out, rng_of(test))
            success.setdefault(learner, []).append(reached)
    # measured .90 .72 .84 with sgd; .45 .28 .44 with the median, .57 .35 .55 with a trimmed mean
    assert np.mean(success["sgd"]) > np.mean(success[text]) + 0.2


def rng_of(stream: np.random.SeedSequence) -> np.random.Generator:
    return np.random.default_rng(stream)


def test_shards_gradients_are_formed_in_full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass of a convolution on a GPU is in bfloat16; here the CPU is told to do the same."""
    autocast = torch.autocast
    reduced = lambda *args, **options: autocast("cpu", torch.bfloat16)  # noqa: E731
    people = Submission.without_collective(Digits(n=64).split(rng()).train)
    learner = RobustAggregation(SGD(model="cnn"))
    (stack, pool) = learner.prepare([people], [rng()])
    monkeypatch.setattr(torch, "autocast", reduced)
    through = stack.forward(pool.batch(torch.arange(64)[None])[0])
    assert {step.out.dtype for step in through.layers} == {torch.bfloat16}
    losses = through.logits.square().sum(dim=2)
    assert {g.dtype for g in stack.shard_gradients(through, losses, 8)} == {torch.float32}
