"""Pledges so far, beside the quorum and what is known of how many are enough: a chart in SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quorate.collective.facts import svg
from quorate.collective.facts.correction import CorrectionFacts
from quorate.collective.facts.figure import Known
from quorate.collective.facts.sources import Facts

LEFT, RIGHT = 8.0, svg.WIDTH - 8.0
BAR, ROW = 16.0, 34.0  # heights of the bar of pledges, and of one row below it
ROOM = 1.08  # of the largest number that is drawn, the axis goes on so far


@dataclass(frozen=True)
class CriticalMassMark:
    """One statement of how many members are enough.

    Args:
        known: how it is known.
        called: by whom, such as a learner; empty where there is one alone.
        members: that are enough; inf where no number that was tried is, NaN where all failed.
        low, high: ends of its interval; equal to ``members`` where it has none.
    """

    known: Known
    called: str
    members: float
    low: float
    high: float

    def words(self) -> str:
        """Return it in a few words."""
        who = f"{self.known}, {self.called}" if self.called else self.known
        if not math.isfinite(self.members):
            none = "no number tried was enough" if math.isinf(self.members) else "failed"
            return f"{who}: {none}"
        if self.low == self.high:
            return f"{who}: {_people(self.members)}"
        high = _people(self.high) if math.isfinite(self.high) else "more than was tried"
        return f"{who}: {_people(self.members)} ({_people(self.low)} to {high})"


def marks_of(facts: Facts) -> tuple[CriticalMassMark, ...]:
    """Return all that a source says of how many members are enough, the surest first."""
    if isinstance(facts, CorrectionFacts):
        real = [float(one.members) for one in facts.collectives if one.gap_closed.low > 0]
        return (CriticalMassMark("measured", "", *[min(real)] * 3),) if real else ()
    certified = facts.certified_members
    enough = math.inf if certified is None else float(certified)
    found = [CriticalMassMark("certified", "", enough, enough, enough)]
    size = facts.platform_size
    for name in facts.rehearsed_learners:
        row = facts.least_rehearsed(name, facts.certification.objective.success)
        enough = math.inf if row is None else row.share * size
        found.append(CriticalMassMark("rehearsed", name, enough, enough, enough))
    found += [
        CriticalMassMark(
            "simulated", row.learner, row.critical_mass * size, row.low * size, row.high * size
        )
        for row in facts.simulated
    ]
    return tuple(found)


def pledge_words(pledges: int, quorum: int) -> str:
    """Return how far the pledges are.

    >>> pledge_words(12, 40)
    '12 pledges of the 40 that are asked for: 28 are missing.'
    >>> pledge_words(40, 40)
    '40 pledges of the 40 that are asked for: the quorum is reached.'
    """
    missing = quorum - pledges
    rest = f"{missing:,} {'is' if missing == 1 else 'are'} missing"
    so_far = f"{pledges:,} pledge{'' if pledges == 1 else 's'}"
    return (
        f"{so_far} of the {quorum:,} that are asked for: "
        f"{'the quorum is reached' if missing <= 0 else rest}."
    )


def pledge_chart(
    pledges: int, quorum: int, marks: Sequence[CriticalMassMark] = (), name: str = "pledges"
) -> str:
    """Return the chart.

    Args:
        pledges: so far.
        quorum: that is asked for.
        marks: what is known of how many are enough; see ``marks_of``.
        name: begins its ids, which must differ between the charts of one page.
    """
    numbers = [one for mark in marks for one in (mark.members, mark.low, mark.high)]
    finite = [one for one in numbers if math.isfinite(one)]
    scale = (RIGHT - LEFT) / (ROOM * max(1, pledges, quorum, *finite))

    def place(members: float) -> float:
        return min(LEFT + scale * members, RIGHT)

    top = 2 * svg.TEXT
    bottom = top + BAR + ROW * len(marks) + 6
    parts = [
        svg.words(f"{pledges:,} of {quorum:,}", place(pledges), svg.TEXT),
        _bar(LEFT, RIGHT, top, "currentColor", 0.12),
        _bar(LEFT, place(pledges), top, svg.BLUE, 1.0),
    ]
    quorum_at = place(quorum)
    parts.append(_at_quorum(quorum_at, top - 4, top + BAR + 4))
    for number, mark in enumerate(marks):
        y = top + BAR + ROW * number + svg.TEXT + 4
        parts.append(svg.tag("text", svg.cut(mark.words(), RIGHT - LEFT), x=LEFT, y=y))
        line = y + 10
        parts.append(_at_quorum(quorum_at, line - 6, line + 6))
        parts += _mark(mark, line, *map(place, (mark.members, mark.low, mark.high)))
    parts.append(svg.words(f"quorum {quorum:,}", quorum_at, bottom + svg.TEXT + 2))
    said = [pledge_words(pledges, quorum)]
    said += [f"{_capital(mark.words())}." for mark in marks]
    title = "Pledges so far, the quorum, and how many are enough"
    return svg.chart(name, title, " ".join(said), bottom + 2 * svg.TEXT, parts)


def _bar(left: float, right: float, top: float, fill: str, opacity: float) -> str:
    box = {"x": left, "y": top, "width": max(right - left, 0.0), "height": BAR, "rx": 3}
    return svg.tag("rect", **box, fill=fill, fill_opacity=f"{opacity:g}")


def _at_quorum(x: float, top: float, bottom: float) -> str:
    """Return a piece of the line of the quorum, which leaves the words free."""
    ends = {"x1": x, "x2": x, "y1": top, "y2": bottom}
    return svg.tag("line", **ends, stroke="currentColor", stroke_width=1.5)


def _mark(mark: CriticalMassMark, y: float, at: float, low: float, high: float) -> Iterator[str]:
    """Yield the mark of one statement: its interval, and a shape by how it is known."""
    colour = {"certified": svg.GREEN, "simulated": svg.ORANGE}.get(mark.known, "currentColor")
    if math.isnan(mark.members):
        return
    if math.isinf(mark.members):  # it goes on beyond what is drawn
        tip = svg.points([RIGHT - 8, RIGHT, RIGHT - 8], [y - 5, y, y + 5])
        yield svg.tag("polyline", points=tip, fill="none", stroke=colour, stroke_width=2)
        return
    if low < high:
        ends = {"x1": low, "x2": high, "y1": y, "y2": y}
        yield svg.tag("line", **ends, stroke=colour, stroke_width=3, stroke_opacity="0.6")
    if mark.known == "simulated":
        yield svg.tag("circle", cx=at, cy=y, r=5, fill=colour)
        return
    across = (0, 6, 0, -6) if mark.known == "certified" else (-5, 5, 5, -5)  # diamond, or square
    down = (-6, 0, 6, 0) if mark.known == "certified" else (-5, -5, 5, 5)
    corners = svg.points([at + x for x in across], [y + one for one in down])
    yield svg.tag("polygon", points=corners, fill=colour)


def _people(members: float) -> str:
    return f"{math.ceil(members - 1e-6):,}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
