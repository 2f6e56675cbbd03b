"""What each engine costs: start, overhead a cell, and throughput of a real study, on two workers.

``python -m benchmarks.executors`` prints a table, ``--json`` one JSON object. Figures, not tests.
In every repetition each engine is opened once, in turn, and does the same. What was measured is
kept in a file of rows, and a second call measures only what is missing; the table shows medians.
Slurm takes part where ``SLURM_CONF`` is set.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.executors_work import Echo, echo, echoes, trainings, warm_up
from benchmarks.rows import Row, parser_of, print_rows
from quorate.errors import InputError, WorkerError
from quorate.executors.choose import choose_executor
from quorate.executors.executor import Executor, Pool
from quorate.runs.cell import PlainCell
from quorate.runs.running import run_missing
from quorate.runs.store import Store
from quorate.runtime.progress import tell
from quorate.studies.trial_work import TrialWork

WORKERS = 2
CELLS = 10_000
PEER = "processes"
TARGET = 0.9  # of the throughput of processes
ROWS = Path("runs/benchmarks/executors.jsonl")
STEPS = ("first result", "tiny cells", "study")


def engines() -> dict[str, Callable[[], contextlib.AbstractContextManager[Executor]]]:
    """Return the engines that are here, by name; each yields an executor."""
    named = [PEER, "dask", "ray", *(["slurm"] if os.environ.get("SLURM_CONF") else [])]
    return {name: lambda name=name: _named(name) for name in named} | {"loky": _loky}


@contextlib.contextmanager
def _named(name: str) -> Iterator[Executor]:
    more = ",memory=2GB" if name == "slurm" else ""
    yield choose_executor(executor=f"{name}:workers={WORKERS}{more}")


@contextlib.contextmanager
def _loky() -> Iterator[Executor]:
    """Yield somebody's own executor, handed in."""
    from loky import ProcessPoolExecutor

    with ProcessPoolExecutor(WORKERS) as engine:
        yield choose_executor(executor=engine)


def measure(engine: contextlib.AbstractContextManager[Executor], seeds: int) -> dict[str, float]:
    """Return the seconds of each step, in one opening of the engine."""
    echo(), trainings(1)  # what they load is not counted
    started = time.perf_counter()
    with engine as executor, executor.open() as pool:
        run_missing(Echo(), [PlainCell({"n": -1})], Store(None), pool)
        first = time.perf_counter() - started
        warm_up(pool, WORKERS)
        tiny = _seconds(lambda: run_missing(echo(), echoes(CELLS), Store(None), pool))
        real = _seconds(lambda: _study(pool, seeds))
    return {"first result": first, "tiny cells": tiny, "study": real}


def _study(pool: Pool, seeds: int) -> None:
    run_missing(TrialWork(), trainings(seeds), Store(None), pool)


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure_missing(rows: Path, repeats: int, seeds: int) -> list[dict[str, Any]]:
    """Measure what is not in the file of rows yet; return all rows of these repetitions."""
    rows.parent.mkdir(parents=True, exist_ok=True)
    found = [json.loads(line) for line in rows.read_text().splitlines()] if rows.exists() else []
    done = {(row["engine"], row["repetition"]) for row in found}
    for repetition in range(repeats):
        for name, engine in engines().items():
            if (name, repetition) in done:
                continue
            tell(f"{name}, repetition {repetition + 1} of {repeats}")
            try:
                row = {"engine": name, "repetition": repetition, **measure(engine(), seeds)}
            except (InputError, WorkerError) as error:
                tell(f"{name} is left out: {error}")
                continue
            found.append(row)
            with rows.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    return [row for row in found if row["repetition"] < repeats]


def table(found: list[dict[str, Any]], number: int) -> list[Row]:
    """Return medians beside those of processes.

    >>> rows = [{"engine": "processes", "first result": 1, "tiny cells": 4, "study": 8},
    ...     {"engine": "dask", "first result": 2, "tiny cells": 5, "study": 10}]
    >>> [(row.work, row.ours_seconds, row.ratio) for row in table(rows, 24)][-1]
    ('dask: a study of 24 trainings', 10.0, 0.8)
    """
    names = sorted({row["engine"] for row in found}, key=lambda name: (name != PEER, name))
    medians = {
        (name, step): statistics.median(row[step] for row in found if row["engine"] == name)
        for name in names
        for step in STEPS
    }
    words = {
        "first result": "open() to the first result",
        "tiny cells": f"one of {CELLS:,} cells that do nothing",
        "study": f"a study of {number} trainings",
    }
    rows = []
    for step in STEPS:
        each = CELLS if step == "tiny cells" else 1
        for name in names:
            ours, theirs = (medians[one, step] / each for one in (name, PEER))
            if name == PEER:
                rows.append(Row(f"{name}: {words[step]}", ours))
                continue
            target = TARGET if step == "study" else None
            rows.append(Row(f"{name}: {words[step]}", ours, PEER, theirs, target))
    return rows


def main() -> None:
    """Measure, and print."""
    parser = parser_of("benchmarks.executors", __doc__)
    parser.add_argument("--repeats", type=int, default=5, help="of which the median is taken")
    parser.add_argument("--seeds", type=int, default=16, help="of the study, twelve trainings each")
    parser.add_argument("--rows", type=Path, default=ROWS, help="file of what was measured")
    chosen = parser.parse_args()
    found = measure_missing(chosen.rows, chosen.repeats, chosen.seeds)
    print_rows(table(found, len(trainings(chosen.seeds))), chosen.json)


if __name__ == "__main__":
    main()
