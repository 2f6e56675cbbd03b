"""Estimators, classes and functions of the user's own as learners."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import quorate
from quorate import catalog, spec
from quorate.bring_your_own import handed_in
from quorate.errors import FitFailedError, InputError
from quorate.learners.defences.early_stopping import EarlyStopping
from quorate.learners.defences.knn_cleaning import KNNCleaning
from quorate.learners.defences.robust_aggregation import RobustAggregation
from quorate.learners.own.own_learner import OwnLearner
from quorate.protocols import ScoredClassifier
from quorate.table import Column, Submission, Table

COLUMNS = (Column("channel", 0, ("fax", "web")), Column("age", 2, mean=40, scale=10))


def people(n: int = 40, classes: tuple[str, ...] = ("no", "yes")) -> Table:
    """Whoever came by fax says yes, but for one."""
    fax = np.arange(n) % 2 == 0
    x = np.stack([fax, ~fax, np.linspace(-1, 1, n)], axis=1).astype(np.float32)
    y = fax.astype(np.int64)
    y[0] = 0
    group = (np.arange(n) % 4 == 0).astype(np.int64)
    return Table(x, y, classes, group, ("others", "few"), COLUMNS)


def submission(n: int = 40) -> Submission:
    return Submission.without_collective(people(n))


def learner(value: Any) -> OwnLearner:
    made = catalog.build("learners", value)
    assert isinstance(made, OwnLearner)
    return made


def fitted(value: Any, seed: int = 0) -> Any:
    return learner(value).fit(submission(), np.random.default_rng(seed))


def pipeline(**options: Any) -> Pipeline:
    columns = make_column_transformer((OneHotEncoder(), ["channel"]), (StandardScaler(), ["age"]))
    return make_pipeline(columns, RandomForestClassifier(n_estimators=3, **options))


def by_channel(x: pd.DataFrame, y: Any) -> Any:
    """The most frequent label of each channel, on rows and labels as they were given."""
    frame = pd.DataFrame({"channel": x["channel"], "y": np.asarray(y)})
    most = frame.groupby("channel")["y"].agg(lambda labels: labels.mode()[0])
    return lambda rows: rows["channel"].map(most)


class Majority:
    """No estimator of scikit-learn's: it has fit and predict, and no more."""

    def fit(self, x: Any, y: Any) -> None:
        values, counts = np.unique(np.asarray(y, dtype=str), return_counts=True)
        self.label = values[counts.argmax()]

    def predict(self, x: Any) -> list[str]:
        return [self.label] * len(x)


# ------------------------------------------------------------------------------------- what is fit


def test_a_pipeline_sees_the_rows_and_labels_that_the_user_had() -> None:
    data = people()
    model = fitted(pipeline(random_state=1))
    frame = pd.DataFrame(
        {
            "channel": np.where(data.x[:, 0] == 1, "fax", "web"),
            "age": data.x[:, 2].astype(float) * 10 + 40,
        }
    )
    alone = pipeline().set_params(
        randomforestclassifier__random_state=int(model.model[-1].random_state)
    )
    alone.fit(frame, np.array(["no", "yes"])[data.y])
    assert model.model.classes_.tolist() == ["no", "yes"]
    expected = (alone.predict(frame) == "yes").astype(int)
    assert model.predict(data.x).tolist() == expected.tolist()
    assert np.allclose(model.probabilities(data.x), alone.predict_proba(frame))


def test_every_random_state_is_drawn_from_the_cells_seed() -> None:
    nested = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["channel"])),
        RandomForestClassifier(n_estimators=2, random_state=7),
    )
    states = [
        fitted(nested, seed).model.get_params()["randomforestclassifier__random_state"]
        for seed in (0, 0, 1)
    ]
    assert states[0] == states[1] != states[2]
    assert 7 not in states
    assert nested[-1].random_state == 7  # what was handed in is cloned
    assert not hasattr(nested[-1], "classes_")


def test_a_function_gets_what_it_names() -> None:
    seen: dict[str, Any] = {}

    def train(
        x: Any, y: Any, sample_weight: Any, *, groups: Any, seed: int, rng: Any, depth: int = 3
    ) -> Any:
        seen.update(
            weights=sample_weight, groups=groups, seed=seed, depth=depth, columns=list(x.columns)
        )
        seen["draw"] = rng.random()
        return by_channel(x, y)

    own = learner(train)
    for seed in (0, 0, 1):
        own.fit(submission(), np.random.default_rng(seed))
        seen.setdefault("draws", []).append((seen["seed"], seen["draw"]))
    assert seen["draws"][0] == seen["draws"][1] != seen["draws"][2]
    assert seen["columns"] == ["channel", "age"]
    assert seen["depth"] == 3
    assert seen["weights"].tolist() == [1] * 40
    assert seen["groups"].tolist()[:4] == ["few", "others", "others", "others"]


@pytest.mark.parametrize(
    "value", [by_channel, Majority, Majority(), GaussianNB, KNeighborsClassifier]
)
def test_functions_classes_and_objects_answer_in_indices(value: Any) -> None:
    data = people()
    if value in (GaussianNB, KNeighborsClassifier):  # which take numbers alone
        data = dataclasses.replace(data, x=data.x[:, 2:], columns=(Column("age", 0),))
    model = learner(value).fit(Submission.without_collective(data), np.random.default_rng(0))
    found = model.predict(data.x)
    assert found.dtype == np.int64
    assert set(found.tolist()) <= {0, 1}
    if value is by_channel:
        assert found.tolist() == (np.arange(40) % 2 == 0).astype(int).tolist()


def test_estimators_get_pictures_as_flat_pixels_and_functions_as_they_are() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((20, 1, 3, 3)).astype(np.float32)
    data = Table(x, (np.arange(20) % 2).astype(np.int64), ("a", "b"))
    shapes = []

    def train(x: Any, y: Any) -> Any:
        shapes.append(x.shape)
        return lambda rows: np.repeat("b", len(rows))

    taken = Submission.without_collective(data)
    model = learner(LogisticRegression()).fit(taken, rng)
    assert isinstance(model, ScoredClassifier)
    assert model.probabilities(x).shape == (20, 2)
    assert learner(train).fit(taken, rng).predict(x).tolist() == [1] * 20
    assert shapes == [(20, 1, 3, 3)]


class Scored(BaseEstimator, ClassifierMixin):  # type: ignore[misc]
    """Columns in the order of classes_, the other way round than the table's."""

    def fit(self, x: Any, y: Any) -> Scored:
        self.classes_ = np.array(["yes", "no"])
        return self

    def predict(self, x: Any) -> Any:
        return np.repeat("yes", len(x))

    def predict_proba(self, x: Any) -> Any:
        return np.tile([0.75, 0.25], (len(x), 1))


def test_probabilities_stand_in_the_tables_order() -> None:
    assert fitted(Scored()).probabilities(people().x[:2]).tolist() == [[0.25, 0.75]] * 2


# ------------------------------------------------------------------------------------ what is said


def returning(answers: Any) -> Any:
    def train(x: Any, y: Any) -> Any:
        return lambda rows: answers

    return train


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (returning(None), "got None"),
        (returning(["yes"]), r"of shape \(1,\)"),
        (
            returning(["maybe"] * 40),
            r"^Expected labels among no, yes from the model of train, got 'm",
        ),
        (returning(np.full((40, 2), 0.5)), "predict_proba"),
        (returning(np.arange(40)), "from the model of train, got 0"),
    ],
)
def test_answers_that_are_no_labels_are_named(value: Any, said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        fitted(value).predict(people().x)
    assert "train" in str(error.value)
    assert "\n" not in str(error.value)


def fails(x: Any, y: Any) -> Any:
    raise RuntimeError("out of\ncheese")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (fails, "Expected fails to fit a model .* RuntimeError: out of cheese. Mend"),
        (LogisticRegression(), "ValueError: could not convert string to float.*: OneHotEncoder"),
        (lambda x, y: None, "Expected lambda to return a function that predicts.*got None"),
        (lambda x, y: torch.nn.Linear(2, 2), "got an object of type Linear"),
    ],
)
def test_a_function_that_fails_is_named(value: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        fitted(value)


def test_one_label_alone_is_a_failed_training() -> None:
    data = people()
    data = dataclasses.replace(data, y=np.ones_like(data.y))
    with pytest.raises(FitFailedError, match="'yes' alone"):
        learner(LogisticRegression()).fit(
            Submission.without_collective(dataclasses.replace(data, columns=())),
            np.random.default_rng(0),
        )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (torch.nn.Linear(2, 2), r"SGD\(model="),
        (torch.nn.Linear, r"SGD\(model="),
        (lambda: torch.nn.Linear(2, 2), r"SGD\(model=lambda\)"),
        (lambda x: x, "to take X, y"),
        (lambda x, y, weights: x, "Give other arguments a default"),
        (set(), "Expected a learner's name, an estimator"),
        (dict, "without fit"),
        (LogisticRegression(C=-1), "InvalidParameterError"),
        (VotingClassifier, r"Hand in an object, VotingClassifier\(\.\.\.\)"),
    ],
)
def test_what_is_no_learner_is_told_at_once(value: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        learner(value).check(people())


# ------------------------------------------------------------------------------------ where it goes


def test_defences_take_objects_and_say_where_they_cannot() -> None:
    made = catalog.build("learners", KNNCleaning(learner=by_channel, neighbours=3))  # type: ignore[arg-type]
    assert isinstance(made.learner, OwnLearner)
    assert made == catalog.build("learners", spec.text(made))
    assert made == catalog.build(
        "learners", {"name": "knn-cleaning", "neighbours": 3, "learner": by_channel}
    )
    model = made.fit(submission(), np.random.default_rng(0))
    assert model.record["inner"] == {}
    for wrapper in (EarlyStopping, RobustAggregation):
        with pytest.raises(InputError, match="got function"):
            wrapper(learner=by_channel)


def test_a_check_takes_objects() -> None:
    found = quorate.check(make_pipeline(StandardScaler(), GaussianNB()))
    assert "is the same for a seed" in found
    assert "predicts each person alone" in quorate.check(returning_first, kind="learners")
    with pytest.raises(InputError, match="Expected a kind"):
        quorate.check(by_channel)


def returning_first(x: Any, y: Any) -> Any:
    first = np.asarray(y)[0]
    return lambda rows: np.repeat(first, len(rows))


def test_own_learners_run_in_workers_and_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = [GaussianNB(), GaussianNB(var_smoothing=0.5), returning_first]
    settings: dict[str, Any] = {
        "population": "gaussian:n=60,held_out=30",
        "strategy": "planting:signal=columns,x2=3",
        "alphas": "0,0.2",
        "seeds": 1,
    }
    here = quorate.curve(out=tmp_path / "here", learner=two, **settings)
    there = quorate.curve(out=tmp_path / "there", learner=two, jobs=2, **settings)
    success = [[row["success"] for row in one.rows()] for one in (here, there)]
    assert success[0] == success[1]
    names = {row["learner"] for row in here.rows()}
    assert len(names) == 3
    (said,) = quorate.curve(learner=KNNCleaning(learner=returning_first), **settings).summary()
    inside = r"knn-cleaning:neighbours=5,learner=returning_first \w{8} \(gaussian"
    assert re.match(inside, said), said
    monkeypatch.setattr(handed_in, "_in_use", {})  # as in another process
    loaded = quorate.load(tmp_path / "here")
    assert {loaded.called(name) for name in names} == {
        "GaussianNB()",
        "GaussianNB(var_smoothing=0.5)",
        "returning_first",
    }
    stored = next(name for name in names if "returning_first" in name)
    resumed = settings | {"learner": stored.replace(stored[-8:], "00000000")}
    with pytest.raises(InputError, match="Hand it in again"):
        quorate.curve(out=tmp_path / "here", **resumed)
