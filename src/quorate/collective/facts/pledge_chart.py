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
ROW = 40.0  # height of one row: its words, and its place on the scale below them
TRACK = 6.0  # height of the scale in a row
GAP = 2 * svg.LETTER  # between the words of a row and its number
ROOM = 1.08  # of the largest number that is drawn, the scale goes on so far


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

    def label(self) -> str:
        """Return how it is known, and by whom."""
        known = self.known.capitalize()
        return f"{known}: {self.called}" if self.called else known

    def number(self) -> str:
        """Return how many are enough, with the interval."""
        if not math.isfinite(self.members):
            return "no number tried" if math.isinf(self.members) else "failed"
        if self.low == self.high:
            return _people(self.members)
        high = _people(self.high) if math.isfinite(self.high) else "more than was tried"
        return f"{_people(self.members)} ({_people(self.low)} to {high})"

    def words(self) -> str:
        """Return it in a few words."""
        return f"{self.label()}, {self.number()}"


def marks_of(facts: Facts) -> tuple[CriticalMassMark, ...]:
    """Return all that a source says of how many members are enough, the surest first."""
    if isinstance(facts, CorrectionFacts):
        least = facts.least_members
        return () if least is None else (CriticalMassMark("measured", "", *[float(least)] * 3),)
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

    rows = [("Pledges so far", f"{pledges:,}"), ("Quorum", f"{quorum:,}")]
    rows += [(_fitting(mark), mark.number()) for mark in marks]
    parts: list[str] = []
    for row, (label, number) in enumerate(rows):
        y = ROW * row + svg.TEXT + 1
        parts += _words(label, number, y)
        parts.append(_bar(LEFT, RIGHT, y + 12, "currentColor", 0.12))
        if row == 0:
            parts.append(_bar(LEFT, place(pledges), y + 12, svg.BLUE, 1.0))
        else:
            parts.append(_at_quorum(place(quorum), y + 12, 9 if row == 1 else 5))
        if row > 1:
            mark = marks[row - 2]
            parts += _mark(mark, y + 12, *map(place, (mark.members, mark.low, mark.high)))
    said = [pledge_words(pledges, quorum)]
    said += [f"{mark.words()}." for mark in marks]
    title = "Pledges so far, the quorum, and how many are enough"
    return svg.chart(name, title, " ".join(said), ROW * len(rows) - 8, parts)


def _fitting(mark: CriticalMassMark) -> str:
    """Return a label, without how it is known where the shape must say that."""
    room = RIGHT - LEFT - len(mark.number()) * svg.LETTER - GAP
    return mark.label() if len(mark.label()) * svg.LETTER <= room else mark.called


def _words(label: str, number: str, y: float) -> tuple[str, str]:
    """Return the words of a row, cut where its number needs the room, and its number."""
    number = svg.cut(number, (RIGHT - LEFT) * 0.7)
    label = svg.cut(label, RIGHT - LEFT - len(number) * svg.LETTER - GAP)
    return (
        svg.tag("text", label, x=LEFT, y=y),
        svg.tag("text", number, x=RIGHT, y=y, text_anchor="end", font_weight="bold"),
    )


def _bar(left: float, right: float, y: float, fill: str, opacity: float) -> str:
    box = {"x": left, "y": y - TRACK / 2, "width": max(right - left, 0.0), "height": TRACK, "rx": 3}
    return svg.tag("rect", **box, fill=fill, fill_opacity=f"{opacity:g}")


def _at_quorum(x: float, y: float, half: float) -> str:
    """Return a piece of the line of the quorum, which leaves the words free."""
    ends = {"x1": x, "x2": x, "y1": y - half, "y2": y + half}
    return svg.tag("line", **ends, stroke="currentColor", stroke_width=2)


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
