"""Any result in the terminal, however wide it is and whatever letters it knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table as RichTable

from quorate.runs.columns import columns
from quorate.runs.result import Result, TextRow
from quorate.runtime.output import readable

INDENT = "  "  # before what belongs to the line above
Breaking = Literal["nothing", "words", "words and numbers"]  # what may go over several lines
# From the one that is read most easily to the one that fits almost anywhere: with blanks or without
TRIES: tuple[tuple[Breaking, int], ...] = (
    ("nothing", 1),
    ("words", 1),
    ("words", 0),
    ("words and numbers", 1),
    ("words and numbers", 0),
)


def print_result(result: Result, console: Console) -> None:
    """Print what was found in words, then each section that is not for the page alone."""

    def say(text: str) -> None:
        console.print(readable(text, console.encoding), soft_wrap=True)

    say(result.title)
    for sentence in result.summary():
        say(sentence)
    for section in result.sections():
        if section.on_page_only:
            continue
        say(f"\n{section.heading}")
        for sentence in section.sentences:
            say(sentence)
        if section.rows:
            _print_table(section.rows, console)
        for sentence in section.after:
            say(sentence)


def _print_table(rows: Sequence[TextRow], console: Console) -> None:
    """Print a table: whole, else with its text in lines, else each row in lines of its own.

    No word is cut: where the words of a row have no room side by side, they stand one below the
    other.
    """
    found = [
        _Column(
            readable(name, console.encoding),
            tuple(readable(row.get(name, ""), console.encoding) for row in rows),
            left,
        )
        for name, left in columns(rows).items()
    ]
    for breaking, padding in TRIES:
        room = console.width - (2 * padding + 1) * len(found) - 1
        if (widths := _share(room, found, breaking)) is not None:
            console.print(_drawn(found, widths, padding))
            return
    for line in _stacked(found, console.width):
        console.print(line, soft_wrap=True)


@dataclass(frozen=True)
class _Column:
    """One column as text.

    Args:
        heading, cells: what stands there.
        left: whether it is of words, which stand to the left.
    """

    heading: str
    cells: tuple[str, ...]
    left: bool

    def widths(self, breaking: Breaking) -> tuple[int, int]:
        """Return the narrowest width that cuts no word, and the width that breaks nothing."""
        heading = _broken(self.heading).splitlines()
        most = _longest([*heading, *self.cells])
        if breaking == "nothing":
            return most, most
        broken = self.left or breaking == "words and numbers"
        texts = [self.heading, *(self.cells if broken else ())]
        pieces = [piece.rstrip() for text in texts for piece in _pieces(text)]
        return _longest([*pieces, *(() if broken else self.cells)]), most

    def lines(self, text: str, width: int) -> str:
        """Return text in lines of that width, broken only where it is too long."""
        if len(text) <= width:
            return text
        parts = [text] if " " in text else _broken(text).splitlines()
        return "\n".join(line for part in parts for line in _filled(part, width))


def _share(room: int, found: Sequence[_Column], breaking: Breaking) -> list[int] | None:
    """Return the width of each column; None where there is no room.

    What is left makes numbers whole, those first that want least; the rest is shared by words.

    >>> _share(13, [_Column("a few words", (), True), _Column("so many", ("9",), False)], "words")
    [6, 7]
    """
    ends = [column.widths(breaking) for column in found]
    widths, most = [least for least, _ in ends], [end for _, end in ends]
    if sum(widths) > room:
        return None

    def rank(column: int) -> tuple[bool, int]:
        words = found[column].left
        return words, widths[column] if words else most[column] - widths[column]

    for _ in range(min(room, sum(most)) - sum(widths)):
        waiting = (i for i, end in enumerate(most) if end > widths[i])
        widths[min(waiting, key=rank)] += 1
    return widths


def _drawn(found: Sequence[_Column], widths: Sequence[int], padding: int) -> RichTable:
    table = RichTable(padding=(0, padding))
    for column, width in zip(found, widths, strict=True):
        side: Literal["left", "right"] = "left" if column.left else "right"
        heading = column.lines(column.heading, width)
        table.add_column(heading, justify=side, overflow="fold", width=width)
    for cells in zip(*(column.cells for column in found), strict=True):
        each = zip(found, cells, widths, strict=True)
        table.add_row(*(column.lines(cell, width) for column, cell, width in each))
    return table


def _stacked(found: Sequence[_Column], width: int) -> Iterator[str]:
    """Yield each row as lines: the first cell, and below it every other by its heading."""
    for cells in zip(*(column.cells for column in found), strict=True):
        for place, (column, cell) in enumerate(zip(found, cells, strict=True)):
            indent = INDENT * bool(place)
            line, *more = _filled(f"{column.heading}: {cell}", width - len(indent + INDENT))
            yield from (indent + line, *(indent + INDENT + one for one in more))


def _filled(text: str, width: int) -> list[str]:
    """Return text in lines that end after a word, or a parameter of a method's name.

    >>> _filled("platform: dp-sgd:epsilon=1,delta=0.1", 20)
    ['platform: dp-sgd:', 'epsilon=1,delta=0.1']
    """
    lines = [""]
    for piece in _pieces(text):
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _pieces(text: str) -> list[str]:
    """Return text in pieces between which a line may end.

    >>> _pieces("a worst-group: dp-sgd:epsilon=1e-05")
    ['a ', 'worst-', 'group: ', 'dp-', 'sgd:', 'epsilon=1e-05']
    """
    return re.split(r"(?<=\s)|(?<=[:,])(?=[^\s\d])|(?<=[a-z]-)(?=[a-z])", text)


def _longest(lines: Sequence[str]) -> int:
    return max(map(len, lines), default=0)


def _broken(name: str) -> str:
    """Return text, with the name of a method in lines, one a parameter.

    >>> print(_broken("dp-sgd:epsilon=1,delta=0.1"))
    dp-sgd:
    epsilon=1,
    delta=0.1
    """
    return re.sub(r"([:,])(?=[^\s\d])", r"\1\n", name)
