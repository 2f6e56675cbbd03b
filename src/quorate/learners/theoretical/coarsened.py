"""A platform that coarsens the data before it learns from them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from quorate.adapter import fit_model, fit_models
from quorate.errors import FitFailedError, InputError
from quorate.learners.base.cleaning_learner import attempt, gives_probabilities
from quorate.learners.networks.sgd import SGD
from quorate.protocols import Classifier, Learner, ScoredClassifier, StackedLearner
from quorate.spec import param
from quorate.table import Array, Column, Labels, Probabilities, Rng, Submission, Table
from quorate.validate import above_zero, at_least


@dataclass(frozen=True)
class Coarsened(StackedLearner):
    """Preprocessing that loses detail: pixels pooled, numbers rounded, words hashed into buckets.

    The inner learner sees c(x) of everyone, members and held-out people included. Images: the mean
    of each square of pool×pool pixels, with smaller squares at the edges. Numbers and pixels: the
    nearest multiple of ``step``. Words: the bucket CRC32("COLUMN=VALUE") mod buckets. Two signals
    with c(g₁(x)) = c(g₂(x)) are the same to the platform, like two characters that a tokenizer maps
    to one token (Karan et al. 2025, arXiv:2505.00195); this coarsening is ours.

    >>> quarters = np.array([[[[1, 0], [0, 0]]], [[[0, 0], [0, 1]]]], np.float32)
    >>> Coarsened(pool=2).seen(Table(quarters, np.array([0, 0]), ("cat",))).x.ravel()
    array([0.25, 0.25], dtype=float32)

    Raises:
        InputError: a parameter is out of range, or changes nothing about these people.
    """

    name: ClassVar[str] = "coarsened"
    learner: Learner = param(
        SGD(),
        "Learner trained on the coarse data; its parameters can be given here.",
        kind="learners",
    )
    pool: int = param(
        2, "Side of the squares of pixels that are averaged; 1 averages nothing.", shown=True
    )
    step: float | None = param(
        None, "Step of rounding, of pixels or of a table's numbers in standard deviations."
    )
    buckets: int | None = param(None, "Number of buckets that share the words of each column.")

    def __post_init__(self) -> None:
        at_least("pool", self.pool, 1, "Use pool=1 to leave pixels as they are.")
        if self.step is not None:
            above_zero("step", self.step, "Leave step out where nothing is to be rounded.")
        if self.buckets is not None:
            at_least("buckets", self.buckets, 1, "Leave buckets out to keep every word.")

    @property
    def gives_probabilities(self) -> bool:
        """Whether the models may give probabilities, as the learner's do."""
        return gives_probabilities(self.learner)

    def check(self, people: Table) -> None:
        """Raise InputError if nothing is coarsened, or the learner cannot be fitted to the rest."""
        if people.is_image:
            if self.pool > max(people.x.shape[2:]):
                h, w = people.x.shape[2:]
                raise InputError(
                    f"Expected squares inside the {h}x{w} image, got pool={self.pool}. Use a "
                    "smaller pool."
                )
            if self.pool == 1 and self.step is None:
                raise InputError(
                    "Expected images to be coarsened, got pool=1 and no step. Use pool=2, or "
                    "step=0.25."
                )
        elif not self._changes(people.columns):
            raise InputError(
                f"Expected a table to be coarsened, got step={self.step} for its numbers and "
                f"buckets={self.buckets} for its words. Use step=0.5 for numbers, or fewer buckets "
                "than a column has words."
            )
        self.learner.check(self.seen(people))

    def _changes(self, columns: tuple[Column, ...]) -> bool:
        words = [column for column in columns if column.values]
        has_numbers = len(words) < len(columns) or not columns
        fewer = any(self._hashed(column) for column in words)
        return fewer or (self.step is not None and has_numbers)

    def stack_size(self, people: Table) -> int:
        """Return the learner's stack size for people as it sees them."""
        if not isinstance(self.learner, StackedLearner):
            return 1
        return self.learner.stack_size(self.seen(people))

    def fit_many(
        self, data: Sequence[Submission], rngs: Sequence[Rng]
    ) -> list[Classifier | FitFailedError]:
        """Return the learner's model of each submission, behind the coarsening.

        Raises:
            InputError: as ``check``.
        """
        honest = {id(one.honest): one.honest for one in data}
        for people in honest.values():
            self.check(people)
        coarse = {key: self.seen(people) for key, people in honest.items()}  # each of them once
        seen = [
            replace(one, honest=coarse[id(one.honest)], changed=self.seen(one.changed))
            for one in data
        ]
        if isinstance(self.learner, StackedLearner):
            models = fit_models(self.learner, seen, rngs)
        else:
            models = [
                attempt(fit_model, self.learner, *each) for each in zip(seen, rngs, strict=True)
            ]
        columns = [one.honest.columns for one in data]
        return [attempt(self._behind, *each) for each in zip(models, columns, strict=True)]

    def _behind(self, model: Classifier, columns: tuple[Column, ...]) -> Classifier:
        scored = isinstance(model, ScoredClassifier)
        return (CoarsenedScores if scored else CoarsenedModel)(self, columns, model)  # type: ignore[arg-type]

    def seen(self, people: Table) -> Table:
        """Return the people as the inner learner sees them."""
        x = self.coarse(people.x, people.columns)
        return replace(people, x=x, columns=self._columns(people.columns))

    def coarse(self, x: Array, columns: tuple[Column, ...]) -> Array:
        """Return c(x): images (n, c, h/pool, w/pool), or rows (n, d′) of the coarse columns."""
        if x.ndim == 4:
            return self._rounded(_pooled(x, self.pool) if self.pool > 1 else x)
        if not columns:
            return self._rounded(x)
        parts = [self._part(x[:, column.start : column.stop], column) for column in columns]
        return np.concatenate(parts, axis=1)

    def _part(self, x: Array, column: Column) -> Array:
        if not column.values:
            return self._rounded(x)
        return x @ self._one_hot(column) if self._hashed(column) else x

    def _rounded(self, x: Array) -> Array:
        if self.step is None:
            return x
        multiples = np.rint(x.astype(np.float64) / self.step) * self.step
        return (multiples + 0.0).astype(np.float32)  # 0, where it is -0

    def _hashed(self, column: Column) -> bool:
        return self.buckets is not None and len(column.values) > self.buckets

    def _one_hot(self, column: Column) -> Array:
        """Return the bucket of each value of a column, (values, buckets)."""
        words = [f"{column.name}={value}".encode() for value in column.values]
        at = np.array([zlib.crc32(word) % int(self.buckets or 1) for word in words])
        return np.asarray(at[:, None] == np.arange(self.buckets or 1), dtype=np.float32)

    def _columns(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        out: list[Column] = []
        for column in columns:
            start = out[-1].stop if out else 0
            names = tuple(f"bucket {i}" for i in range(self.buckets or 1))
            values = names if self._hashed(column) else column.values
            out.append(replace(column, start=start, values=values))
        return tuple(out)


def _pooled(x: Array, side: int) -> Array:
    """Return the mean of each square of pixels, (n, c, ⌈h/side⌉, ⌈w/side⌉).

    In float64, so that the same pixels in another order have the same mean.
    """
    total, count = x.astype(np.float64), np.ones(x.shape[2:])
    for axis in (-2, -1):
        starts = np.arange(0, x.shape[axis], side)
        total, count = (np.add.reduceat(part, starts, axis=axis) for part in (total, count))
    mean: Array = (total / count).astype(np.float32)
    return mean


@dataclass(frozen=True, eq=False)
class CoarsenedModel:
    """A model of coarsened people as a model of people."""

    by: Coarsened
    columns: tuple[Column, ...]
    model: Classifier

    @property
    def record(self) -> Any:
        """The record of the training."""
        return self.model.record

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,)."""
        return self.model.predict(self.by.coarse(x, self.columns))


@dataclass(frozen=True, eq=False)
class CoarsenedScores(CoarsenedModel):
    """The same for a model that gives probabilities."""

    model: ScoredClassifier

    def probabilities(self, x: Array) -> Probabilities:
        """Return the model's probabilities, (n, k)."""
        return self.model.probabilities(self.by.coarse(x, self.columns))
