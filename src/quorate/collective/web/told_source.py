"""What a campaign's page says of its source: how sure, what joining brings, and what is enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from quorate.collective.facts.figure import KNOWN, Known, StatedFigure
from quorate.collective.facts.joining import joining, terms_in
from quorate.collective.facts.joining_words import say_joining
from quorate.collective.facts.pledge_chart import CriticalMassMark, marks_of, pledge_chart
from quorate.collective.facts.sources import Facts, source_of
from quorate.collective.facts.training import TrainingFacts
from quorate.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Row

REMEMBERED = 256  # campaigns, and charts


@dataclass(frozen=True, eq=False)
class ToldSource:
    """What a source says, in words.

    Args:
        facts: the source.
        title: what it is of.
        sections: headings and their sentences.
        figures: every number.
        known: what each way of knowing means, of those that occur.
        marks: how many members are enough.
    """

    facts: Facts
    title: str
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    figures: tuple[StatedFigure, ...]
    known: Mapping[Known, str]
    marks: tuple[CriticalMassMark, ...]


class Sources:
    """The sources of all campaigns of a site: each is read once."""

    def __init__(self) -> None:
        self._told = lru_cache(maxsize=REMEMBERED)(_told)

    def told(self, row: Row[Any]) -> ToldSource | None:
        """Return what a campaign's source says; None if it has none that can be read."""
        return None if row.source is None else self._told(_Held(row.id, row.source))

    def joining(self, row: Row[Any]) -> tuple[str, ...]:
        """Return what a member gains and pays by joining, in sentences."""
        told = self.told(row)
        curves = () if told is None else told.facts.curves
        terms, people = terms_in(row.source), None
        if told is not None and isinstance(told.facts, TrainingFacts):
            people = told.facts.platform_size
        return say_joining(joining(curves, terms, row.quorum, row.pledges, people))

    def chart(self, row: Row[Any]) -> Markup:
        """Return the chart of the pledges, beside how many are enough."""
        told = self.told(row)
        return _chart(row.pledges, row.quorum, () if told is None else told.marks)


@dataclass(frozen=True)
class _Held:
    """A campaign's source, which never changes: its id stands for it."""

    id: str
    source: Mapping[str, Any]

    def __hash__(self) -> int:
        return hash(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self.id == other.id


def _told(held: _Held) -> ToldSource | None:
    """Return what a source says; None for one that an older version stored and this cannot read."""
    try:
        facts = source_of(held.source, "the campaign's source")
    except StoreError:
        return None
    figures = facts.figures()
    sections = (
        ("How sure this is", facts.how_sure()),
        ("What members give up", facts.costs()),
        ("What is taken for granted", facts.assumptions()),
        ("What would break it", facts.limits()),
    )
    used = {one.known for one in figures}
    known = {name: words for name, words in KNOWN.items() if name in used}
    return ToldSource(facts, facts.title, sections, figures, known, marks_of(facts))


@lru_cache(maxsize=REMEMBERED)
def _chart(pledges: int, quorum: int, marks: tuple[CriticalMassMark, ...]) -> Markup:
    return Markup(pledge_chart(pledges, quorum, marks))
