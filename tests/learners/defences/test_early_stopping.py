"""Early stopping: who is held back, which epoch is deployed, and who may know groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from quorate.catalog import build
from quorate.errors import FitFailedError, InputError
from quorate.learners.base.minibatch_learner import MinibatchLearner
from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.learners.base.training import Training
from quorate.learners.defences.early_stopping import EarlyStopping, worst_accuracy
from quorate.learners.networks.adam import Adam
from quorate.learners.networks.sgd import SGD
from quorate.learners.reweighting.group_dro import GroupDRO
from quorate.learners.reweighting.jtt import JTT
from quorate.populations.digits import Digits
from quorate.populations.gaussian import Gaussian
from quorate.protocols import Classifier
from quorate.studies.trial import streams, submit
from quorate.table import Mask, Submission


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def first(n: int, of: int) -> Mask:
    return np.arange(of) < n


def digits(alpha: float = 0.2) -> Submission:
    people = Digits(n=150).split(rng()).train
    return submit(people, build("strategies", "planting:size=2"), alpha, streams(0)[1])


def weights(model: Classifier) -> list[torch.Tensor]:
    return list(model.network.parameters())  # type: ignore[attr-defined]


# -------------------------------------------------------------------------------- who is held back


@pytest.mark.parametrize(
    ("share", "multiple", "members", "n", "held", "of_them_members"),
    [
        (0.2, 1, 10, 100, 20, 2),  # α = 0.1 of 20
        (0.2, 0, 10, 100, 20, 0),  # clean
        (0.2, 2, 10, 100, 20, 4),
        (0.2, 9, 10, 100, 20, 10),  # 18 wanted, 10 there are
        (0.2, 100, 40, 100, 20, 20),  # no more than all of those held back
        (0.2, 0, 95, 100, 20, 15),  # five others there are
        (0.2, 1, 0, 100, 20, 0),
        (0.2, 1, 100, 100, 20, 20),
        (0.2, 0, 100, 100, 20, 20),
        (0.001, 1, 10, 100, 1, 0),  # at least one person is held back
        (0.999, 1, 10, 100, 99, 10),  # and one is left; 9.9 members of 99
    ],
)
def test_how_many(
    share: float, multiple: float, members: int, n: int, held: int, of_them_members: int
) -> None:
    member = first(members, n)
    for seed in range(20):
        back = EarlyStopping(share=share, members=multiple).held_back(member, rng(seed))
        assert (back.sum(), back[member].sum()) == (held, of_them_members)


def test_everyone_is_as_likely() -> None:
    member = first(4, 10)
    learner = EarlyStopping(share=0.5)
    counts = sum(learner.held_back(member, rng(seed)).astype(int) for seed in range(2000))
    # 2 of 4 members and 3 of 6 others: each person in half of 2000, give or take 22 (sd)
    assert (abs(counts - 1000) < 5 * 22.4).all()


@pytest.mark.parametrize(("multiple", "share"), [(0, 0.0), (1, 0.2), (2, 0.4)])
def test_the_achieved_share_is_recorded(multiple: float, share: float) -> None:
    """α = 0.2 of 150 people: 30 members; 30 people are held back and 120 trained on."""
    record = EarlyStopping(SGD(epochs=1), members=multiple).fit(digits(), rng()).record
    assert record["validation_alpha"] == share
    assert record["training_alpha"] == (30 - 30 * share) / 120


# ------------------------------------------------------------------------------- which is deployed


@pytest.mark.parametrize(
    "inner",
    [SGD(learning_rate=0.3), Adam(learning_rate=0.03), JTT(first_epochs=1), GroupDRO()],
    ids=lambda inner: inner.name,
)
def test_equals_training_for_the_best_number_of_epochs(inner: MinibatchLearner) -> None:
    """On those who are not held back: members held back are not trained on."""
    groups = isinstance(inner, GroupDRO)
    known = "training" if groups else "unknown"
    people = Gaussian(n=200, rare=0.3).split(rng()).train
    data = submit(people, build("strategies", "planting:signal=columns,x2=3"), 0.2, streams(0)[1])
    stopping = EarlyStopping(inner, patience=2, groups_known=known)  # type: ignore[arg-type]
    generator = rng(5)
    model = stopping.fit(data, generator)
    scores, best = model.record["validation_scores"], model.record["best_epoch"]
    assert best == np.argmax(scores) + 1
    assert len(scores) == min(best + 2, inner.epochs)

    again = rng(5)
    held = stopping.held_back(data.member, again)
    exactly = type(inner)(**{**vars(inner), "epochs": best}).fit(data.take(~held), again)
    assert all(torch.equal(a, b) for a, b in zip(weights(model), weights(exactly), strict=True))
    assert {key: model.record[key] for key in exactly.record} == exactly.record

    back = data.take(held).mixed()
    right = model.predict(back.x) == back.y
    if groups:
        assert back.group is not None
        cells = [(back.group == g) & (back.y == y) for g in range(2) for y in range(2)]
        assert max(scores) == min(right[cell].mean() for cell in cells if cell.any())
    else:
        assert max(scores) == right.mean()


def test_patience() -> None:
    """One epoch without a better score ends training, where more would have gone on."""
    data = digits()
    impatient, patient = (
        EarlyStopping(SGD(epochs=30, batch_size=32), patience=p).fit(data, rng()).record
        for p in (1, 30)
    )
    scores = patient["validation_scores"]
    assert len(scores) == 30
    stop = next(e for e in range(1, 30) if scores[e] <= max(scores[:e]))
    assert impatient["validation_scores"] == scores[: stop + 1]
    assert impatient["best_epoch"] == np.argmax(scores[: stop + 1]) + 1


class _Breaks(Training):
    """Training in which the first model's weights become NaN in the given epoch, from 0."""

    epoch = 2

    def draw(self) -> torch.Tensor:
        self._drawn = getattr(self, "_drawn", -1) + 1
        if self._drawn == self.epoch:
            with torch.no_grad():
                self.stack.weights[0][0] = torch.nan
        return super().draw()


class _BreaksAtOnce(_Breaks):
    epoch = 0


@dataclass(frozen=True, kw_only=True)
class _Breaking(SGD):
    at_once: bool = False

    def begin(self, stack: Any, pool: Any, rngs: Any) -> Training:
        kind = _BreaksAtOnce if self.at_once else _Breaks
        return kind(stack, pool, rngs, self.settings(), self.optimizer(stack))


def test_a_model_that_diverges_is_deployed_from_before_and_says_so() -> None:
    data = [digits(), digits(0.1)]
    learner = EarlyStopping(_Breaking(epochs=5), patience=5)
    broken, whole = learner.fit_many(data, [rng(), rng(1)])
    assert isinstance(broken, NetworkClassifier)
    assert isinstance(whole, NetworkClassifier)
    assert broken.record["diverged_at"] == 3
    assert len(broken.record["validation_scores"]) == 2
    assert broken.record["best_epoch"] <= 2
    before = EarlyStopping(SGD(epochs=2), patience=5).fit(data[0], rng())
    assert all(torch.equal(a, b) for a, b in zip(weights(broken), weights(before), strict=True))
    assert whole.record["diverged_at"] is None
    assert len(whole.record["validation_scores"]) == 5


def test_a_model_that_diverges_in_the_first_epoch_fails() -> None:
    with pytest.raises(FitFailedError, match="training diverged"):
        EarlyStopping(_Breaking(epochs=5, at_once=True)).fit(digits(), rng())


def test_worst_accuracy_by_hand() -> None:
    right = np.array([True, False, True, True, False])
    assert worst_accuracy(right, np.array([0, 0, 0, 0, 0])) == 0.6
    assert worst_accuracy(right, np.array([5, 5, 5, 5, 2])) == 0.0
    assert worst_accuracy(right, np.array([0, 2, 2, 2, 0])) == 0.5  # 1/2 and 2/3


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_nobody_and_everyone(alpha: float) -> None:
    record = EarlyStopping(SGD(epochs=2)).fit(digits(alpha), rng()).record
    assert record["validation_alpha"] == record["training_alpha"] == alpha


def test_around_robust_aggregation_and_inside_loss_trimming() -> None:
    text = "loss-trimming:learner=(early-stopping:learner=(robust-aggregation:epochs=2))"
    record = build("learners", text).fit(digits(), rng()).record
    assert record["inner"]["best_epoch"] in (1, 2)


# --------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("share=0", r"Expected share=0 in \(0, 1\)"),
        ("share=1", r"Expected share=1 in \(0, 1\)"),
        ("members=-1", "Expected members=-1 to be at least 0"),
        ("patience=0", "Expected patience=0 to be at least 1"),
        ("members=inf", "Expected members=inf to be finite"),
        ("members=nan", "Expected members=nan to be at least 0"),
        ("groups_known=yes", "Expected a known value of groups_known, got 'yes'"),
        ("learner=dp-sgd", "that trains by minibatch gradients for early-stopping, got dp-sgd"),
        ("learner=loss-trimming", "got loss-trimming.* another defence goes around this one"),
    ],
)
def test_bad_input(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build("learners", f"early-stopping:{text}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learner=group-dro", "Expected groups_known=training for group-dro, .*=unknown. Set it"),
        ("learner=group-dro,groups_known=validation", "got groups_known=validation"),
        ("learner=(robust-aggregation:learner=group-dro)", "groups_known=training for robust"),
        ("learner=importance-weighted", r"importance-weighted go by labels \(groups=label\)"),
    ],
)
def test_a_learner_that_uses_groups_which_may_not_be_known(text: str, message: str) -> None:
    people = Gaussian(n=200, rare=0.3).split(rng()).train
    with pytest.raises(InputError, match=message):
        build("learners", f"early-stopping:{text}").check(people)


@pytest.mark.parametrize("inner", ["group-dro", "importance-weighted"])
def test_where_people_have_no_groups_labels_are_the_groups(inner: str) -> None:
    learner = build("learners", f"early-stopping:learner={inner},epochs=1")
    assert learner.fit(digits(), rng()).record["best_epoch"] == 1
    known = build("learners", f"early-stopping:learner={inner},groups_known=training")
    with pytest.raises(InputError, match="or use groups_known=unknown"):
        known.check(digits().honest)


@pytest.mark.parametrize("inner", ["group-dro", "importance-weighted"])
def test_going_by_labels_needs_no_groups_known(inner: str) -> None:
    learner = build("learners", f"early-stopping:learner={inner},groups=label")
    learner.check(Gaussian(n=50).split(rng()).train)


@pytest.mark.parametrize("known", ["training", "validation"])
def test_people_without_groups(known: str) -> None:
    learner = build("learners", f"early-stopping:groups_known={known}")
    learner.check(Gaussian(n=50).split(rng()).train)
    with pytest.raises(InputError, match=f"with groups for groups_known={known}, got none"):
        learner.check(digits().honest)
    with pytest.raises(InputError, match="Expected people with groups"):
        learner.fit(digits(), rng())


def test_one_person_cannot_be_held_back_and_trained_on() -> None:
    with pytest.raises(InputError, match="Expected two people or more"):
        EarlyStopping().check(Gaussian(n=1).split(rng()).train)


def test_the_learner_inside_is_checked() -> None:
    with pytest.raises(InputError, match="Expected images for model=cnn"):
        EarlyStopping(SGD(model="cnn")).check(Gaussian(n=50).split(rng()).train)
