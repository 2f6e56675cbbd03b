"""The parts of a result: rows for programs and for people, sections, and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
