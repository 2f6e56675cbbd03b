"""Members whose answers cannot be honest: exact tests with a stated rate of false alarms.

Questions are dealt at random, so an honest member's answers are a sample of all answers: they are
contradicted no more often than everyone's, but for slips of the pen. A member whose answers are
contradicted far more often than a sample can be is left out. Shape letters: a answers, m members,
n questions, v invitations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from quorate.collective.pool.compared import SUSPECT, Compared, MemberAnswers
from quorate.table import Mask
from quorate.validate import in_interval

ALARM = 0.01  # how often a collective leaves an honest member out
ALARM_OF_PHASE = ALARM / 2  # the pool is one phase, the trial the other
ERROR = 0.03  # of a careful member's answers, this share may be wrong beyond everyone's
SUSPECT_TOGETHER = 0.25  # likewise an invitation, of one half of whose answers is false
ROUNDS = 20  # of suspecting, which ends much earlier as a rule
Reason = Literal["answers", "invitation"]


@dataclass(frozen=True)
class LeftOut:
    """Why a member is left out.

    Args:
        member: index of the member.
        reason: their own answers, or those of everyone behind their invitation.
        answers: answers that the member gave.
        unexpected, of_expected: of the answers to questions whose label is expected, how many
            differ from it.
        contradicted, of_compared: of those that a member of another invitation answered too, how
            many that one contradicts.
        chance: probability that an honest member's answers are contradicted as often.
    """

    member: int
    reason: Reason
    answers: int
    unexpected: int
    of_expected: int
    contradicted: int
    of_compared: int
    chance: float

    def sentence(self) -> str:
        """Return the reason in words, which names nobody.

        Not by number either: members are counted as they joined, and who invited them saw that.
        """
        whose = "their answers" if self.reason == "answers" else "answers behind their invitation"
        return (
            f"Someone is left out because of {whose}: {self.contradicted} of "
            f"{self.of_compared} contradicted by another member, {self.unexpected} of "
            f"{self.of_expected} not as expected."
        )


@dataclass(frozen=True, eq=False)
class Reliability:
    """Whose answers are used.

    Args:
        kept: whether each member's answers are used, (m,).
        left_out: why those of the others are not, in the order of members.
        alarm: probability of at most so much that anyone honest is left out.
        disagreement: how often members who are not suspected contradict one another.
    """

    kept: Mask
    left_out: tuple[LeftOut, ...]
    alarm: float
    disagreement: float


def find_unreliable(
    answers: MemberAnswers, alarm: float = ALARM, error: float = ERROR
) -> Reliability:
    """Return whose answers are used, and who is left out, and why.

    Two numbers are tested of each member: C, the answers that a member of another invitation
    contradicts, and C + U, U the answers that are not as expected. Were the member honest, their
    answers would be dealt at random from everyone's, each spoilt with a probability of at most
    ``error``: both are at most sums of counts drawn without replacement, and of spoilt ones. The
    member is left out if the probability of as many is below ``alarm`` divided by all that is
    tested (Bonferroni).

    False answers among everyone's, and false members who contradict honest ones, would hide much.
    So suspects are set aside first, members who would be found at 1% without the correction and
    invitations that would at 25%, and again as long as that changes who they are; everyone is then
    compared with those who are not suspected. A suspect who is not found in the end is kept.

    Everyone behind one invitation is left out if more than half of their answers cannot be honest:
    copies of one person may answer too little each to be found. This is tested by C and C + U of
    all of them, against answers of which each is false, and contradicted, with probability 1/2.

    What is guaranteed: the probability that any honest member is left out is at most ``alarm``,
    except behind an invitation most of whose answers are false. It needs questions of each batch
    that were dealt at random, and false answers that are the fewer half. It is exact where nobody
    honest is suspected; that about 1% of them are changes little, which is simulated and not
    proved. Sources: Fisher 1935 (exact test); derived, see docs/explanation/coordinator.md, also on
    why not the estimates of Dawid, Skene 1979, doi:10.2307/2346806.

    Raises:
        InputError: a rate is out of range.
    """
    in_interval("alarm", alarm, 0, 1, "Use 0.01.", open_low=True, open_high=True)
    in_interval("error", error, 0, 0.5, "Use 0.03.")
    trusted = np.ones(len(answers.invitation), dtype=bool)
    for _ in range(ROUNDS):
        compared = Compared.of(answers, trusted)
        again = _not_suspected(compared, error)
        if (again == trusted).all():
            break
        trusted = again
    compared = Compared.of(answers, trusted)
    found = _find(compared, alarm, error)
    kept = np.ones(len(trusted), dtype=bool)
    kept[list(found)] = False
    told = tuple(_told(compared, member, *found[member]) for member in sorted(found))
    return Reliability(kept, told, alarm, compared.disagreement)


def _not_suspected(compared: Compared, error: float) -> Mask:
    """Return who is not suspected, (m,), neither themselves nor with their invitation."""
    suspected = compared.member_chances(error) < SUSPECT
    for invitation, chance in compared.invitation_chances(error).items():
        if chance < SUSPECT_TOGETHER:
            suspected |= compared.answers.invitation == invitation
    return ~suspected


def _find(compared: Compared, alarm: float, error: float) -> dict[int, tuple[Reason, float]]:
    """Return who is found, why, and with which probability."""
    answers = compared.answers
    own, inside = compared.member_chances(error), compared.invitation_chances(error)
    tests = 2 * max(1, len(np.unique(answers.member)) + len(inside))
    found: dict[int, tuple[Reason, float]] = {}
    for member in np.flatnonzero(own * tests < alarm).tolist():
        found[member] = "answers", float(own[member])
    for invitation, chance in inside.items():
        if chance * tests < alarm:
            for member in np.flatnonzero(answers.invitation == invitation).tolist():
                found.setdefault(member, ("invitation", chance))
    return found


def _told(compared: Compared, member: int, reason: Reason, chance: float) -> LeftOut:
    """Return why a member is left out."""
    answers = compared.answers
    mine = answers.member == member
    who = mine
    if reason == "invitation":
        who = answers.by_invitation == answers.invitation[member]
    parts = (compared.unexpected, compared.of_expected, compared.contradicted, compared.compared)
    counts = [int((part & who).sum()) for part in parts]
    unexpected, of_expected, contradicted, of_compared = counts
    return LeftOut(
        member,
        reason,
        int(mine.sum()),
        unexpected,
        of_expected,
        contradicted,
        of_compared,
        chance,
    )
