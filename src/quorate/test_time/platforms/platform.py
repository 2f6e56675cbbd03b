"""What a collective can see of a deployed model: it asks about images, and is answered.

Shape letters: n questions, c h w image axes, k labels. Questions are 8-bit pixels, as uploads are:
what is asked, what is stored and what a member sends are the same bytes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.table import Array, Labels, Probabilities

Pixels = npt.NDArray[np.uint8]
Gives = Literal["labels", "scores"]
EVALUATION = "evaluation"  # the key that measuring is metered under, apart from the collective's


@dataclass(frozen=True, eq=False)
class Answers:
    """What a platform said of n images.

    Args:
        labels: index of the predicted label of each, (n,).
        probabilities: the score of each label, (n, k), or None where only labels are given.
    """

    labels: Labels
    probabilities: Probabilities | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> Answers:
        """Return the answers in ``rows`` (indices or a mask), in that order."""
        scores = None if self.probabilities is None else self.probabilities[rows]
        return Answers(self.labels[rows], scores)


@dataclass(frozen=True)
class Card:
    """What a platform says of itself.

    Args:
        id: names the deployed model; answers of different ids are never mixed.
        classes: the k label names.
        shape: shape of the images it takes, (c, h, w).
        gives: hard labels only, or the scores as well.
    """

    id: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    gives: Gives = "labels"


@runtime_checkable
class Platform(Protocol):
    """A deployed model that answers questions. Every answered row is metered under its key."""

    @property
    @abstractmethod
    def card(self) -> Card:
        """What the platform says of itself."""

    @abstractmethod
    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        """Return what the platform says of each image.

        Args:
            x: images, (n, c, h, w), 8 bits.
            keys: key that each row is asked under.

        Raises:
            InputError: the images are not of the platform's shape, or not of 8 bits.
            QuotaError: a key has no queries left; rows answered before are stored.
            PlatformError: the platform refused, failed or answered what cannot be read.
        """


def check_questions(x: Pixels, keys: Sequence[str], card: Card) -> None:
    """Raise InputError unless the images are 8-bit, of the card's shape, with one key each."""
    if x.dtype != np.uint8 or x.ndim != 4 or x.shape[1:] != card.shape:
        raise InputError(
            f"Expected 8-bit images of shape (n, {', '.join(map(str, card.shape))}), which the "
            f"platform takes, got {x.dtype} of shape {x.shape}. Resize or convert them first."
        )
    if len(keys) != len(x):
        raise InputError(f"Expected one key per image, {len(x)}, got {len(keys)}.")


def to_pixels(x: Array) -> Pixels:
    """Return images on the pixel scale [0, 1] as 8 bits, rounded to the nearest level.

    >>> to_pixels(np.array([0.0, 0.5, 1.0], dtype=np.float32))
    array([  0, 128, 255], dtype=uint8)
    """
    return np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)


def to_features(x: Pixels) -> Array:
    """Return 8-bit images on the pixel scale [0, 1], as learners take them."""
    return x.astype(np.float32) / np.float32(255)
