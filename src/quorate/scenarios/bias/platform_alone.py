"""What a platform can do against bias by itself: fairlearn's post-processing and reductions.

They know everyone's group, in training and at every decision; a collective needs neither. Their
decisions are drawn at random where the method says so.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from quorate.adapter import fit_model
from quorate.errors import InputError
from quorate.learners.base.scikit_learner import ScikitLearner, draw_random_state
from quorate.learners.scikit.logistic import Logistic
from quorate.protocols import Learner, ScoredClassifier
from quorate.strategies.relabelling.minority_knowledge import flat
from quorate.table import Array, Labels, Rng, Split, Submission

ROUNDS = 10  # of exponentiated gradient: each is many fits
GRID = 30  # weights that the grid search tries
KEPT_BACK = 1 / 3  # of the people, for the thresholds: on those learnt from scores are too good


def threshold_optimizer(learner: Learner, split: Split, rng: Rng) -> Labels:
    """Return decisions by thresholds of each group on the learner's scores, for equalised odds.

    Hardt, Price, Srebro 2016 (arXiv:1610.02413), fairlearn's ThresholdOptimizer; the learner is
    fitted to two thirds of the people and the thresholds to the rest (ours).

    Raises:
        InputError: the learner gives no probabilities.
    """
    from fairlearn.postprocessing import ThresholdOptimizer

    order = rng.permutation(len(split.train))
    kept = round(KEPT_BACK * len(order))
    learnt, rest = split.train.take(np.sort(order[kept:])), split.train.take(np.sort(order[:kept]))
    model = fit_model(learner, Submission.without_collective(learnt), rng)
    if not isinstance(model, ScoredClassifier):
        raise InputError("Expected a learner that gives probabilities. Choose another.")
    how = {"constraints": "equalized_odds", "prefit": True, "predict_method": "predict_proba"}
    method = ThresholdOptimizer(estimator=_as_estimator(model), **how)
    of_groups = {"sensitive_features": split.held_out.group}
    return _decide(method, replace(split, train=rest), rng, **of_groups)


def exponentiated_gradient(learner: Learner, split: Split, rng: Rng) -> Labels:
    """Return decisions of a mixture of models that is fitted for equalised odds.

    Agarwal, Beygelzimer, Dudík, Langford, Wallach 2018 (arXiv:1803.02453), fairlearn's
    ExponentiatedGradient, at most 10 rounds (ours).
    """
    from fairlearn.reductions import EqualizedOdds, ExponentiatedGradient

    method = ExponentiatedGradient(_estimator(learner, rng), EqualizedOdds(), max_iter=ROUNDS)
    return _decide(method, split, rng)


def grid_search(learner: Learner, split: Split, rng: Rng) -> Labels:
    """Return decisions of one model, the best of a grid of weights, for equalised odds.

    The same authors' second reduction, fairlearn's GridSearch over 30 weights (ours).
    """
    from fairlearn.reductions import EqualizedOdds, GridSearch

    method = GridSearch(_estimator(learner, rng), EqualizedOdds(), grid_size=GRID)
    return _decide(method, split)


Alone = Callable[[Learner, Split, Rng], Labels]
ALONE: Mapping[str, Alone] = {
    "threshold-optimizer": threshold_optimizer,
    "exponentiated-gradient": exponentiated_gradient,
    "grid-search": grid_search,
}


def fits(name: str, learner: Learner) -> bool:
    """Whether a platform with this learner is shown to do it.

    Reductions weigh people. Networks here are not asked to, nor is what is private: what weighing
    costs in privacy is another question. Exponentiated gradient asks for hundreds of fits, and is
    left to the one learner that is fast.
    """
    if name == "threshold-optimizer":
        return not isinstance(learner, ScikitLearner) or learner.gives_probabilities
    if name == "exponentiated-gradient":
        return isinstance(learner, Logistic)
    return isinstance(learner, ScikitLearner)


def _estimator(learner: Learner, rng: Rng) -> Any:
    assert isinstance(learner, ScikitLearner)  # by ``fits``
    return learner.build(rng)


def _as_estimator(model: ScoredClassifier) -> Any:
    """Return a fitted model as scikit-learn's interface asks for it."""
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Fitted(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        classes_ = np.array([0, 1])

        def fit(self, x: Array, y: Labels) -> Any:
            return self

        def predict_proba(self, x: Array) -> Any:
            return model.probabilities(x)

        def __sklearn_is_fitted__(self) -> bool:
            return True

    return Fitted()


def _decide(method: Any, split: Split, rng: Rng | None = None, **known: Any) -> Labels:
    """Return the decisions of a method that is fitted to people and their groups."""
    people = split.train
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas, and of fits that it goes on without
        method.fit(flat(people.x), people.y, sensitive_features=people.group)
        known |= {} if rng is None else {"random_state": draw_random_state(rng)}
        decisions = method.predict(flat(split.held_out.x), **known)
    return np.asarray(decisions, dtype=np.int64)
