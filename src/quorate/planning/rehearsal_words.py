"""Rehearsals in words that members can be shown."""

from __future__ import annotations

from collections.abc import Iterator

from quorate.planning.certify import Objective
from quorate.planning.rehearsal import Rehearsal, RehearsalTrend, RehearsedSuccess
from quorate.planning.wording import asked, no_more_than
from quorate.runs.result import Section, TextRow
from quorate.runs.wording import percent, rate

HEADING = "Rehearsed: if the platform trains like this"


def rehearsed(rehearsal: Rehearsal, objective: Objective) -> list[str]:
    """Return what was rehearsed at the share of today, and the share that would be enough."""
    rows = rehearsal.today or rehearsal.rows
    if not rows:
        return []
    learners = list(dict.fromkeys(row.learner for row in rows))
    first = {row.learner: row for row in reversed(rows)}
    row = first[learners[0]]
    each = "; ".join(f"{_success(first[name])} (conditional on {name})" for name in learners)
    today = "as today" if rehearsal.today else "more than today"
    return [
        f"Rehearsed, not certified: all {rehearsal.runs} platforms that were trained here reach "
        f"{each}, with {asked(objective.confidence)} confidence, each trained on "
        f"{row.trained_on:,} members of whom {percent(row.share)} act, {today}.",
        *_enough(rehearsal, objective.success, learners),
    ]


def _success(row: RehearsedSuccess) -> str:
    if not row.success > 0:
        return "nothing"
    return "at least " + no_more_than(row.success)


def _enough(rehearsal: Rehearsal, target: float, learners: list[str]) -> Iterator[str]:
    """Yield from which share on the target is reached in rehearsal, where that is not today's."""
    found = {name: rehearsal.least_share(name, target) for name in learners}
    if all(row is not None and row.is_today for row in found.values()):
        return
    each = "; ".join(
        f"no share that was rehearsed for {name}"
        if row is None
        else f"{percent(row.share)} of the platform for {name}"
        for name, row in found.items()
    )
    yield f"In rehearsal, enough for a success of {asked(target)}: {each}."


def trend(found: RehearsalTrend) -> str:
    """Return how success goes with the rows trained on.

    >>> trend(RehearsalTrend("tree", 0.06, (75, 150), (0.6, 0.7), 0.3, True))
    'tree: mean success rose from 0.600 with 75 rows to 0.700 with 150, at 6% acting; 0.300 if \
nobody acts.'
    """
    before, after = found.means
    how = ("rose" if after > before else "fell") if found.clear else "went (within chance)"
    return (
        f"{found.learner}: mean success {how} from {rate(before)} with {found.rows[0]:,} rows to "
        f"{rate(after)} with {found.rows[1]:,}, at {percent(found.share)} acting; "
        f"{rate(found.without)} if nobody acts."
    )


def section(rehearsal: Rehearsal, objective: Objective) -> Section:
    """Return the part of the page on what was rehearsed."""
    first = rehearsal.rows[0]
    about = (
        f"One half of the members trained a platform, a share of them acting, and the other half "
        f"measured it, {rehearsal.runs} times. In the column 'at least' stands the share of all "
        f"people whom every one of the {rehearsal.runs} platforms wins, with "
        f"{asked(objective.confidence)} confidence. It is conditional on two things: that the "
        f"platform trains this learner, and on {first.trained_on:,} people like the members. It "
        "needs no cells, and numbers stay numbers. Certificates hold for every platform near the "
        "best for its rows; this does not."
    )
    after = "Do more rows help or harm? " + " ".join(trend(one) for one in rehearsal.trends)
    rows = tuple(_text_row(row) for row in rehearsal.rows)
    return Section(HEADING, (about,), rows, (after,))


def _text_row(row: RehearsedSuccess) -> TextRow:
    return {
        "learner": row.learner,
        "share that acts": percent(row.share) + (" (as today)" if row.is_today else ""),
        "who act": f"{row.acting:,} of {row.trained_on:,}",
        "at least": no_more_than(row.success) if row.success > 0 else "–",
        "mean": rate(row.mean),
        "lowest run": rate(row.lowest),
    }
