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

People = Callable[[float], float]
COMPARISON_RULE = (
    "A regression is called where the upper limit of α* now over α* then is below 1. Limits join "
    "both intervals, one-sided at 5% divided by the number of attacks, so that an unchanged model "
    "raises a false alarm in at most 5% of audits. The attacks, their signals and S* are those of "
    "the earlier audit, on people drawn with the same seeds.",
)
CUT_SHORT = "interval still wide: a larger budget narrows it"


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
        f"About {who} of {size:,} ({percent(smallest.estimate)}) are enough to move this model "
        f"({between(smallest, people)}): each {smallest.does}. Then {percent(smallest.reached)} "
        f"{smallest.gains}, against {percent(smallest.without)} without them."
    )


def control_sentence(control: AttackResult, smallest: AttackResult, people: People) -> str:
    """Return what as many changes do without coordination."""
    if math.isinf(control.estimate):
        return (
            "It is coordination that moves it: not even everyone changing as much by lot gets "
            f"there (random noise, {percent(control.reached)} at most)."
        )
    if math.isnan(control.estimate):
        return ""
    more = control.estimate / smallest.estimate if smallest.estimate else math.inf
    return (
        f"Without coordination it takes {people(control.estimate):,.0f} people who change as much "
        f"by lot, {more:.3g} times as many."
    )


def strongest_defence(defences: Sequence[DefenceResult], people: People) -> str:
    """Return which defence asks for the most people, beyond noise; else that none does."""
    if not defences:
        return ""
    helps = [one for one in defences if one.shift.low > 0]
    if not helps:
        return "No defence that was tried asks for more people, beyond noise."
    best = max(helps, key=lambda one: (one.estimate, one.low))
    takes = (
        "not even everyone who can act is enough"
        if math.isinf(best.estimate)
        else f"it takes {people(best.estimate):,.0f} people"
    )
    return f"Behind {best.name} {takes}; it costs {points(best.cost)} points of accuracy by itself."


def soft_intervals(attacks: Sequence[AttackResult]) -> list[str]:
    """Return which intervals are not to be relied on."""
    soft = [one.name for one in attacks if not one.is_firm]
    return [f"Not yet narrow, for want of trainings (--budget): {', '.join(soft)}."] if soft else []


# ------------------------------------------------------------------------------------ for people


def attack_row(one: AttackResult, people: People) -> TextRow:
    """Return the smallest collective of an attack."""
    return {
        "attack": one.name,
        "people": count(one.estimate, people),
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
        "people": count(one.estimate, people),
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
        "simulated": count(one.estimate, people),
        "enough, by the bound": enough,
        "certified, by counting rows": certified,
        "note": bounds.why,
    }


def compared_text(one: Compared, people: People) -> TextRow:
    """Return an attack then and now."""
    return {
        "attack": one.name,
        "then": f"{count(one.then.estimate, people)} {between(one.then, people)}",
        "now": f"{count(one.now.estimate, people)} {between(one.now, people)}",
        "times as many": factor(one.shift),
        "verdict": one.verdict,
    }


def count(alpha: float, people: People) -> str:
    """Return how many people a fraction stands for, in words."""
    if math.isnan(alpha):
        return "not measured"
    return "not even everyone" if math.isinf(alpha) else f"{people(alpha):,.0f}"


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
