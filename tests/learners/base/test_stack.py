"""Stacked training: every model comes out as it would alone, to the bit."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from quorate.catalog import build
from quorate.engine.row_pool import RowPool
from quorate.errors import FitFailedError, InputError
from quorate.populations.digits import Digits
from quorate.populations.gaussian import Gaussian
from quorate.studies.trial import streams, submit
from quorate.table import Submission, Table

LEARNERS = [
    "sgd:epochs=2,batch_size=32",
    "sgd:model=logistic,epochs=2,weight_decay=0.01",
    "sgd:model=cnn,epochs=1",
    "sgd:model=resnet,hidden=4,epochs=1,batch_size=60",
    "adam:epochs=2,batch_size=32,schedule=cosine",
    "dp-sgd:epochs=2,batch_size=30",
    "dp-sgd:model=resnet,hidden=4,epochs=1,batch_size=60",
    "dp-adam:epochs=2,batch_size=30,schedule=linear",
    "dp-sgd:model=mlp,epochs=2,batch_size=30",
    "dp-sgd:model=cnn,epochs=1,batch_size=30",
    "group-dro:epochs=2,batch_size=32",
    "cvar-dro:epochs=2,batch_size=32",
    "chi2-dro:epochs=2,batch_size=32",
    "jtt:epochs=2,first_epochs=1,batch_size=32",
    "lff:epochs=2,batch_size=32",
    "lff:model=cnn,epochs=1",
    "lisa:epochs=2,batch_size=32",
    "lisa:model=cnn,epochs=1",
    "importance-weighted:epochs=2,batch_size=32",
    "importance-weighted:groups=label,epochs=1,model=logistic",
    "label-smoothing:epochs=2,batch_size=32",
    "label-smoothing:model=cnn,epochs=1",
    "adversarial-training:epochs=2,steps=2,batch_size=32",
    "adversarial-training:model=logistic,epochs=1,steps=3,random_start=false",
    "adversarial-training:model=cnn,epochs=1,steps=2",
    "robust-aggregation:epochs=2,batch_size=32",
    "robust-aggregation:rule=trimmed-mean,learner=cvar-dro,epochs=2,batch_size=32",
    "robust-aggregation:learner=jtt,epochs=2,first_epochs=1,batch_size=32",
    "robust-aggregation:learner=lff,epochs=2,batch_size=32",
    "robust-aggregation:model=cnn,epochs=1",
    "early-stopping:epochs=8,batch_size=32,learning_rate=0.2,patience=1",
    "early-stopping:members=0,learner=(robust-aggregation:epochs=2,batch_size=32)",
    "early-stopping:members=2,learner=chi2-dro,epochs=2,batch_size=32",
    "loss-trimming:rounds=2,epochs=2,batch_size=32",
    "loss-trimming:learner=(early-stopping:learner=cvar-dro,epochs=2,batch_size=32)",
    "spectral-signatures:epochs=2,batch_size=32",
    "knn-cleaning:action=relabel,learner=jtt,epochs=2,first_epochs=1,batch_size=32",
]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


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


@pytest.mark.parametrize("text", LEARNERS)
def test_same_bits_as_alone_whatever_the_stack(text: str) -> None:
    learner = build("learners", text)
    data = submissions(grouped=learner.name in ("lisa", "importance-weighted"))
    alone = [learner.fit(one, rng(i)) for i, one in enumerate(data)]
    for members in ([0, 1, 2, 3, 4, 5], [5, 0], [2, 3, 4]):
        stacked = learner.fit_many([data[i] for i in members], [rng(i) for i in members])
        for i, model in zip(members, stacked, strict=True):
            pairs = zip(model.network.parameters(), alone[i].network.parameters(), strict=True)
            assert all(torch.equal(a, b) for a, b in pairs)
            assert model.record == alone[i].record


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
    size = 1 if shape == "one person a step" else 13
    text = f"{kind}{',' if ':' in kind else ':'}{model},hidden={hidden},batch_size={size},epochs=2"
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
