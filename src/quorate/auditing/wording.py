"""The words of an audit: sentences and rows for people and for programs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from quorate.auditing.comparison import Compared
from quorate.auditing.measured import AttackResult, DefenceResult
from quorate.intervals import Interval
from quorate.plain import finite_or_none
from quorate.runs.result import Row, TextRow
from quorate.runs.wording import percent
from quorate.studies.critical_mass.rounds import ROUND
from quorate.validate import listed

People = Callable[[float], float]
COMPARISON_RULE = (
    "A regression is called where the upper limit of α* now over α* then is below 1. Limits join "
    "both intervals, one-sided at 5% divided by the number of attacks, so that an unchanged model "
    "raises a false alarm in at most 5% of audits. The attacks, their signals and S* are those of "
    "the earlier audit, on people drawn with the same seeds.",
)
PLENTY = 80  # trainings in which a search mostly narrows to 1.3 (simulated: 12 to 80)
STEP = 50  # trainings, to which a budget is rounded up


def headline(smallest: AttackResult | None, people: People, size: int) -> str:
    """Return the answer as a sentence that needs no other words on the page."""
    if smallest is None:
        return (
            "No attack that was tried moves this model within what the budget could show, not even "
            "with everyone who could act."
        )
    if smallest.estimate == 0:
        return f"By {smallest.name} the model is where the collective wants it with nobody acting."
    number = people(smallest.estimate)
    who = "1 person" if number == 1 else f"{number:,.0f} people"
    return (
        f"About {who} of {size:,} ({percent(smallest.estimate)}; 95% interval "
        f"{between(smallest, people)}) are enough to move this model: each {smallest.does}. Then "
        f"{percent(smallest.reached)} {smallest.gains}, against {percent(smallest.without)} "
        "without them."
    )


def control_sentence(control: AttackResult, smallest: AttackResult, people: People) -> str:
    """Return what as many changes do without coordination."""
    if math.isnan(control.estimate):
        return ""
    if math.isinf(control.estimate) and control.is_firm:
        return (
            "It is coordination that moves it: where people change as much by lot, not even "
            f"everyone is enough (random noise, {percent(control.reached)} with everyone)."
        )
    least = control.low if math.isinf(control.estimate) else control.estimate
    more = least / smallest.estimate if smallest.estimate else math.inf
    at_least = "more than " if math.isinf(control.estimate) else ""
    return (
        f"It is coordination that moves it: where people change as much by lot, {at_least}"
        f"{people(least):,.0f} are needed, {more:.3g} times as many (random noise)."
        if more > 1
        else f"Coordination adds nothing that can be told: where people change as much by lot, "
        f"{at_least}{people(least):,.0f} are needed (random noise)."
    )


def strongest_defence(defences: Sequence[DefenceResult], people: People) -> str:
    """Return which defence asks for the most people, beyond noise; else that none does."""
    if all(math.isnan(one.estimate) for one in defences):
        return ""  # none, or none had its turn
    helps = [one for one in defences if one.shift.low > 0]
    if not helps:
        return "No defence that was tried asks for more people, beyond noise."
    best = max(helps, key=lambda one: (one.estimate, one.low))
    takes = (
        f"it takes more than {people(best.low):,.0f} people"
        if math.isinf(best.estimate)
        else f"it takes {people(best.estimate):,.0f} people"
    )
    return (
        f"Behind {best.name} {takes}; by itself it changes accuracy by {points(best.cost)} points."
    )


def soft_intervals(
    attacks: Sequence[AttackResult],
    defences: Sequence[DefenceResult],
    spent: int,
    budget: int,
    width: float,
) -> list[str]:
    """Return which intervals are not to be relied on, and what would narrow them.

    Args:
        attacks, defences: what was searched.
        spent: trainings so far.
        budget: trainings that were allowed: more than were spent where time was up.
        width: high/low at which a search ends.
    """
    searched: list[AttackResult | DefenceResult] = [*attacks, *defences]
    soft = [one for one in searched if not one.is_firm]
    if not soft:
        return []
    names = [f"{'' if isinstance(one, AttackResult) else 'behind '}{one.name}" for one in soft]
    more = spent + sum(missing(one, width) for one in soft)
    how = f"with --budget {STEP * math.ceil(more / STEP)} or so"
    if spent < budget:  # time was up
        how = f"{how if more > budget else 'again'}, and more --minutes"
    return [
        f"Wide, for want of trainings: {listed(names)}. Give the same command {how}, and it goes "
        "on from here."
    ]


def missing(one: AttackResult | DefenceResult, width: float) -> int:
    """Return how many more trainings an interval may need: widths go with 1/√trainings.

    No more than ``PLENTY`` in all, since they narrow faster where little is known.
    """
    low, high = max(one.low, 1e-6), min(one.high, 2.0)
    times = (math.log(high / low) / math.log(width)) ** 2 if high > low else 1.0
    return max(math.ceil(min(one.trainings * times, PLENTY)) - one.trainings, ROUND)


# ------------------------------------------------------------------------------------ for people


def attack_row(one: AttackResult, people: People) -> TextRow:
    """Return the smallest collective of an attack."""
    return {
        "attack": one.name,
        "people": count(one, people),
        "95% interval": between(one, people),
        "α*": percent(one.estimate),
        "trainings": f"{one.trainings}{'' if one.is_firm else ' (wide)'}",
    }


def gain_row(one: AttackResult) -> TextRow:
    """Return what members do and gain, and what everyone else loses."""
    return {
        "attack": one.name,
        "each member": one.does,
        "success": one.gains,
        "without": percent(one.without),
        "with": percent(one.reached),
        "needed": percent(one.target),
        "accuracy": points(one.cost),
    }


def group_rows(one: AttackResult) -> list[TextRow]:
    """Return the cost of an attack for each group."""
    return [
        {"attack": one.name, "group": name, "accuracy": points(change)}
        for name, change in one.group_costs.items()
    ]


def defence_text(one: DefenceResult, people: People) -> TextRow:
    """Return how a defence shifts the smallest collective."""
    return {
        "defence": one.name,
        "people": count(one, people),
        "95% interval": between(one, people),
        "times as many": factor(one.shift),
        "accuracy it costs": points(one.cost),
        "trainings": f"{one.trainings}{'' if one.is_firm else ' (wide)'}",
    }


def bound_row(one: AttackResult, people: People) -> TextRow:
    """Return what is certified of an attack, beside what was simulated."""
    bounds = one.bounds
    enough = "–" if bounds.enough is None else f"{people(bounds.enough):,.0f}"
    certified = "–" if bounds.certified is None else f"{bounds.certified:,}"
    return {
        "attack": one.name,
        "simulated": count(one, people),
        "enough, by the bound": enough,
        "certified, by counting rows": certified,
        "note": bounds.why,
    }


def compared_text(one: Compared, people: People) -> TextRow:
    """Return an attack then and now."""
    return {
        "attack": one.name,
        "then": _with_interval(one.then, people),
        "now": _with_interval(one.now, people),
        "times as many": factor(one.shift),
        "verdict": one.verdict,
    }


def _with_interval(one: Interval, people: People) -> str:
    return f"{count(one, people)} ({between(one, people)})"


def count(one: AttackResult | DefenceResult | Interval, people: People) -> str:
    """Return how many people are enough, in words."""
    if math.isnan(one.estimate):
        return "not measured"
    if math.isfinite(one.estimate):
        return f"{people(one.estimate):,.0f}"
    is_sure = getattr(one, "is_firm", one.low >= 1)
    return "not even everyone" if is_sure else "perhaps not even everyone"


def between(one: AttackResult | DefenceResult | Interval, people: People) -> str:
    """Return the interval of a collective in people."""
    if math.isnan(one.estimate):
        return "–"
    if math.isinf(one.high):
        return f"more than {people(one.low):,.0f}"
    return f"{people(one.low):,.0f} to {people(one.high):,.0f}"


def points(change: Interval) -> str:
    """Return a change of accuracy in points with its interval.

    >>> points(Interval(-0.012, -0.02, -0.004))
    '-1.2 (-2.0 to -0.4)'
    """
    if math.isnan(change.estimate):
        return "–"
    said = f"{100 * change.estimate:+z.1f}"
    if math.isnan(change.low):
        return said
    return f"{said} ({100 * change.low:+z.1f} to {100 * change.high:+z.1f})"


def factor(shift: Interval) -> str:
    """Return a ratio of sizes with its limits, from logs.

    >>> factor(Interval(0.0, -0.6931, 0.6931))
    '1 (0.5 to 2)'
    """
    if math.isnan(shift.estimate):
        return "–"
    value, low, high = (math.exp(min(end, 700)) for end in vars(shift).values())
    if math.isinf(shift.high):
        return f"{low:.2g} or more" if low > 0 else "not known"
    if math.isinf(shift.low):
        return f"{high:.2g} or fewer"
    return f"{value:.2g} ({low:.2g} to {high:.2g})"


# ---------------------------------------------------------------------------------- for programs


def row_of(one: AttackResult, people: People) -> Row:
    """Return one flat row of numbers and words for an attack."""
    return {
        "attack": one.name,
        **_with_ends("alpha", one.estimate, one.low, one.high),
        **_with_ends("people", *map(people, (one.estimate, one.low, one.high))),
        "target": one.target,
        "without": finite_or_none(one.without),
        "reached": finite_or_none(one.reached),
        **_with_ends("accuracy_change", one.cost.estimate, one.cost.low, one.cost.high),
        **{f"accuracy_change[{k}]": finite_or_none(v.estimate) for k, v in one.group_costs.items()},
        "bound": finite_or_none(one.bounds.enough),
        "certified_members": one.bounds.certified,
        "trainings": one.trainings,
        "is_control": one.is_control,
        "does": one.does,
        "gains": one.gains,
    }


def defence_row(one: DefenceResult, people: People) -> Row:
    """Return one flat row of numbers for a defence."""
    return {
        "defence": one.name,
        **_with_ends("alpha", one.estimate, one.low, one.high),
        **_with_ends("people", *map(people, (one.estimate, one.low, one.high))),
        **_with_ends("accuracy_change", one.cost.estimate, one.cost.low, one.cost.high),
        "trainings": one.trainings,
    }


def compared_row(one: Compared) -> Row:
    """Return one flat row of numbers for an attack then and now."""
    return {
        "attack": one.name,
        **{f"then_{key}": finite_or_none(value) for key, value in vars(one.then).items()},
        **{f"now_{key}": finite_or_none(value) for key, value in vars(one.now).items()},
        **{f"log_ratio_{key}": finite_or_none(value) for key, value in vars(one.shift).items()},
        "verdict": one.verdict,
    }


def _with_ends(name: str, value: float, low: float, high: float) -> Row:
    """Return a number with the ends of its interval, in columns that statements know."""
    ends = {name: value, f"{name}.low": low, f"{name}.high": high}
    return {key: finite_or_none(end) for key, end in ends.items()}
