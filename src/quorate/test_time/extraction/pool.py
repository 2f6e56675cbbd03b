"""The query pool: the members' questions with the platform's answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quorate.errors import PlatformError
from quorate.runtime.progress import bar
from quorate.table import Labels, Mask, Rng
from quorate.test_time.extraction.questions import Questions, key_of
from quorate.test_time.platforms.answers import PartialQuotaError
from quorate.test_time.platforms.platform import Answers, Pixels, Platform

FEWEST = 3  # photos that judge a surrogate, where a third of them are as many
ASKED_AT_ONCE = 1024  # questions: what is answered is stored before more is asked


@dataclass(frozen=True, eq=False)
class QueryPool:
    """Answered questions, ordered by member.

    Args:
        x: images, (n, c, h, w).
        answers: the platform's answer to each.
        member: member who asked, (n,).
        photo: photo that each question shows, (n,): variants of one photo stay together.
        notes: problems met on the way, in words.
    """

    x: Pixels
    answers: Answers
    member: Labels
    photo: Labels
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: Labels | Mask) -> QueryPool:
        """Return some of the questions, in that order."""
        return QueryPool(
            self.x[rows], self.answers.take(rows), self.member[rows], self.photo[rows], self.notes
        )

    def without(self, members: Labels) -> QueryPool:
        """Return what everyone but these members asked."""
        return self.take(~np.isin(self.member, members))

    def unasked(self, photos: int) -> Labels:
        """Return which of the first ``photos`` photos nobody asked about, in order."""
        return np.setdiff1d(np.arange(photos), self.photo)

    def held_out(self, fraction: float, rng: Rng) -> Mask:
        """Return which questions to keep for judging a surrogate, (n,): all of some photos."""
        photos = np.unique(self.photo)
        few = min(FEWEST, len(photos) // 3)  # one photo alone judges nothing
        count = min(len(photos) - 1, max(1, few, round(fraction * len(photos))))
        return np.isin(self.photo, rng.permutation(photos)[:count])


def collect(platform: Platform, questions: Questions) -> QueryPool:
    """Ask a platform the members' questions, each under the member's own key.

    Where a key has no queries left, the pool holds what was answered and says so.

    Raises:
        PlatformError: the platform failed, or nothing was answered; what was answered is stored
            where the platform is metered by a ledger.
    """
    keys = questions.keys()
    labels = np.full(len(questions), -1, dtype=np.int64)
    scores = _no_scores(platform, len(questions))
    refused: PartialQuotaError | None = None
    with bar(len(questions), "Asking") as progress:
        for start in range(0, len(questions), ASKED_AT_ONCE):
            rows = np.arange(start, min(start + ASKED_AT_ONCE, len(questions)))
            try:
                found = platform.ask(questions.x[rows], [keys[row] for row in rows])
            except PartialQuotaError as error:
                refused = error
                found, rows = error.answers, rows[error.answered]
            labels[rows] = found.labels
            if scores is not None and found.probabilities is not None:
                scores[rows] = found.probabilities
            progress.advance(ASKED_AT_ONCE)
    done = np.flatnonzero(labels >= 0)
    if not len(done):
        raise PlatformError(
            "Expected answers to the members' questions, got none: no key has queries left. Ask "
            "the platform for more, or enlist members with fresh keys."
        ) from refused
    notes = [] if refused is None else [_cut_short(questions, labels)]
    answers = Answers(labels, scores)
    return QueryPool(
        questions.x[done],
        answers.take(done),
        questions.member[done],
        questions.photo[done],
        tuple(notes),
    )


def _no_scores(platform: Platform, n: int) -> Any:
    if platform.card.gives == "labels":
        return None
    return np.zeros((n, len(platform.card.classes)))  # (n, k)


def _cut_short(questions: Questions, labels: Labels) -> str:
    missing = labels < 0
    spent = np.unique(questions.member[missing])
    names = ", ".join(key_of(member) for member in spent[:3])
    return (
        f"{int(missing.sum())} of {len(questions)} questions unanswered, since keys have no "
        f"queries left: {names}{f', ... ({len(spent)} in all)' if len(spent) > 3 else ''}."
    )
