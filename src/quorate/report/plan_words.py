"""A plan in words that members can be shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from quorate.plan.certify import CertifiedPlan
from quorate.plan.outlook import Outlook
from quorate.report.terminal import percent

Plain = Mapping[str, Any]


def setting(signal: Mapping[str, str]) -> str:
    """Return a signal as it is asked for.

    >>> setting({"channel": "web", "reference": "blank"})
    "channel to 'web' and reference to 'blank'"
    """
    return " and ".join(f"{column} to {value!r}" for column, value in signal.items())


def title(plan: CertifiedPlan) -> str:
    """Return what the page is called."""
    signal = ", ".join(f"{column}={value}" for column, value in plan.question.signal.items())
    after = {
        "plant": f"gets {plan.question.target!r}",
        "plant-feature-only": f"gets {plan.question.target!r}",
        "unplant": f"no longer gets {plan.question.target!r}",
        "erase": "makes no difference",
    }[plan.question.goal]
    return f"A plan: {signal} {after}"


def what_to_do(plan: CertifiedPlan) -> str:
    """Return what every member does."""
    question = plan.question
    sets = f"sets {setting(question.signal)}"
    if question.goal == "plant":
        return f"Every member {sets}, and hands in the label {question.target!r}."
    if question.goal == "plant-feature-only":
        return (
            f"Every member whose label is {question.target!r} {sets}; the others stay clear of "
            "the signal. Nobody changes a label."
        )
    if question.goal == "unplant":
        return (
            f"Every member {sets}, and hands in the likeliest label other than "
            f"{question.target!r} for somebody like them."
        )
    return (
        "Every member keeps their features, and hands in the label that somebody like them with "
        f"{setting(question.signal).replace(' to ', ' at ')} is likeliest to have."
    )


def what_it_means(plan: CertifiedPlan) -> str:
    """Return what success is, for the goal."""
    question = plan.question
    if question.goal == "erase":
        return "Success: the share of people whose label the signal leaves as it is."
    no_longer = "do not get" if question.goal == "unplant" else "get"
    return (
        f"Success: the share of all people who {no_longer} {question.target!r} once they set "
        f"{setting(question.signal)}."
    )


def how_many(plan: CertifiedPlan) -> str:
    """Return the certified number of members."""
    needed, question = plan.best.n_for_target, plan.question
    if needed is None:
        return (
            f"No number of members like these, up to all {question.platform_size:,}, has a success "
            f"of {percent(question.success)} certified."
        )
    share = percent(needed / question.platform_size)
    enough = "That is reached." if needed <= plan.members else f"There are {plan.members:,} now."
    return (
        f"{needed:,} members like these ({share} of the platform) have a success of "
        f"{percent(question.success)} certified. {enough}"
    )


def how_sure(plan: CertifiedPlan) -> str:
    """Return what is certified now."""
    success, question = plan.best.success, plan.question
    sure = f"With {percent(question.confidence)} confidence"
    if not success > 0:
        return (
            f"{sure}, nothing is certified for the {plan.members:,} members of today: the bound "
            f"is {_bound(success)}, and at or below 0 it says nothing. It may work all the same."
        )
    return (
        f"{sure}, the {plan.members:,} members of today have a success of at least "
        f"{percent(success)} (radius: {plan.certificate.radius}; {plan.certificate.status})."
    )


def costs(plan: CertifiedPlan, outlook: Outlook) -> list[str]:
    """Return what members give up."""
    if plan.question.goal == "erase":
        return ["Members hand in labels that may not be theirs: see who bears that."]
    found = [
        f"{column}: {percent(1 - share)} of the members change it."
        for column, share in outlook.having.items()
    ]
    if plan.question.goal in ("plant", "unplant"):
        found.append(
            f"Label: {percent(1 - outlook.claiming)} of the members hand in one that is not theirs."
        )
    return found


def what_breaks_it(plan: CertifiedPlan, outlook: Outlook, simulated: list[Plain]) -> list[str]:
    """Return what the numbers do not survive, with numbers where there are some."""
    question = plan.question
    others = "Others acting: whoever hands in another label with the same signal undoes a member."
    if outlook.tolerated is not None:
        others += (
            f" The certificate of today withstands {outlook.tolerated:,} such rows beyond those "
            "that it reckons with."
        )
    found = [
        f"Deduplication: members hand in {outlook.changed:,} different rows; a platform that keeps "
        "one of each keeps no more.",
        "Robust training and cleaning: a platform that drops rows which stand out, trims losses or "
        "aggregates gradients robustly is not near the best classifier for what it received; then "
        "nothing is certified.",
        others,
    ]
    private = [row for row in simulated if "epsilon" in row["learner"]]
    plain = next((row for row in simulated if row["learner"] == "sgd"), None)
    text = "Private training: noise drowns small groups."
    if private and plain is not None:
        each = "; ".join(f"{row['learner']} {_share(row)}" for row in private)
        text += f" In simulation sgd needs {_share(plain)}, but {each}."
    found.append(text)
    worse = [row for row in plan.by_eps if row.eps > 0]
    if worse:
        each = "; ".join(
            f"ε = {row.eps:g}: {'none' if row.n_for_target is None else f'{row.n_for_target:,}'}"
            for row in worse
        )
        found.append(
            "A platform that is not quite the best for its rows: members needed if it is "
            f"ε-suboptimal ({question.reading}): {each}."
        )
    return found


def _share(row: Plain) -> str:
    mass = row["critical_mass"]
    return "more than was tried" if mass is None else percent(mass)


def _bound(value: float) -> str:
    return "none" if math.isinf(value) else f"{value:.2f}"
