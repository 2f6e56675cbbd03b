"""A hard budget of queries per person, between an attack and the platform."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError, QuotaError
from quorate.table import Labels
from quorate.test_time.platforms.answers import PartialError
from quorate.test_time.platforms.platform import Answers, Card, Pixels, Platform
from quorate.validate import at_least


class Meter:
    """Asks a platform for n people, each of whom has so many queries and not one more.

    Every row that is asked is one query of one person, as the platform counts it: an image asked
    twice costs two.

    Args:
        platform: platform that answers.
        budget: queries that each person has, at least 1.
        keys: under which each of the n people asks, all different.

    Raises:
        InputError: the budget is not a positive whole number, or two people share a key.
    """

    def __init__(self, platform: Platform, budget: int, keys: Sequence[str]) -> None:
        at_least("budget", budget, 1, "Give each person at least one query.")
        if budget != int(budget):
            raise InputError(f"Expected a whole number of queries, got budget={budget}. Round it.")
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if list(keys).count(key) > 1)
            raise InputError(
                f"Expected a key of their own for each person, got {twice!r} more than once. "
                "Number the keys."
            )
        self.budget = int(budget)
        self.keys = tuple(keys)
        self._platform = platform
        self._used = np.zeros(len(keys), dtype=np.int64)  # (n,)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def card(self) -> Card:
        """What the platform says of itself."""
        return self._platform.card

    @property
    def used(self) -> Labels:
        """Queries that each person has asked, (n,)."""
        return self._used.copy()

    @property
    def left(self) -> Labels:
        """Queries that each person may still ask, (n,)."""
        return self.budget - self._used

    def ask(self, x: Pixels, who: npt.NDArray[np.integer]) -> Answers:
        """Return what the platform says of each image; row r is a query of person ``who[r]``.

        Raises:
            QuotaError: somebody would exceed their budget; then nothing is asked.
            PlatformError: the platform refused or failed; what it may have counted is used.
        """
        asked = np.bincount(who, minlength=len(self))  # (n,)
        over = np.flatnonzero(asked > self.left)
        if len(over):
            raise QuotaError(
                f"Expected {self.keys[over[0]]!r} to ask at most {self.left[over[0]]} more of "
                f"{self.budget} queries, got {asked[over[0]]}. Ask for those in `left` only."
            )
        self._used += asked  # before asking: whatever ends this, it may have been counted
        try:
            return self._platform.ask(x, [self.keys[i] for i in who])
        except PartialError as error:
            self._used -= np.bincount(who[error.refused], minlength=len(self))
            raise
        except InputError:  # it never came to asking
            self._used -= asked
            raise
