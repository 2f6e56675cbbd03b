"""What members have answered: as it is stored, and as arrays, with the labels that they agree on.

Shape letters: n questions, a answers, m members, c h w image axes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from quorate.collective.pool.agreed import AgreedPool, agree
from quorate.collective.pool.compared import UNKNOWN, MemberAnswers
from quorate.collective.pool.reliability import Reliability, find_unreliable
from quorate.errors import InputError
from quorate.table import Labels, Mask
from quorate.test_time.platforms.encoding import from_png
from quorate.test_time.platforms.platform import Pixels

NO_LABEL = -1  # of a question that nobody answered, or whose answers are at odds
UNLIKE = ("wrong class", "random sign")  # purposes of pictures that are not read as what they are


@dataclass(frozen=True, eq=False)
class StoredAnswers:
    """Questions and answers of one phase as they are stored, in a stated order.

    Args:
        shape: of the pictures, (c, h, w).
        png: pictures as files, by question: n of them, in the order of photos.
        y: true label of each, (n,).
        inside: whether each is of the subgroup, (n,).
        photo: photo that each shows, (n,): variants of one photo share it.
        purpose: what each is asked for: ``pool``, or what a trial question measures.
        question: the question of each answer, (a,).
        member: who gave it, (a,), 0 to m − 1.
        label: index of the label that they say the platform gave, (a,).
        invitation: the invitation that each member came by, (m,).
        left_out: whether a member's answers were left out before, (m,).
        batch: with which others each question was brought, (n,); None for all at once.
    """

    shape: tuple[int, int, int]
    png: tuple[bytes, ...]
    y: Labels
    inside: Mask
    photo: Labels
    purpose: tuple[str, ...]
    question: Labels
    member: Labels
    label: Labels
    invitation: Labels
    left_out: Mask
    batch: Labels | None = None

    def __len__(self) -> int:
        return len(self.png)

    @property
    def answered(self) -> int:
        """Number of questions that anyone answered."""
        return len(np.unique(self.question))

    @property
    def twice(self) -> int:
        """Number of questions that more than one member answered."""
        return int((np.unique(self.question, return_counts=True)[1] > 1).sum())

    def digest(self) -> str:
        """Return the SHA-256 of all that stands here, 64 hex digits."""
        found = hashlib.sha256(f"{self.shape} {len(self.png)} {len(self.label)}\n".encode())
        for content in self.png:
            found.update(hashlib.sha256(content).digest())
        numbers = (self.y, self.inside, self.photo, self.question, self.member, self.label)
        later = () if self.batch is None or not self.batch.any() else (self.batch,)
        for part in (*numbers, self.invitation, self.left_out, *later):
            found.update(np.asarray(part, dtype="<i8").tobytes())
        found.update("\0".join(self.purpose).encode())
        return found.hexdigest()

    def pixels(self) -> Pixels:
        """Return the pictures, (n, c, h, w).

        Raises:
            InputError: one is damaged, or of another shape.
        """
        x = np.empty((len(self.png), *self.shape), dtype=np.uint8)  # (n, c, h, w)
        for row, content in enumerate(self.png):
            try:
                x[row] = from_png(content, self.shape)
            except InputError as error:
                raise InputError(
                    f"Question {row + 1} of photo {self.photo[row]}: {error}"
                ) from None
        return x

    @property
    def answers(self) -> MemberAnswers:
        """The answers, which are compared with each other and with the true labels."""
        unlike = np.array([purpose in UNLIKE for purpose in self.purpose], dtype=bool)
        expected = np.where(unlike, UNKNOWN, self.y)
        return MemberAnswers(
            self.question, self.member, self.label, self.invitation, expected, self.batch
        )

    def reliability(self, alarm: float) -> Reliability:
        """Return whose answers are used: not those of members left out before.

        Args:
            alarm: the probability that anyone honest is left out is at most so much.
        """
        found = find_unreliable(self.answers, alarm)
        return replace(found, kept=found.kept & ~self.left_out)

    def agreed(self, reliability: Reliability, x: Pixels) -> AgreedPool:
        """Return the questions whose answers those who are kept agree on.

        Args:
            reliability: whose answers are used.
            x: the pictures, (n, c, h, w).

        Raises:
            InputError: they agree on none.
        """
        return agree(self.answers, reliability, x, self.photo)

    def check(self, k: int) -> None:
        """Raise InputError unless labels, members and questions are of this campaign.

        Args:
            k: number of labels.
        """
        n, m = len(self.png), len(self.invitation)
        limits = (
            ("true label", self.y, k),
            ("answered label", self.label, k),
            ("question", self.question, n),
            ("member", self.member, m),
        )
        for name, values, most in limits:
            if len(values) and not 0 <= values.min() <= values.max() < most:
                raise InputError(
                    f"Expected each {name} in [0, {most - 1}], got {values.min()} to "
                    f"{values.max()}. The database was changed by another program."
                )


def labels_of(agreed: AgreedPool, questions: int) -> Labels:
    """Return the label that each question got, (n,), or ``NO_LABEL``."""
    labels = np.full(questions, NO_LABEL)
    labels[agreed.question] = agreed.pool.answers.labels
    return labels
