"""The role of a result: it words itself, and ``report`` renders any of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, overload, runtime_checkable

from quorate.errors import InputError
from quorate.plain import finite
from quorate.runs.parts import Picture as Picture
from quorate.runs.parts import Row as Row
from quorate.runs.parts import Section as Section
from quorate.runs.parts import TextRow as TextRow
from quorate.runs.shown import Shown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@runtime_checkable
class Result(Shown, Protocol):
    """What came of a run: numbers for programs, and words, tables and pictures for people.

    A new kind of result needs no code anywhere else: the terminal, the page, the files, the exports
    and what a notebook shows are made from what is here.

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

    def brief(self) -> str:
        """Return the main numbers in a line, for ``repr``: the first sentence of the summary."""
        return next(iter(self.summary()), self.title)

    def _repr_html_(self) -> str:
        from quorate.runs.snippet import snippet

        section = next((one for one in self.sections() if one.rows), None)
        picture = next(iter(self.pictures().values()), None)
        return snippet(self.title, self.summary(), section, picture)

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a pandas frame: one for each thing measured."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    @overload
    def plot(self, ax: None = None) -> Figure: ...
    @overload
    def plot(self, ax: Axes) -> Axes: ...
    def plot(self, ax: Axes | None = None) -> Figure | Axes:
        """Draw the main picture: into ``ax``, which is returned, or as a figure of its own.

        Args:
            ax: axes to draw into, where the main picture is one panel.

        Raises:
            InputError: there is no picture, or it has several panels and takes no ``ax``.
        """
        if ax is not None:
            self.draw(ax)
            return ax
        picture = next(iter(self.pictures().values()), None)
        if picture is None:
            raise InputError(
                f"Expected a result with a picture, got {type(self).__name__}, which has none "
                "here. Use .to_frame() or .tables()."
            )
        return picture.figure

    def draw(self, ax: Axes) -> None:
        """Draw the main picture into axes of the caller's, where it is one panel.

        Raises:
            InputError: it has several panels.
        """
        raise InputError(
            f"Expected no ax for {type(self).__name__}, whose picture has panels of its own, got "
            "one. Use .plot(), and take what you need from its .axes."
        )

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

    def brief(self) -> str:
        """Return the main numbers in a line."""
        return self.result.brief()

    def to_frame(self) -> pd.DataFrame:
        """Return the main table as a pandas frame."""
        return self.result.to_frame()

    def draw(self, ax: Axes) -> None:
        """Draw the main picture of the result inside into axes of the caller's."""
        self.result.draw(ax)

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
