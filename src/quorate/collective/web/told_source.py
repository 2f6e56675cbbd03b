"""What a campaign's page says of its source: how sure, what joining brings, and what is enough."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from quorate.collective.facts.figure import KNOWN, Known, StatedFigure
from quorate.collective.facts.joining import JoiningTerms, joining, terms_in
from quorate.collective.facts.joining_words import ToldJoining, say_joining
from quorate.collective.facts.pledge_chart import CriticalMassMark, marks_of, pledge_chart
from quorate.collective.facts.quorum import say_quorum
from quorate.collective.facts.sources import Facts, source_of
from quorate.collective.facts.training import TrainingFacts
from quorate.collective.service import campaigns
from quorate.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

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


@dataclass(frozen=True, eq=False)
class _Read:
    """A campaign's source, which never changes: what it says, and the terms of joining in it."""

    told: ToldSource | None
    terms: JoiningTerms


class Sources:
    """The sources of all campaigns of a site: each is read once."""

    def __init__(self) -> None:
        self._read: OrderedDict[str, _Read] = OrderedDict()
        self._lock = threading.Lock()

    def told(self, connection: Connection, row: Row[Any]) -> ToldSource | None:
        """Return what a campaign's source says; None if it has none that can be read."""
        return self._of(connection, row.id).told

    def quorum(self, connection: Connection, row: Row[Any]) -> str:
        """Return what the source says against a quorum; empty where nothing does."""
        told = self.told(connection, row)
        return "" if told is None else say_quorum(told.facts, row.quorum)

    def joining(self, connection: Connection, row: Row[Any]) -> ToldJoining:
        """Return what a member gains and pays by joining, in sentences."""
        read = self._of(connection, row.id)
        curves = () if read.told is None else read.told.facts.curves
        people = None
        if read.told is not None and isinstance(read.told.facts, TrainingFacts):
            people = read.told.facts.platform_size
        return say_joining(joining(curves, read.terms, row.quorum, row.pledges, people))

    def chart(self, connection: Connection, row: Row[Any]) -> Markup:
        """Return the chart of the pledges, beside how many are enough."""
        told = self.told(connection, row)
        return _chart(row.pledges, row.quorum, () if told is None else told.marks)

    def _of(self, connection: Connection, campaign: str) -> _Read:
        with self._lock:
            found = self._read.get(campaign)
        if found is None:
            source = campaigns.find_source(connection, campaign)
            found = _Read(None if source is None else _told(source), terms_in(source))
            with self._lock:
                self._read[campaign] = found
                if len(self._read) > REMEMBERED:
                    self._read.popitem(last=False)
        return found


def _told(source: Mapping[str, Any]) -> ToldSource | None:
    """Return what a source says; None for one that an older version stored and this cannot read."""
    try:
        facts = source_of(source, "the campaign's source")
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
