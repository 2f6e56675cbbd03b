"""A correction in the terminal: one table, and what there is to know about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from quorate.report.correction_words import (
    adapting,
    agreement,
    budget,
    closed,
    heading,
    how_real,
    noise,
    number,
    others,
    queries,
    table_rows,
)

Summary = Mapping[str, Any]


def print_correction(summary: Summary, console: Console) -> None:
    """Print what a correction found.

    Args:
        summary: as ``correction_summary.summary`` returns it.
        console: where to.
    """

    def say(text: str) -> None:
        console.print(text, soft_wrap=True, markup=False, highlight=False)

    say(heading(summary))
    console.print(measures_table(summary))
    say(closed(summary))
    say(noise(summary))
    say("\nHow much of it is real")
    for line in how_real(summary):
        say(f"  {line}")
    say(f"  {adapting(summary)}\n")
    for line in (others(summary), agreement(summary), queries(summary)):
        say(line)
    if len(summary["cells"]) > 1:
        say("\nGap closed (label-free beside it), means over seeds")
        console.print(cells_table(summary))
    for note in summary["notes"]:
        say(f"Note: {note}")


def measures_table(summary: Summary) -> RichTable:
    """Return every measure before and after, with the interval after, one row each."""
    table = RichTable()
    table.add_column("measure")
    for name in ("before", "after", "95% interval"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in table_rows(summary):
        table.add_row(_plain(row["measure"]), row["before"], row["after"], row["after 95%"])
    return table


def cells_table(summary: Summary) -> RichTable:
    """Return the gap closed by members and queries (rows) and by ε (columns)."""
    cells = summary["cells"]
    budgets = list(dict.fromkeys(cell["epsilon"] for cell in cells))
    several = len({(cell["platform"], cell["proxy"]) for cell in cells}) > 1
    table = RichTable()
    if several:
        table.add_column("platform ← proxy")
    table.add_column("members × queries", justify="right")
    for epsilon in budgets:
        table.add_column(f"ε = {budget(epsilon, summary['headline']['norm'])}", justify="right")
    found: dict[tuple[Any, ...], dict[float, str]] = {}
    for cell in cells:
        key = tuple(cell[name] for name in ("platform", "proxy", "members", "queries"))
        free = number(cell["label_free"]["best"]["value"])
        closed_by = f"{number(cell['gap_closed']['value'])} ({free})"
        found.setdefault(key, {})[cell["epsilon"]] = closed_by
    for (platform, proxy, members, asked), values in found.items():
        who = [_plain(f"{platform} ← {proxy}")] if several else []
        table.add_row(*who, f"{members:,} × {asked:,}", *(values.get(e, "–") for e in budgets))
    return table


def _plain(text: str) -> Any:
    """Return a name as it is: what it holds in brackets is no markup."""
    from rich.text import Text

    return Text(text)
