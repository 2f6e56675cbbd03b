"""DP-SGD: clipping, noise, sampling and accounting, each against an independent statement."""

from __future__ import annotations

import math

import dp_accounting
import numpy as np
import pytest
import torch
from dp_accounting import pld
from scipy.stats import norm

from quorate import catalog, spec
from quorate.engine.architectures import build_network
from quorate.engine.layer_stack import LayerStack
from quorate.errors import InputError
from quorate.learners.base import privacy
from quorate.learners.base.private_learner import poisson_sample, slices
from quorate.learners.private.dp_sgd import DPSGD
from quorate.populations.digits import Digits
from quorate.populations.gaussian import Gaussian
from quorate.table import Submission


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def clipped_gradient_sum(network, x, y, max_grad_norm):
    """The stack's sums, for a stack of one and a batch in which everyone counts."""
    everyone = torch.ones(1, len(y))
    stack = LayerStack([network])
    sums, over = stack.clipped_gradient_sums(x[None], y[None], everyone, max_grad_norm)
    return [value[0] for value in stack.as_in_networks(sums)], int(over)


def naive_clipped_sum(network, x, y, max_grad_norm):
    """One person at a time, through ordinary backward passes."""
    total = {name: torch.zeros_like(p) for name, p in network.named_parameters()}
    over = 0
    for xi, yi in zip(x, y, strict=True):
        network.zero_grad()
        torch.nn.functional.cross_entropy(network(xi[None]), yi[None]).backward()
        norm = math.sqrt(sum(float(p.grad.square().sum()) for p in network.parameters()))
        over += norm > max_grad_norm
        for name, p in network.named_parameters():
            total[name] += p.grad * min(1.0, max_grad_norm / norm)
    return total, over


@pytest.mark.parametrize("model", ["logistic", "mlp", "cnn"])
@pytest.mark.parametrize("max_grad_norm", [0.01, 1.0, 100.0])
def test_clipped_sum_equals_one_person_at_a_time(model, max_grad_norm) -> None:
    people = Digits(n=40).split(rng()).train
    network = build_network(model, people.x.shape[1:], people.k, 16, rng(1))
    x, y = torch.from_numpy(people.x), torch.from_numpy(people.y)
    total, over = clipped_gradient_sum(network, x, y, max_grad_norm)
    expected, expected_over = naive_clipped_sum(network, x, y, max_grad_norm)
    assert over == expected_over
    for got, value in zip(total, expected.values(), strict=True):
        # float32 sums of 40 terms, taken in another order
        torch.testing.assert_close(got, value, rtol=1e-4, atol=1e-5 * max_grad_norm)


def test_clipping_by_hand() -> None:
    """One feature, weights zero: softmax is (1/2, 1/2), so every gradient is known."""
    network = torch.nn.Sequential(torch.nn.Linear(1, 2))
    torch.nn.init.zeros_(network[0].weight)
    torch.nn.init.zeros_(network[0].bias)
    # x = √3, y = 0: logit gradient (-1/2, 1/2); weights (-√3/2, √3/2), bias (-1/2, 1/2)
    # squared norm = 2·3/4 + 2·1/4 = 2, so clipping to 1 divides by √2
    x, y = torch.tensor([[math.sqrt(3.0)]]), torch.tensor([0])
    total, over = clipped_gradient_sum(network, x, y, 1.0)
    assert over == 1
    weight, bias = total
    expected = -math.sqrt(3) / 2 / math.sqrt(2)
    assert float(weight[0, 0]) == pytest.approx(expected, rel=1e-6)  # float32
    assert float(bias[1]) == pytest.approx(0.5 / math.sqrt(2), rel=1e-6)


def test_rows_that_only_fill_up_add_nothing() -> None:
    people = Digits(n=10).split(rng()).train
    stack = LayerStack([build_network("mlp", people.x.shape[1:], people.k, 8, rng(1))])
    x, y = torch.from_numpy(people.x)[None], torch.from_numpy(people.y)[None]
    some = torch.zeros(1, 10)
    some[0, :4] = 1
    sums, over = stack.clipped_gradient_sums(x, y, some, 0.01)
    alone, alone_over = stack.clipped_gradient_sums(x[:, :4], y[:, :4], torch.ones(1, 4), 0.01)
    assert over.tolist() == alone_over.tolist() == [4]
    for a, b in zip(sums, alone, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-9)  # float32 sums of 4 and of 10
    nobody, none = stack.clipped_gradient_sums(x, y, torch.zeros(1, 10), 0.01)
    assert none.tolist() == [0]
    assert all(bool((value == 0).all()) for value in nobody)


def test_slices_hold_every_sample_once() -> None:
    samples = [np.array([5, 3, 9]), np.array([], dtype=np.int64), np.array([1, 2, 3, 4, 5])]
    laid = list(slices(samples, 2))
    assert [tuple(rows.shape) for rows, _ in laid] == [(3, 2)] * 3
    for k, sample in enumerate(samples):
        seen = torch.cat([rows[k][present[k] == 1] for rows, present in laid])
        assert seen.tolist() == sample.tolist()
    assert list(slices([np.array([], dtype=np.int64)], 4)) == []


def test_noise_has_the_calibrated_variance(monkeypatch) -> None:
    """Gradients put to zero: weights move by the noise alone, η·σC/(qn) a step, √T in all."""

    def nothing(stack, x, y, present, max_grad_norm):
        return [torch.zeros_like(w) for w in stack.weights], torch.zeros(len(stack)).long()

    monkeypatch.setattr(LayerStack, "clipped_gradient_sums", nothing)
    people = Digits(n=400).split(rng()).train
    learner = DPSGD(
        epsilon=3,
        max_grad_norm=2.0,
        model="mlp",
        hidden=300,
        epochs=2,
        batch_size=100,
        learning_rate=0.7,
    )
    start = build_network("mlp", people.x.shape[1:], people.k, 300, rng(4))
    model = learner.fit(Submission.without_collective(people), rng(4))
    moved = torch.cat(
        [
            (a - b).flatten()
            for a, b in zip(model.network.parameters(), start.parameters(), strict=True)
        ]
    )
    assert model.record["steps"] == 8
    expected = 0.7 * model.record["noise_multiplier"] * 2.0 / 100 * math.sqrt(8)
    # 22,510 draws: the standard deviation is known to 1/√(2·22,510) = 0.5%; four of these
    assert float(moved.detach().std()) == pytest.approx(expected, rel=0.02)


def test_sampling_is_poisson(monkeypatch) -> None:
    """Everyone is in each batch with probability q, independently: sizes are binomial."""
    sizes = []

    def count(samples, width):
        sizes.extend(map(len, samples))
        return iter(())

    monkeypatch.setattr("quorate.learners.base.private_learner.slices", count)
    people = Gaussian(n=1000).split(rng()).train
    learner = DPSGD(epsilon=math.inf, epochs=100, batch_size=100)
    learner.fit(Submission.without_collective(people), rng())
    assert len(sizes) == 1000
    # Binomial(1000, 0.1): mean 100, variance 90; over 1,000 steps the mean is known to 0.3 and
    # the variance to 90·√(2/1000) = 4; four of each
    assert np.mean(sizes) == pytest.approx(100, abs=1.2)
    assert np.var(sizes) == pytest.approx(90, abs=16)


@pytest.mark.parametrize(
    ("epsilon", "delta", "q", "steps"),
    [(1.0, 1e-5, 0.05, 200), (0.1, 1e-6, 0.01, 1000), (4.0, 1e-5, 0.1, 20), (0.5, 1e-3, 1.0, 1)],
)
def test_noise_meets_the_budget_and_little_more(epsilon, delta, q, steps) -> None:
    sigma = privacy.noise_multiplier(epsilon, delta, q, steps)
    accountant = pld.PLDAccountant(dp_accounting.NeighboringRelation.ADD_OR_REMOVE_ONE)
    event = dp_accounting.PoissonSampledDpEvent(q, dp_accounting.GaussianDpEvent(sigma))
    accountant.compose(event, steps)
    assert accountant.get_epsilon(delta) <= epsilon * (1 + 1e-6)  # rounding of the grid alone
    spent = privacy.privacy_cost(sigma, delta, q, steps, epsilon)
    assert spent.epsilon <= epsilon
    assert spent.epsilon_rdp >= spent.epsilon
    less = privacy.privacy_cost(
        sigma * 0.99, delta, q, steps, epsilon
    )  # a hundredth less noise is too little
    assert less.epsilon > epsilon


def test_one_full_batch_is_the_gaussian_mechanism() -> None:
    """q = 1, T = 1: δ(ε) = Φ(1/2σ − εσ) − e^ε Φ(−1/2σ − εσ) (Balle and Wang 2018)."""
    sigma, delta = 2.0, 1e-4

    def exact(epsilon: float) -> float:
        a, b = 1 / (2 * sigma) - epsilon * sigma, -1 / (2 * sigma) - epsilon * sigma
        return float(norm.cdf(a) - math.exp(epsilon) * norm.cdf(b))

    got = privacy.privacy_cost(sigma, delta, 1.0, 1, near=1.0).epsilon
    assert exact(got) <= delta  # never too low
    assert exact(got * 0.999) > delta  # nor a thousandth too high


def test_the_cost_of_a_given_noise_is_the_inverse_of_calibration() -> None:
    """ε → σ → ε comes back within the 0.1% of σ, with no budget named to set the grid."""
    for epsilon in (0.2, 3.0, 30.0):
        sigma = privacy.noise_multiplier(epsilon, 1e-5, 0.05, 100)
        # σ is known to 0.1%, and ε falls by at most two or three times that; the grid adds 0.1%
        assert privacy.privacy_cost(sigma, 1e-5, 0.05, 100).epsilon == pytest.approx(epsilon, 5e-3)


def test_a_noise_multiplier_in_place_of_a_budget() -> None:
    """At the σ of a budget it is the same training, and the record states the same ε."""
    people = Digits(n=200).split(rng()).train
    settings = {"epochs": 2, "batch_size": 50, "max_grad_norm": 0.5, "delta": 1e-4}
    by_budget = DPSGD(epsilon=3, **settings).fit(Submission.without_collective(people), rng(1))
    sigma = by_budget.record["noise_multiplier"]
    learner = DPSGD(epsilon=None, noise_multiplier=sigma, **settings)
    by_noise = learner.fit(Submission.without_collective(people), rng(1))
    for a, b in zip(by_budget.network.parameters(), by_noise.network.parameters(), strict=True):
        assert torch.equal(a, b)
    assert by_noise.record["noise_multiplier"] == sigma
    assert by_noise.record["epsilon"] == pytest.approx(3, rel=5e-3)  # two grids of the accountant
    assert learner.epsilon_leaves_out


def test_a_noise_multiplier_of_0_is_no_budget() -> None:
    people = Digits(n=100).split(rng()).train
    learner = DPSGD(epsilon=None, noise_multiplier=0, delta=0.5, epochs=1)
    record = learner.fit(Submission.without_collective(people), rng()).record
    assert record["noise_multiplier"] == 0
    assert record["epsilon"] == math.inf
    assert learner.epsilon_leaves_out == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"noise_multiplier": 1}, "Expected epsilon or noise_multiplier, got epsilon=1 and"),
        ({"epsilon": None}, "got neither"),
        ({"epsilon": None, "noise_multiplier": 0.001}, "noise_multiplier=0.001"),
        ({"epsilon": None, "noise_multiplier": math.inf}, "noise_multiplier"),
        ({"epsilon": None, "noise_multiplier": -1}, "noise_multiplier"),
    ],
)
def test_one_of_budget_and_noise_in_range(given, said) -> None:
    with pytest.raises(InputError, match=said):
        DPSGD(**given)


def test_a_noise_multiplier_leaves_old_specs_as_they_were() -> None:
    assert "noise_multiplier" not in spec.describe(DPSGD())
    written = "dp-sgd:epsilon=none,max_grad_norm=1,noise_multiplier=0.5"
    assert spec.text(catalog.build("learners", written)) == written


def test_pairs_are_sampled_independently() -> None:
    """Each pair of people meets with probability q²: 30,000 draws of 5 people at q = 0.4."""
    draws = np.zeros((30_000, 5), dtype=bool)
    generator = rng(2)
    for row in draws:
        row[poisson_sample(5, 0.4, generator)] = True
    together = draws.T.astype(float) @ draws / len(draws)
    # standard error of a frequency of .16 (.4 on the diagonal): at most .0029; five of these
    np.testing.assert_allclose(np.diag(together), 0.4, atol=0.015)
    np.testing.assert_allclose(together[~np.eye(5, dtype=bool)], 0.16, atol=0.015)


def test_record_says_what_was_spent() -> None:
    people = Digits(n=300).split(rng()).train
    learner = DPSGD(epsilon=2, epochs=2, batch_size=60)
    record = learner.fit(Submission.without_collective(people), rng()).record
    assert record["steps"] == 10
    assert record["sampling_rate"] == 0.2
    assert 1.99 < record["epsilon"] <= 2  # σ is calibrated to 0.1%
    assert record["delta"] == 1e-5
    assert "Poisson" in record["sampling"]


def test_the_clipped_fraction_is_of_those_drawn() -> None:
    """Five people and a threshold that clips everyone: 1, however many were drawn."""
    people = Digits(n=5).split(rng()).train
    learner = DPSGD(epsilon=math.inf, max_grad_norm=1e-6, epochs=3, batch_size=2)
    record = learner.fit(Submission.without_collective(people), rng()).record
    assert record["clipped_fraction"] == 1.0


def test_no_noise_without_privacy() -> None:
    people = Digits(n=100).split(rng()).train
    learner = DPSGD(epsilon=math.inf, epochs=1, batch_size=50)
    record = learner.fit(Submission.without_collective(people), rng()).record
    assert record["noise_multiplier"] == 0
    assert record["epsilon"] == math.inf


def test_a_batch_larger_than_the_data_takes_everyone() -> None:
    people = Digits(n=50).split(rng()).train
    learner = DPSGD(epsilon=2, epochs=3, batch_size=512)
    record = learner.fit(Submission.without_collective(people), rng()).record
    assert record["sampling_rate"] == 1.0
    assert record["steps"] == 3


@pytest.mark.parametrize("epsilon", [0, -1, math.nan])
def test_epsilon_out_of_range(epsilon: float) -> None:
    with pytest.raises(InputError, match="epsilon"):
        DPSGD(epsilon=epsilon)


@pytest.mark.parametrize("delta", [0, 1, -1e-5])
def test_delta_out_of_range(delta: float) -> None:
    with pytest.raises(InputError, match="delta"):
        DPSGD(delta=delta)


def test_budgets_that_cannot_be_met() -> None:
    people = Digits(n=100).split(rng()).train
    with pytest.raises(InputError, match=r"Expected epsilon=1e-09 .* to be reachable"):
        DPSGD(epsilon=1e-9).check(people)
    with pytest.raises(InputError, match=r"Expected delta=0.02 below 1/n = 0.01"):
        DPSGD(delta=0.02).check(people)
