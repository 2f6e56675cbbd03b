"""A correction in words: what it did, how much of it is real, and what it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quorate.test_time.perturbations.perturbation import levels_of

Summary = Mapping[str, Any]
NAMES = {
    "accuracy": "accuracy of everyone",
    "accuracy_gap": "accuracy gap",
    "worst_group_accuracy": "worst-group accuracy",
    "equal_opportunity_gap": "equal opportunity gap",
    "disparate_impact": "disparate impact",
}
CAUTIONS = (
    "Use it on systems that you may query: your own, or one whose owner or terms allow it. Every "
    "question costs the platform, and some terms forbid asking by machine.",
    "It changes what one deployed model says of pictures that are sent in with the change. It does "
    "not protect against being watched or recognised, nor against another model, a person who "
    "looks, or a decision taken elsewhere; people who do not send it are served as before.",
    "A later model may undo it: the platform may train again, or clean what is uploaded, any day. "
    "The platforms that adapt are measured beside for that reason.",
    "A change per class carries the label. A member picks it by their own true label, so part of "
    "what is gained is told to the platform, not read by it. The change that is the same for "
    "everyone cannot carry the label: the label-free line is the honest one.",
)


def heading(summary: Summary) -> str:
    """Return what the numbers at the top of a summary are of."""
    shown = summary["headline"]
    return (
        f"{shown['subgroup']} people of {shown['population']} on {shown['platform']}: "
        f"{counted(shown['members'], 'member')} × {counted(shown['queries'], 'query')}, proxy "
        f"{shown['proxy']}, ε = {budget(shown['epsilon'], shown['norm'])}, "
        f"{counted(len(summary['seeds']), 'seed')}"
    )


def counted(number: int, what: str) -> str:
    """Return how many there are of something.

    >>> counted(1, "query"), counted(1200, "query")
    ('1 query', '1,200 queries')
    """
    if number == 1:
        return f"1 {what}"
    return f"{number:,} {what[:-1]}ies" if what.endswith("y") else f"{number:,} {what}s"


def budget(epsilon: float, norm: str = "linf") -> str:
    """Return ε as a fraction of 255 levels where it is one, with the norm where it is not L∞.

    >>> budget(8 / 255), budget(0.05), budget(1.5, "l2")
    ('8/255', '0.05', '1.5 (L2)')
    """
    levels = epsilon * 255
    whole = norm == "linf" and abs(levels - round(levels)) < 1e-6
    return f"{round(levels)}/255" if whole else f"{epsilon:.4g}{' (L2)' if norm == 'l2' else ''}"


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with so many decimals; a dash where it is not defined."""
    return "–" if value is None else f"{value:.{digits}f}"


def span(ends: Sequence[float | None], value: float | None = 0.0, digits: int = 3) -> str:
    """Return an interval, ∞ where an end has no bound; a dash where ``value`` is not defined.

    >>> span([0.25, 0.5]), span([0.25, None]), span([None, None], None)
    ('[0.250, 0.500]', '[0.250, ∞)', '–')
    """
    if value is None:
        return "–"
    low, high = ends
    left = "(−∞" if low is None else f"[{low:.{digits}f}"
    return f"{left}, {'∞)' if high is None else f'{high:.{digits}f}]'}"


def measured(one: Mapping[str, float | None], digits: int = 3) -> str:
    """Return a value with its interval."""
    if one["value"] is None:
        return "not defined"
    value = number(one["value"], digits)
    return f"{value} {span((one['low'], one['high']), digits=digits)}"


def table_rows(summary: Summary) -> list[dict[str, str]]:
    """Return one row a measure: before and after, each with its interval."""
    rows = []
    of_groups = [(f"accuracy[{group}]", f"accuracy of {group}") for group in groups(summary)]
    for name, title in [*of_groups, *NAMES.items()]:
        row = {"measure": title}
        for when in ("before", "after"):
            value = _of(summary, when, name)
            row[when] = number(value)
            row[f"{when} 95%"] = span(summary["intervals"][when].get(name, (None, None)), value)
        rows.append(row)
    return rows


def groups(summary: Summary) -> list[str]:
    """Return the names of the groups, the subgroup last."""
    return list(summary["before"]["accuracy_by_group"])


def _of(summary: Summary, when: str, name: str) -> float | None:
    """Return a measure, or a group's accuracy by the name ``accuracy[GROUP]``."""
    values: dict[str, Any] = dict(summary[when])
    of_groups = values.pop("accuracy_by_group")
    found: float | None = ({f"accuracy[{g}]": v for g, v in of_groups.items()} | values)[name]
    return found


# ------------------------------------------------------------------------------------ what was done


def closed(summary: Summary) -> str:
    """Return in a sentence how much of the accuracy gap is closed; over-correction is named."""
    value, who = summary["gap_closed"], summary["headline"]["subgroup"]
    if value is None:
        return (
            f"There was no gap to close: {who} people were served no worse than the others before."
        )
    shown = f"Gap closed: {value:.3f} {span(summary['intervals']['gap_closed'])}"
    if value > 1:
        return (
            f"{shown}. Over-corrected: the gap is turned around, {who} people are now served "
            "better than the others."
        )
    if value < 0:
        return f"{shown}. The gap has grown: {who} people are served worse than before."
    return f"{shown} (0: nothing changed, 1: the gap is gone)."


def how_real(summary: Summary) -> list[str]:
    """Return the controls in words: how much of what is gained is real."""
    of = summary["controls"]
    ends = summary["intervals"]["controls"]
    who = summary["headline"]["subgroup"]
    was, now = (summary[when]["accuracy_by_group"].get(who) for when in ("before", "after"))

    def shown(name: str) -> str:
        return f"{number(of[name])} {span(ends.get(name, (None, None)), of[name])}"

    said = [f"Accuracy of {who} people: {number(was)} before, {number(now)} after."]
    if of["label_free"] is not None:
        families = ", ".join(
            f"{family} {number(one['gap_closed']['value'])}"
            for family, one in summary["label_free"].items()
        )
        said.append(
            f"Label-free, the same change for everyone (what proxies like best): "
            f"{shown('label_free')}. It cannot carry the label. Gap closed: {families}."
        )
    if of["force_rate"] is not None:
        said.append(
            f"Force rate: {shown('force_rate')}. So often the change of a class makes the platform "
            "say that class of a picture of another: so far it tells the label, and does not help "
            "to see it."
        )
    if of["wrong_class"] is not None:
        said.append(
            f"With a wrong class's change: {shown('wrong_class')}. So often they are read rightly "
            "all the same."
        )
    if of["random_sign"] is not None:
        said.append(f"With random signs of the same budget: {shown('random_sign')}.")
    return said


def others(summary: Summary) -> str:
    """Return in a sentence what the change would do for people outside the subgroup."""
    outside = summary["outside"]
    return (
        f"The others: {measured(outside['accuracy'])} as they are, served as before; "
        f"{measured(outside['had_they_joined'])} had they joined."
    )


def adaptive_rows(summary: Summary) -> list[dict[str, str]]:
    """Return one row a platform that adapts, with the platform as it is first."""
    who = summary["headline"]["subgroup"]
    was, now = (summary[when]["accuracy_by_group"].get(who) for when in ("before", "after"))
    ends = summary["intervals"]["gap_closed"]
    as_is = {"accuracy": summary["before"]["accuracy"], "before": was, "after": now}
    given = {"value": summary["gap_closed"], "low": ends[0], "high": ends[1]}
    found = {"as it is": {**as_is, "gap_closed": given}, **summary["adaptive"]}
    return [
        {
            "platform": name,
            "everyone, before": number(one["accuracy"]),
            f"{who}, before": number(one["before"]),
            f"{who}, after": number(one["after"]),
            "gap closed": measured(one["gap_closed"]),
        }
        for name, one in found.items()
    ]


def adapting(summary: Summary) -> str:
    """Return in a sentence what remains where the platform does something about it."""
    if not summary["adaptive"]:
        return "Platforms that adapt: none was measured, so nothing says that this would last."
    kept = "; ".join(
        f"{name} {measured(one['gap_closed'])}" for name, one in summary["adaptive"].items()
    )
    return f"Gap closed on platforms that adapt: {kept}."


def agreement(summary: Summary) -> str:
    """Return in a sentence how well the proxy stands for the platform."""
    found = summary["proxy_agreement"]
    said = f"The proxy answers as the platform in {measured(found)} of the questions kept apart."
    if found["suspects"]:
        done = "left out" if found["left_out"] else "kept in"
        some = counted(len(found["suspects"]), "member")
        said += f" {some} contradicted everyone else and were {done}."
    return said


def queries(summary: Summary) -> str:
    """Return in a sentence what was asked: by the collective, and for measuring."""
    asked = summary["queries"]
    return (
        f"Queries: {asked['pooled']:,} pooled, at most {asked['per_member']:,} of "
        f"each member; {asked['evaluation']:,} more for measuring, metered apart."
    )


def noise(summary: Summary) -> str:
    """Return in a sentence how much a picture may change."""
    shown = summary["headline"]
    if shown["norm"] == "l2":
        return (
            f"Noise budget: all changes of a picture together have a length of at most "
            f"{shown['epsilon']:.4g} (L2), where black to white is 1."
        )
    most = levels_of(shown["epsilon"])
    return (
        f"Noise budget: each value of a picture changes by at most {most} of 255 levels "
        f"({most / 255:.1%} of the way from black to white)."
    )


def cell_rows(summary: Summary) -> list[dict[str, str]]:
    """Return one row a collective, platform, proxy and budget: what is closed, with intervals.

    Platform and proxy are named where there are several.
    """
    cells, norm = summary["cells"], summary["headline"]["norm"]
    several = len({(cell["platform"], cell["proxy"]) for cell in cells}) > 1
    rows = []
    for cell in cells:
        row = {"platform ← proxy": f"{cell['platform']} ← {cell['proxy']}"} if several else {}
        row |= {
            "members × queries": f"{cell['members']:,} × {cell['queries']:,}",
            "ε": budget(cell["epsilon"], norm),
            "gap closed": measured(cell["gap_closed"], 2),
            "label-free": measured(cell["label_free"]["best"], 2),
            "force rate": number(cell["controls"]["force_rate"]["value"], 2),
            "worst group": number(cell["after"]["worst_group_accuracy"]["value"]),
            "least where it adapts": _weakest(cell["adaptive"]),
        }
        rows.append(row)
    return rows


def _weakest(adaptive: Mapping[str, Mapping[str, float | None]]) -> str:
    """Return the least gap closed on any platform that adapts, with its name."""
    found = [(one["value"], name) for name, one in adaptive.items() if one["value"] is not None]
    if not found:
        return "–"
    value, name = min(found)
    return f"{name} {value:.2f}"
