"""A platform worked by hand: two labels, whole weights on pixels, and a count of every question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from quorate.test_time.platforms.platform import Answers, Card, Gives, Pixels, check_questions


class LinearPlatform:
    """Says 1 where w·x > threshold, else 0; p_1 = 1/2 + (w·x − threshold) / 2 |w|·255, exactly.

    Args:
        weights: w, whole, (c, h, w).
        threshold: on w·x, with x in levels.
    """

    def __init__(self, weights: npt.ArrayLike, threshold: float, gives: Gives = "scores") -> None:
        self.weights = np.asarray(weights, dtype=np.int64)
        self.threshold = threshold
        c, h, w = self.weights.shape
        self.card = Card("linear", ("no", "yes"), (c, h, w), gives)
        self.asked: list[tuple[str, Pixels]] = []  # every question, in order

    @property
    def counts(self) -> Counter[str]:
        """Rows answered under each key."""
        return Counter(key for key, _ in self.asked)

    def asked_by(self, key: str) -> list[list[int]]:
        """Return the pixels of each question under this key, in order."""
        return [x.reshape(-1).tolist() for asker, x in self.asked if asker == key]

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        check_questions(x, keys, self.card)
        self.asked += [(key, image.copy()) for key, image in zip(keys, x, strict=True)]
        above = (x * self.weights).sum(axis=(1, 2, 3)) - self.threshold  # (n,)
        labels = (above > 0).astype(np.int64)
        if self.card.gives == "labels":
            return Answers(labels)
        yes = 0.5 + above / (2 * 255 * np.abs(self.weights).sum() + 2 * abs(self.threshold))
        return Answers(labels, np.stack([1 - yes, yes], axis=1))
