"""Fine-tuning: a network of public people, frozen, and a learner on its representations."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from quorate import catalog
from quorate.engine.architectures import build_network
from quorate.errors import InputError
from quorate.learners.base import pretrained
from quorate.learners.defences.loss_trimming import LossTrimming
from quorate.learners.networks.fine_tuned import FineTuned
from quorate.learners.networks.sgd import SGD
from quorate.learners.scikit.svm import SVM
from quorate.populations.digits import Digits
from quorate.populations.finite import Finite
from quorate.populations.same_people import KnownRows
from quorate.protocols import ScoredClassifier
from quorate.signals.patch import Patch
from quorate.strategies.planting import Planting
from quorate.studies.trial import streams, submit
from quorate.table import Array, Rng, Submission, Table

PUBLIC = "public=(digits:n=300),pretraining=(sgd:model=cnn,epochs=8,batch_size=32)"
TRAINING = SGD(model="cnn", epochs=8, batch_size=32)


def tuned(learner: str) -> FineTuned:
    built = catalog.build("learners", f"fine-tuned:learner=({learner}),{PUBLIC}")
    assert isinstance(built, FineTuned)
    return built


def rng(seed: int = 0) -> Rng:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def people() -> Table:
    """150 digits, none of them public."""
    public, all_ = Digits(n=300).split(rng(0)), Digits().split(rng(7)).train
    seen = [KnownRows.of(side).among(all_) for side in (public.train, public.held_out)]
    return all_.take(np.flatnonzero(~seen[0] & ~seen[1])[:150])


def acted(people: Table, alpha: float = 0.2) -> Submission:
    return submit(people, Planting(signal=Patch(size=2)), alpha, streams(0)[1])


def naive_representation(x: Array) -> Array:
    """The same network trained in the open, cut before its last layer, standardised by hand."""
    public = Digits(n=300).split(rng(0)).train
    model: Any = TRAINING.fit(Submission.without_collective(public), rng(0))
    cut = copy.deepcopy(model.network)[:-1]
    with torch.no_grad():
        units, ours = (cut(torch.from_numpy(of)).double().numpy() for of in (public.x, x))
    spread = units.std(axis=0)
    return np.asarray((ours - units.mean(axis=0)) / np.maximum(spread, 0.01 * spread.mean()))


def test_the_learner_sees_what_enters_the_last_layer(people: Table) -> None:
    learner = tuned("sgd:model=logistic,epochs=2")
    data = acted(people)
    ours = learner.fit(data, rng(3))
    honest, changed = (
        Table(naive_representation(t.x).astype(np.float32), t.y, t.classes)
        for t in (data.honest, data.changed)
    )
    inner = Submission(honest, changed, data.member)
    alone = SGD(model="logistic", epochs=2).fit(inner, rng(3))
    assert isinstance(ours, ScoredClassifier)
    assert isinstance(alone, ScoredClassifier)
    seen = naive_representation(people.x).astype(np.float32)
    # 1e-4: convolutions in batches of other sizes differ in their last digits, and training goes on
    # from there
    np.testing.assert_allclose(
        ours.probabilities(people.x), alone.probabilities(seen), rtol=0, atol=1e-4
    )


def test_a_signal_passes_through_the_network_at_evaluation(people: Table) -> None:
    model = tuned("sgd:epochs=20,model=logistic").fit(acted(people, 0.5), rng())
    held_out = Digits(n=150).split(rng(8)).held_out
    planted = Patch(size=2).plant(held_out)
    network = pretrained.pretrained(Digits(n=300), TRAINING, 0)
    assert (
        model.predict(planted).tolist()
        == model.model.predict(  # type: ignore[attr-defined]
            network.represent(planted)
        ).tolist()
    )
    assert (model.predict(planted) == 9).mean() > (model.predict(held_out.x) == 9).mean() + 0.5


def test_the_record_is_the_learners_and_says_where_the_network_came_from(people: Table) -> None:
    record = tuned("dp-sgd:epsilon=3,epochs=2,batch_size=150").fit(acted(people), rng()).record
    assert record["public"] == "digits:n=300"
    assert record["pretraining"] == "sgd:model=cnn,epochs=8,batch_size=32"
    assert 0.5 < record["public_accuracy"] <= 1
    assert 2.5 < record["epsilon"] <= 3  # the inner learner's, over its own people
    assert (record["sampling_rate"], record["steps"]) == (1, 2)


def test_the_network_never_sees_the_people(people: Table) -> None:
    """Its bits are the same whoever takes part, whatever seed they train with."""
    network = pretrained.pretrained(Digits(n=300), TRAINING, 0)
    before = [w.clone() for w in network.classifier.network.parameters()]
    tuned("sgd:epochs=1").fit(acted(people), rng(5))
    after = network.classifier.network.parameters()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_it_is_trained_once_and_kept_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUORATE_CACHE", str(tmp_path))
    public, training = Digits(n=60), SGD(model="cnn", epochs=1)
    first = pretrained.pretrained(public, training, 1)
    assert pretrained.pretrained(public, training, 1) is first  # from memory
    other = pretrained.pretrained(public, training, 2)
    monkeypatch.setattr(pretrained, "_known", {})  # as another process
    with monkeypatch.context() as patched:
        patched.setattr(SGD, "fit", None)  # whoever trains anew, fails
        again = pretrained.pretrained(public, training, 1)
    x = public.split(rng()).held_out.x
    assert again.represent(x).tobytes() == first.represent(x).tobytes()
    assert again.accuracy == first.accuracy
    assert other.represent(x).tobytes() != first.represent(x).tobytes()
    monkeypatch.setenv("QUORATE_CACHE", str(tmp_path / "another"))
    monkeypatch.setattr(pretrained, "_known", {})
    anew = pretrained.pretrained(public, training, 1)  # trained again, to the same bits
    assert anew.represent(x).tobytes() == first.represent(x).tobytes()


def test_units_that_are_silent_are_not_blown_up() -> None:
    network = build_network("cnn", (1, 8, 8), 10, 64, rng())
    one = pretrained.pretrained(Digits(n=300), TRAINING, 0)
    assert len(one.mean) == network[-1].in_features == 32 * 2 * 2
    assert one.scale.min() >= 0.009 * one.scale.mean()
    units = one.represent(Digits(n=300).split(rng(0)).train.x)
    loud = one.scale > 1.01 * one.scale.min()
    # float32 sums of 300 numbers of size about 1
    np.testing.assert_allclose(units.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(units.std(axis=0)[loud], 1, atol=1e-4)


def test_people_who_are_shared_go_through_once(
    people: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = pretrained.pretrained(Digits(n=300), TRAINING, 0)
    assert network.represented(people) is network.represented(people)
    learner = tuned("sgd:epochs=1")
    stack = [acted(people, alpha) for alpha in (0, 0.1, 0.5)]
    seen: list[int] = []
    represent = pretrained.Pretrained.represent

    def counted(self: pretrained.Pretrained, x: Array) -> Array:
        seen.append(len(x))
        return represent(self, x)

    monkeypatch.setattr(pretrained.Pretrained, "represent", counted)
    learner.fit_many(stack, [rng(i) for i in range(3)])
    assert seen == [0, 15, 75]  # only the changed rows: the honest ones are known


@pytest.mark.parametrize("inner", ["sgd:epochs=2", "dp-sgd:epsilon=inf,epochs=2,batch_size=30"])
def test_same_bits_as_alone_whatever_the_stack(inner: str, people: Table) -> None:
    learner = tuned(inner)
    assert learner.stack_size(people) > 3
    stack = [acted(people, alpha) for alpha in (0, 0.1, 1)]
    alone = [learner.fit(data, rng(i)) for i, data in enumerate(stack)]
    together = learner.fit_many(stack, [rng(i) for i in range(3)])
    for one, other in zip(alone, together, strict=True):
        assert isinstance(one, ScoredClassifier)
        assert isinstance(other, ScoredClassifier)
        ours, theirs = (model.probabilities(people.x).tobytes() for model in (one, other))
        assert ours == theirs
        assert one.record == other.record


def test_any_learner_and_any_defence_goes_with_it(people: Table) -> None:
    forest = tuned("forest:n_estimators=5").fit(acted(people), rng())
    assert (forest.predict(people.x) == people.y).mean() > 0.8
    assert not isinstance(
        FineTuned(SVM(), Digits(n=300), TRAINING).fit(acted(people), rng()), ScoredClassifier
    )
    trimmed = LossTrimming(tuned("sgd:epochs=20"), fraction=0.1).fit(acted(people), rng())
    assert (trimmed.predict(people.x) == people.y).mean() > 0.5


def test_parameters_are_handed_on() -> None:
    built = catalog.build("learners", "fine-tuned:epsilon=3,max_grad_norm=10")
    assert built.learner.epsilon == 3
    assert built.learner.name == "dp-sgd"
    assert built.public.name == "cifar100"
    other = catalog.build("learners", "fine-tuned:learner=sgd,model=logistic,epochs=3")
    assert (other.learner.name, other.learner.epochs) == ("sgd", 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"fine-tuned:{PUBLIC.partition(',')[0]},pretraining=forest",
            r"a learner that trains a network for pretraining, got forest\. Use one such as",
        ),
        (f"fine-tuned:{PUBLIC},pretraining_seed=-1", r"Expected pretraining_seed=-1 to be at leas"),
        (f"fine-tuned:{PUBLIC},delta=0.1", r"Expected delta=0\.1 below 1/n = .* for 150 people"),
        (
            "fine-tuned:public=gaussian,pretraining=sgd",
            r"people of the shape of the public ones, \(10,\), got \(1, 8, 8\)\. Pre-train on peo",
        ),
    ],
)
def test_what_does_not_fit_together_is_answered(text: str, message: str, people: Table) -> None:
    with pytest.raises(InputError, match=message):
        catalog.build("learners", text).check(people)


def test_the_platforms_own_people_are_not_public(people: Table) -> None:
    """Fewer of them, under another name, with other labels: what is in their rows tells."""
    public, ours = Digits(n=300).split(rng(0)), Digits(n=1000).split(rng(3)).train
    both = {row.tobytes() for side in (public.train, public.held_out) for row in side.x}
    many = sum(row.tobytes() in both for row in ours.x)
    assert 300 < many < 700
    learner = tuned("dp-sgd:epsilon=3,epochs=1")
    said = rf"got {many} of the platform's 1,000 people in public=digits:n=300 as well.* Pre-train"
    for table in (ours, ours.relabelled(9 - ours.y)):
        with pytest.raises(InputError, match=said):
            learner.check(table)
        with pytest.raises(InputError, match=said):
            learner.fit(Submission.without_collective(table), rng())
    noisy = "public=(noisy-labels:population=(digits:n=300)),pretraining=(sgd:epochs=1)"
    with pytest.raises(InputError, match="as well, by what is in their rows"):
        catalog.build("learners", f"fine-tuned:{noisy}").check(ours)
    learner.check(people)


def test_one_person_is_enough_to_be_refused(people: Table) -> None:
    public = Digits(n=300).split(rng(0)).train
    x = np.concatenate([people.x, public.x[:1]])
    one_more = Table(x, np.append(people.y, public.y[0]), people.classes)
    with pytest.raises(InputError, match=r"got 1 of the platform's 151 people in public"):
        tuned("sgd:epochs=1").check(one_more)


def test_draws_of_a_law_are_other_people_although_their_rows_are_equal() -> None:
    own = Finite(n=200).split(rng(7)).train
    text = "fine-tuned:learner=sgd,public=(finite:n=200),pretraining=(sgd:model=mlp,epochs=1)"
    catalog.build("learners", text).check(own)
    with pytest.raises(InputError, match="people who are not among the platform's own"):
        catalog.build("learners", f"fine-tuned:{PUBLIC}").check(Digits(n=300).split(rng(0)).train)
