"""The answers that enter extraction, and everything that is left out, counted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from quorate.collective.pool.compared import MemberAnswers
from quorate.collective.pool.reliability import Reliability
from quorate.errors import InputError
from quorate.table import Labels
from quorate.test_time.extraction.pool import QueryPool
from quorate.test_time.platforms.platform import Answers, Pixels
from quorate.validate import listed


@dataclass(frozen=True, eq=False)
class AgreedPool:
    """What the collective's members say together.

    Args:
        pool: one answered question a row, with labels alone: scores that members report could
            not be checked. The member is the first of those whose answer it is.
        question: index of each of these questions, (r,).
        left_out: members whose answers are not used, counted from 1.
        answers_left_out: how many answers these gave.
        disputed: questions left out since members who are kept gave different answers.
        unanswered: questions without an answer of a member who is kept.
        confirmed: questions of the pool to which several members gave this answer.
    """

    pool: QueryPool
    question: Labels
    left_out: tuple[int, ...]
    answers_left_out: int
    disputed: int
    unanswered: int
    confirmed: int

    def notes(self) -> tuple[str, ...]:
        """Return what is left out, in words; nothing where that is nothing."""
        said = []
        if self.left_out:
            one = len(self.left_out) == 1
            said.append(
                f"{len(self.left_out)} {'member is' if one else 'members are'} left out, since "
                f"answers contradict everyone else's: {listed([str(i) for i in self.left_out])}. "
                f"These gave {self.answers_left_out} answers."
            )
        for count, why in (
            (self.disputed, "since members gave different answers"),
            (self.unanswered, "since nobody answered whose answers are used"),
        ):
            if count:
                said.append(f"{count} questions are left out, {why}.")
        return tuple(said)


def agree(answers: MemberAnswers, reliability: Reliability, x: Pixels, photo: Labels) -> AgreedPool:
    """Return what members say who are kept: each question that they agree on, once.

    A question counts once however many members answered it, so that nobody gains weight by
    agreeing with copies of themselves.

    Args:
        answers: all answers.
        reliability: whose are used.
        x: picture of each question, (n, c, h, w).
        photo: photo that each question shows, (n,).

    Raises:
        InputError: there is not a picture and a photo of each question, or nothing is agreed on.
    """
    n = len(answers.expected)
    if not len(x) == len(photo) == n:
        raise InputError(
            f"Expected a picture and a photo of each of {n} questions, got {len(x)} and "
            f"{len(photo)}. Give those of one campaign."
        )
    used = np.flatnonzero(reliability.kept[answers.member])
    order = used[np.argsort(answers.question[used], kind="stable")]
    question, first, times = np.unique(
        answers.question[order], return_index=True, return_counts=True
    )
    label = answers.label[order]
    lowest, highest = label[:0], label[:0]
    if len(first):
        lowest, highest = np.minimum.reduceat(label, first), np.maximum.reduceat(label, first)
    same = lowest == highest
    if not same.any():
        raise InputError(
            "Expected answers that members agree on, got none. Wait for more answers, or look at "
            "who is left out."
        )
    taken = question[same]
    left_out = tuple((np.flatnonzero(~reliability.kept) + 1).tolist())
    member = answers.member[order][first[same]]
    agreed = AgreedPool(
        QueryPool(x[taken], Answers(lowest[same].astype(np.int64)), member, photo[taken]),
        taken,
        left_out,
        len(answers) - len(used),
        disputed=int((~same).sum()),
        unanswered=n - len(question),
        confirmed=int((times[same] > 1).sum()),
    )
    return replace(agreed, pool=replace(agreed.pool, notes=agreed.notes()))
