"""A published change in words: where each number was measured, on whose answers, and its limits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from quorate.collective.pool.reliability import ALARM
from quorate.collective.publishing.judging import Tried
from quorate.collective.publishing.trials import FREE, JOINED, RANDOM, WRONG
from quorate.intervals import Estimate
from quorate.runs.parts import TextRow
from quorate.runs.wording import percent, rate
from quorate.test_time.study.measures import AdaptedEffect
from quorate.test_time.study.wording import counted, measured, span

ON_PLATFORM, ON_SURROGATE = "on the platform", "on the surrogate"
NOT_MEASURED = "not measured"
CLEANED = (
    "Members sent in pictures that had been compressed, blurred or resized before, as a platform "
    "would see them that does so itself. Each gap closed is of that platform's own gap, on fewer "
    "people than above.",
)
STAND_INS = (
    "Nobody can retrain a platform that is another's. These numbers are of stand-ins: networks "
    "that learned from the pool's answers alone. They say which way a platform that trains so may "
    "move, not how far.",
)
LIMITS = (
    "The number that counts is the gap closed by the change of each class. It was fixed before "
    "anything was asked, and so were the people, who were drawn at random by the pool's digest. "
    "The label-free change was chosen by the surrogate, not by the platform.",
    "Each interval is at 95% by itself. There are more than ten, so one or another may miss.",
    "A question that two members answered counts once: by what they agree on. Where they do not, "
    "it counts for nothing. So a platform that does not always give the same answer looks a little "
    "surer of itself than it is.",
    "Members report what the platform said, and nobody can check that from outside. Members whose "
    "answers contradict the others' are left out; if most members agreed to lie, these numbers "
    "would be false.",
    "It was measured once, on the platform as it was then, with the organiser's pictures and their "
    "labels. It says nothing about people who are not like those in the pictures.",
)


@dataclass(frozen=True)
class MemberFacts:
    """Whose answers count, and how many there are.

    Args:
        members: members who answered anything.
        left_out: why those are left out who are, in whole sentences, which name nobody.
        pooled, trial: answers in the pool, and to trial questions, those left out among them.
        twice: questions that more than one member answered.
        disputed: of these, those left out since members gave different answers.
    """

    members: int
    left_out: tuple[str, ...]
    pooled: int
    trial: int
    twice: int
    disputed: int


def members_said(who: MemberFacts) -> str:
    """Return in a sentence how many members' answers it rests on."""
    out = len(who.left_out)
    kept = counted(who.members - out, "member")
    return f"It rests on the answers of {kept}{f'; {out} were left out' if out else ''}."


def reliability_said(who: MemberFacts) -> tuple[str, ...]:
    """Return who is left out and why, with the rate of false alarms."""
    first = (
        f"{counted(len(who.left_out), 'member')} of {who.members} left out. With a probability of "
        f"at most {percent(ALARM)} anyone honest is left out by mistake, in both phases together, "
        "if most answers are honest and questions were dealt at random."
    )
    agree = (
        f"{counted(who.twice, 'question')} had more than one answer; {who.disputed} of these are "
        "left out, since members who count gave different ones."
    )
    return (first, *who.left_out, agree)


def queries_said(who: MemberFacts, crafted: Mapping[str, Any]) -> str:
    """Return in a sentence how many questions went to the platform."""
    return (
        f"Questions to the platform: {who.pooled:,} for the pool and {who.trial:,} for trials, "
        f"each by a member with their own access. The surrogate learned from "
        f"{crafted['learned_from']:,} answered questions, and the change was crafted on "
        f"{crafted['crafted_on']:,} pictures of the subgroup with their true labels."
    )


def missing_said(tried: Tried) -> tuple[str, ...]:
    """Return in a sentence how many trial pictures have no answer that counts; nothing for none."""
    if not tried.missing:
        return ()
    are = "has" if tried.missing == 1 else "have"
    return (
        f"{counted(tried.missing, 'trial picture')} {are} no answer that counts, and are left out "
        "with their people.",
    )


def control_rows(tried: Tried, who: str) -> tuple[TextRow, ...]:
    """Return one row for each thing that would show that the gain is not real."""
    measures, people = tried.measures, tried.people
    controls, best = measures.controls, measures.best_label_free
    after = measures.after.accuracy_by_group[who]
    family = next(iter(measures.label_free), "")
    found: list[tuple[str, Estimate | None, int]] = [
        (f"{who}, change of their own class", after, tried.inside),
        (
            f"{who}, the same change for everyone ({family or 'label-free'}): it cannot carry the "
            "label",
            best.accuracy if best else None,
            people.get(FREE, 0),
        ),
        ("gap closed by it", best.gap_closed if best else None, people.get(FREE, 0)),
        (
            "force rate: the change of class c turns another class's picture into a c",
            controls.force_rate,
            people.get(WRONG, 0),
        ),
        (f"{who}, change of a wrong class", controls.wrong_class, people.get(WRONG, 0)),
        (f"{who}, random signs of the same budget", controls.random_sign, people.get(RANDOM, 0)),
        ("others, as they are", measures.outside.accuracy, tried.outside),
        ("others, had they joined", measures.outside.had_they_joined, people.get(JOINED, 0)),
    ]
    return tuple(
        {
            "what": what,
            **_value(one),
            "people": f"{n}" if n else "–",
            "measured": ON_PLATFORM if n else NOT_MEASURED,
        }
        for what, one, n in found
    )


def _value(one: Estimate | None) -> dict[str, str]:
    if one is None or (math.isnan(one.value) and not math.isfinite(one.low)):
        return {"value": "–", "95%": "–"}
    return {"value": rate(one.value), "95%": span(one)}


def adapted_rows(rows: Iterable[TextRow], tried: Tried) -> tuple[TextRow, ...]:
    """Return the rows of platforms that clean uploads, with people and where it was measured."""
    return tuple(
        {
            **row,
            "people": f"{tried.people.get(row['platform'], tried.inside)}",
            "measured": ON_PLATFORM,
        }
        for row in rows
    )


def stand_in_rows(found: Mapping[str, AdaptedEffect], who: str) -> tuple[TextRow, ...]:
    """Return one row a stand-in, and one for what was not measured."""
    rows = [
        {
            "platform": name,
            f"{who}, before": rate(one.before.value),
            f"{who}, after": rate(one.after.value),
            "gap closed": measured(one.gap_closed),
            "measured": ON_SURROGATE,
        }
        for name, one in found.items()
    ]
    nothing = {f"{who}, before": "–", f"{who}, after": "–", "gap closed": "–"}
    return (*rows, {"platform": "private", **nothing, "measured": NOT_MEASURED})
