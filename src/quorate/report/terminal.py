"""Any result in the terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table as RichTable

from quorate.report.columns import columns
from quorate.runs.result import Result, TextRow

UNLIMITED = 10_000  # columns of a console that is wide enough for any table


def print_result(result: Result, console: Console) -> None:
    """Print what was found in words, then each section that is not for the page alone."""
    console.print(result.title, soft_wrap=True)
    for sentence in result.summary():
        console.print(sentence, soft_wrap=True)
    for section in result.sections():
        if section.on_page_only:
            continue
        console.print(f"\n{section.heading}", soft_wrap=True)
        for sentence in section.sentences:
            console.print(sentence, soft_wrap=True)
        if section.rows:
            console.print(_table(section.rows, console))
        for sentence in section.after:
            console.print(sentence, soft_wrap=True)


def _table(rows: Sequence[TextRow], console: Console) -> RichTable:
    """Return a table; where it is too wide for the console, the names of methods are broken."""
    table = _make_table(rows, str)
    whole = Measurement.get(console, console.options.update(width=UNLIMITED), table)
    return table if whole.maximum <= console.width else _make_table(rows, _broken)


def _make_table(rows: Sequence[TextRow], shown: Callable[[str], str]) -> RichTable:
    table, left_aligned = RichTable(), columns(rows)
    for name, left in left_aligned.items():
        side: Literal["left", "right"] = "left" if left else "right"
        table.add_column(_broken(name), justify=side, overflow="fold")
    for row in rows:
        table.add_row(*(shown(row.get(name, "")) for name in left_aligned))
    return table


def _broken(name: str) -> str:
    """Return text, with the name of a method in lines, one a parameter.

    >>> print(_broken("dp-sgd:epsilon=1,delta=0.1"))
    dp-sgd:
    epsilon=1,
    delta=0.1
    """
    return re.sub(r"([:,])(?=[^\s\d])", r"\1\n", name)
