"""Who is given which question next: every question to one member, a stated share of them to two.

Each answer that is wanted is a turn, and all turns stand in one queue in an order that members
cannot know: each member's turns are a sample of all of them, and nobody can foresee which questions
are asked twice, or whose answer theirs is compared with. The coordinator keeps the queue in its
database, with ``first_place`` and ``next_place``; ``deal_turns`` and ``next_turns`` are the same
queue in memory, for rehearsals. Shape letters: n questions, t turns.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.table import Labels, Mask, Rng
from quorate.validate import at_least, in_interval

Floats = npt.NDArray[np.float64]
NOBODY = -1

PLACES = 2**31  # places of a queue, of which those who wait take random ones


def first_place(wanted: int, chance: random.Random) -> int:
    """Return where a question that ``wanted`` members are to answer stands in the queue at first.

    The lowest of as many random places: those of its further answers follow when they are due.

    Args:
        wanted: number of answers, at least 1.
        chance: draws what members cannot foresee.
    """
    return min(chance.randrange(PLACES) for _ in range(wanted))


def next_place(place: int, chance: random.Random) -> int:
    """Return where a question stands once a member has been given it, and another is to get it.

    A random place behind the first. With ``first_place`` that makes two independent random places,
    so whoever asks next is no likelier to get it than anyone who asks later: two who take turns
    are not given each other's questions.
    """
    return chance.randrange(place, PLACES)


@dataclass(frozen=True, eq=False)
class Turns:
    """The answers that are wanted, in the order in which they are handed out.

    Args:
        question: the question of each, (t,).
        twin: place of the other turn of the same question; -1 where there is none, (t,).
    """

    question: Labels
    twin: Labels

    def __len__(self) -> int:
        return len(self.question)


@dataclass(frozen=True, eq=False)
class Held:
    """Who holds which turn.

    Args:
        member: who was given each turn last; -1 for nobody, (t,).
        invitation: the invitation that this member came by, (t,).
        until: when the turn is given anew unless it is answered, in seconds, (t,).
        answered: whether it is answered, (t,).
    """

    member: Labels
    invitation: Labels
    until: Floats
    answered: Mask

    @classmethod
    def nothing(cls, turns: int) -> Held:
        """Return that nobody holds any of t turns."""
        nobody = np.full(turns, NOBODY)
        return cls(nobody, nobody.copy(), np.zeros(turns), np.zeros(turns, dtype=bool))

    def free(self, now: float) -> Mask:
        """Return which turns can be given, (t,): those of nobody, and those that ran out."""
        return np.asarray(~self.answered & ((self.member == NOBODY) | (self.until < now)))


def deal_turns(questions: int, doubled: float, rng: Rng) -> Turns:
    """Return the turns of n questions: one of each, and a second one of ``doubled`` of them.

    Exactly round(doubled·n) questions, drawn at random, get two turns. The order is one random
    permutation of all turns: the two turns of a question stand anywhere, so that the one who gets
    the second is a random one of all who answer, whenever they come.

    Args:
        questions: n, at least 1.
        doubled: share of the questions that two members are to answer, in [0, 1].
        rng: seeded with what only the server knows.

    >>> turns = deal_turns(4, 0.5, np.random.default_rng(0))
    >>> sorted(np.bincount(turns.question).tolist())
    [1, 1, 2, 2]

    Raises:
        InputError: there is no question, or the share is out of range.
    """
    at_least("questions", questions, 1, "Bring at least one question.")
    in_interval("doubled", doubled, 0, 1, "Use a quarter, 0.25.")
    twice = rng.permutation(questions)[: round(doubled * questions)]
    question = rng.permutation(np.concatenate([np.arange(questions), twice]))  # (t,)
    return Turns(question, _twins(question))


def _twins(question: Labels) -> Labels:
    """Return where the other turn of each question stands, (t,)."""
    order = np.argsort(question, kind="stable")
    same = np.flatnonzero(question[order[1:]] == question[order[:-1]])
    first, second = order[same], order[same + 1]
    twin = np.full(len(question), NOBODY)
    twin[first], twin[second] = second, first
    return twin


def questions_within(budget: int, doubled: float) -> int:
    """Return how many questions a budget of answers suffices for.

    The most n with n + round(doubled·n) ≤ budget.

    >>> questions_within(100, 0.25)
    80
    """
    in_interval("doubled", doubled, 0, 1, "Use a quarter, 0.25.")
    n = int(budget / (1 + doubled)) + 1
    while n + round(doubled * n) > budget:
        n -= 1
    return n


def next_turns(
    turns: Turns,
    held: Held,
    had: Labels,
    invitation: int,
    now: float,
    most: int,
) -> Labels:
    """Return the places of the turns that a member is given next, in order, at most ``most``.

    The first free turns, without questions that the member ever had, and without those whose other
    turn is held or answered by someone of the same invitation: copies of one person never confirm
    one another.

    Args:
        turns: the turns of the campaign.
        held: who holds them.
        had: questions that the member was ever given.
        invitation: the one that the member came by.
        now: the time, in seconds.
        most: how many the member may be given.

    Raises:
        InputError: the turns and who holds them are not of one length.
    """
    if len(held.member) != len(turns):
        raise InputError(
            f"Expected who holds each of {len(turns)} turns, got {len(held.member)}. Give both of "
            "one campaign."
        )
    free = held.free(now)
    apart = np.ones(len(turns), dtype=bool)
    has_twin = turns.twin != NOBODY
    twin = turns.twin[has_twin]
    apart[has_twin] = free[twin] | (held.invitation[twin] != invitation)
    usable = free & apart & ~np.isin(turns.question, had)
    places = np.flatnonzero(usable)
    # of two free turns of one question a member gets the first alone
    _, first = np.unique(turns.question[places], return_index=True)
    return np.asarray(places[np.sort(first)][: max(0, most)])
