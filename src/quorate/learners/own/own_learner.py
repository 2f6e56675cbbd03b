"""A model of the user's own, trained on people's data as they were given."""

from __future__ import annotations

import copy
import sys
import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from quorate.bring_your_own.holding import MEND, HoldsObject
from quorate.bring_your_own.offering import offer
from quorate.errors import FitFailedError, InputError, QuorateError
from quorate.given import given_of
from quorate.learners.base.scikit_learner import draw_random_state
from quorate.learners.own.own_model import OwnModel, OwnScores, flat
from quorate.protocols import Classifier, Learner
from quorate.spec import param
from quorate.table import Rng, Submission, Table

OFFERED = ("sample_weight", "groups", "rng", "seed", "random_state")  # to a function, by name
OFFERED_TO_CLASSES = ("rng", "seed", "random_state")
DOING = "fit a model to people's data as they were given"
ENCODE = "Encode text and fill gaps before it in a pipeline: OneHotEncoder, SimpleImputer."


@dataclass(frozen=True)
class OwnLearner(HoldsObject, Learner):
    """A model of the user's own: an estimator, a pipeline, a class or a function ``fit(X, y)``.

    It is given people's rows and labels as they came: a data frame with text and numbers, or images
    (n, c, h, w) in [0, 1]; labels as text, numbers or truth values. Its model answers with such
    labels. An estimator of scikit-learn's kind gets images as flat pixels; it is cloned, and every
    ``random_state`` in it, and in the estimators inside it, is drawn from the cell's seed. A class
    is made anew for each training, any other object with ``fit`` is copied. A function gets what it
    names of ``groups``, (n,) names or None, ``sample_weight``, (n,) ones, and of ``rng``, ``seed``
    and ``random_state``, drawn from the cell's seed. It returns a function that predicts, or an
    object with ``predict`` and maybe ``predict_proba``.

    Raises:
        InputError: the model fails, or answers with anything but one known label a person.
    """

    name: ClassVar[str] = "handed-in"
    model: str = param(help="What was handed in, with eight digits of its content.", shown=True)

    @property
    def gives_probabilities(self) -> bool:
        """Whether the model may give probabilities: of a function, nobody knows before."""
        thing = self.held.value
        return not hasattr(thing, "fit") or hasattr(thing, "predict_proba")

    def check(self, people: Table) -> None:
        """Raise InputError if the object is not at hand, or refuses its own parameters."""
        thing = self.held.value
        validate = getattr(thing, "_validate_params", None)
        if validate is None or isinstance(thing, type):
            return
        try:
            validate()
        except (ValueError, TypeError) as error:
            raise InputError(self.failed(error, DOING)) from error

    def fit(self, data: Submission, rng: Rng) -> Classifier:
        """Return the model of what the platform received; the record holds warnings.

        Raises:
            InputError: it fails, or what it returns is no model.
            FitFailedError: it fails on people who all have one label, as after planting.
        """
        people = data.mixed()
        given = given_of(people)
        rows = given.rows(people.x.copy())
        if hasattr(self.held.value, "get_params"):
            rows = flat(rows)
        labels = given.labels(people.y)
        groups = None
        if people.group is not None:
            groups = np.array(people.groups, dtype=object)[people.group]
        try:
            with warnings.catch_warnings(record=True) as heard:
                warnings.simplefilter("always")
                made = _fitted(self.held.value, rows, labels, groups, rng)
        except (QuorateError, MemoryError):
            raise
        except (Exception, SystemExit) as error:  # a user's code may raise anything
            if (people.y == people.y[0]).all():
                raise FitFailedError(
                    f"Expected two labels or more to tell apart, got the label "
                    f"{people.classes[people.y[0]]!r} alone. {self.who} cannot be trained on "
                    "that: use a smaller alpha."
                ) from error
            fix = ENCODE if hasattr(self.held.value, "get_params") else MEND
            raise InputError(self.failed(error, DOING, fix)) from error
        predict = getattr(made, "predict", None) or made
        is_no_model = isinstance(made, type) or (predict is made and is_network(made))
        if is_no_model or not callable(predict):
            got = "None" if made is None else f"an object of type {type(made).__name__}"
            raise InputError(
                f"Expected {self.who} to return a function that predicts, or a model with "
                f"predict, got {got}. Return the fitted model, or lambda X: labels of X."
            )
        said = sorted({str(one.message).partition("\n")[0] for one in heard})
        record = {"warnings": said} if said else {}
        kind = OwnScores if callable(getattr(made, "predict_proba", None)) else OwnModel
        return kind(made, people.take(np.zeros(0, np.int64)), self.who, record)


def is_network(thing: Any) -> bool:
    """Whether it is a PyTorch network, or a class of such."""
    torch = sys.modules.get("torch")
    cls = thing if isinstance(thing, type) else type(thing)
    return torch is not None and issubclass(cls, torch.nn.Module)


def _fitted(thing: Any, rows: Any, labels: Any, groups: Any, rng: Rng) -> Any:
    """Return what an object of the user's makes of people's rows and labels."""
    seed = draw_random_state(rng)
    draws: dict[str, Any] = {"rng": rng, "seed": seed, "random_state": seed}
    if isinstance(thing, type):
        return _fit_object(_seeded(offer(thing, (), draws), rng), rows, labels, groups, draws)
    if not hasattr(thing, "fit"):
        return offer(thing, (rows, labels), {**_about_people(labels, groups), **draws})
    return _fit_object(_seeded(_copy(thing), rng), rows, labels, groups, draws)


def _fit_object(made: Any, rows: Any, labels: Any, groups: Any, draws: dict[str, Any]) -> Any:
    offered = {} if hasattr(made, "get_params") else {**_about_people(labels, groups), **draws}
    returned = offer(made.fit, (rows, labels), offered)
    return returned if hasattr(returned, "predict") else made


def _about_people(labels: Any, groups: Any) -> dict[str, Any]:
    """Return what a function may ask for of each person; everyone weighs the same."""
    return {"sample_weight": np.ones(len(labels)), "groups": groups}


def _copy(thing: Any) -> Any:
    """Return an unfitted estimator with the same parameters; any other object is copied whole."""
    if not hasattr(thing, "get_params"):
        return copy.deepcopy(thing)
    from sklearn.base import clone

    return clone(thing)


def _seeded(estimator: Any, rng: Rng) -> Any:
    """Set every ``random_state`` of an estimator and of those inside it; return it."""
    if not hasattr(estimator, "get_params") or not hasattr(estimator, "set_params"):
        return estimator
    names = sorted(estimator.get_params(deep=True))
    seeds = {
        name: draw_random_state(rng)
        for name in names
        if name == "random_state" or name.endswith("__random_state")
    }
    return estimator.set_params(**seeds) if seeds else estimator
