"""Answers of members, compared with what is expected and with one another's.

Shape letters: a answers, m members, n questions.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.collective.pool.dealt import Counts, Dealt, binomial, chance
from quorate.errors import InputError
from quorate.table import Labels, Mask

Floats = npt.NDArray[np.float64]
UNKNOWN = -1  # of a question: nothing is expected of its answer
SUSPECT = 0.01  # how often an honest member is suspected, which alone has no consequence


@dataclass(frozen=True, eq=False)
class MemberAnswers:
    """What members say that the platform answered.

    Args:
        question: the question of each answer, (a,).
        member: who answered it, (a,), 0 to m − 1.
        label: index of the label that they say the platform gave, (a,).
        invitation: the invitation that each member came by, (m,).
        expected: label that the platform is likely to give to each question, such as the true one
            or a surrogate's; -1 where nothing is expected, (n,).
        batch: with which others each question was brought, (n,); None for all at once. Who answered
            earlier cannot have been dealt those of a later batch.

    Raises:
        InputError: lengths disagree, an index is out of range, or a member answered a question
            twice.
    """

    question: Labels
    member: Labels
    label: Labels
    invitation: Labels
    expected: Labels
    batch: Labels | None = None

    def __post_init__(self) -> None:
        lengths = {len(self.question), len(self.member), len(self.label)}
        if len(lengths) > 1:
            raise InputError(
                f"Expected a question, a member and a label of each answer, got "
                f"{len(self.question)}, {len(self.member)} and {len(self.label)}. Give as many."
            )
        for name, most in (("question", len(self.expected)), ("member", len(self.invitation))):
            index = getattr(self, name)
            if len(index) and not 0 <= index.min() <= index.max() < most:
                raise InputError(
                    f"Expected each {name} in [0, {most - 1}], got {index.min()} to {index.max()}. "
                    "Number them from 0."
                )
        if self.batch is not None and len(self.batch) != len(self.expected):
            raise InputError(
                f"Expected a batch of each of {len(self.expected)} questions, got "
                f"{len(self.batch)}. Give those of one campaign."
            )
        if len(np.unique(_numbered(self.question, self.member))) < len(self.question):
            raise InputError(
                "Expected one answer of a member to a question, got several. Keep the first."
            )

    def __len__(self) -> int:
        return len(self.question)

    @property
    def by_invitation(self) -> Labels:
        """The invitation behind each answer, (a,)."""
        return np.asarray(self.invitation[self.member])

    @property
    def batches(self) -> list[Mask]:
        """Which answers are to questions of each batch, (a,) each; of those with answers."""
        if self.batch is None or not len(self):
            return [np.ones(len(self), dtype=bool)]
        of_answer = self.batch[self.question]
        return [of_answer == one for one in np.unique(of_answer)]


@dataclass(frozen=True, eq=False)
class Compared:
    """All answers, compared with what is expected and with those of trusted members.

    Args:
        answers: the answers.
        trusted: whether each member is not suspected, (m,).
        compared: whether a trusted member of another invitation answered the question, (a,).
        contradicted: whether most of these say otherwise, (a,).
        of_expected: whether something is expected, (a,).
        unexpected: whether the answer differs, (a,).
    """

    answers: MemberAnswers
    trusted: Mask
    compared: Mask
    contradicted: Mask
    of_expected: Mask
    unexpected: Mask

    @classmethod
    def of(cls, answers: MemberAnswers, trusted: Mask) -> Compared:
        """Compare answers with those of trusted members."""
        used = trusted[answers.member]
        inside = answers.by_invitation
        said = _numbered(answers.question, answers.label)
        others = _count(answers.question, used)
        others -= _count(_numbered(answers.question, inside), used)
        agree = _count(said, used) - _count(_numbered(said, inside), used)
        expected = answers.expected[answers.question]
        known = expected != UNKNOWN
        unexpected = known & (answers.label != expected)
        return cls(answers, trusted, others > 0, 2 * agree < others, known, unexpected)

    @property
    def used(self) -> Mask:
        """Whether each answer is a trusted member's, (a,)."""
        return np.asarray(self.trusted[self.answers.member])

    @property
    def disagreement(self) -> float:
        """How often trusted members contradict one another."""
        return _rate(self.contradicted[self.used & self.compared])

    def counts(self, among: Mask) -> Labels:
        """Return of each member's answers, among some, how many are compared, how many are not,
        how many are contradicted and how many unexpected, (4, m).
        """
        parts = (self.compared, ~self.compared, self.contradicted, self.unexpected)
        who, size = self.answers.member, len(self.trusted)
        return np.stack([np.bincount(who[part & among], minlength=size) for part in parts])

    def member_chances(self, error: float) -> Floats:
        """Return the probability that an honest member is contradicted as often as each, (m,)."""
        answers, batches = self.answers, self.answers.batches
        dealt = [self._dealt(self.used & among, error) for among in batches]
        counted = np.stack([self.counts(among) for among in batches])  # (batches, 4, m)
        chances = np.ones(len(self.trusted))  # (m,)
        for member in np.unique(answers.member).tolist():
            counts = [Counts(*some) for some in counted[:, :, member].tolist()]
            chances[member] = chance(dealt, counts)
            if not self.trusted[member] and chances[member] < SUSPECT:
                # everyone's answers include their own, which only raises the probability
                used = self.used | (answers.member == member)
                with_own = [self._dealt(used & among, error) for among in batches]
                chances[member] = chance(with_own, counts)
        return chances

    def invitation_chances(self, error: float) -> dict[int, float]:
        """Return the probability that invitations half of whose answers are false do as badly.

        Of invitations that several members came by. An answer is false with probability 1/2, and
        then contradicted and unexpected; else it is each as often as those of trusted members, or
        spoilt. The lower of the probabilities of as much as C, and as C + U.
        """
        numbers, members = np.unique(self.answers.invitation, return_counts=True)
        chances = {}
        for one in numbers[members > 1].tolist():
            mine = self.answers.by_invitation == one
            contradicted = int((self.contradicted & mine).sum())
            total = contradicted + int((self.unexpected & mine).sum())
            laws = [self._half_false(mine & among, among, error) for among in self.answers.batches]
            alone, law = (functools.reduce(np.convolve, some) for some in zip(*laws, strict=True))
            chances[one] = float(min(law[total:].sum(), alone[contradicted:].sum(), 1.0))
        return chances

    def _half_false(self, mine: Mask, among: Mask, error: float) -> tuple[Floats, Floats]:
        """Return the laws of C and C + U of answers of a batch, if half of them were false."""
        rates = [
            min(1.0, _rate(some[self.used & known & among]) + error)
            for some, known in (
                (self.contradicted, self.compared),
                (self.unexpected, self.of_expected),
            )
        ]
        worse = [(1 + rate) / 2 for rate in rates]
        compared, known = mine & self.compared, mine & self.of_expected
        laws = (
            _power(_mixed(rates), int((compared & known).sum())),
            binomial(int((compared & ~known).sum()), worse[0]),
            binomial(int((known & ~compared).sum()), worse[1]),
        )
        return binomial(int(compared.sum()), worse[0]), functools.reduce(np.convolve, laws)

    def _dealt(self, used: Mask, error: float) -> Dealt:
        """Return what these answers deal to an honest member."""
        with_other, without = used & self.compared, used & ~self.compared
        contradicted = self.contradicted.astype(np.int64)
        unexpected = self.unexpected.astype(np.int64)
        both = (contradicted + unexpected)[with_other]
        return Dealt(contradicted[with_other], both, unexpected[without], error)


def _mixed(rates: list[float]) -> Floats:
    """Return the law of C + U of an answer: 2 with probability 1/2, else two rates' sum."""
    contradicted, unexpected = rates
    honest = np.convolve([1 - contradicted, contradicted], [1 - unexpected, unexpected])
    return np.asarray(np.add(honest, [0, 0, 1]) / 2)


def _power(law: Floats, n: int) -> Floats:
    """Return the law of a sum of n, by squaring."""
    total, square = np.ones(1), law
    while n:
        if n % 2:
            total = np.convolve(total, square)
        n //= 2
        if n:
            square = np.convolve(square, square)
    return total


def _rate(some: Mask) -> float:
    return float(some.mean()) if len(some) else 0.0


def _numbered(first: Labels, second: Labels) -> Labels:
    """Return one number for each pair, (a,)."""
    return np.asarray(first * (second.max(initial=0) + 1) + second)


def _count(keys: Labels, used: Mask) -> Labels:
    """Return how many used answers share the key of each, (a,)."""
    _, number = np.unique(keys, return_inverse=True)
    return np.bincount(number[used], minlength=len(keys))[number]
