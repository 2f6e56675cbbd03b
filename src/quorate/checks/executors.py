"""What every executor must do: compute what this process would."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.checks.properties import hold
from quorate.errors import InputError
from quorate.executors.executor import Executor, Pool
from quorate.executors.serial import SERIAL
from quorate.runs.cell import PlainCell, Record, Work
from quorate.runs.running import run_missing
from quorate.runs.store import Store

REFUSED = "Expected nothing."
ROUNDS = 3


class OddError(Exception):
    """An error that pickle packs, and cannot unpack."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")


@dataclass(frozen=True)
class _Draws(Work[PlainCell]):
    """Draws a number from the seed in a cell.

    Args:
        odd: a seed at which an error is raised that cannot travel.
        deadly: a seed that ends the worker.
    """

    kind: ClassVar[str] = "draw"
    odd: int | None = None
    deadly: int | None = None

    def prepare(self, stack: Sequence[PlainCell]) -> None:
        """Load nothing."""

    def compute(self, stack: Sequence[PlainCell]) -> list[Record]:
        """Return what was drawn from each seed, and by which process."""
        return [Record(cell.id, self._draw(cell.plain["seed"])) for cell in stack]

    def _draw(self, seed: int) -> dict[str, float]:
        if seed == self.odd:
            raise OddError("odd", "it cannot travel")
        if seed == self.deadly:
            os._exit(1)
        return {"draw": float(np.random.default_rng(seed).normal()), "process": os.getpid()}


def check_executor(executor: Executor) -> list[str]:
    """Check an executor on a few small cells; return the names of the properties."""
    executor.check()
    cells = [PlainCell({"seed": seed}) for seed in (3, 0, 4, 1, 2, 3)]
    with SERIAL.open() as pool:
        expected = _draws(run_missing(_Draws(), cells, Store(None), pool, "Checking"))
    with executor.open() as pool:
        rounds = [
            run_missing(_Draws(), cells, Store(None), pool, "Checking") for _ in range(ROUNDS)
        ]
        error = pool.submit(_refuse).exception()
        odd = _what_is_raised(_Draws(odd=4), cells, pool, Store(None))
        ready = pool.workers >= 1 and pool.turn >= 0
        goes_on = not pool.is_remote or _goes_on(pool, cells)
        agree = pool.is_elsewhere or not executor.is_elsewhere
        most = pool.workers
    processes = {record.plain["process"] for records in rounds for record in records}
    refused = isinstance(error, InputError) and str(error) == REFUSED
    return [
        hold(
            all(_draws(records) == expected for records in rounds),
            executor,
            "computes every cell as this process does, to the bit and in order",
        ),
        hold(len(processes) <= most, executor, "keeps its workers from one round to the next"),
        hold(refused, executor, "hands on what work raises"),
        hold("it cannot travel" in odd, executor, "says what was raised where it cannot travel"),
        hold(ready, executor, "says how many workers it has, and how long a message may take"),
        hold(agree, executor, "says that it has other machines only where its pool does"),
        hold(
            goes_on,
            executor,
            "replaces lost workers, and finishes all but the cell that loses them",
        ),
    ]


def _draws(records: Sequence[Record]) -> list[float]:
    return [record.plain["draw"] for record in records]


def _what_is_raised(
    work: Work[PlainCell], cells: Sequence[PlainCell], pool: Pool, store: Store
) -> str:
    """Return the error that a run ends with; empty where it ends with none."""
    try:
        run_missing(work, cells, store, pool, "Checking")
    except Exception as error:  # whatever it is: what it says is looked at
        return str(error)
    return ""


def _goes_on(pool: Pool, cells: Sequence[PlainCell]) -> bool:
    """Whether the pool finishes what it can where one cell ends its workers."""
    store = Store(None)
    said = _what_is_raised(_Draws(deadly=4), cells, pool, store)
    return "seed=4" in said and len(store.ids(_Draws.kind)) == len({cell.id for cell in cells}) - 1


def _refuse() -> None:
    raise InputError(REFUSED)
