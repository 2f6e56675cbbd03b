"""The role of a result: it words itself, and ``report`` renders any of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from quorate.plain import finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = dict[str, Any]  # numbers and words for programs: value by column
TextRow = Mapping[str, str]  # one row of a table for people: text by column heading


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure, with the sentence or two that say what is seen in it.

    Args:
        figure: what is drawn.
        caption: what is seen.
        photographs: whether pixels are shown; it is then a PNG alone, at its own size.
    """

    figure: Figure
    caption: str
    photographs: bool = False


@dataclass(frozen=True, eq=False)
class Section:
    """One part of a page or of what is printed: a heading, sentences, pictures, and a table.

    Args:
        heading: what the part is about; also the table's name.
        sentences: whole sentences, each a paragraph of its own.
        rows: the table, one row of text each.
        after: sentences that stand below the table.
        pictures: names of the pictures that stand here; all others stand at the top of the page.
        on_page_only: whether the terminal leaves it out, since it is long.
    """

    heading: str
    sentences: tuple[str, ...] = ()
    rows: tuple[TextRow, ...] = ()
    after: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    on_page_only: bool = False

    def told(self) -> dict[str, Any]:
        """Return all but the table and the pictures, as plain data."""
        return {
            "heading": self.heading,
            "sentences": list(self.sentences),
            "after": list(self.after),
            "on_page_only": self.on_page_only,
        }


@runtime_checkable
class Result(Protocol):
    """What came of a run: numbers for programs, and words, tables and pictures for people.

    A new kind of result needs no code anywhere else: the terminal, the page, the files and the
    exports are made from what is here.

    Attributes:
        stem: begins the names of its files: STEM.html and STEM.json. They are report.html and
            results.json where the run has its folder to itself.
    """

    stem: ClassVar[str] = "report"

    @property
    @abstractmethod
    def title(self) -> str:
        """What the page is called."""

    @property
    def question(self) -> str:
        """What was asked, in one sentence; it stands below the title."""
        return ""

    @property
    def closing(self) -> str:
        """Where people's data went: the last sentence of the page."""
        return "No one's data left the machine that made this page."

    @property
    def verdict(self) -> Mapping[str, Any] | None:
        """What is claimed of the result and whether it holds, as plain data; None for no claim."""
        return None

    @abstractmethod
    def summary(self) -> list[str]:
        """Return what was found in whole sentences, the most important first."""

    @abstractmethod
    def sections(self) -> list[Section]:
        """Return the tables and what must be known beside them, in the order of reading."""

    @abstractmethod
    def rows(self) -> list[Row]:
        """Return one flat row for each thing measured, with its ``seed`` where there are several.

        They are what the statements of an experiment are judged by.
        """

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints: plain data, None where there is no number."""

    def data(self) -> dict[str, list[Row]]:
        """Return every table of numbers by its name, each a CSV file; the first is the main one."""
        return {"cells": self.rows()}

    def stored(self) -> dict[str, Any]:
        """Return what the JSON file holds: that of ``--json``, and what exports are made from.

        Tables of numbers stand in ``data`` by name, with None for the one that ``rows`` is.
        """
        rows = finite(self.rows())
        data = {name: finite(table) for name, table in self.data().items()}
        return {
            **self.to_json(),
            **self.told(),
            "rows": rows,
            "data": {name: None if table == rows else table for name, table in data.items()},
        }

    def told(self) -> dict[str, Any]:
        """Return what people are told, as plain data: enough to show the result again."""
        sections = [one.told() for one in self.sections()]
        return {
            "title": self.title,
            "sentences": self.summary(),
            "sections": sections,
            "tables": self.tables(),
        }

    def pictures(self) -> dict[str, Picture]:
        """Return the pictures by file name without its ending, the most telling first."""
        return {}

    def settings(self) -> dict[str, str]:
        """Return what was asked for, parameter by parameter, where the facts do not say it."""
        return {}

    def facts(self) -> dict[str, str]:
        """Return where the numbers come from, in words by label: settings, versions, machine."""
        return {}

    def files(self) -> dict[str, bytes]:
        """Return further files to take away, by name."""
        return {}

    def tables(self) -> dict[str, list[TextRow]]:
        """Return the tables of the sections, by heading."""
        return {one.heading: list(one.rows) for one in self.sections() if one.rows}


class WrappedResult(Result):
    """A result with something around it: what a subclass does not say, the result inside says."""

    result: Result

    @property
    def title(self) -> str:
        """What the page is called."""
        return self.result.title

    @property
    def question(self) -> str:
        """What was asked."""
        return self.result.question

    @property
    def closing(self) -> str:
        """Where people's data went."""
        return self.result.closing

    def summary(self) -> list[str]:
        """Return what was found in whole sentences."""
        return self.result.summary()

    def sections(self) -> list[Section]:
        """Return the tables and what must be known beside them."""
        return self.result.sections()

    def rows(self) -> list[Row]:
        """Return one flat row for each thing measured."""
        return self.result.rows()

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return self.result.to_json()

    def data(self) -> dict[str, list[Row]]:
        """Return every table of numbers by its name."""
        return self.result.data()

    def stored(self) -> dict[str, Any]:
        """Return what the JSON file holds."""
        return self.result.stored()

    def pictures(self) -> dict[str, Picture]:
        """Return the pictures by file name."""
        return self.result.pictures()

    def settings(self) -> dict[str, str]:
        """Return what was asked for."""
        return self.result.settings()

    def facts(self) -> dict[str, str]:
        """Return where the numbers come from."""
        return self.result.facts()

    def files(self) -> dict[str, bytes]:
        """Return further files to take away."""
        return self.result.files()
