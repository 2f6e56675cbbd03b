"""The quorum that a source speaks for, and why."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from quorate.collective.facts.correction import CorrectionFacts
from quorate.collective.facts.joining_words import BY
from quorate.collective.facts.pledge_chart import CriticalMassMark, marks_of
from quorate.collective.facts.sources import Facts
from quorate.collective.facts.training import TrainingFacts
from quorate.planning.wording import asked
from quorate.theory.pledges import pledges_needed

DEFECTORS = 0.1  # share of those who pledged that are reckoned with not to act


@dataclass(frozen=True)
class SuggestedQuorum:
    """How many pledges a campaign should ask for, by its source.

    Args:
        pledges: the quorum; None where the source tells of no number that is enough.
        why: in whole sentences.
    """

    pledges: int | None
    why: str


def suggest_quorum(facts: Facts) -> SuggestedQuorum:
    """Return the quorum that a source speaks for: what is certified, else the cautious end of less.

    In this order: the certified critical mass; the largest upper end of the intervals of what was
    simulated; the largest share from which on rehearsals reach the target; for a correction, the
    smallest collective from which on the gap closed is above 0 by all intervals.
    """
    if isinstance(facts, CorrectionFacts):
        return _suggest_measured(facts)
    wanted = asked(facts.certification.objective.success)
    if (certified := facts.certified_members) is not None:
        return SuggestedQuorum(
            certified,
            f"From {certified:,} members just like those of the plan on, a success of {wanted} is "
            "certified. For other people who join it is a forecast, until a plan is made with "
            f"their rows.{_spare(certified)}",
        )
    size = facts.platform_size
    ends = {row.learner: row.high for row in facts.simulated}
    found = {name: high for name, high in ends.items() if math.isfinite(high) and high > 0}
    if found:
        name = max(found, key=lambda one: found[one])
        members = math.ceil(found[name] * size - 1e-9)
        others = [one for one in ends if one not in found]
        never = f" For {', '.join(others)} not even this was shown to do." if others else ""
        return SuggestedQuorum(
            members,
            f"Nothing is certified for a success of {wanted}. In simulation {members:,} members "
            f"were enough: the upper end of the 95% interval for {name}, the largest of those "
            f"simulated.{never} It is a forecast, no promise.{_spare(members)}",
        )
    return _suggest_rehearsed(facts, wanted)


def say_quorum(facts: Facts, quorum: int) -> str:
    """Return what a quorum is too small for; empty where it is certified, or enough by all."""
    found = [one for one in marks_of(facts) if not math.isnan(one.members)]
    missed = [one for one in found if quorum < _cautious(one)]
    if not missed or any(one.known == "certified" and one not in missed for one in found):
        return ""
    wanted = (
        "closing any of the gap"
        if isinstance(facts, CorrectionFacts)
        else f"a success of {asked(facts.certification.objective.success)}"
    )
    enough = [one for one in found if one not in missed]
    if enough:
        return (
            f"The quorum of {quorum:,} is enough for {wanted} by {_each(enough)}, but not by "
            f"{_each(missed)}."
        )
    return (
        f"The quorum of {quorum:,} is too small by all that is known: for {wanted} it takes more, "
        f"by {_each(missed)}. If no more act, expect less."
    )


def _cautious(mark: CriticalMassMark) -> float:
    """Return the number that is enough even at the upper end of its interval, where it has one."""
    return mark.high if math.isfinite(mark.high) else mark.members


def _each(marks: list[CriticalMassMark]) -> str:
    """Return by what each of them is known, and its number; of several learners, the range."""
    named = []
    for known, same in itertools.groupby(marks, lambda one: one.known):
        first, *more = same
        found = [one.members for one in (first, *more) if math.isfinite(one.members)]
        if not more:
            who = f"{first.called}: " if first.called else ""
            named.append(f"{BY[known]} ({who}{first.number()})")
        elif found:
            most = f"{math.ceil(max(found) - 1e-6):,}" if len(found) > len(more) else "never"
            named.append(f"{BY[known]} ({math.ceil(min(found) - 1e-6):,} to {most}, by learner)")
        else:
            named.append(f"{BY[known]} (no number tried, by any learner)")
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def _suggest_rehearsed(facts: TrainingFacts, wanted: str) -> SuggestedQuorum:
    target = facts.certification.objective.success
    rows = [facts.least_rehearsed(name, target) for name in facts.rehearsed_learners]
    enough = [row for row in rows if row is not None]
    if not enough:
        return SuggestedQuorum(
            None,
            f"The plan tells of no number of members that is enough for {wanted}: neither "
            "certified, nor simulated, nor rehearsed. Whatever quorum you set is a guess.",
        )
    row = max(enough, key=lambda one: one.share)
    members = math.ceil(row.share * facts.platform_size - 1e-9)
    return SuggestedQuorum(
        members,
        f"Nothing is certified for a success of {wanted}. In rehearsal {members:,} members were "
        f"enough, on platforms that train {row.learner} as here.{_spare(members)}",
    )


def _suggest_measured(facts: CorrectionFacts) -> SuggestedQuorum:
    members = facts.least_members
    if members is None:
        return SuggestedQuorum(
            None,
            f"With up to {facts.members:,} members the correction may have closed nothing, by its "
            "interval: it tells of no number that is enough. Whatever quorum you set is a guess.",
        )
    return SuggestedQuorum(
        members,
        f"{members:,} members who ask {facts.queries:,} questions each were the fewest from "
        f"which on the change closed some of the gap, by its 95% interval.{_spare(members)}",
    )


def _spare(members: int) -> str:
    """Return how many pledges it takes if some of those who pledge do not act."""
    pledges = int(pledges_needed(members, DEFECTORS, 0.0))
    return (
        f" If {DEFECTORS:.0%} of those who pledge do not act, {pledges:,} pledges make it likely "
        "(95%) that enough do."
    )
