"""Any classifier of scikit-learn."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from quorate.errors import FitFailedError, InputError
from quorate.protocols import Learner
from quorate.spec import param
from quorate.table import Array, Labels, Rng, Submission
from quorate.validate import unknown


@functools.cache
def _estimators() -> dict[str, type]:
    from sklearn.utils import all_estimators

    return dict(all_estimators(type_filter="classifier"))


@dataclass(frozen=True)
class ScikitLearn(Learner):
    """Any classifier of scikit-learn, by its class name; images are flattened to pixels.

    Its own parameters ride along: ``sklearn:estimator=RandomForestClassifier,n_estimators=50``.
    Where it has a ``random_state``, that is drawn from the cell's seed.

    >>> ScikitLearn("KNeighborsClassifier", {"n_neighbors": 3}).build(np.random.default_rng(0))
    KNeighborsClassifier(n_neighbors=3)

    Raises:
        InputError: no classifier has that name, or it has no such parameter.
    """

    name: ClassVar[str] = "sklearn"
    estimator: str = param("LogisticRegression", "class name of the classifier", shown=True)
    options: Mapping[str, Any] = field(
        default_factory=dict, metadata={"help": "its own parameters", "takes_rest": True}
    )

    def build(self, rng: Rng) -> Any:
        """Return the unfitted estimator."""
        if self.estimator not in _estimators():
            raise unknown("scikit-learn classifier", self.estimator, _estimators())
        cls = _estimators()[self.estimator]
        try:
            valid = cls().get_params()
        except TypeError:
            raise InputError(
                f"Expected a classifier that needs no other estimator inside it, got "
                f"{self.estimator}. Wrap it in a learner of your own."
            ) from None
        for key in self.options:
            if key not in valid:
                raise unknown(f"parameter of {self.estimator}", key, valid)
        options = {key: _literal(value) for key, value in self.options.items()}
        if "random_state" in valid and "random_state" not in options:
            options["random_state"] = int(rng.integers(2**31))
        return cls(**options)

    def check(self, people: object) -> None:
        """Raise InputError if the classifier or a parameter is not known."""
        self.build(np.random.default_rng(0))

    def fit(self, data: Submission, rng: Rng) -> ScikitLearnClassifier:
        """Return the estimator fitted to what the platform received.

        The record holds what scikit-learn warned of.

        Raises:
            InputError: scikit-learn refuses a parameter or the data; the message is its own.
            FitFailedError: it refuses data in which everyone has one label, as planting may leave.
        """
        people = data.mixed()
        estimator = self.build(rng)
        try:
            with warnings.catch_warnings(record=True) as heard:
                warnings.simplefilter("always")
                estimator.fit(people.x.reshape(len(people), -1), people.y)
        except (ValueError, TypeError) as error:
            if (people.y == people.y[0]).all():
                raise FitFailedError(
                    f"Expected two labels or more to tell apart, got the label "
                    f"{people.classes[people.y[0]]!r} alone. {self.estimator} cannot be trained on "
                    "that: use a smaller alpha."
                ) from error
            raise InputError(
                f"Expected data and parameters that {self.estimator} accepts, got: {error} "
                "Change its parameters."
            ) from error
        said = sorted({str(warning.message).splitlines()[0] for warning in heard})
        return ScikitLearnClassifier(estimator, {"warnings": said} if said else {})


@dataclass(frozen=True, eq=False)
class ScikitLearnClassifier:
    """A fitted estimator of scikit-learn."""

    estimator: Any
    record: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,)."""
        return np.asarray(self.estimator.predict(x.reshape(len(x), -1)), dtype=np.int64)


def _literal(value: Any) -> Any:
    """Return text from the command line as the number, truth value or None that it spells."""
    if not isinstance(value, str):
        return value
    if value.lower() in ("none", "true", "false"):
        return {"none": None, "true": True, "false": False}[value.lower()]
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
