"""LISA against a loop written out in NumPy, and who is mixed with whom."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from quorate.engine.architectures import build_network
from quorate.engine.generator import torch_generator
from quorate.errors import InputError
from quorate.learners.reweighting.lisa import LISA, MixingPartners
from quorate.populations.digits import Digits
from quorate.populations.gaussian import Gaussian
from quorate.table import Submission


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def submission(n: int = 150) -> Submission:
    people = Gaussian(n=n, rare=0.2).split(rng()).train
    member = rng(3).random(n) < 0.3
    changed = dataclasses.replace(people.take(member), y=np.ones(member.sum(), dtype=np.int64))
    return Submission(people, changed, member)


def naive(data: Submission, learner: LISA, seed: int):
    """Logistic LISA in float64 with the learner's draws, partners found by looking at everyone."""
    generator, people = rng(seed), data.mixed()
    n, k = len(people), people.k
    network = build_network("logistic", people.x.shape[1:], k, 1, generator)
    order = torch_generator(generator)
    w, b = (p.detach().numpy().astype(float) for p in network.parameters())
    vw, vb = np.zeros_like(w), np.zeros_like(b)
    x, y, g = people.x.astype(float), people.y, people.group
    effective = []
    for _ in range(learner.epochs):
        ours = 0.0
        perm = torch.randperm(n, generator=order).numpy()
        for start in range(0, n, learner.batch_size):
            rows = perm[start : start + learner.batch_size]
            same, other = (y, g) if generator.random() < learner.p_sel else (g, y)
            lam = generator.beta(learner.concentration, learner.concentration, len(rows))
            fit = [
                sorted(
                    (j for j in range(n) if same[j] == same[i] and other[j] != other[i]),
                    key=lambda j, other=other: (other[j], j),
                )
                for i in rows
            ]
            chosen = generator.integers([max(1, len(those)) for those in fit])
            partner = np.array(
                [t[c] if t else i for t, c, i in zip(fit, chosen, rows, strict=True)]
            )
            ours += (lam * data.member[rows] + (1 - lam) * data.member[partner]).sum()
            lam = lam[:, None]
            mixed = lam * x[rows] + (1 - lam) * x[partner]
            target = lam * np.eye(k)[y[rows]] + (1 - lam) * np.eye(k)[y[partner]]
            z = mixed @ w.T + b
            p = np.exp(z - z.max(axis=1, keepdims=True))
            residual = (p / p.sum(axis=1, keepdims=True) - target) / len(rows)
            vw = learner.momentum * vw + residual.T @ mixed
            vb = learner.momentum * vb + residual.sum(axis=0)
            w, b = w - learner.learning_rate * vw, b - learner.learning_rate * vb
        effective.append(ours / n)
    return w, b, effective


@pytest.mark.parametrize("p_sel", [0.0, 0.4, 1.0])
def test_equals_a_numpy_loop_step_by_step(p_sel: float) -> None:
    data = submission()
    learner = LISA(model="logistic", epochs=3, batch_size=32, p_sel=p_sel, concentration=0.7)
    model = learner.fit(data, rng(7))
    w, b, effective = naive(data, learner, 7)
    got_w, got_b = (p.detach().numpy() for p in model.network.parameters())
    # float32 against float64 over 15 steps
    np.testing.assert_allclose(got_w, w, atol=2e-5)
    np.testing.assert_allclose(got_b, b, atol=2e-5)
    np.testing.assert_allclose(model.record["alpha_effective"], effective, atol=1e-6)


def test_partners_fit_and_are_equally_likely() -> None:
    same, different = rng(1).integers(3, size=40), rng(2).integers(4, size=40)
    partners, draws = MixingPartners(same, different), rng(3)
    drawn = np.stack([partners.draw(np.arange(40), draws) for _ in range(2000)])  # (2000, 40)
    for i in range(40):
        fit = np.flatnonzero((same == same[i]) & (different != different[i]))
        found, times = np.unique(drawn[:, i], return_counts=True)
        np.testing.assert_array_equal(found, fit)
        # five standard deviations of a count: 200 counts, fixed draws
        spread = np.sqrt(2000 / len(fit))
        assert np.abs(times - 2000 / len(fit)).max() < 5 * spread


def test_who_fits_nobody_stays() -> None:
    """In group 0 everyone has label 0: within the group nobody has another label."""
    partners = MixingPartners(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1]))
    for seed in range(20):
        assert partners.draw(np.arange(4), rng(seed)).tolist() == [0, 1, 3, 2]


def test_everyone_of_one_label_and_all_members() -> None:
    people = Gaussian(n=60, rare=0.5).split(rng()).train
    everyone = np.ones(60, dtype=bool)
    changed = dataclasses.replace(people, y=np.ones(60, dtype=np.int64))
    record = LISA(epochs=2).fit(Submission(people, changed, everyone), rng()).record
    np.testing.assert_allclose(record["alpha_effective"], 1, rtol=1e-6)  # a float32 sum


def test_a_rare_collective_is_drawn_more_often() -> None:
    """Within a label the majority's partners are all of the rare group, where the members are.

    With shares 0.9 and 0.1 of the groups, half of the mass is theirs: half of the majority's
    pairs and half of their own. λ cancels as its mean is a half.
    """
    people = Gaussian(n=4000, rare=0.1).split(rng()).train
    member = people.group == 1
    data = Submission(people, people.take(member), member)
    record = LISA(model="logistic", p_sel=1, epochs=1).fit(data, rng()).record
    # λ has a standard deviation of 0.22: 0.0035 on the mean of 4000
    assert record["alpha_effective"] == pytest.approx([0.5], abs=0.02)


def test_groups_that_are_not_there() -> None:
    without = Digits(n=50).split(rng()).train
    with pytest.raises(InputError, match="Expected people with groups for lisa, got none"):
        LISA().check(without)
    nobody = Gaussian(n=50, rare=0).split(rng()).train
    with pytest.raises(InputError, match="Expected people in every group, got none in rare"):
        LISA().check(nobody)
    one = dataclasses.replace(nobody, groups=("majority",))
    with pytest.raises(InputError, match="at least two groups for lisa, got only majority"):
        LISA().check(one)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LISA(p_sel=1.5), r"p_sel=1.5 in \[0, 1\]"),
        (lambda: LISA(concentration=0), "concentration=0 to be a positive"),
    ],
)
def test_parameters_out_of_range(make, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
