"""The adapter for scikit-learn's classifiers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier

from quorate.catalog import build
from quorate.errors import FitFailedError, InputError
from quorate.learners.base.scikit_learner import ScikitLearner
from quorate.populations.digits import Digits
from quorate.protocols import ScoredClassifier
from quorate.strategies.planting import Planting
from quorate.studies.study import make_study
from quorate.studies.sweep import run_study
from quorate.studies.trial import submit
from quorate.table import Submission


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_equals_scikit_learn_on_the_mixed_data() -> None:
    people = Digits(n=200).split(rng())
    data = submit(people.train, Planting(), 0.3, np.random.SeedSequence(0))
    model = build("learners", "sklearn:estimator=KNeighborsClassifier,n_neighbors=3").fit(
        data, rng()
    )
    mixed = data.mixed()
    own = KNeighborsClassifier(3).fit(mixed.x.reshape(200, -1), mixed.y)
    expected = own.predict(people.held_out.x.reshape(len(people.held_out), -1))
    assert (model.predict(people.held_out.x) == expected).all()


def test_random_state_comes_from_the_seed_unless_given() -> None:
    learner = build("learners", "sklearn:estimator=RandomForestClassifier,n_estimators=3")
    drawn = [learner.build(rng(seed)).random_state for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    fixed = build("learners", "sklearn:estimator=RandomForestClassifier,random_state=4")
    assert fixed.build(rng()).random_state == 4
    assert isinstance(fixed.build(rng()), RandomForestClassifier)


def test_options_arrive_as_what_they_spell() -> None:
    learner = build(
        "learners",
        "sklearn:estimator=RandomForestClassifier,max_depth=none,bootstrap=false,"
        "min_samples_leaf=0.1,criterion=entropy",
    )
    options = learner.build(rng()).get_params()
    assert options["max_depth"] is None
    assert options["bootstrap"] is False
    assert options["min_samples_leaf"] == 0.1
    assert options["criterion"] == "entropy"


def test_a_label_nobody_has_stays_unpredicted() -> None:
    people = Digits(n=200).split(rng()).train
    some = people.take(people.y < 3)
    model = build("learners", "sklearn:estimator=GaussianNB").fit(
        Submission.without_collective(some), rng()
    )
    assert set(model.predict(people.x)) <= {0, 1, 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sklearn:estimator=RandomForest", "Did you mean RandomForestClassifier"),
        ("sklearn:estimator=SVC,depth=3", "Expected a known parameter of SVC, got 'depth'"),
        ("sklearn:estimator=VotingClassifier", "needs no other estimator inside it"),
    ],
)
def test_unknown(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build("learners", text).check(Digits(n=50).split(rng()).train)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sklearn:estimator=KNeighborsClassifier,n_neighbors=-3", "The 'n_neighbors' parameter"),
        ("sklearn:estimator=SVC,kernel=round", "The 'kernel' parameter of SVC must be"),
        ("sklearn:C=0", "The 'C' parameter of LogisticRegression"),
        ("sklearn:estimator=RandomForestClassifier,n_estimators=many", "'n_estimators' parameter"),
    ],
)
def test_a_refused_value_is_found_before_any_training(
    text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is scikit-learn's."""
    monkeypatch.setattr(ScikitLearner, "fit", None)
    learners = ["sgd:epochs=1", text]
    study = make_study(
        population="digits:n=50", strategy="planting", learner=learners, alphas=0, seeds=1
    )
    with pytest.raises(InputError, match=message):
        run_study(study)


def test_every_classifier_accepts_its_own_defaults() -> None:
    people = Digits(n=50).split(rng()).train
    for name in ("AdaBoostClassifier", "MLPClassifier", "SGDClassifier", "BernoulliNB", "NuSVC"):
        build("learners", f"sklearn:estimator={name}").check(people)


def test_what_the_fit_alone_can_refuse_is_scikit_learns_message() -> None:
    data = Submission.without_collective(Digits(n=50).split(rng()).train)
    learner = build("learners", "sklearn:estimator=KNeighborsClassifier,n_neighbors=51")
    model = learner.fit(data, rng())
    with pytest.raises(FitFailedError, match="n_neighbors <= n_samples_fit"):
        model.predict(data.honest.x)


def test_probabilities_only_where_the_estimator_knows_them() -> None:
    data = Submission.without_collective(Digits(n=50).split(rng()).train)
    for name, scored in (("SVC", False), ("LinearSVC", False), ("BernoulliNB", True)):
        model = build("learners", f"sklearn:estimator={name}").fit(data, rng())
        assert isinstance(model, ScoredClassifier) == scored
