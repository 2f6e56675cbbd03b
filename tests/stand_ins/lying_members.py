"""Collectives some of whose members answer falsely, dealt their questions by the real queue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quorate.collective.pool.assignment import (
    Held,
    Turns,
    deal_turns,
    next_turns,
    questions_within,
)
from quorate.collective.pool.compared import MemberAnswers
from quorate.table import Labels, Mask, Rng


@dataclass(frozen=True, eq=False)
class Collective:
    """Answers, and who is false, (m,)."""

    answers: MemberAnswers
    false: Mask


def hand_out(
    turns: Turns, invitation: Labels, each: int, rng: Rng, at_once: int = 5
) -> tuple[Held, list[list[int]]]:
    """Members come in any order and answer what they are given; nobody answers more than ``each``.

    Returns who holds what, and the questions of each member in order.
    """
    held = Held.nothing(len(turns))
    had: list[list[int]] = [[] for _ in invitation]
    busy = list(range(len(invitation)))
    while busy:
        i = busy[rng.integers(len(busy))]
        most = min(at_once, each - len(had[i]))
        given = next_turns(turns, held, np.array(had[i], dtype=int), int(invitation[i]), 0.0, most)
        if not len(given):
            busy.remove(i)
        held.member[given], held.invitation[given] = i, invitation[i]
        held.answered[given] = True
        had[i] += turns.question[given].tolist()
    return held, had


def collective(
    rng: Rng,
    *,
    members: int = 30,
    each: int = 20,
    false: float = 0.2,
    how: str = "random",
    k: int = 10,
    agreement: float = 0.7,
    doubled: float = 0.25,
) -> Collective:
    """The platform gives the true label with probability ``agreement``, else any.

    One honest member in two is wrong in 3 of 100 answers, the others never. False ones answer at
    random, invert labels, give one label, or are copies of one person behind one invitation.
    """
    is_false = np.arange(members) < round(false * members)
    invitation = np.where(is_false & (how == "copies"), members, np.arange(members))
    turns = deal_turns(questions_within(members * each, doubled), doubled, rng)
    held, _ = hand_out(turns, invitation, each, rng)
    done = held.answered
    question, member = turns.question[done], held.member[done]
    true = rng.integers(k, size=int(turns.question.max()) + 1)
    said = np.where(rng.random(len(true)) < agreement, true, rng.integers(k, size=len(true)))
    label = said[question]
    slips = (rng.random(len(label)) < 0.03) & (member % 2 == 0)
    label = np.where(slips, (label + 1) % k, label)
    lies = {
        "random": rng.integers(k, size=len(label)),
        "invert": k - 1 - label,
        "one": np.zeros_like(label),
        "copies": (label + 1) % k,
    }[how]
    label = np.where(is_false[member], lies, label)
    return Collective(MemberAnswers(question, member, label, invitation, true), is_false)
