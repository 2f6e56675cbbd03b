"""The worst platform that theory allows for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.protocols import Classifier, Learner
from quorate.spec import param
from quorate.table import Array, Labels, Rng, Submission, Table
from quorate.theory.suboptimality import Reading, suboptimality_constant
from quorate.theory.worst_case import overturned

DIGITS = 1e-12  # of the people: anything closer to a tie is a tie


@dataclass(frozen=True)
class WorstCase(Learner):
    """The worst ε-suboptimal platform: Bayes-optimal, but against the collective wherever it can.

    It predicts the most frequent label of each feature value, on tables whose columns all have
    finitely many values. Where members changed their rows to a value and claim one label, another
    label wins if it ties, or if its lag m, as a share of all people, fits into the budget Σ m ≤ c,
    with c = 2ε (tv) or ε/(1−ε) (huber). Of all affordable sets of values it takes the one with the
    most members. Unlike any real platform it sees who is a member: the bounds for planting are
    proved against it (derived, see docs/explanation/theory.md). It does not know what members want:
    for erasing, and for unplanting with more than two labels, it may not be the worst. Nothing is
    random.

    Raises:
        InputError: eps is out of range, or the reading is unknown.
    """

    name: ClassVar[str] = "worst-case"
    eps: float = param(0.0, "Distance ε from Bayes-optimal, in [0, 1).", shown=True)
    reading: Reading = param(
        "tv", "How ε is measured: tv (total variation) or huber (contamination)."
    )

    def __post_init__(self) -> None:
        suboptimality_constant(self.eps, self.reading)

    def check(self, people: Table) -> None:
        """Raise InputError unless every feature has finitely many values."""
        fix = "Use the population finite, or a table whose columns are all words."
        if people.is_image:
            raise InputError(f"Expected finitely many feature values, got images. {fix}")
        numbers = [column.name for column in people.columns if not column.values]
        if numbers or not people.columns:
            what = f"column {numbers[0]!r}, a number" if numbers else "features without columns"
            raise InputError(f"Expected finitely many feature values, got {what}. {fix}")

    def fit(self, data: Submission, rng: Rng) -> Classifier:
        """Return the platform's model; the record says how many values it overturned.

        Raises:
            InputError: as ``check``.
        """
        self.check(data.honest)
        people = data.mixed()
        values, at = np.unique(people.x, axis=0, return_inverse=True)
        at = at.reshape(-1)  # (n,)
        counts = _counts(at, people.y, len(values), people.k)  # (v, k)
        answers = counts.argmax(axis=1)  # (v,)
        acted = _acted(data)  # (m,)
        came = _counts(at[data.member][acted], data.changed.y[acted], len(values), people.k)
        target, members = came.argmax(axis=1), came.sum(axis=1)  # (v,) each
        shares = counts / max(1, len(people))
        rivals = np.where(np.arange(people.k) == target[:, None], -np.inf, shares)
        ahead = shares[np.arange(len(values)), target] - rivals.max(axis=1)
        prices = np.where(abs(ahead) < DIGITS, 0.0, ahead)
        sought = np.flatnonzero(members > 0)
        budget = float(suboptimality_constant(self.eps, self.reading))
        lost = sought[overturned(prices[sought], members[sought].astype(np.float64), budget)]
        answers[lost] = rivals.argmax(axis=1)[lost]
        spent = float(np.maximum(prices[lost], 0).sum())
        record = {"budget": budget, "spent": spent, "signalled": len(sought), "lost": len(lost)}
        fallback = int(np.bincount(people.y, minlength=people.k).argmax())
        label_of = {row.tobytes(): int(y) for row, y in zip(values, answers, strict=True)}
        return LookupClassifier(label_of, fallback, record)


@dataclass(frozen=True, eq=False)
class LookupClassifier:
    """A table of one label per feature value seen, and the most frequent label for all others."""

    answers: Mapping[bytes, int]
    fallback: int
    record: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,)."""
        rows = np.ascontiguousarray(x)
        found = (self.answers.get(row.tobytes(), self.fallback) for row in rows)
        return np.fromiter(found, dtype=np.int64, count=len(rows))


def _acted(data: Submission) -> npt.NDArray[np.bool_]:
    """Return which members changed their row, (m,)."""
    own = data.honest.take(data.member)
    return np.asarray((own.x != data.changed.x).any(axis=1) | (own.y != data.changed.y))


def _counts(at: npt.NDArray[np.int64], y: Labels, v: int, k: int) -> npt.NDArray[np.int64]:
    """Return how many people of each value have each label, (v, k)."""
    return np.bincount(at * k + y, minlength=v * k).reshape(v, k)
