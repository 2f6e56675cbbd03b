"""Work for ``benchmarks.executors``: cells that cost nothing, that wait, and real trainings."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from quorate.executors.executor import Pool
from quorate.runs.cell import PlainCell, Record, Work
from quorate.runs.running import run_missing
from quorate.runs.store import Store
from quorate.runtime.threads import load_libraries
from quorate.studies.study import make_study
from quorate.studies.trial import Trial
from quorate.studies.trial_work import TrialWork, run_trials

LEARNERS = ("sgd:epochs=20", "sgd:model=logistic,epochs=40", "dp-sgd:epochs=20")


@dataclass(frozen=True)
class Echo(Work[PlainCell]):
    """Waits, and answers with what an outcome of a trial weighs, and how long it took.

    Args:
        seconds: to wait in each cell.
        answer: of each cell.
    """

    kind: ClassVar[str] = "echo"
    seconds: float = 0.0
    answer: tuple[tuple[str, Any], ...] = ()

    def prepare(self, stack: Sequence[PlainCell]) -> None:
        """Load nothing."""

    def compute(self, stack: Sequence[PlainCell]) -> list[Record]:
        """Wait once a cell."""
        found = []
        for cell in stack:
            started = time.perf_counter()
            if self.seconds:
                time.sleep(self.seconds)
            took = time.perf_counter() - started
            found.append(Record(cell.id, {**dict(self.answer), "seconds": took}))
        return found


@dataclass(frozen=True)
class Warming(Work[PlainCell]):
    """Loads the libraries, and waits a moment, so that no worker does all cells."""

    kind: ClassVar[str] = "warming"

    def compute(self, stack: Sequence[PlainCell]) -> list[Record]:
        """Say who did it."""
        load_libraries()
        time.sleep(0.2)
        return [Record(cell.id, {"process": os.getpid()}) for cell in stack]


def warm_up(pool: Pool, workers: int) -> None:
    """Return once so many workers have loaded the libraries, and trained a little."""
    seen: set[int] = set()
    for turn in range(100):
        cells = [PlainCell({"turn": turn, "n": n}) for n in range(2 * workers)]
        found = run_missing(Warming(), cells, Store(None), pool)
        seen |= {record.plain["process"] for record in found}
        if len(seen) >= workers:
            run_missing(TrialWork(), trainings(seeds=2, first=100), Store(None), pool)
            return
    raise SystemExit(f"Expected {workers} workers, got {len(seen)} that do anything.")


def trainings(seeds: int = 8, first: int = 0) -> list[Trial]:
    """Return the cells of a study of digits: three learners, four sizes of the collective."""
    return [
        cell
        for seed in range(first, first + seeds)
        for cell in make_study(
            population="digits",
            strategy="planting:size=2",
            learner=list(LEARNERS),
            alphas=[0.0, 0.01, 0.03, 0.1],
            seeds=[seed],
        ).cells()
    ]


@functools.cache
def echo(seconds: float = 0.0) -> Echo:
    """Return work whose answers weigh as much as a trial's."""
    outcome = run_trials(trainings(seeds=1)[:1])[0].to_record().plain
    return Echo(seconds, tuple(outcome.items()))


@functools.cache
def _description() -> dict[str, Any]:
    return trainings(seeds=1)[0].describe()


def echoes(number: int) -> list[PlainCell]:
    """Return cells that weigh as much as trials."""
    return [PlainCell({**_description(), "seed": n}) for n in range(number)]
