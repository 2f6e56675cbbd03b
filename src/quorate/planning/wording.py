"""A plan in words that members can be shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from quorate.planning.certify import MOST_UNLIKE, Certification
from quorate.planning.details import PlanDetails
from quorate.planning.reach import Reach
from quorate.planning.simulate import SimulatedMass
from quorate.runs.wording import percent

CLAIMS = "claims.csv"
ROUNDING = 1e-9  # of a product that should be whole


def setting(signal: Mapping[str, str], is_set: str = "to") -> str:
    """Return a signal as it is asked for.

    >>> setting({"channel": "web", "reference": "blank"})
    "channel to 'web' and reference to 'blank'"
    """
    return " and ".join(f"{column} {is_set} {value!r}" for column, value in signal.items())


def asked(value: float) -> str:
    """Return a fraction that somebody has asked for as a percentage, with all its digits.

    >>> asked(0.9), asked(0.9995)
    ('90%', '99.95%')
    """
    return f"{100 * value:.10g}%"


def no_more_than(value: float) -> str:
    """Return a lower bound in (0, 1] as a percentage, rounded down.

    >>> no_more_than(0.93399), no_more_than(0.9999), no_more_than(0.00012)
    ('93.3%', '99.9%', '0.012%')
    """
    rounded = math.floor(value * 1000 + ROUNDING) / 10
    return f"{rounded:g}%" if rounded else f"{100 * value:.2g}%"


def bound(value: float) -> str:
    """Return a lower bound for a table, rounded down; a dash where there is none.

    >>> bound(0.9999), bound(0.93), bound(float("-inf"))
    ('0.999', '0.930', '–')
    """
    if not math.isfinite(value):
        return "–"
    return f"{math.floor(value * 1000 + ROUNDING) / 1000:.3f}"


def number(value: int | None) -> str:
    """Return a number of members for a table; None where not even everyone is enough."""
    return "out of reach" if value is None else f"{value:,}"


def counted(number: int, thing: str) -> str:
    """Return so many things.

    >>> counted(1, "member"), counted(2000, "member"), counted(0, "such row")
    ('1 member', '2,000 members', 'no such rows')
    """
    return f"{number or 'no':{',' if number else ''}} {thing}{'' if number == 1 else 's'}"


def title(plan: Certification) -> str:
    """Return what the page is called."""
    signal = ", ".join(f"{column}={value}" for column, value in plan.objective.signal.items())
    after = {
        "plant": f"gets {plan.objective.target!r}",
        "plant-feature-only": f"gets {plan.objective.target!r}",
        "unplant": f"no longer gets {plan.objective.target!r}",
        "erase": "makes no difference",
    }[plan.objective.goal]
    return f"A plan: {signal} {after}"


def what_to_do(plan: Certification) -> str:
    """Return what every member does."""
    objective = plan.objective
    sets = f"sets {setting(objective.signal)}"
    if objective.goal == "plant":
        return f"Every member {sets}, and hands in the label {objective.target!r}."
    if objective.goal == "plant-feature-only":
        return (
            f"Every member whose label is {objective.target!r} {sets}; members with another label "
            "stay clear of these values. Nobody changes a label."
        )
    if objective.goal == "unplant":
        return (
            f"Every member {sets}, and hands in the likeliest label other than "
            f"{objective.target!r} for somebody like them: {CLAIMS} says which."
        )
    return (
        "Every member keeps their features, and hands in the label that somebody like them with "
        f"{setting(objective.signal, 'at')} is likeliest to have: {CLAIMS} says which."
    )


def what_it_means(plan: Certification) -> str:
    """Return what success is, for the goal."""
    objective = plan.objective
    if objective.goal == "erase":
        return (
            "Success: the share of all people whose label stays the same if they set "
            f"{setting(objective.signal)}."
        )
    no_longer = "do not get" if objective.goal == "unplant" else "get"
    return (
        f"Success: the share of all people who {no_longer} {objective.target!r} once they set "
        f"{setting(objective.signal)}."
    )


def verdict(plan: Certification) -> str:
    """Return whether what was asked for is certified for the members of today."""
    success, objective = plan.best.success, plan.objective
    wanted, sure = asked(objective.success), f"{asked(objective.confidence)} confidence"
    who = f"the {counted(plan.members, 'member')} of today"
    if success >= objective.success:
        return f"Certified: {who} have a success of {wanted} or more, with {sure}."
    if success > 0:
        return (
            f"Not certified: a success of {wanted} was asked for, and {who} have one of "
            f"{no_more_than(success)} or more, with {sure}."
        )
    return (
        f"Not certified: a success of {wanted} was asked for, and for {who} none is certified, "
        f"with {sure}."
    )


def what_could_be(plan: Certification, details: PlanDetails) -> str:
    """Return what could be certified: with how many members, or how much, or under which ε."""
    needed, objective = plan.best.n_for_target, plan.objective
    if needed is not None:
        return how_many(plan)
    if details.reach is not None:
        return f"{how_many(plan)} {in_reach(details.reach)}"
    nearer = [row for row in plan.by_eps if row.eps < objective.eps and row.n_for_target]
    if nearer:
        row = max(nearer, key=lambda one: one.eps)
        return (
            f"{how_many(plan)} It could be for a platform nearer to the best for its rows: with "
            f"ε = {row.eps:g}, {counted(row.n_for_target or 0, 'member')} would be enough."
        )
    return (
        f"{how_many(plan)} Nor can any smaller success. Another signal may do: --suggest 10 tries "
        "them, the best first."
    )


def in_reach(reach: Reach) -> str:
    """Return the largest success that can be certified, and the members that it takes.

    >>> in_reach(Reach(0.75, 4300, 20_000))
    'What can be is 75%, from 4,300 members just like these on (21.5% of the platform).'
    """
    return (
        f"What can be is {no_more_than(reach.success)}, from {counted(reach.members, 'member')} "
        f"just like these on ({percent(reach.share)} of the platform)."
    )


def how_many(plan: Certification) -> str:
    """Return the certified number of members."""
    needed, objective = plan.best.n_for_target, plan.objective
    wanted = f"a success of {asked(objective.success)}"
    if needed is None:
        return (
            f"However many members like these there are, up to all {objective.platform_size:,}, "
            f"{wanted} cannot be certified."
        )
    share = percent(needed / objective.platform_size)
    now = f"There {'is' if plan.members == 1 else 'are'} {plan.members:,} now"
    return (
        f"{counted(needed, 'member')} just like these ({share} of the platform) would be enough "
        f"for {wanted} to be certified. {now}"
        f"{', so that is reached' if needed <= plan.members else ''}."
    )


def how_sure(plan: Certification) -> str:
    """Return what is certified now."""
    success, objective = plan.best.success, plan.objective
    sure = f"With {asked(objective.confidence)} confidence"
    who = f"the {counted(plan.members, 'member')} of today"
    if not success > 0:
        return (
            f"{sure}, nothing is certified for {who}: the bound is {_bound(success)}, and at or "
            "below 0 it says nothing. It may still work."
        )
    how = f"(radius: {plan.certificate.radius}; {plan.certificate.status})"
    if success >= 1:
        return f"{sure}, {who} reach everyone: a success of 100% {how}."
    return f"{sure}, {who} have a success of {no_more_than(success)} or more {how}."


def if_others_differ(plan: Certification) -> str:
    """Return what is left of the certificate if those who did not join are unlike members."""
    objective, holds_to = plan.objective, plan.holds_to
    against, helpful = rows_of_others(objective.goal, objective.target)
    start = (
        "This takes for granted that people who did not join are like those who did; often they "
        "are not."
    )
    if holds_to is None:
        needed = "; ".join(
            f"{row.gamma:g} times: {number(row.n_for_target)}" for row in plan.by_gamma
        )
        return (
            f"{start} Members needed if the odds that one of the others has {against} are so many "
            f"times a member's, and their odds of {helpful} as many times smaller: {needed}."
        )
    if holds_to < 1.01:
        return (
            f"{start} If others have {against} more often than members, nothing is left to spare."
        )
    end = "" if holds_to >= MOST_UNLIKE else "; beyond that it no longer is"
    return (
        f"{start} Even if the odds that one of the others has {against} are {holds_to:g} times a "
        f"member's, and their odds of {helpful} as many times smaller, "
        f"{asked(objective.success)} is certified{end}. Twice the odds is about twice as often for "
        "rare rows, and less for common ones."
    )


def rows_of_others(goal: str, target: str | None) -> tuple[str, str]:
    """Return which rows of others speak against the members, and which for them.

    >>> rows_of_others("plant", "yes")[0]
    "a row with the signal and another label than 'yes'"
    """
    if goal == "erase":
        return "a label that members do not claim", "the one that they do"
    label, other = f"the label {target!r}", f"another label than {target!r}"
    if goal == "unplant":
        return f"a row with the signal and {label}", "one with the label that members hand in"
    return f"a row with the signal and {other}", f"one with {label}"


def costs(plan: Certification, details: PlanDetails) -> list[str]:
    """Return what members give up."""
    if plan.objective.goal == "erase":
        return ["Members hand in labels that may not be theirs: see who bears that."]
    who = "those who act" if plan.objective.goal == "plant-feature-only" else "the members"
    found = [
        f"{column}: {percent(1 - share)} of {who} change it."
        for column, share in details.having.items()
    ]
    if plan.objective.goal in ("plant", "unplant"):
        least = "at least " if plan.objective.goal == "unplant" else ""
        found.append(
            f"Label: {least}{percent(1 - details.claiming)} of the members hand in one that is not "
            "theirs."
        )
    return found


def what_breaks_it(
    plan: Certification, details: PlanDetails, simulated: Sequence[SimulatedMass]
) -> list[str]:
    """Return what the numbers do not survive, with numbers where there are some."""
    left = counted(details.changed, "different row")
    found = [
        f"Deduplication: all that members hand in is {left}; a platform that keeps one of each "
        "learns from no more than that.",
        "Robust training and cleaning: a platform that drops rows which stand out, trims losses or "
        "aggregates gradients robustly is not near the best classifier for what it received; then "
        "nothing is certified.",
        _others(details),
        _private(simulated),
    ]
    worse = [row for row in plan.by_eps if row.eps > plan.objective.eps]
    if worse:
        each = "; ".join(
            f"ε = {row.eps:g}: "
            f"{'no number is enough' if row.n_for_target is None else f'{row.n_for_target:,}'}"
            for row in worse
        )
        found.append(
            "A platform further from the best for its rows than assumed: members needed if it is "
            f"ε-suboptimal ({plan.objective.reading}): {each}."
        )
    return found


def _others(details: PlanDetails) -> str:
    text = "Others acting: whoever hands in another label with the same signal undoes a member."
    if details.tolerated is None:
        return text
    return (
        f"{text} The certificate of today withstands {counted(details.tolerated, 'such row')} "
        "beyond those that it reckons with."
    )


def _private(simulated: Sequence[SimulatedMass]) -> str:
    """Return what private training costs, beside plain training where both were simulated."""
    text = "Private training: noise drowns small groups."
    private = [row for row in simulated if row.learner.startswith("dp-")]
    plain = [row for row in simulated if row.learner.split(":")[0] == "sgd"]
    if not (private and plain):
        return text
    each = "; ".join(f"{row.learner} {enough(row.critical_mass)}" for row in [*plain, *private])
    return f"{text} What was enough in simulation: {each}."


def enough(share: float) -> str:
    """Return a critical mass, as a share, in words.

    >>> enough(0.02), enough(0.0), enough(float("inf")), enough(float("nan"))
    ('2%', 'already so', 'not reached', 'failed')
    """
    if math.isnan(share):
        return "failed"
    return percent(share) if share else "already so"


def between(low: float, high: float) -> str:
    """Return an interval of shares in words.

    >>> between(0.01, 0.1), between(0.1, float("inf")), between(float("nan"), float("nan"))
    ('1% to 10%', 'more than 10%', '–')
    """
    if math.isnan(low):
        return "–"
    if math.isinf(low):
        return "not reached"
    return f"more than {percent(low)}" if math.isinf(high) else f"{percent(low)} to {percent(high)}"


def _bound(value: float) -> str:
    return "none" if math.isinf(value) else f"{value:.2f}"
