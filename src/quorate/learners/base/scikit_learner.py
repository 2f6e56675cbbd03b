"""The base of every learner that fits a scikit-learn classifier."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quorate.errors import FitFailedError, InputError
from quorate.learners.base.category_codes import FlatRows, RowEncoding
from quorate.protocols import Classifier, Learner
from quorate.table import Array, Labels, Probabilities, Rng, Submission, Table


@dataclass(frozen=True)
class ScikitLearner(Learner):
    """Base of the learners that fit a scikit-learn classifier.

    A new one implements ``build``, and ``encoding`` where it knows categories. Images are flattened
    to pixels. Features are used as the population gives them, numbers of a table standardised and
    pixels in [0, 1], so no learner scales them again.
    """

    @abstractmethod
    def build(self, rng: Rng) -> Any:
        """Return the unfitted estimator; if it needs a seed, draw it from ``rng``."""

    def encoding(self, people: Table) -> RowEncoding:
        """Return how the estimator is handed features; by default one-hot categories and all."""
        return FlatRows()

    def check(self, people: Table) -> None:
        """Raise InputError with scikit-learn's own message if it refuses a parameter's value."""
        estimator = self.build(np.random.default_rng(0))
        try:
            # What every fit does first; a fit is the only public way to it.
            estimator._validate_params()
        except (ValueError, TypeError) as error:
            raise _refused(estimator, error) from error

    @property
    def gives_probabilities(self) -> bool:
        """Whether the estimator, with its parameters, gives probabilities."""
        return hasattr(self.build(np.random.default_rng(0)), "predict_proba")

    def fit(self, data: Submission, rng: Rng) -> Classifier:
        """Return the estimator fitted to what the platform received.

        The record holds scikit-learn's warnings. The model is a ``ScoredClassifier`` if the
        estimator gives probabilities.

        Raises:
            InputError: scikit-learn refuses a parameter or the data; the message is scikit-learn's.
            FitFailedError: it refuses data in which everyone has one label, as after planting.
        """
        people = data.mixed()
        estimator, rows = self.build(rng), self.encoding(people)
        if rows.categorical and hasattr(estimator, "categorical_features"):
            estimator.set_params(categorical_features=list(rows.categorical))
        try:
            with warnings.catch_warnings(record=True) as heard:
                warnings.simplefilter("always")
                estimator.fit(rows.encode(people.x), people.y)
        except (ValueError, TypeError) as error:
            if (people.y == people.y[0]).all():
                raise FitFailedError(
                    f"Expected two labels or more to tell apart, got the label "
                    f"{people.classes[people.y[0]]!r} alone. {type(estimator).__name__} cannot be "
                    "trained on that: use a smaller alpha."
                ) from error
            raise _refused(estimator, error) from error
        said = sorted({str(warning.message).splitlines()[0] for warning in heard})
        record = {"warnings": said} if said else {}
        if hasattr(estimator, "predict_proba"):
            return ScoredEstimator(estimator, people.k, record, rows)
        return PlainEstimator(estimator, record, rows)


@dataclass(frozen=True, eq=False)
class PlainEstimator:
    """A fitted scikit-learn estimator without probabilities."""

    estimator: Any
    record: Mapping[str, Any] = field(default_factory=dict)
    rows: RowEncoding = FlatRows()

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,).

        Raises:
            FitFailedError: the estimator was fitted to data that it cannot predict from.
        """
        return _labels(self.estimator, self.rows.encode(x))


@dataclass(frozen=True, eq=False)
class ScoredEstimator:
    """A fitted scikit-learn estimator with probabilities of the k labels."""

    estimator: Any
    k: int
    record: Mapping[str, Any] = field(default_factory=dict)
    rows: RowEncoding = FlatRows()

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,).

        Raises:
            FitFailedError: the estimator was fitted to data that it cannot predict from.
        """
        return _labels(self.estimator, self.rows.encode(x))

    def probabilities(self, x: Array) -> Probabilities:
        """Return the probability of each label, (n, k); 0 for labels nobody had in training.

        Rows are normalised: naive Bayes, in float32, can be off by a hundredth.

        Raises:
            FitFailedError: as ``predict``.
        """
        seen = self.estimator.classes_
        found = np.zeros((len(x), self.k))  # (n, k)
        # Boosting on a single label returns a second column, for "any other".
        found[:, seen] = self._scores(x)[:, : len(seen)]
        total = found.sum(axis=1, keepdims=True)  # (n, 1)
        found /= np.where(total > 0, total, 1)
        return found

    def _scores(self, x: Array) -> Any:
        return _asked(self.estimator, self.estimator.predict_proba, self.rows.encode(x))


def draw_random_state(rng: Rng) -> int:
    """Return a random seed for an estimator, in [0, 2³¹)."""
    return int(rng.integers(2**31))


def _labels(estimator: Any, x: Array) -> Labels:
    return np.asarray(_asked(estimator, estimator.predict, x), dtype=np.int64)


def _asked(estimator: Any, method: Callable[[Array], Any], x: Array) -> Any:
    """Return the estimator's answer for each row.

    Raises:
        FitFailedError: it has none, as k nearest neighbours with fewer people than k.
    """
    try:
        return method(x)
    except ValueError as error:
        raise FitFailedError(str(_refused(estimator, error))) from error


def _refused(estimator: Any, error: Exception) -> InputError:
    return InputError(
        f"Expected data and parameters that {type(estimator).__name__} accepts, got: {error} "
        "Change its parameters."
    )
