"""What a search asks: settings about photos, each under its member's key.

Shape letters: m members, p photos, b settings of a round, r photos of a round, a settings in all.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

import numpy as np

from quorate.table import Labels, Mask
from quorate.test_time.extraction.questions import key_of
from quorate.test_time.platforms.answers import PartialQuotaError
from quorate.test_time.platforms.platform import Answers, Pixels, Platform
from quorate.test_time.search.space import Change, Floats, SearchSpace
from quorate.test_time.search.turns import Turns


class Inquiry(Protocol):
    """Asks about settings, in rounds, while queries last."""

    @property
    @abstractmethod
    def left(self) -> Labels:
        """How many queries each member has left who holds photos, (m,)."""

    @abstractmethod
    def ask(self, settings: Labels, photos: int) -> Floats:
        """Return how right the platform is of the same fresh photos under each setting, (b, r).

        Args:
            settings: indices of settings, (b,).
            photos: photos wanted; r is smaller where queries run out, and may be 0.
        """


class PlatformInquiry(Inquiry):
    """Asks a platform about members' photos.

    Args:
        platform: the platform.
        space: the settings.
        change: makes a setting's change within the budget.
        photos, y: members' photos, (p, c, h, w), and the index of their true labels, (p,).
        member: member who holds each photo, (p,): the number in their key.
        turns: deals the photos, with members numbered as it likes.
    """

    def __init__(
        self,
        platform: Platform,
        space: SearchSpace,
        change: Change,
        photos: Pixels,
        y: Labels,
        member: Labels,
        turns: Turns,
    ) -> None:
        self.platform, self.space, self.change = platform, space, change
        self.photos, self.y, self.member, self.turns = photos, y, member, turns
        self.holders = np.unique(turns.member[turns.dealt >= 0])
        self.asked = np.zeros(len(space), dtype=np.int64)  # (a,)
        self.right = np.zeros(len(space), dtype=np.int64)  # (a,)
        self.unanswered = 0  # questions whose key had no queries left after all

    @property
    def left(self) -> Labels:
        """How many queries each member has left who holds photos, (m,)."""
        return self.turns.left[self.holders]

    def ask(self, settings: Labels, photos: int) -> Floats:
        """Return the probability of the true label, or 1 where the label is right, (b, r)."""
        return self.compare(settings, photos)[1]

    def compare(self, settings: Labels, photos: int) -> tuple[Mask, Floats]:
        """Return whether the platform is right of the same photos, and ``ask``, (b, r) each."""
        dealt = self.turns.deal(photos, len(settings))
        right = np.zeros((len(settings), len(dealt)), dtype=bool)  # (b, r)
        rewards, answered = right.astype(np.float64), right.copy()
        if not len(dealt):
            return right, rewards
        x = self.photos[dealt]
        asked = np.concatenate([self.change(self.space.pipelines[i], x) for i in settings])
        keys = [key_of(who) for who in self.member[dealt]] * len(settings)
        answered[:], answers = self._answers(asked, keys, answered.shape)
        y = np.tile(self.y[dealt], len(settings))[answered.ravel()]
        right[answered] = answers.labels == y
        scores = answers.probabilities
        rewards[answered] = right[answered] if scores is None else scores[np.arange(len(y)), y]
        self.asked[settings] += answered.sum(axis=1)
        self.right[settings] += right.sum(axis=1)
        self.unanswered += int((~answered).sum())
        whole = answered.all(axis=0)  # only photos that all settings were asked about compare them
        return right[:, whole], rewards[:, whole]

    def _answers(
        self, asked: Pixels, keys: list[str], shape: tuple[int, ...]
    ) -> tuple[Mask, Answers]:
        """Return which questions were answered, in that shape, and these answers."""
        try:
            return np.ones(shape, dtype=bool), self.platform.ask(asked, keys)
        except PartialQuotaError as error:
            return error.answered.reshape(shape), error.answers
