"""What a message, a cell and a record cost the one process that sends and stores, measured."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.executors_simulation import Costs, Stack, simulate
from benchmarks.executors_work import Echo, echo, echoes, trainings
from quorate.executors.executor import Pool
from quorate.runs import portions
from quorate.runs.cell import Work
from quorate.runs.running import run_missing
from quorate.runs.store import Store
from quorate.studies.trial_work import TrialWork

IDLE = 5.0  # seconds
PINGS = 50


class Counted:
    """A pool that counts its messages."""

    def __init__(self, pool: Pool) -> None:
        self._pool, self.messages = pool, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def submit(self, work: Callable[..., Any], /, *args: Any) -> Any:
        """Count the message, and hand it on."""
        self.messages += 1
        return self._pool.submit(work, *args)


@dataclass(frozen=True)
class Spent:
    """What a run took.

    Args:
        seconds: from its beginning to its end.
        cpu: seconds of this process, all threads together.
        messages: that were sent.
    """

    seconds: float
    cpu: float
    messages: int


def run(
    pool: Pool, work: Work[Any], cells: Sequence[Any], most: int = portions.MOST_STACKS
) -> Spent:
    """Run cells into a store on the disk, with at most so many stacks in a message."""
    counted: Any = Counted(pool)
    with (
        tempfile.TemporaryDirectory() as folder,
        Store(Path(folder), write=True) as store,
        mock.patch.object(portions, "MOST_STACKS", most),
    ):
        started, cpu = time.perf_counter(), time.process_time()
        run_missing(work, cells, store, counted)
        return Spent(time.perf_counter() - started, time.process_time() - cpu, counted.messages)


def measure_store(cells: int = 2000) -> float:
    """Return the seconds that it takes to store the record of a cell, with its digest."""
    records = echo().compute(echoes(cells))
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder), write=True) as store:
        started = time.process_time()
        for record in records:
            store.add("echo", record)
        return (time.process_time() - started) / cells


def measure_costs(pool: Pool, store: float, cells: int = 1500) -> Costs:
    """Return what an engine costs, by least squares over runs with many and few messages.

    Args:
        pool: its workers, who have worked before.
        store: seconds to store a record.
        cells: of a run; a quarter of them are sent one by one as well.
    """
    many, few = run(pool, echo(), echoes(cells)), run(pool, echo(), echoes(cells // 4), most=1)
    design = np.array([[cells, many.messages], [cells // 4, few.messages]], dtype=float)
    each, message = np.linalg.solve(design, np.array([many.cpu, few.cpu]))
    travel = statistics.median(_ping(pool) for _ in range(PINGS))
    return Costs(
        message=max(0.0, float(message)),
        cell=max(0.0, float(each) - store),
        store=store,
        travel=max(0.0, travel - float(message)),
        turn=pool.turn,
        queued=1 if pool.look() is not None else 2,
    )


def measure_idle() -> float:
    """Return the part of a core that this process takes while its workers have nothing to do."""
    cpu = time.process_time()
    time.sleep(IDLE)
    return (time.process_time() - cpu) / IDLE


def _ping(pool: Pool) -> float:
    started = time.perf_counter()
    pool.submit(abs, -1).result()
    return time.perf_counter() - started


def validate(pool: Pool, costs: Costs) -> list[dict[str, Any]]:
    """Return how long runs took, beside what the simulation makes of the seconds of their cells."""
    found = [
        _compare(pool, costs, Echo(seconds, echo().answer), echoes(cells), f"wait {seconds:g} s")
        for seconds, cells in ((0.01, 500), (0.1, 60), (1.0, 6))
    ]
    return [*found, _compare(pool, costs, TrialWork(), trainings(seeds=4), "are trained")]


def _compare(
    pool: Pool, costs: Costs, work: Work[Any], cells: Sequence[Any], what: str
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder), write=True) as store:
        started = time.perf_counter()
        records = run_missing(work, cells, store, pool)
        took = time.perf_counter() - started
    seconds = {record.id: record.plain["seconds"] for record in records}
    cut = work.stacks(cells, pool.workers)
    stacks: list[Stack] = [[seconds[cell.id] for cell in stack] for stack in cut]
    said = simulate(stacks, pool.workers, costs).makespan
    return {"what": f"{len(cells)} cells that {what}", "took": took, "said": said}
