"""Any classifier of scikit-learn."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from quorate.errors import InputError
from quorate.learners.base.scikit_learner import ScikitLearner, draw_random_state
from quorate.spec import param
from quorate.table import Rng
from quorate.validate import unknown


@functools.cache
def _estimators() -> dict[str, type]:
    from sklearn.utils import all_estimators

    return dict(all_estimators(type_filter="classifier"))


@dataclass(frozen=True)
class ScikitLearn(ScikitLearner):
    """Any classifier of scikit-learn, by its class name; images are flattened to pixels.

    Its own parameters follow its name, as in
    ``sklearn:estimator=RandomForestClassifier,n_estimators=50``. A ``random_state`` is drawn from
    the cell's seed.

    >>> import numpy as np
    >>> ScikitLearn("KNeighborsClassifier", {"n_neighbors": 3}).build(np.random.default_rng(0))
    KNeighborsClassifier(n_neighbors=3)

    Raises:
        InputError: no classifier has that name, or it does not have a parameter or refuses its
            value.
    """

    name: ClassVar[str] = "sklearn"
    estimator: str = param("LogisticRegression", "Class name of the classifier.", shown=True)
    options: Mapping[str, Any] = field(
        default_factory=dict,
        metadata={"help": "The classifier's own parameters.", "takes_rest": True},
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
            options["random_state"] = draw_random_state(rng)
        return cls(**options)


def _literal(value: Any) -> Any:
    """Return text from the command line as the number, truth value or None it spells."""
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
