"""What a plan, its limits and the events of a campaign are called on its pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from quorate.collective.acting.instruction import Instruction
from quorate.collective.plans import Plan, TestPlan, TrainingPlan

ALWAYS = (
    "It does not make anyone act: a pledge is a promise, and nobody can check it.",
    "It does not hide that you act. The platform may notice, may filter what you hand in or ask, "
    "and may have rules against it. Read them before you join.",
)
TRAINING = (
    "It does not promise success. A platform may learn from other people, or in another way, than "
    "the plan assumes.",
    "It does not count rows. The quorum counts people, and what is said of how many are enough is "
    "for one row each: who hands in several that are alike is still one member.",
    "It does not send your data anywhere. They are changed on your device, and you hand them in "
    "yourself.",
)
TEST = (
    "It does not change the platform. It changes pictures, so that this platform, as it is now, "
    "reads them as it reads those of others.",
    "It does not promise that a picture passes: the report says how many did, and the platform may "
    "change at any time.",
)


def planned(plan: Plan) -> list[tuple[str, str]]:
    """Return what is planned, as names and values."""
    if isinstance(plan, TrainingPlan):
        return _training(plan)
    return _test(plan)


def does(plan: Plan) -> tuple[str, ...]:
    """Return what one member does, in sentences."""
    if isinstance(plan, TrainingPlan):
        if plan.instruction:
            return instructed(plan)
        return (
            f"Every member sets {plan.signal} in their own data, as the strategy {plan.strategy} "
            "says, before handing them in.",
        )
    pictures = "1 picture" if plan.queries == 1 else f"{plan.queries:,} pictures"
    return (
        f"Every member puts at most {pictures} to the platform, and tells the collective what it "
        f"answers. From all answers one small change is made, which {plan.subgroup} people add to "
        "their own pictures before they send them in.",
    )


def limits(plan: Plan) -> tuple[str, ...]:
    """Return what a campaign does not do, in whole sentences."""
    return (*(TRAINING if isinstance(plan, TrainingPlan) else TEST), *ALWAYS)


def _training(plan: TrainingPlan) -> list[tuple[str, str]]:
    told = [
        ("When", "While the platform learns: members change their own data before handing them in"),
        ("Strategy", plan.strategy),
        ("Signal that members set", plan.signal),
        ("Label that the collective wants", plan.target),
        ("Column that the platform learns", plan.label),
        ("People whose data the platform learns from", f"{plan.platform_size:,}"),
        ("Success aimed for", f"{plan.success:.0%} of those who carry the signal"),
    ]
    if plan.instruction:
        told.insert(1, ("What each member does", " ".join(instructed(plan))))
    return [(name, value) for name, value in told if value]


def instructed(plan: TrainingPlan) -> tuple[str, ...]:
    """Return what one member does, in sentences."""
    return Instruction.from_plain(plan.instruction).sentences()


def _test(plan: TestPlan) -> list[tuple[str, str]]:
    c, h, w = plan.shape
    told = [
        ("When", "After the platform has learned: members add one small change to their pictures"),
        ("Platform", plan.platform),
        ("Whom it serves badly", plan.subgroup),
        ("Its answers", ", ".join(plan.classes)),
        ("Pictures", f"{'grey' if c == 1 else 'colour'}, {w} wide and {h} high"),
        ("Questions that one member asks", f"at most {plan.queries:,}"),
        ("How often", f"at most {plan.rate}" if plan.rate else ""),
        (
            "Size of the change",
            f"at most {plan.epsilon} "
            + ("of each pixel" if plan.norm == "linf" else "of all pixels together (l2)"),
        ),
        ("Questions kept for trying the change", f"{plan.reserved:.0%} of each member's"),
        ("Questions that two members answer", f"{plan.doubled:.0%}, to find false answers"),
        ("Aimed for", f"{plan.success:.0%} of the corrected pictures pass"),
    ]
    return [(name, value) for name, value in told if value]


_EVENTS = {
    "created": "The campaign was created, with a quorum of {quorum} pledges",
    "invited": "An invitation was made, for {cap}",
    "revoked": "An invitation was taken back",
    "joined": "Somebody joined: {members}",
    "left": "Somebody left, and everything stored about them was deleted: {members}",
    "pledged": "Somebody pledged: {pledges}",
    "withdrawn": "A pledge was taken back: {pledges}",
    "acting": "The quorum was reached, with {pledges}: members act from here on",
    "lapsed": "The deadline passed with {pledges}, of {quorum} needed: everything lapsed",
    "crafting": "The pool is closed: the change is being crafted",
    "measuring": "The change is crafted: members now measure it",
    "published": "The change was published",
    "confirmed": "Handed in so far, as members say: {rows} rows or pictures, by {confirmed}",
    "questions": "{added} new pictures to ask about were brought, {of} in all",
    "answered": "Answers of the platform came in: {answers} in all",
    "reported": "Reported whether it works: {successes} of {outcomes} did",
    "ended": "The organiser ended the campaign: {reason}",
}


_ONE = {"members": "member", "pledges": "pledge", "answers": "answer", "questions": "question"}


def _counted(name: str, value: Any) -> str:
    """Return a count with what is counted, in the singular or the plural."""
    if name in _ONE and isinstance(value, int):
        return f"{value:,} {_ONE[name] if value == 1 else name}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def event(kind: str, facts: Mapping[str, Any]) -> str:
    """Return an event of the log in words.

    >>> event("pledged", {"pledges": 3, "receipt": "ab"})
    'Somebody pledged: 3 pledges'
    """
    try:
        return _EVENTS[kind].format_map({name: _counted(name, facts[name]) for name in facts})
    except (KeyError, IndexError):
        shown = ", ".join(f"{name}: {value}" for name, value in facts.items())
        return f"{kind} ({shown})" if shown else kind


def stored(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is stored about a member, as names and values."""
    when = {name: told.get(name) for name in ("joined", "pledged", "confirmed")}
    return [
        ("Number that stands for me here", str(told["id"])),
        ("Number of my invitation", str(told["invitation"])),
        ("I joined", _moment(when["joined"])),
        ("I pledged", _moment(when["pledged"])),
        (
            "What finds my pledge in the record",
            str(told["pledge_nonce"] or "nothing")
            + (" (its SHA-256 is the receipt there)" if told["pledge_nonce"] else ""),
        ),
        ("I said that I had handed in my data", _moment(when["confirmed"])),
        ("Rows that I handed in", str(told["confirmed_rows"] or "nothing stored")),
        ("Why my answers are left out", str(told["excluded"] or "they are not")),
        ("My answers about the platform", f"{len(told['answers']):,}"),
        ("My reports whether it worked", f"{len(told['outcomes']):,}"),
        (
            "Answers to my requests, kept so that a repeated one counts once",
            f"{told['kept_replies']:,}",
        ),
    ]


def _moment(at: float | None) -> str:
    if at is None:
        return "not yet"
    return in_words(datetime.fromtimestamp(at, UTC))


def in_words(when: datetime) -> str:
    """Return a time of UTC as people write it.

    >>> in_words(datetime(2027, 1, 2, 18, 5))
    '2 January 2027, 18:05 UTC'
    """
    return f"{when.day} {when:%B %Y, %H:%M} UTC"
