"""What came back: answers that can be trusted in form, and errors that keep what was answered."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from quorate.errors import PlatformError, QuotaError, StoreError
from quorate.table import Mask
from quorate.test_time.platforms.platform import Answers, Card, Pixels, Platform

SUM_TOLERANCE = 0.01  # of a row's scores around 1: APIs round their scores to two or three digits


@dataclass(frozen=True, eq=False)
class Part:
    """What became of some rows of a call.

    Args:
        rows: those that were answered.
        answers: the answers to them, in their order.
        refused: those that the platform surely did not meter.
    """

    rows: tuple[int, ...] = ()
    answers: Answers | None = None
    refused: tuple[int, ...] = ()


@runtime_checkable
class PartwisePlatform(Platform, Protocol):
    """A platform that is asked in several requests, each of which may be paid for."""

    @abstractmethod
    def ask_parts(self, x: Pixels, keys: Sequence[str], take: Callable[[Part], None]) -> None:
        """Ask as ``ask`` does, and hand on each response as it comes, also when interrupted.

        Args:
            x: images, (n, c, h, w), 8 bits.
            keys: key that each row is asked under.
            take: takes what became of some rows, from any thread, one part at a time.
        """


def together(parts: Sequence[Part], n: int, card: Card) -> tuple[Mask, Answers, Mask]:
    """Return which of n rows are answered, (n,), these answers, and which are refused, (n,)."""
    answered, refused = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    labels = np.zeros(n, dtype=np.int64)
    scores = np.zeros((n, len(card.classes))) if card.gives == "scores" else None  # (n, k)
    for part in parts:
        refused[list(part.refused)] = True
        if part.answers is not None:
            rows = list(part.rows)
            answered[rows] = True
            labels[rows] = part.answers.labels
            if scores is not None and part.answers.probabilities is not None:
                scores[rows] = part.answers.probabilities
    return answered, Answers(labels, scores).take(answered), refused


class PartialError(PlatformError):
    """A platform failed after some rows were answered.

    Args:
        message: sentence that says what was expected, what came and the fix.
        answered: whether each of the n rows has an answer, (n,).
        answers: answers to these rows, in their order.
        refused: whether the platform surely did not meter the row, (n,).
    """

    def __init__(
        self, message: str, answered: Mask, answers: Answers, refused: Mask | None = None
    ) -> None:
        super().__init__(message)
        self.answered = answered
        self.answers = answers
        self.refused = np.zeros_like(answered) if refused is None else refused

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.answered, self.answers, self.refused)


class PartialQuotaError(PartialError, QuotaError):
    """A key has no queries left; what other rows were answered is kept."""


def check_answers(answers: Answers, n: int, card: Card) -> Answers:
    """Return answers to n questions as the library takes them, float64 and int64.

    Where the card gives labels only, scores that came are left out.

    Raises:
        PlatformError: their number, a label or a score is not what the card promises.
    """
    k = len(card.classes)
    labels = np.asarray(answers.labels)
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        raise PlatformError(
            f"Expected {n} labels from {card.id}, got {labels.dtype} of shape {labels.shape}. "
            "The platform must answer every image with the index of one label."
        )
    outside = np.unique(labels[(labels < 0) | (labels >= k)]).tolist()
    if outside:
        raise PlatformError(
            f"Expected labels in [0, {k - 1}] from {card.id}, got {_first(outside)}. Its card "
            f"names {k} classes: has the model changed?"
        )
    labels = labels.astype(np.int64)
    if card.gives == "labels":
        return Answers(labels)
    return Answers(labels, _checked_scores(answers, n, card))


def check_stored(answers: Answers, n: int, card: Card, path: Path) -> Answers:
    """Return n answers that were read from a ledger, as the library takes them.

    Raises:
        StoreError: they cannot be of this platform: the file is damaged, or another's.
    """
    try:
        return check_answers(answers, n, card)
    except PlatformError as error:
        raise StoreError(
            f"Expected a whole ledger of {card.id} at {path}, got answers that cannot be its: "
            f"{error} Restore the file from a copy, or use another."
        ) from error


def _checked_scores(answers: Answers, n: int, card: Card) -> np.ndarray:
    k = len(card.classes)
    if answers.probabilities is None:
        raise PlatformError(
            f"Expected scores from {card.id}, as its card says, got labels only. "
            'Let its card say gives="labels".'
        )
    try:
        scores = np.asarray(answers.probabilities, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise PlatformError(
            f"Expected numbers as scores from {card.id}, got: {error}. Ask its operator."
        ) from None
    if scores.shape != (n, k):
        raise PlatformError(
            f"Expected scores of shape ({n}, {k}) from {card.id}, one per label, got "
            f"{scores.shape}. Ask its operator, or use its labels only."
        )
    fine = np.isfinite(scores).all(axis=1)
    fine &= (scores >= 0).all(axis=1)
    with np.errstate(invalid="ignore", over="ignore"):
        fine &= np.abs(scores.sum(axis=1) - 1) <= SUM_TOLERANCE
    if not fine.all():
        row = int(np.flatnonzero(~fine)[0])
        raise PlatformError(
            f"Expected probabilities that sum to 1 from {card.id}, got "
            f"{_first(scores[row].tolist())} for image {row} ({int((~fine).sum())} of {n} rows are "
            "affected). If these are logits, use its labels only."
        )
    return scores


def _first(values: list[float]) -> str:
    return ", ".join(f"{v:g}" for v in values[:8]) + (", ..." if len(values) > 8 else "")
