"""What a benchmark prints: rows of seconds, beside a peer's."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quorate.runtime.provenance import provenance


@dataclass(frozen=True)
class Row:
    """One measurement, beside a peer's where there is one. Seconds; None where there is no value.

    Args:
        work: what was done.
        ours_seconds, peer_seconds: how long it took here, and in the peer.
        peer: what we are compared with.
        target: with a peer, how many times faster we promise to be at least; without, the seconds
            we promise to stay below.
    """

    work: str
    ours_seconds: float
    peer: str | None = None
    peer_seconds: float | None = None
    target: float | None = None

    @property
    def ratio(self) -> float | None:
        """The peer's seconds over ours."""
        return self.peer_seconds / self.ours_seconds if self.peer_seconds else None

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "ratio": self.ratio}


def print_rows(rows: Sequence[Row], as_json: bool) -> None:
    """Print the rows: a table for people, or one JSON object."""
    if as_json:
        plain = {"hardware": provenance(), "rows": [row.to_json() for row in rows]}
        print(json.dumps(plain, ensure_ascii=False, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    facts = provenance()
    table = Table(title=f"{facts['processor']}, {facts['cores']} cores, Python {facts['python']}")
    table.add_column("work")
    for name in ("seconds", "peer", "peer's seconds", "ratio", "target"):
        table.add_column(name, justify="right")
    for row in rows:
        shown = (row.ours_seconds, row.peer, row.peer_seconds, row.ratio, row.target)
        table.add_row(row.work, *(_text(value) for value in shown))
    Console(width=140).print(table)


def _text(value: float | str | None) -> str:
    return "–" if value is None else value if isinstance(value, str) else f"{value:.3g}"


def parser_of(module: str, about: str | None) -> argparse.ArgumentParser:
    """Return the parser of ``python -m <module> [--json]``."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser
