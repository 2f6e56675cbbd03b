"""The verdict on a claim, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TUNED_APART = (
    "Step sizes were chosen by honest accuracy on people whom no cell measures on. The platform "
    "may learn from some of them, and a privacy budget leaves the choice out."
)
TUNED_BEFORE = (
    "Step sizes were chosen on people of another seed, not yet apart from those whom cells measure "
    "on: of fixed data, cells learn from most of them and measure on the others. A privacy budget "
    "leaves the choice out. To choose anew, run the file in a new folder."
)

# With these a condition follows a verdict by itself; before any other word stands "where".
STARTS = (
    *("on", "in", "to", "of", "at", "by", "for", "from", "with", "without", "under", "behind"),
    "against",
)


def verdict_lines(finding: Mapping[str, Any]) -> list[str]:
    """Return a verdict and the numbers behind it, in words, one line each.

    Args:
        finding: the claim, its statements and their verdicts, as plain data.
    """
    said = [f"Claim: {finding['claim']} ({finding['source']})"]
    quick = " [reduced version: not evidence]" if finding.get("quick") else ""
    said.append(f"Verdict: {finding['verdict']}{quick}")
    if at_edge := finding.get("tuned_at_edge"):
        names = ", ".join(map(str, at_edge))
        said.append(f"Of the step sizes tried, one at the edge was the best for: {names}")
    apart = finding.get("tuned_apart")
    if apart is not None:
        said.append(TUNED_APART if apart else TUNED_BEFORE)
    said += finding.get("design", ())
    return said + [
        f"  {verdict_in_words(one)}: {one['text']}: {one['words']}{needed_in_words(one)}"
        for one in finding["statements"]
    ]


def needed_in_words(statement: Mapping[str, Any]) -> str:
    """Return how many seeds would decide a statement that is open, to follow its numbers.

    >>> needed_in_words({"verdict": "undecided", "seeds_needed": 43})
    '; about 43 seeds would decide it'
    """
    needed, verdict = statement.get("seeds_needed"), statement["verdict"]
    if needed is not None:
        does = "decide it" if verdict == "undecided" else "refute the claim"
        return f"; about {rounded(needed)} seeds would {does}"
    return "; more seeds alone would not decide it" if verdict == "undecided" else ""


def rounded(seeds: int) -> str:
    """Return a number of seeds as exactly as it is known: in two digits.

    >>> rounded(43), rounded(1234)
    ('43', '1,200')
    """
    return f"{int(float(f'{seeds:.1e}')):,}"


def verdict_in_words(statement: Mapping[str, Any]) -> str:
    """Return a statement's verdict: whether it counts, whether it stands alone, and where.

    >>> verdict_in_words({"verdict": "holds", "aside": True, "where": "on COMPAS"})
    'aside, holds on COMPAS'
    """
    aside = "aside, " if statement["aside"] else ""
    alone = statement["verdict"] == "does not hold" and not statement["refutes"]
    where = condition_in_words(statement.get("where", ""))
    return f"{aside}{statement['verdict']}{' taken alone' if alone else ''} {where}".rstrip()


def condition_in_words(where: str) -> str:
    """Return a condition so that it can follow a verdict.

    >>> condition_in_words("members land in a small group"), condition_in_words("on COMPAS")
    ('where members land in a small group', 'on COMPAS')
    """
    return where if not where or where.split()[0] in STARTS else f"where {where}"
