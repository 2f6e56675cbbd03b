"""Stacked training: every model comes out as it would alone, to the bit."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import math
import types
from collections.abc import Sequence
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np
import pytest
import torch

from quorate import spec
from quorate.catalog import BUILT_IN, CATALOG, build
from quorate.engine.row_pool import RowPool
from quorate.errors import FitFailedError, InputError
from quorate.learners.networks.sgd import SGD
from quorate.populations.digits import Digits
from quorate.populations.gaussian import Gaussian
from quorate.protocols import StackedLearner
from quorate.runtime import device
from quorate.studies.trial import streams, submit
from quorate.table import Submission, Table

Plain = dict[str, Any]
STACKED = [
    cls
    for cls in (CATALOG["learners"][name] for name in BUILT_IN["learners"])
    if StackedLearner in cls.__mro__
]
# What makes a training short, by the parameter's name; another is at its default.
SMALL: Plain = {
    "epochs": 2,
    "first_epochs": 1,
    "batch_size": 32,
    "steps": 2,
    "patience": 1,
    "public": "digits:n=60",
    "pretraining": "sgd:model=cnn,epochs=1",
}
# What differs from the defaults in numbers, in several parameters at once, or three deep.
FURTHER = [
    "sgd:model=logistic,epochs=2,weight_decay=0.01",
    "adam:epochs=2,batch_size=32,schedule=cosine",
    "robust-aggregation:rule=trimmed-mean,learner=cvar-dro,epochs=2,batch_size=32",
    "robust-aggregation:model=cnn,epochs=1",
    "robust-aggregation:learner=lff,epochs=2,batch_size=32",
    "early-stopping:epochs=8,batch_size=32,learning_rate=0.2,patience=1",
    "early-stopping:members=0,learner=(robust-aggregation:epochs=2,batch_size=32)",
    "early-stopping:members=2,learner=chi2-dro,epochs=2,batch_size=32",
    "loss-trimming:rounds=2,epochs=2,batch_size=32",
    "loss-trimming:learner=(early-stopping:learner=cvar-dro,epochs=2,batch_size=32)",
    "knn-cleaning:action=relabel,learner=jtt,epochs=2,first_epochs=1,batch_size=32",
]


@pytest.fixture(autouse=True)
def without_onednn_for_residual_networks(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leave out oneDNN, whose backward pass of these on 8x8 pixels writes past its memory.

    It does so on some processors, and ends the process at times.
    """
    if "resnet" in request.node.name:
        monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)


OF_SHIPPED = ("pretrained", "frozen", "side")  # go together: see test_shipped


def inner_of(cls: type) -> str | None:
    """The parameter that holds the learner that this one goes around."""
    kinds = ((key, field.metadata.get("kind")) for key, field in spec.parameters(cls).items())
    return next((key for key, kind in kinds if kind == "learners"), None)


def small(cls: Any, **given: Any) -> Plain:
    """A learner of a class as plain data: trained little, and a linear one unless told."""
    own, inner = spec.parameters(cls), inner_of(cls)
    settings = {key: value for key, value in SMALL.items() if key in own}
    if "model" in own:
        settings["model"] = "logistic"
    if inner:
        settings[inner] = small(SGD)
    return {"name": cls.name, **settings, **given}


def options_of(cls: type, key: str) -> tuple[Any, ...]:
    """The values of a parameter that has a few."""
    hint = spec.hints(cls)[key]
    if get_origin(hint) in (types.UnionType, Union):  # of names, and of what only the user has
        hint = get_args(hint)[0]
    return (False, True) if hint is bool else get_args(hint) if get_origin(hint) is Literal else ()


def architectures_of(cls: type) -> list[Plain]:
    """Every architecture; the slow ones for the first learner, and the first private one, alone."""
    private = "epsilon" in spec.parameters(cls)
    alike = [one for one in STACKED if ("epsilon" in spec.parameters(one)) == private]
    skipped = {"resnet", "cnn"} if private else {"resnet"}
    found = []
    for model in options_of(cls, "model") if "model" in spec.parameters(cls) else ():
        if cls is alike[0] or model not in skipped:
            pictures = {"epochs": 1, "batch_size": 120 if private else 60, "hidden": 4}
            found.append({"model": model, **(pictures if model in ("cnn", "resnet") else {})})
    return found


def learners() -> list[Plain]:
    """Every learner that is trained in stacks: its architectures, and its options one by one.

    Of an option that all networks have, each learner takes another value.
    """
    found = []
    for i, cls in enumerate(STACKED):
        found += [small(cls, **how) for how in architectures_of(cls)]
        for key, field in spec.parameters(cls).items():
            others = [one for one in options_of(cls, key) if one != spec.default_of(field)]
            if key == "model" or key in OF_SHIPPED:
                continue
            if key in spec.parameters(SGD):
                others = [others[i % len(others)]] if others else []
            found += [small(cls, **{key: option}) for option in others]
    return found


def pairs() -> list[StackedLearner]:
    """Every learner that goes around another, around every one that it takes, in two steps.

    A private one without its noise, which takes long to calibrate to each number of people.
    """
    found = []
    for cls, inner in itertools.product(filter(inner_of, STACKED), STACKED):
        quick = {"epochs": 1, "batch_size": 60, "epsilon": math.inf}
        inside = small(inner, **{k: v for k, v in quick.items() if k in spec.parameters(inner)})
        with contextlib.suppress(InputError):
            found.append(build("learners", small(cls, **{str(inner_of(cls)): inside})))
    return found


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@functools.cache
def submissions(*, grouped: bool = False) -> list[Submission]:
    """Two draws of the people, three sizes each: some share their honest rows, some do not."""
    found = []
    for seed in (0, 1):
        people = Digits(n=120).split(rng(seed)).train
        if grouped:
            halves = np.arange(120, dtype=np.int64) % 2
            people = dataclasses.replace(people, group=halves, groups=("even", "odd"))
        for alpha in (0, 0.1, 1):
            strategy = build("strategies", "planting:size=2,target=3")
            found.append(submit(people, strategy, alpha, streams(seed)[1]))
    return found


@pytest.mark.parametrize(
    "learner", [build("learners", one) for one in [*learners(), *FURTHER]], ids=spec.text
)
def test_same_bits_as_alone_whatever_the_stack(learner: StackedLearner) -> None:
    assert_same_bits(learner, [[0, 1, 2, 3, 4, 5], [5, 0], [2, 3, 4]])


@pytest.mark.parametrize("learner", pairs(), ids=spec.text)
def test_same_bits_as_alone_around_another(learner: StackedLearner) -> None:
    assert_same_bits(learner, [[4, 1]])


def assert_same_bits(learner: StackedLearner, stacks: Sequence[Sequence[int]]) -> None:
    """On people without groups, or with some where the learner needs them; or it refuses both."""
    data = submissions()
    if not accepts(learner, data):
        data = submissions(grouped=True)
    if not accepts(learner, data):
        with pytest.raises(InputError):
            learner.fit_many(data, [rng(i) for i in range(len(data))])
        return
    alone = {i: learner.fit(data[i], rng(i)) for i in {i for stack in stacks for i in stack}}
    for stack in stacks:
        found = learner.fit_many([data[i] for i in stack], [rng(i) for i in stack])
        for i, model in zip(stack, found, strict=True):
            ours, theirs = weights(model), weights(alone[i])
            assert ours
            assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
            assert model.record == alone[i].record


def accepts(learner: StackedLearner, data: Sequence[Submission]) -> bool:
    try:
        learner.check(data[0].honest)
    except InputError:
        return False
    return True


def weights(model: Any) -> list[torch.Tensor]:
    """The parameters of a network, which may stand behind a change of features."""
    while hasattr(model, "model"):
        model = model.model
    return list(model.network.parameters())


@pytest.mark.parametrize("kind", ["sgd", "adam", "dp-sgd:delta=1e-6", "cvar-dro", "lff"])
@pytest.mark.parametrize(
    "shape",
    [
        "one column",
        "one column, logistic",
        "one hidden unit",
        "five people",
        "one person a step",
    ],
)
def test_same_bits_where_a_product_has_a_vector(kind: str, shape: str) -> None:
    """Libraries sum a product with a vector in another order than a batch of products."""
    n, d = (5, 3) if shape == "five people" else (40, 1 if shape.startswith("one column") else 17)
    x = rng().standard_normal((n, d)).astype(np.float32)
    people = Table(x, rng(1).integers(2, size=n), ("a", "b"))
    model = "model=logistic" if "logistic" in shape else "model=mlp"
    hidden = 1 if shape == "one hidden unit" else 5
    size, epochs = (1, 1) if shape == "one person a step" else (13, 2)
    given = f"{model},hidden={hidden},batch_size={size},epochs={epochs}"
    text = f"{kind}{',' if ':' in kind else ':'}{given}"
    learner = build("learners", text)
    data = []
    for k in range(4):
        member = np.arange(n) < k
        changed = people.take(member)
        data.append(
            Submission(people, dataclasses.replace(changed, y=np.zeros_like(changed.y)), member)
        )
    alone = [learner.fit(one, rng(i)) for i, one in enumerate(data)]
    for i, model_ in enumerate(learner.fit_many(data, [rng(i) for i in range(4)])):
        pairs = zip(model_.network.parameters(), alone[i].network.parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
        assert model_.record == alone[i].record


def test_members_who_hand_in_no_groups_keep_theirs() -> None:
    people = Gaussian(n=60, rare=0.3).split(rng()).train
    member = np.arange(60) < 20
    changed = dataclasses.replace(people.take(member), group=None, groups=())
    one = Submission(people, changed, member)
    pool = RowPool.of([one, Submission.without_collective(people)])
    np.testing.assert_array_equal(pool.groups(), [people.group, people.group])
    np.testing.assert_array_equal(one.mixed().group, people.group)


def test_submissions_with_and_without_groups_do_not_stack() -> None:
    people = Gaussian(n=60, rare=0.3).split(rng()).train
    bare = dataclasses.replace(people, group=None, groups=())
    data = [Submission.without_collective(table) for table in (people, bare)]
    with pytest.raises(InputError, match="same labels and groups in a stack"):
        RowPool.of(data)


def test_pool_holds_shared_rows_once() -> None:
    data = submissions()
    pool = RowPool.of(data)
    # two draws of 120 honest people, and the members' rows: 0 + 12 + 120 for each draw
    assert len(pool.x) == 2 * 120 + 2 * (0 + 12 + 120)
    assert pool.index.shape == (6, 120)
    for k, one in enumerate(data):
        mixed = one.mixed()
        everyone = torch.arange(120).expand(6, -1)
        x, y = pool.batch(everyone)
        np.testing.assert_array_equal(x[k].numpy(), mixed.x)
        np.testing.assert_array_equal(y[k].numpy(), mixed.y)


def test_a_diverged_model_fails_alone() -> None:
    """One model's people have features far out: its training overflows, the others' does not."""
    people = Gaussian(n=64).split(rng()).train
    far = dataclasses.replace(people, x=people.x * np.float32(1e30))
    data = [Submission.without_collective(table) for table in (people, far, people)]
    learner = build("learners", "sgd:epochs=2")
    good, failed, also_good = learner.fit_many(data, [rng(i) for i in range(3)])
    assert isinstance(failed, FitFailedError)
    assert good.predict(people.x).shape == also_good.predict(people.x).shape == (64,)
    with pytest.raises(FitFailedError):
        learner.fit(data[1], rng(1))


def test_submissions_of_different_shapes_do_not_stack() -> None:
    few, many = (Digits(n=n).split(rng()).train for n in (50, 60))
    data = [Submission.without_collective(table) for table in (few, many)]
    with pytest.raises(InputError, match="of one shape and the same labels and groups in a stack"):
        build("learners", "sgd:epochs=1").fit_many(data, [rng(), rng()])


def test_stack_size() -> None:
    small, mnist_like = Gaussian(n=10).split(rng()).train, Digits(n=10).split(rng()).train
    large = dataclasses.replace(mnist_like, x=np.zeros((10, 3, 224, 224), dtype=np.float32))
    assert build("learners", "sgd").stack_size(small) == 64  # 128·10 features a batch
    assert build("learners", "sgd:batch_size=1024").stack_size(mnist_like) == 32  # 1024·64
    assert build("learners", "sgd:model=cnn").stack_size(mnist_like) == 1
    assert build("learners", "sgd").stack_size(large) == 1
    with device.use("cuda"):  # of the workers: there need be none here
        assert build("learners", "sgd:model=cnn").stack_size(large) == 256
