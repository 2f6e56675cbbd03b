"""Work that needs no library and little time: squares of numbers, and workers that die of some."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from quorate.runs.cell import PlainCell, Record, Work

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Squares(Work[PlainCell]):
    """Squares numbers.

    Args:
        deadly: numbers that end the worker.
        hungry: numbers that need much memory for a moment.
        seconds: that each number takes.
    """

    kind: ClassVar[str] = "squares"
    deadly: tuple[int, ...] = ()
    hungry: tuple[int, ...] = ()
    seconds: float = 0.0

    def prepare(self, stack: Sequence[PlainCell]) -> None:
        """Load nothing."""

    def compute(self, stack: Sequence[PlainCell]) -> list[Record]:
        """Return the square of each number, and its root, whose digits show every bit."""
        if any(cell.plain["n"] in self.deadly for cell in stack):
            os._exit(1)
        if any(cell.plain["n"] in self.hungry for cell in stack):
            held = b"\xff" * (600 * MEBIBYTE)
            time.sleep(5)  # Dask looks ten times a second
            del held
        time.sleep(self.seconds)
        return [
            Record(cell.id, {"square": cell.plain["n"] ** 2, "root": cell.plain["n"] ** 0.5})
            for cell in stack
        ]


def cells(*numbers: int) -> list[PlainCell]:
    """Return a cell for each number."""
    return [PlainCell({"n": n}) for n in numbers]


def squares(records: Sequence[Record]) -> list[int]:
    """Return the squares that were found."""
    return [record.plain["square"] for record in records]
