"""What every executor must do: compute what this process would."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import ClassVar

from quorate.checks.properties import hold
from quorate.errors import InputError
from quorate.executors.executor import Executor, Pool
from quorate.runs.cell import PlainCell, Record, Work
from quorate.runs.running import run_missing
from quorate.runs.store import Store

REFUSED = "Expected nothing."


class _Squares(Work[PlainCell]):
    """Squares numbers."""

    kind: ClassVar[str] = "square"

    def prepare(self, stack: Sequence[PlainCell]) -> None:
        """Load nothing."""

    def compute(self, stack: Sequence[PlainCell]) -> list[Record]:
        """Return the square of each number."""
        return [Record(cell.id, {"square": cell.plain["n"] ** 2}) for cell in stack]


def check_executor(executor: Executor) -> list[str]:
    """Check an executor on a few small cells; return the names of the properties."""
    cells = [PlainCell({"n": n}) for n in (3, 0, 4, 1, 2)]
    with executor.open() as pool:
        records = run_missing(_Squares(), cells, Store(None), pool, "Checking")
        error = pool.submit(_refuse).exception()
        ready = pool.workers >= 1 and pool.turn >= 0
        goes_on = not pool.is_remote or _goes_on(pool)
    squares = [record.plain["square"] for record in records]
    refused = isinstance(error, InputError) and str(error) == REFUSED
    return [
        hold(squares == [9, 0, 16, 1, 4], executor, "computes every cell, in order"),
        hold(refused, executor, "hands on what work raises"),
        hold(ready, executor, "says how many workers it has, and how long a message may take"),
        hold(goes_on, executor, "says that a worker was lost, and replaces it"),
    ]


def _goes_on(pool: Pool) -> bool:
    """Whether the pool works when one of its workers has died."""
    try:
        pool.submit(_die).result()
    except pool.lost:
        return bool(pool.submit(abs, -1).result() == 1)
    except Exception:
        return False  # another error would end a run
    return False


def _refuse() -> None:
    raise InputError(REFUSED)


def _die() -> None:
    os._exit(1)
