"""A campaign on digits: pictures of an organiser, members who answer, and a platform with a gap."""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass
from typing import Any

import numpy as np
from coordinators import Coordinator

from quorate.collective.plans import TestPlan
from quorate.collective.publishing.answered import StoredAnswers
from quorate.collective.service import questions
from quorate.collective.service.answers import Answer, Given
from quorate.collective.service.questions import AddQuestions, Question, Take
from quorate.collective.storage import schema
from quorate.learners.scikit.forest import Forest
from quorate.table import Table
from quorate.test_time.platforms.encoding import from_png, to_png
from quorate.test_time.platforms.in_process import InProcessPlatform
from quorate.test_time.platforms.platform import Card, to_pixels
from quorate.test_time.study.adaptive import fit_platform
from quorate.test_time.study.people import people_of
from quorate.test_time.study.settings import make_correction

INSIDE, OUTSIDE, MEMBERS, INVITATIONS = 160, 100, 12, 4
PLAN = TestPlan(
    platform="a forest",
    subgroup="low-light",
    classes=tuple("0123456789"),
    shape=(1, 8, 8),
    queries=100,
    epsilon="32/255",
    reserved=0.6,
    proxy="mlp:epochs=20,batch_size=32,hidden=32",
    crafting="steps=20,restarts=1",
)


@functools.cache
def platform() -> InProcessPlatform:
    """A forest that has hardly seen a dark picture."""
    model = fit_platform(Forest(n_estimators=20), _split().train, np.random.default_rng(0))
    return InProcessPlatform(model, Card("forest", PLAN.classes, PLAN.shape))


@functools.cache
def _split() -> Any:
    return people_of(
        make_correction(population="digits", subgroup="low_light", platform="mlp"), seed=0
    )


@functools.cache
def pictures() -> Table:
    """The organiser's pictures: dark ones, and others."""
    split = _split()
    others = split.held_out.take(np.flatnonzero(split.held_out.group == 0)[:OUTSIDE])
    some = split.photos.take(np.arange(INSIDE))
    group = np.repeat([1, 0], [INSIDE, OUTSIDE])
    x, y = np.concatenate([some.x, others.x]), np.concatenate([some.y, others.y])
    return Table(x, y, PLAN.classes, group, ("others", "low-light"))


@functools.cache
def questions_to_ask() -> list[Question]:
    people = pictures()
    assert people.group is not None
    rows = zip(to_pixels(people.x), people.y.tolist(), people.group.tolist(), strict=True)
    return [Question(to_png(x), y, g == 1, i) for i, (x, y, g) in enumerate(rows)]


def answered_pool() -> StoredAnswers:
    """The pool when every question is answered once, and every fourth by another member too."""
    people = pictures()
    assert people.group is not None
    n = len(people)
    question = np.concatenate([np.arange(n), np.arange(0, n, 4)])
    member = np.concatenate([np.arange(n) % MEMBERS, (np.arange(0, n, 4) + 1) % MEMBERS])
    said = platform().ask(to_pixels(people.x), [""] * n).labels
    return StoredAnswers(
        shape=PLAN.shape,
        png=tuple(one.png for one in questions_to_ask()),
        y=people.y,
        inside=people.group == 1,
        photo=np.arange(n),
        purpose=("pool",) * n,
        question=question,
        member=member,
        label=said[question],
        invitation=np.arange(MEMBERS) % INVITATIONS,
        left_out=np.zeros(MEMBERS, dtype=bool),
    )


@dataclass(frozen=True)
class Campaign:
    """A campaign that members act in."""

    id: str
    members: list[str]


def begin(
    coordinator: Coordinator, chance: random.Random, asked: int = INSIDE + OUTSIDE, **plan: Any
) -> Campaign:
    """Set a campaign up, with so many of its questions, and its members."""
    questions.CHANCE = chance  # type: ignore[assignment]
    changed = TestPlan(**{**vars(PLAN), **plan})
    id_, token = coordinator.campaign(quorum=1, plan=changed)
    tokens = [token, *(coordinator.invite(id_) for _ in range(INVITATIONS - 1))]
    coordinator.do(AddQuestions(id_, questions_to_ask()[:asked]))
    joined = []
    for i in range(MEMBERS):
        coordinator.clock[0] += 1
        joined.append(coordinator.join(tokens[i % INVITATIONS], pledge=True))
    return Campaign(id_, joined)


def answer_all(
    coordinator: Coordinator, campaign: Campaign, most: int = 1000, at_once: int = 20
) -> int:
    """Have every member ask the platform and answer, in turn, until nobody is given a question.

    Or until ``most`` are answered, or more by the end of a round.
    """
    answered, busy = 0, list(campaign.members)
    while busy and answered < most:
        for member in list(busy):
            told = coordinator.do(Take(campaign.id, member, at_once))["questions"]
            if not told:
                busy.remove(member)
                continue
            names, table = [one["picture"] for one in told], schema.picture
            with coordinator.database.read() as connection:
                found = connection.execute(table.select().where(table.c.digest.in_(names)))
                png = {row.digest: row.png for row in found}
            x = np.stack([from_png(png[name], PLAN.shape) for name in names])
            said = platform().ask(x, [member] * len(x)).labels.tolist()
            given = [Given(one["question"], label) for one, label in zip(told, said, strict=True)]
            answered += coordinator.do(Answer(campaign.id, member, given))["counted"]
    return answered
