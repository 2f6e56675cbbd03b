"""The pool: a member asks the platform what the campaign wants to know, with a key of their own.

The key goes to the platform only. Every question is on the disk before it is asked and once it is
answered, so that whoever is killed in between neither overspends nor asks twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quorate.collective.client.access import NAME, Access
from quorate.collective.client.channel import LARGE, Channel, part
from quorate.collective.plans import Plan, TestPlan, from_plain
from quorate.errors import CoordinatorError, InputError, PlatformError
from quorate.printable import one_line
from quorate.runtime.files import replace_file
from quorate.runtime.progress import bar
from quorate.test_time.http.rate import parse_rate
from quorate.test_time.http.reading import SMALL
from quorate.test_time.platforms.answers import PartialError
from quorate.test_time.platforms.encoding import from_base64, from_png
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.metered import MeteredPlatform
from quorate.test_time.platforms.platform import Card, Pixels, Platform

KEY = "member"  # what the ledger calls the member's own key
AT_ONCE = 16  # questions that are fetched together
MOST_HELD = 400  # questions that a member may hold, with those that an earlier run has left
MOST_PIXELS = 1 << 22  # of one picture


@dataclass(frozen=True, eq=False)
class Question:
    """One question of the pool: its id, and the picture, as a file and as pixels (c, h, w)."""

    id: str
    png: bytes
    pixels: Pixels


@dataclass(frozen=True)
class Asked:
    """How far a member has come.

    Args:
        answered: questions that were answered and sent now.
        left: questions that the campaign would still ask of this member.
    """

    answered: int
    left: int


def plan_of(campaign: Mapping[str, Any]) -> Plan:
    """Return the plan of a campaign that a coordinator shows.

    Raises:
        CoordinatorError: it is not a whole plan.
    """
    try:
        return from_plain(part(campaign, "plan", dict))
    except (InputError, TypeError, ValueError) as error:
        raise CoordinatorError(
            f"Expected a campaign's plan, got another: {one_line(str(error))} It may be of another "
            "version: ask the organiser."
        ) from error


def read_test_plan(channel: Channel, access: Access) -> TestPlan:
    """Return the plan of a campaign at test time, whose pictures are not too large.

    Raises:
        CoordinatorError: it is another, or cannot be read.
    """
    plan = plan_of(channel.get(access.path))
    if not isinstance(plan, TestPlan):
        raise CoordinatorError(
            "Expected a campaign that asks a platform, got one of training time. Act on your own "
            "file: quorate member act FILE OUT."
        )
    shape, classes = plan.shape, plan.classes
    fine = (
        [type(axis) for axis in shape] == [int, int, int]
        and shape[0] in (1, 3)
        and min(shape) > 0
        and shape[1] * shape[2] <= MOST_PIXELS
        and 1 < len(classes) == len(set(classes))
        and all(isinstance(name, str) for name in classes)
    )
    if not fine:
        raise CoordinatorError(
            "Expected pictures of one or three channels and classes that differ in the campaign's "
            f"plan, got {one_line(repr(shape), 40)} and {len(classes)} classes. Ask the organiser."
        )
    return plan


def slower(ours: str | None, plan: str) -> str | None:
    """Return the slower of two rates, of which either may be without end.

    >>> slower("5/s", "10/min"), slower(None, ""), slower("1/h", "")
    ('10/min', None, '1/h')
    """
    found = [(text, rate) for text in (ours, plan or None) if (rate := parse_rate(text))]
    return min(found, key=lambda one: one[1].requests / one[1].seconds)[0] if found else None


def ask(access: Access, platform: Platform, ledger: Path, count: int | None = None) -> Asked:
    """Answer the campaign's questions by a platform, as many as are wanted.

    Args:
        access: of the member.
        platform: is asked under the key ``KEY``.
        ledger: file of what was asked and answered.
        count: most questions now; None is all that the campaign would ask of this member.

    Raises:
        CoordinatorError: the coordinator refused or failed.
        PlatformError: the platform did; what it had answered is sent.
        InputError: the platform is not the one that the campaign is about.
    """
    with access.open() as channel:
        plan = read_test_plan(channel, access)
        places = _places(platform.card, plan)
        most = plan.queries if count is None else min(count, plan.queries)
        metered = MeteredPlatform(platform, Ledger(ledger), plan.queries)
        given, left = _fetch(channel, access, plan, min(AT_ONCE, most))
        done = 0
        with bar(min(most, len(given) + left), "Asking the platform") as shown:
            while given := given[: most - done]:
                labels, failed = _answers(metered, given)
                answered = [(one.id, at) for one, at in zip(given, labels, strict=True) if at >= 0]
                known = [(id_, places[at]) for id_, at in answered]
                if known:
                    _send(channel, access, known)
                if failed is not None:
                    raise failed
                done += len(known)
                shown.advance(len(known))
                if done < most:
                    given, left = _fetch(channel, access, plan, min(AT_ONCE, most - done))
    return Asked(done, left)


def ask_by_hand(
    access: Access,
    picture: Path,
    answer: Callable[[Sequence[str]], str | None],
    count: int | None = None,
) -> Asked:
    """Write one picture after another to a file, and send what the member says of it.

    Args:
        access: of the member.
        picture: file of the question, which the member puts to the platform.
        answer: returns the platform's answer, one of these classes, or None to stop.
        count: most questions now.

    Raises:
        CoordinatorError: the coordinator refused or failed.
    """
    with access.open() as channel:
        plan = read_test_plan(channel, access)
        most = plan.queries if count is None else min(count, plan.queries)
        done = left = 0
        while done < most:
            given, left = _fetch(channel, access, plan, 1)
            if not given:
                break
            replace_file(picture, given[0].png)
            said = answer(plan.classes)
            if said is None:
                left += 1
                break
            _send(channel, access, [(given[0].id, plan.classes.index(said))])
            done += 1
    return Asked(done, left)


def _places(card: Card, plan: TestPlan) -> list[int]:
    """Return the index that each of a platform's classes has in the plan."""
    if card.shape != plan.shape:
        raise InputError(
            f"Expected a platform that takes pictures of shape {plan.shape}, as the campaign has "
            f"them, got one of {card.shape}. Check the platform's address, or its API file."
        )
    strange = [name for name in card.classes if name not in plan.classes]
    if strange:
        raise InputError(
            f"Expected a platform that knows the campaign's classes "
            f"({one_line(', '.join(plan.classes), 80)}), got one with "
            f"{one_line(', '.join(strange), 80)}. Check the platform's address, or its API file."
        )
    return [plan.classes.index(name) for name in card.classes]


def _fetch(
    channel: Channel, access: Access, plan: TestPlan, count: int
) -> tuple[list[Question], int]:
    """Return some questions for this member, and how many the campaign has left for them."""
    c, h, w = plan.shape
    most = min(LARGE, SMALL + (count + MOST_HELD) * (2 * c * h * w + 8192))
    answer = channel.write("POST", f"{access.path}/me/questions", {"count": count}, most=most)
    found = part(answer, "questions", list)
    left = part(answer, "left", int)
    if len(found) > count + MOST_HELD:
        raise CoordinatorError(
            f"Expected at most {count + MOST_HELD} questions, got {len(found)}. The "
            "coordinator may be of another version: ask the organiser."
        )
    questions = [_question(one, plan.shape) for one in found]
    if len({one.id for one in questions}) < len(questions):
        raise CoordinatorError("Expected every question once, got one twice. Ask the organiser.")
    return questions, max(0, left)


def _question(plain: Any, shape: tuple[int, int, int]) -> Question:
    plain = plain if isinstance(plain, dict) else {}
    id_, text = part(plain, "question", str), part(plain, "png", str)
    if not NAME.fullmatch(id_):
        raise CoordinatorError(
            f"Expected the id of a question, got {one_line(repr(id_), 40)}. Ask the organiser."
        )
    try:
        png = from_base64(text)
        return Question(id_, png, from_png(png, shape))
    except InputError as error:
        raise CoordinatorError(
            f"Expected a question's picture, got another: {error} Ask the organiser."
        ) from error


def _answers(
    metered: MeteredPlatform, given: Sequence[Question]
) -> tuple[list[int], PlatformError | None]:
    """Return the label of each question, -1 where there is none, and what went wrong."""
    x = np.stack([one.pixels for one in given])  # (n, c, h, w)
    try:
        return metered.ask(x, [KEY] * len(x)).labels.tolist(), None
    except PartialError as error:
        labels = np.full(len(x), -1, dtype=np.int64)  # (n,)
        labels[error.answered] = error.answers.labels
        return labels.tolist(), error


def _send(channel: Channel, access: Access, known: Sequence[tuple[str, int]]) -> None:
    answers = [{"question": id_, "label": label} for id_, label in known]
    channel.write("POST", f"{access.path}/me/answers", {"answers": answers})
