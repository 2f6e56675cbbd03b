"""What a model of the user's own answers, read as the indices of labels and as probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quorate.adapter import check_probabilities
from quorate.bring_your_own.holding import said_by
from quorate.errors import FitFailedError, InputError, QuorateError
from quorate.given import given_of
from quorate.table import Array, Labels, Probabilities, Table


@dataclass(frozen=True, eq=False)
class OwnModel:
    """A fitted model of the user's own.

    Args:
        model: with ``predict``, or a function that predicts.
        like: nobody, from among the people that it was fitted to.
        who: has fitted it, in words.
        record: plain data about the training.
    """

    model: Any
    like: Table
    who: str
    record: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,).

        Raises:
            InputError: the answers are not one known label a person, as people's labels were given.
            FitFailedError: an estimator cannot predict, as neighbours of fewer people than k.
        """
        if not len(x):
            return np.zeros(0, dtype=np.int64)
        predict = getattr(self.model, "predict", None) or self.model
        return self._read(self._ask(predict, x), len(x))

    def _ask(self, method: Any, x: Array) -> Any:
        rows = given_of(self.like).rows(x.copy())
        try:
            return method(flat(rows) if hasattr(self.model, "get_params") else rows)
        except (QuorateError, MemoryError):
            raise
        except (Exception, SystemExit) as error:  # a user's code may raise anything
            is_estimators = isinstance(error, ValueError) and hasattr(self.model, "get_params")
            kind = FitFailedError if is_estimators else InputError
            raise kind(
                f"Expected the model of {self.who} to answer for {len(x)} people, got "
                f"{said_by(error)}. Let it take all columns of X, as given to fit."
            ) from error

    def _read(self, answers: Any, n: int) -> Labels:
        """Return answers, labels as they were given, as the indices of labels, (n,)."""
        found = _as_array(answers)
        if found.ndim == 2 and found.shape[1] == 1 and found.shape[0] == n:
            found = found[:, 0]  # a column, as some estimators answer
        if found.ndim == 2 and found.shape == (n, self.like.k):
            raise self._wrong(
                f"scores of shape {found.shape}",
                "Return the label with the highest score, and give the scores as predict_proba.",
            )
        if found.shape != (n,):
            got = "None" if answers is None else f"{type(answers).__name__} of shape {found.shape}"
            raise self._wrong(got, "Return an array with one label for each row of X.")
        return given_of(self.like).read_labels(found, f"the model of {self.who}")

    def _wrong(self, got: str, fix: str) -> InputError:
        known = given_of(self.like).labels(np.arange(self.like.k))
        few = ", ".join(repr(getattr(one, "item", lambda one=one: one)()) for one in known[:5])
        more = ", ..." if self.like.k > 5 else ""
        return InputError(
            f"Expected the model of {self.who} to predict one label a person, as they were given "
            f"({few}{more}), got {got}. {fix}"
        )


@dataclass(frozen=True, eq=False)
class OwnScores(OwnModel):
    """The same for a model with ``predict_proba``."""

    def probabilities(self, x: Array) -> Probabilities:
        """Return the probability of each label, (n, k); 0 for labels that nobody had in training.

        Columns stand for the model's ``classes_`` where it has them, else for the labels in the
        order of the table's ``classes``.

        Raises:
            InputError: they are no probabilities.
        """
        n, k = len(x), self.like.k
        if not n:
            return np.zeros((0, k))
        scores = _as_array(self._ask(self.model.predict_proba, x))
        classes = getattr(self.model, "classes_", None)
        if classes is not None and scores.ndim == 2 and scores.dtype.kind in "fiub":
            seen = self._read(_as_array(classes), len(classes))
            if scores.shape[0] == n and scores.shape[1] >= len(seen):
                found = np.zeros((n, k))  # (n, k)
                # Boosting on a single label returns a second column, for "any other".
                found[:, seen] = scores[:, : len(seen)]
                total = found.sum(axis=1, keepdims=True)  # (n, 1): off by rounding in float32
                scores = found / np.where(total > 0, total, 1)
        checked = check_probabilities(scores, n, k, self.who)
        checked /= checked.sum(axis=1, keepdims=True)
        return checked


def flat(rows: Any) -> Any:
    """Return pictures as one row of pixels each, as estimators take them; a table as it is."""
    return rows.reshape(len(rows), -1) if getattr(rows, "ndim", 2) > 2 else rows


def _as_array(answers: Any) -> np.ndarray[Any, Any]:
    """Return answers of any kind (arrays, series, lists, tensors) as an array."""
    if hasattr(answers, "detach"):
        answers = answers.detach().cpu()
    if hasattr(answers, "to_numpy"):
        answers = answers.to_numpy()
    try:
        return np.asarray(answers)
    except (TypeError, ValueError):
        return np.asarray(None)
