"""What every learner that fits a scikit-learn classifier has in common."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quorate.errors import FitFailedError, InputError
from quorate.protocols import Classifier, Learner
from quorate.table import Array, Labels, Probabilities, Rng, Submission, Table


@dataclass(frozen=True)
class ScikitLearner(Learner):
    """Base of the learners that fit a scikit-learn classifier: ``check`` and ``fit``.

    Images are flattened to pixels. Features are taken as the population gives them, numbers of a
    table standardised and pixels in [0, 1], so that no learner scales them again.
    """

    @abstractmethod
    def build(self, rng: Rng) -> Any:
        """Return the unfitted estimator, with any seed of its own drawn from ``rng``."""

    def check(self, people: Table) -> None:
        """Raise InputError if scikit-learn refuses a parameter's value; the message is its own."""
        estimator = self.build(np.random.default_rng(0))
        try:
            # The first thing that every fit does. There is no public way to it but a fit.
            estimator._validate_params()
        except (ValueError, TypeError) as error:
            raise _refused(estimator, error) from error

    @property
    def gives_probabilities(self) -> bool:
        """Whether the estimator, with its parameters, knows probabilities."""
        return hasattr(self.build(np.random.default_rng(0)), "predict_proba")

    def fit(self, data: Submission, rng: Rng) -> Classifier:
        """Return the estimator fitted to what the platform received.

        The record holds what scikit-learn warned of. A ``ScoredClassifier`` where the estimator
        knows probabilities.

        Raises:
            InputError: scikit-learn refuses a parameter or the data; the message is its own.
            FitFailedError: it refuses data in which everyone has one label, as planting may leave.
        """
        people = data.mixed()
        estimator = self.build(rng)
        try:
            with warnings.catch_warnings(record=True) as heard:
                warnings.simplefilter("always")
                estimator.fit(_rows(people.x), people.y)
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
            return ScoredEstimator(estimator, people.k, record)
        return PlainEstimator(estimator, record)


@dataclass(frozen=True, eq=False)
class PlainEstimator:
    """A fitted estimator of scikit-learn that knows labels alone."""

    estimator: Any
    record: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,).

        Raises:
            FitFailedError: the estimator was fitted to data that it cannot predict from.
        """
        return _labels(self.estimator, x)


@dataclass(frozen=True, eq=False)
class ScoredEstimator:
    """A fitted estimator of scikit-learn that knows the probabilities of the k labels."""

    estimator: Any
    k: int
    record: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,).

        Raises:
            FitFailedError: the estimator was fitted to data that it cannot predict from.
        """
        return _labels(self.estimator, x)

    def probabilities(self, x: Array) -> Probabilities:
        """Return the probability of each label, (n, k); 0 for labels nobody had in training.

        Rows are made to sum to 1: naive Bayes, in float32, can be off by a hundredth.

        Raises:
            FitFailedError: as ``predict``.
        """
        seen = self.estimator.classes_
        found = np.zeros((len(x), self.k))  # (n, k)
        # Boosting on one label alone returns a second column, for "any other".
        found[:, seen] = _asked(self.estimator, self.estimator.predict_proba, x)[:, : len(seen)]
        total = found.sum(axis=1, keepdims=True)  # (n, 1)
        found /= np.where(total > 0, total, 1)
        return found


def draw_random_state(rng: Rng) -> int:
    """Return a seed for an estimator that draws for itself, in [0, 2³¹)."""
    return int(rng.integers(2**31))


def _labels(estimator: Any, x: Array) -> Labels:
    return np.asarray(_asked(estimator, estimator.predict, x), dtype=np.int64)


def _asked(estimator: Any, method: Callable[[Array], Any], x: Array) -> Any:
    """Return what the estimator's method says of each row.

    Raises:
        FitFailedError: it cannot, as k nearest neighbours where there are fewer people than k.
    """
    try:
        return method(_rows(x))
    except ValueError as error:
        raise FitFailedError(str(_refused(estimator, error))) from error


def _rows(x: Array) -> Array:
    """Return one row of d features a person, (n, d)."""
    return x.reshape(len(x), -1)


def _refused(estimator: Any, error: Exception) -> InputError:
    return InputError(
        f"Expected data and parameters that {type(estimator).__name__} accepts, got: {error} "
        "Change its parameters."
    )
