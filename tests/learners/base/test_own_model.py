"""Networks of the user's own in every learner that trains networks."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import own_networks as nets
import quorate
from quorate import catalog, spec
from quorate.bring_your_own.handed_in import HandedIn
from quorate.catalog import BUILT_IN, CATALOG
from quorate.engine.module_stack import ModuleStack
from quorate.errors import InputError
from quorate.learners.base.network_learner import NetworkLearner
from quorate.learners.base.own_model import ways_of
from quorate.learners.defences.early_stopping import EarlyStopping
from quorate.learners.networks.adam import Adam
from quorate.learners.networks.fine_tuned import FineTuned
from quorate.learners.networks.sgd import SGD
from quorate.learners.private.dp_adam import DPAdam
from quorate.learners.private.dp_sgd import DPSGD
from quorate.populations.digits import Digits
from quorate.protocols import StackedLearner
from quorate.studies.trial import streams, submit
from quorate.table import Submission, Table

N = 70
QUICK = {"epochs": 2, "batch_size": 24, "first_epochs": 1, "steps": 1, "epsilon": math.inf}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def draw(seed: int) -> Table:
    people = Digits(n=N).split(rng(seed)).train
    halves = np.arange(len(people), dtype=np.int64) % 2
    return dataclasses.replace(people, group=halves, groups=("even", "odd"))


PEOPLE = draw(0)
DATA = [
    submit(people, catalog.build("strategies", "planting:size=2,target=3"), alpha, streams(s)[1])
    for s, people in enumerate([PEOPLE, draw(1)])
    for alpha in (0, 0.2)
]


def trained(cls: type[Any], make: Any, **given: Any) -> Any:
    quick = {k: v for k, v in QUICK.items() if k in spec.parameters(cls)}
    return cls(model=make, **{**quick, **given})


def own_learners() -> list[Any]:
    """Every learner that trains networks, with a network of the user's own; and those around it."""
    found = []
    for name in BUILT_IN["learners"]:
        cls: Any = CATALOG["learners"][name]
        if issubclass(cls, NetworkLearner):
            found.append(trained(cls, nets.Dense))
    inner = trained(SGD, nets.Dense)
    around = ("robust-aggregation", "loss-trimming", "knn-cleaning", "spectral-signatures")
    found += [CATALOG["learners"][name](learner=inner) for name in around]
    found.append(EarlyStopping(learner=trained(Adam, nets.batch_normal), groups_known="training"))
    found.append(EarlyStopping(learner=inner, patience=1))
    found += [
        trained(cls, make)
        for make in (nets.Unusual, nets.Convolutional, nets.dropout, nets.Branching)
        for cls in (SGD, DPSGD)
    ]
    found += [trained(SGD, make) for make in (nets.batch_normal, nets.Recurrent, nets.Attention)]
    return found


@pytest.mark.parametrize("learner", own_learners(), ids=spec.text)
def test_same_bits_as_alone_whatever_the_stack(learner: StackedLearner) -> None:
    learner.check(PEOPLE)
    alone = [learner.fit(one, rng(i)) for i, one in enumerate(DATA)]
    for stack in ([0, 1, 2, 3], [3, 1], [2, 0, 1]):
        models = learner.fit_many([DATA[i] for i in stack], [rng(i) for i in stack])
        for i, model in zip(stack, models, strict=True):
            ours, theirs = state(model), state(alone[i])
            assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
            assert model.record == alone[i].record
            np.testing.assert_array_equal(model.predict(PEOPLE.x), alone[i].predict(PEOPLE.x))


def state(model: Any) -> list[torch.Tensor]:
    while hasattr(model, "model"):
        model = model.model
    return list(model.network.state_dict().values())


def test_a_network_may_write_into_its_input() -> None:
    def make(shape: Any, k: int) -> nn.Module:
        last = nn.Linear(math.prod(shape), k)
        return nn.Sequential(nn.Hardtanh(0.2, 0.7, inplace=True), nn.Flatten(), last)

    before = PEOPLE.x.copy()
    for cls in (
        SGD,
        DPSGD,
        CATALOG["learners"]["lff"],
        CATALOG["learners"]["adversarial-training"],
    ):
        learner = trained(cls, make)
        learner.check(PEOPLE)
        model = learner.fit(DATA[0], rng())
        assert model.predict(PEOPLE.x).shape == (N,)
        np.testing.assert_array_equal(PEOPLE.x, before)


def test_no_training_disturbs_the_global_generator() -> None:
    before = torch.get_rng_state()
    trained(SGD, nets.dropout).fit(DATA[0], rng())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("make", [nets.Dense, nets.dropout, nets.batch_normal, nets.Recurrent])
def test_a_plain_loop_of_pytorch_ends_at_the_same_weights(make: Callable[..., nn.Module]) -> None:
    """Seeds, batches and steps as described; what dropout draws is drawn in the same order."""
    learner = trained(SGD, make, learning_rate=0.1, weight_decay=0.01)
    found = learner.fit(DATA[1], rng(5))
    own = rng(5)
    torch.manual_seed(int(own.integers(2**63)))
    network = make(k=10) if make is nets.Recurrent else make(PEOPLE.x.shape[1:], 10)
    torch.manual_seed(int(own.integers(2**63)))
    order = torch.Generator().manual_seed(int(own.integers(2**63)))
    everyone = DATA[1].mixed()
    x, y = torch.from_numpy(everyone.x), torch.from_numpy(everyone.y)
    optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, weight_decay=0.01)
    for _ in range(2):
        for rows in torch.randperm(len(x), generator=order).split(24):
            optimizer.zero_grad()
            functional.cross_entropy(network(x[rows]), y[rows]).backward()
            optimizer.step()
    for ours, theirs in zip(state(found), network.state_dict().values(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)  # float32, eight steps


@pytest.mark.parametrize("cls", [DPSGD, DPAdam])
def test_the_privacy_cost_does_not_depend_on_the_network(cls: type[Any]) -> None:
    own = cls(model=nets.Dense, epochs=2, epsilon=2.0).fit(DATA[0], rng()).record
    ours = cls(epochs=2, epsilon=2.0).fit(DATA[0], rng()).record
    assert own.pop("clipped_fraction") >= 0
    ours.pop("clipped_fraction")
    assert own == ours
    assert own["epsilon"] <= 2.0


def test_noise_has_the_calibrated_variance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients put to zero: weights move by the noise alone, η·σC/(qn) a step, √T in all."""

    def nothing(stack: Any, x: Any, y: Any, present: Any, max_grad_norm: float) -> Any:
        return [torch.zeros_like(w) for w in stack.weights], torch.zeros(len(stack)).long()

    def make(shape: Any, k: int) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 200), nn.ReLU(), nn.Linear(200, k))

    learner = DPSGD(model=make, epochs=2, epsilon=2.0, max_grad_norm=0.7)
    first = list(learner.network((1, 8, 8), 10, rng()).parameters())
    monkeypatch.setattr(ModuleStack, "clipped_gradient_sums", nothing)
    model: Any = learner.fit(DATA[0], rng())
    moved = torch.cat(
        [(a - b).flatten() for a, b in zip(model.network.parameters(), first, strict=True)]
    )
    facts = model.record
    expected = 0.5 * facts["noise_multiplier"] * 0.7 / N * math.sqrt(facts["steps"])
    # 15,010 numbers: their standard deviation is known to 1/√(2·15010) = 0.6%, here to five of it
    assert float(moved.std().detach()) == pytest.approx(expected, rel=0.03)
    assert abs(float(moved.mean().detach())) < 5 * expected / math.sqrt(len(moved))


def wrong_labels(shape: Any, k: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 3))


class Pair(nets.Dense):
    """Returns its logits twice."""

    def forward(self, x: torch.Tensor) -> Any:
        return super().forward(x), super().forward(x)


class Infinite(nets.Dense):
    """Divides by zero."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) / 0


class AlwaysDropping(nets.Dense):
    """Drops at random once it is trained, too."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.dropout(super().forward(x))


class Mixing(nets.Dense):
    """Subtracts the mean of the batch."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = super().forward(x)
        return logits - logits.mean(0)


class FromNumPy(nets.Dense):
    """Draws in training, but not by PyTorch."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        noise = float(np.random.default_rng().random()) if self.training else 0.0
        return super().forward(x) + noise


def other_weights(shape: Any, k: int) -> nn.Module:
    network = nets.sequential(shape, k)
    with torch.no_grad():
        network[1].weight.fill_(float(np.random.default_rng().random()))
    return network


def squeezed(shape: Any, k: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(5, k))


def nothing_to_train(shape: Any, k: int) -> nn.Module:
    return nets.sequential(shape, k).requires_grad_(False)


def double(shape: Any, k: int) -> nn.Module:
    return nets.sequential(shape, k).double()


REFUSED: list[tuple[Any, str]] = [
    (wrong_labels, r"logits \(n, k\) = \(4, 10\) from wrong_labels .* got \(4, 3\)\. End it with"),
    (Pair, r"one tensor of logits, .* from Pair, got tuple\. Return the logits alone"),
    (Infinite, "finite logits from Infinite .* before any training"),
    (AlwaysDropping, r"AlwaysDropping to answer the same twice .* F\.dropout"),
    (Mixing, "Mixing to answer each person alone as among others"),
    (FromNumPy, "FromNumPy to do the same in training for the same seed"),
    (other_weights, "other_weights to begin with the same weights"),
    (squeezed, r"squeezed to take features \(4, 1, 8, 8\) in evaluation mode, got RuntimeError"),
    (nothing_to_train, "weights to train in nothing_to_train, got none"),
    (double, "double to take features .* got RuntimeError"),
]


@pytest.mark.parametrize(("make", "said"), REFUSED, ids=[make.__name__ for make, _ in REFUSED])
def test_what_cannot_be_trained_is_refused_in_one_line(make: Any, said: str) -> None:
    for cls in (SGD, DPSGD):
        with pytest.raises(InputError, match=said) as caught:
            cls(model=make).check(PEOPLE)
        assert "\n" not in str(caught.value)


def test_batch_normalisation_is_refused_where_people_are_clipped() -> None:
    with pytest.raises(InputError, match=r"batch_normal to keep people apart.*Use nn\.GroupNorm"):
        DPSGD(model=nets.batch_normal).check(PEOPLE)
    SGD(model=nets.batch_normal).check(PEOPLE)


def test_a_last_batch_of_one_is_seen_before_training() -> None:
    """70 people in batches of 23 leave one over, which batch normalisation cannot take."""
    one_over = SGD(model=nets.batch_normal, batch_size=23)
    assert N % 23 == 1
    with pytest.raises(
        InputError, match=r"a batch of one person, .*got ValueError.*Choose another batch_size"
    ):
        one_over.check(PEOPLE)


def test_a_pretrained_network_of_the_users_own() -> None:
    inner = trained(SGD, nets.batch_normal, batch_size=20)
    learner = FineTuned(
        learner=SGD(model="logistic", epochs=2), public=Digits(n=60), pretraining=inner
    )
    people = dataclasses.replace(PEOPLE, x=1 - PEOPLE.x)  # nobody of the public ones
    model: Any = learner.fit(Submission.without_collective(people), rng())
    network = model.network.classifier.network
    assert float(network.module[2].running_var.std()) > 0  # its statistics are kept as well
    assert model.predict(people.x).shape == (N,)


# ------------------------------------------------------------------------------ as a parameter


def test_what_it_is_called() -> None:
    learner = SGD(model=nets.Dense)
    assert isinstance(learner.model, HandedIn)
    assert learner.model == f"Dense {learner.model.digest[:8]}"
    assert spec.text(learner) == f"sgd:model={learner.model}"
    assert spec.describe(learner)["model"] == str(learner.model)
    again = catalog.build("learners", spec.describe(learner))  # where the object is in use
    assert again == learner
    again.check(PEOPLE)


def test_text_that_was_stored_shows_without_the_object() -> None:
    learner = catalog.build("learners", "sgd:model=Gone 0123abcd,epochs=3")
    assert spec.text(learner) == "sgd:model=Gone 0123abcd,epochs=3"
    with pytest.raises(InputError, match=r"got its name alone\. Hand it in again"):
        learner.check(PEOPLE)


def test_its_text_follows_its_code() -> None:
    def make(shape: Any, k: int, width: int = 3) -> nn.Module:
        return nets.Dense(shape, k, width)

    def also(shape: Any, k: int, width: int = 4) -> nn.Module:
        return nets.Dense(shape, k, width)

    assert SGD(model=make).model == SGD(model=make).model
    digests = {str(SGD(model=one).model).split()[1] for one in (make, also, nets.Dense)}
    assert len(digests) == 3


def test_an_import_path() -> None:
    learner = catalog.build("learners", "dp-sgd:model=own_networks:Dense,epsilon=inf,epochs=1")
    digest = DPSGD(model=nets.Dense).model.digest[:8]
    assert learner.model == f"own_networks:Dense {digest}"
    assert catalog.build("learners", spec.text(learner)) == learner
    learner.check(PEOPLE)
    with pytest.raises(InputError, match="Expected no_such_module of no_such_module:Net"):
        catalog.build("learners", "sgd:model=no_such_module:Net")
    with pytest.raises(InputError, match=r"a function that returns an nn\.Module, got 3"):
        catalog.build("learners", "sgd:model=own_networks:WIDTH")


@pytest.mark.parametrize("wrong", ["mpl", "resnet18", 3, None])
def test_no_architecture(wrong: Any) -> None:
    with pytest.raises(InputError, match="mlp") as caught:
        SGD(model=wrong)
    assert "own" in str(caught.value) or "nn.Module" in str(caught.value)


def test_stack_sizes() -> None:
    people = Digits(n=100).split(rng()).train
    assert SGD(model=nets.Dense).stack_size(people) == 64  # 128·64 features a batch
    assert SGD(model=nets.Convolutional).stack_size(people) == 1
    assert SGD(model=nets.dropout).stack_size(people) == 1
    wide = SGD(
        model=lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 10000), nn.Linear(10000, 10))
    )
    assert wide.stack_size(people) == 5  # 2²² numbers of weights, 760,010 a network


def test_ways_are_found_once() -> None:
    learner = SGD(model=nets.Dense)
    given: Any = (learner.model, (1, 8, 8), 10, 128, torch.device("cpu"))
    assert ways_of(*given, private=False, most=64) is ways_of(*given, private=False, most=64)


def test_a_curve_is_the_same_in_any_number_of_processes(tmp_path: Any) -> None:
    def make(shape: Any, k: int) -> nn.Module:
        inside = nn.Linear(math.prod(shape), 6)
        return nn.Sequential(nn.Flatten(), inside, nn.Tanh(), nn.Linear(6, k))

    learner = SGD(model=make, epochs=1)
    found = []
    for jobs in (1, 2):
        curves = quorate.curve(
            out=tmp_path / str(jobs),
            population="digits:n=100",
            strategy="planting:size=2,target=3",
            learner=[learner, DPSGD(model=make, epochs=1, epsilon=math.inf)],
            alphas="0.1,0.3",
            seeds=2,
            jobs=jobs,
        )
        assert {one.error for one in curves.outcomes} == {None}
        found.append({one.id: (one.learner, one.success) for one in curves.outcomes})
    assert found[0] == found[1]
    stored = quorate.load(tmp_path / "1").outcomes
    assert {one.id: (one.learner, one.success) for one in stored} == found[0]
    assert spec.text(learner) in {learner for learner, _ in found[0].values()}
