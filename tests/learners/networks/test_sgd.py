"""SGD against a loop written out in NumPy, and what every network learner promises."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from quorate.catalog import build
from quorate.engine.architectures import build_network, initialise
from quorate.errors import FitFailedError, InputError
from quorate.learners.base import network_classifier as networks
from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.learners.networks.sgd import SGD
from quorate.populations.digits import Digits
from quorate.populations.gaussian import Gaussian
from quorate.protocols import ScoredClassifier
from quorate.table import Submission


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_full_batch_steps_equal_a_numpy_loop() -> None:
    """One batch of everyone: the order drawn does not matter, so the steps can be written out."""
    people = Gaussian(n=60).split(rng()).train
    learner = SGD(
        model="logistic",
        epochs=7,
        batch_size=60,
        learning_rate=0.3,
        momentum=0.8,
        weight_decay=0.01,
    )
    fitted = learner.fit(Submission.without_collective(people), rng(5))

    start = build_network("logistic", people.x.shape[1:], people.k, 1, rng(5))
    w, b = (p.detach().numpy().astype(float) for p in start.parameters())
    vw, vb = np.zeros_like(w), np.zeros_like(b)
    x, onehot = people.x.astype(float), np.eye(2)[people.y]
    for _ in range(7):
        residual = (softmax(x @ w.T + b) - onehot) / 60
        vw = 0.8 * vw + residual.T @ x + 0.01 * w
        vb = 0.8 * vb + residual.sum(axis=0) + 0.01 * b
        w, b = w - 0.3 * vw, b - 0.3 * vb
    got_w, got_b = (p.detach().numpy() for p in fitted.network.parameters())
    # float32 against float64 over seven steps
    np.testing.assert_allclose(got_w, w, atol=1e-5)
    np.testing.assert_allclose(got_b, b, atol=1e-5)


def test_probabilities_are_the_softmax_of_the_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    """W x + b = (1, 0) at x = 0 and (1, 3) at x = 1, whatever the size of the batches."""
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(1, 2))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([[0.0], [3.0]]))
        network[1].bias.copy_(torch.tensor([1.0, 0.0]))
    model = NetworkClassifier(network)
    assert isinstance(model, ScoredClassifier)
    x = np.array([[0], [1], [0]], np.float32)
    e = math.e
    expected = [[e / (e + 1), 1 / (e + 1)], [e / (e + e**3), e**3 / (e + e**3)]]
    for rows in (2, 4096):
        monkeypatch.setattr(networks, "PREDICT_ROWS", rows)
        # the logits are exact in float32, the softmax is in float64
        np.testing.assert_allclose(
            model.probabilities(x), [expected[0], expected[1], expected[0]], rtol=1e-14
        )
        assert model.predict(x).tolist() == [0, 1, 0]
    assert model.probabilities(x[:0]).shape == (0, 2)
    model = NetworkClassifier(network[:1].append(torch.nn.Linear(1, 2)))
    with torch.no_grad():
        model.network[1].bias.fill_(math.nan)
    with pytest.raises(FitFailedError, match="diverged"):
        model.probabilities(x)


def test_trains_on_what_members_hand_in() -> None:
    """Everyone acts: the platform learns the target alone."""
    people = Digits(n=200).split(rng()).train
    everyone = np.ones(200, dtype=bool)
    changed = dataclasses.replace(people, y=np.full(200, 3))
    model = SGD(epochs=3).fit(Submission(people, changed, everyone), rng())
    assert (model.predict(people.x) == 3).all()


def test_initial_weights_are_uniform_within_the_fan_in_bound() -> None:
    layer = torch.nn.Linear(25, 400)
    initialise(layer, rng())
    weights = layer.weight.detach().numpy().ravel()
    assert np.abs(weights).max() <= 1 / math.sqrt(25)
    # uniform on ±0.2: standard deviation 0.2/√3; 10,000 draws give it to about 0.5%
    assert weights.std() == pytest.approx(0.2 / math.sqrt(3), rel=0.02)
    before = torch.random.get_rng_state()
    initialise(layer, rng())
    assert torch.equal(before, torch.random.get_rng_state())  # PyTorch's own stream is not used


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("logistic", 64 * 10 + 10),
        ("mlp", 64 * 64 + 64 + 64 * 10 + 10),
        ("cnn", 16 * 9 + 16 + 32 * 16 * 9 + 32 + 32 * 2 * 2 * 10 + 10),
    ],
)
def test_architectures(model: str, parameters: int) -> None:
    people = Digits(n=50).split(rng()).train
    network = build_network(model, people.x.shape[1:], people.k, 64, rng())  # type: ignore[arg-type]
    assert sum(p.numel() for p in network.parameters()) == parameters


def test_divergence_is_a_failed_fit() -> None:
    people = Gaussian(n=100).split(rng()).train
    with pytest.raises(FitFailedError, match="Lower learning_rate"):
        SGD(learning_rate=1e30).fit(Submission.without_collective(people), rng())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sgd:epochs=0", "epochs=0 to be at least 1"),
        ("sgd:batch_size=0", "batch_size=0 to be at least 1"),
        ("sgd:learning_rate=0", "learning_rate=0 to be a positive"),
        ("sgd:momentum=1", r"momentum=1 in \[0, 1\)"),
        ("sgd:weight_decay=-1", "weight_decay=-1 to be at least 0"),
        ("sgd:hidden=0", "hidden=0 to be at least 1"),
        ("sgd:model=transformer", "Known: cnn, logistic, mlp"),
        ("group-dro:group_step=0", "group_step=0 to be a positive"),
    ],
)
def test_parameters_out_of_range(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build("learners", text)


def test_cnn_needs_images_of_a_size() -> None:
    with pytest.raises(InputError, match="Expected images for model=cnn, got a table"):
        SGD(model="cnn").check(Gaussian(n=10).split(rng()).train)
    tiny = Digits(n=10).split(rng()).train
    tiny = dataclasses.replace(tiny, x=tiny.x[:, :, :3, :3])
    with pytest.raises(InputError, match="at least 4x4 pixels"):
        SGD(model="cnn").check(tiny)
