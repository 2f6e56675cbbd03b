"""The learners of scikit-learn that have a name of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from quorate.catalog import build
from quorate.errors import FitFailedError, InputError
from quorate.populations.digits import Digits
from quorate.populations.gaussian import Gaussian
from quorate.protocols import ScoredClassifier
from quorate.strategies.planting import Planting
from quorate.studies.study import make_study
from quorate.studies.sweep import run_study
from quorate.studies.trial import submit
from quorate.table import Submission, Table


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def learn(text: str, people: Table, seed: int = 0) -> Any:
    return build("learners", text).fit(Submission.without_collective(people), rng(seed))


def line(places: list[float], labels: list[int], classes: tuple[str, ...] = ("no", "yes")) -> Table:
    """People with one feature."""
    return Table(np.array(places, np.float32)[:, None], np.array(labels), classes)


def at(*places: float) -> np.ndarray:
    return np.array(places, np.float32)[:, None]


SEED = int(rng(3).integers(2**31))  # what a learner draws from rng(3)


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("logistic", LogisticRegression(max_iter=1000)),
        ("logistic:C=0.01,max_iter=500", LogisticRegression(C=0.01, max_iter=500)),
        ("svm", SVC()),
        ("svm:C=0.1,kernel=linear", SVC(C=0.1, kernel="linear")),
        ("svm:gamma=0.02", SVC(gamma=0.02)),
        ("knn", KNeighborsClassifier()),
        ("knn:n_neighbors=4,weights=distance", KNeighborsClassifier(4, weights="distance")),
        ("naive-bayes", GaussianNB()),
        ("naive-bayes:var_smoothing=0.01", GaussianNB(var_smoothing=0.01)),
        ("tree", DecisionTreeClassifier(random_state=SEED)),
        (
            "tree:criterion=entropy,max_depth=4,min_samples_leaf=2",
            DecisionTreeClassifier(
                criterion="entropy", max_depth=4, min_samples_leaf=2, random_state=SEED
            ),
        ),
        (
            "forest:n_estimators=7,max_depth=5,min_samples_leaf=2",
            RandomForestClassifier(7, max_depth=5, min_samples_leaf=2, random_state=SEED),
        ),
        (
            "boosting:max_iter=4,learning_rate=0.3,max_leaf_nodes=5,min_samples_leaf=3",
            HistGradientBoostingClassifier(
                max_iter=4,
                learning_rate=0.3,
                max_leaf_nodes=5,
                min_samples_leaf=3,
                early_stopping=False,
                random_state=SEED,
            ),
        ),
    ],
)
def test_equals_scikit_learn_on_what_was_handed_in(text: str, own: Any) -> None:
    people = Digits(n=200).split(rng())
    data = submit(people.train, Planting(), 0.3, np.random.SeedSequence(0))
    model = build("learners", text).fit(data, rng(3))
    mixed, x = data.mixed(), people.held_out.x
    own.fit(mixed.x.reshape(len(mixed), -1), mixed.y)
    rows = x.reshape(len(x), -1)
    assert (model.predict(x) == own.predict(rows)).all()
    assert isinstance(model, ScoredClassifier) == (not text.startswith("svm"))
    if isinstance(model, ScoredClassifier):
        expected = own.predict_proba(rows).astype(float)
        # scikit-learn's rows sum to 1 in float32 at best; the same division, another order
        expected /= expected.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(model.probabilities(x), expected, rtol=1e-12)


# ------------------------------------------------------------------------------ worked by hand


def test_logistic_is_where_the_gradient_vanishes() -> None:
    """w²/2 + C Σ log(1 + exp(-s(wx + b))) has the gradients w - C Σ s x σ(-s(wx + b)) and Σ s σ."""
    people = line([-2, -1, 0.5, 1, 3], [0, 0, 0, 1, 1])
    estimator = learn("logistic:C=2", people).estimator
    w, b = float(estimator.coef_[0, 0]), float(estimator.intercept_[0])
    x, s = people.x[:, 0].astype(float), 2.0 * people.y - 1
    wrong = 1 / (1 + np.exp(s * (w * x + b)))
    # L-BFGS stops where the gradient of the mean loss is below 1e-4; C n = 10
    assert w - 2 * (s * x * wrong).sum() == pytest.approx(0, abs=2e-3)
    assert (s * wrong).sum() == pytest.approx(0, abs=2e-3)
    yes = learn("logistic:C=2", people).probabilities(at(1.5))[0, 1]
    assert yes == pytest.approx(1 / (1 + np.exp(-(1.5 * w + b))), abs=1e-6)  # float32


def test_svm_has_the_widest_margin() -> None:
    """Between 1 and 2 the widest margin is around 1.5, w = 2: far people do not matter."""
    model = learn("svm:kernel=linear,C=1000", line([-9, 1, 2, 50], [0, 0, 1, 1]))
    assert model.predict(at(1.49, 1.51)).tolist() == [0, 1]
    assert model.estimator.coef_[0, 0] == pytest.approx(2, abs=1e-2)  # libsvm's tolerance is 1e-3


def test_knn_counts_votes_or_closeness() -> None:
    people = line([0, 1, 1.1, 9], [1, 0, 0, 1])
    # At 0.2 the three nearest are 0 (yes, at 0.2), 1 (no, at 0.8) and 1.1 (no, at 0.9).
    votes = learn("knn:n_neighbors=3", people)
    assert votes.probabilities(at(0.2)) == pytest.approx(np.array([[2 / 3, 1 / 3]]))
    close = learn("knn:n_neighbors=3,weights=distance", people)
    yes, no = 1 / 0.2, 1 / 0.8 + 1 / 0.9
    # float32 places
    assert close.probabilities(at(0.2))[0, 1] == pytest.approx(yes / (yes + no), rel=1e-6)
    assert (votes.predict(at(0.2))[0], close.predict(at(0.2))[0]) == (0, 1)


def test_naive_bayes_is_bayes_rule() -> None:
    """No: 0 and 2, mean 1, variance 1. Yes: 3, 5, 7, mean 5, variance 8/3. Priors 2/5 and 3/5."""
    model = learn("naive-bayes:var_smoothing=0", line([0, 2, 3, 5, 7], [0, 0, 1, 1, 1]))
    no = 0.4 * norm.pdf(2.5, 1, 1)
    yes = 0.6 * norm.pdf(2.5, 5, np.sqrt(8 / 3))
    assert model.probabilities(at(2.5))[0, 1] == pytest.approx(yes / (no + yes), rel=1e-6)


def test_tree_stops_at_its_depth_and_leaf_size() -> None:
    """Labels 0 1 1 0 on a line: one split leaves an impure side, two are enough."""
    people = line([0, 1, 2, 3], [0, 1, 1, 0])
    assert learn("tree", people).predict(people.x).tolist() == [0, 1, 1, 0]
    stump = learn("tree:max_depth=1", people).probabilities(people.x)
    assert sorted(stump[:, 0].round(3)) == [0.333, 0.333, 0.333, 1.0]
    halves = learn("tree:min_samples_leaf=2", people).probabilities(people.x)
    assert (halves == 0.5).all()


def test_forest_is_the_mean_of_its_trees() -> None:
    people = Gaussian(n=80).split(rng()).train
    model = learn("forest:n_estimators=3", people)
    trees = [tree.predict_proba(people.x) for tree in model.estimator.estimators_]
    np.testing.assert_allclose(model.probabilities(people.x), sum(trees) / 3, atol=1e-15)


def test_boosting_begins_at_the_log_odds() -> None:
    """One stump a leaf of 4: F = log(p/(1-p)) + η Σ(y-p)/Σp(1-p), p the share of yes."""
    people = line([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1, 1, 1])
    model = learn("boosting:max_iter=1,learning_rate=0.5,min_samples_leaf=4", people)
    p, start = 5 / 8, np.log(5 / 3)
    step = {0: (1 - 4 * p) / (4 * p * (1 - p)), 1: (4 - 4 * p) / (4 * p * (1 - p))}
    expected = [1 / (1 + np.exp(-(start + 0.5 * step[place]))) for place in (0, 1)]
    assert model.probabilities(at(0, 1))[:, 1] == pytest.approx(expected, rel=1e-6)  # float32


# ------------------------------------------------------------------------------ labels and errors


@pytest.mark.parametrize("text", ["logistic", "knn", "naive-bayes", "tree", "forest", "boosting"])
def test_a_label_nobody_had_has_probability_0_in_its_own_column(text: str) -> None:
    people = line([0, 0, 0, 0, 0, 5, 5, 5, 5, 5], [1] * 5 + [3] * 5, ("a", "b", "c", "d"))
    model = learn(text, people)
    found = model.probabilities(people.x)
    assert found.shape == (10, 4)
    assert (found[:, [0, 2]] == 0).all()
    assert (found.argmax(axis=1) == model.predict(people.x)).all()


@pytest.mark.parametrize(
    "text", ["logistic", "svm", "knn", "naive-bayes", "tree", "forest", "boosting"]
)
def test_one_label_alone_fails_or_is_all_that_is_learned(text: str) -> None:
    people = line([0, 1, 2, 3, 4, 5], [1] * 6, ("a", "b", "c"))
    if text in ("logistic", "svm"):
        with pytest.raises(FitFailedError, match="got the label 'b' alone"):
            learn(text, people)
        return
    model = learn(text, people)
    assert (model.predict(people.x) == 1).all()
    # boosting begins at log-odds that it cuts off near 1
    np.testing.assert_allclose(model.probabilities(people.x), [[0, 1, 0]] * 6, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("logistic:C=0", "Expected C=0 to be a positive finite number"),
        ("logistic:max_iter=0", "Expected max_iter=0 to be at least 1"),
        ("svm:C=-1", "Expected C=-1 to be a positive"),
        ("svm:gamma=0", "Expected gamma=0 to be a positive"),
        ("svm:kernel=poly", "Expected a known value of kernel, got 'poly'"),
        ("knn:n_neighbors=0", "Expected n_neighbors=0 to be at least 1"),
        ("knn:n_neighbors=2.5", "Expected n_neighbors to be a whole number"),
        ("naive-bayes:var_smoothing=-1", "to be at least 0"),
        ("tree:max_depth=0", "Expected max_depth=0 to be at least 1"),
        ("tree:min_samples_leaf=0", "Expected min_samples_leaf=0 to be at least 1"),
        ("forest:n_estimators=0", "Expected n_estimators=0 to be at least 1"),
        ("forest:max_depth=0", "Expected max_depth=0 to be at least 1"),
        ("forest:min_samples_leaf=0", "Expected min_samples_leaf=0 to be at least 1"),
        ("boosting:learning_rate=0", "Expected learning_rate=0 to be a positive"),
        ("boosting:max_iter=0", "Expected max_iter=0 to be at least 1"),
        ("boosting:max_leaf_nodes=1", "Expected max_leaf_nodes=1 to be at least 2"),
        ("boosting:min_samples_leaf=0", "Expected min_samples_leaf=0 to be at least 1"),
    ],
)
def test_values_out_of_range(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build("learners", text)


def test_more_neighbours_than_people_are_found_before_any_training() -> None:
    study = make_study(
        population="gaussian:n=8",
        strategy="planting:signal=columns,x2=3",
        learner="knn:n_neighbors=9",
        alphas=0,
        seeds=1,
    )
    with pytest.raises(InputError, match="n_neighbors=9 to be at most the 8 people"):
        run_study(study)
