"""Where one writer saturates: measured costs of each engine, and a simulation of many workers.

``python -m benchmarks.executors_scale`` measures what a message, a cell and a record cost on two
local workers, compares the simulation with real runs on one and two workers, and prints how
efficient 1 to 4,096 workers would be. What was measured is kept in a file; ``--figure FILE`` draws.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.executors_costs import measure_costs, measure_idle, measure_store, validate
from benchmarks.executors_simulation import Costs, Run, saturation, simulate
from benchmarks.executors_work import warm_up
from benchmarks.rows import Row, parser_of, print_rows
from quorate.errors import InputError, WorkerError
from quorate.executors.choose import choose_executor
from quorate.figures.style import (
    COLOURS,
    DASHED,
    DASHES,
    MARKERS,
    Figure,
    paired_panels,
    render,
    set_ticks,
    styled,
)
from quorate.runs.portions import MOST_STACKS
from quorate.runtime.progress import tell

DURATIONS = {0.01: "10 ms", 0.1: "100 ms", 1.0: "1 s", 10.0: "10 s"}
WORKERS = tuple(2**k for k in range(13))
EACH = {0.01: 200, 0.1: 100, 1.0: 50, 10.0: 50}  # cells for each worker
SAVED = Path("runs/benchmarks/executors-costs.json")
MANY = 8  # idle workers
SPREAD = 0.2  # cells take up to so much more or less than their mean


def engines() -> list[str]:
    """Return the engines that are here."""
    return ["processes", "dask", "ray", *(["slurm"] if os.environ.get("SLURM_CONF") else [])]


def measure(engine: str, store: float) -> dict[str, Any]:
    """Return the costs of an engine, and how the simulation compares on one and two workers."""
    runs: list[dict[str, Any]] = []
    for workers in (2, 1):
        with choose_executor(executor=f"{engine}:workers={workers}").open() as pool:
            warm_up(pool, workers)
            if workers == 2:
                costs = measure_costs(pool, store)
            runs += [{"workers": workers, **one} for one in validate(pool, costs)]
    return {"engine": engine, "costs": {**asdict(costs), "beat": _beat(engine)}, "runs": runs}


def _beat(engine: str) -> float:
    """Return what a sign of life costs, by what idle workers cost beyond those of a pool of two."""
    if engine not in ("dask", "slurm"):
        return 0.0
    idle = []
    for workers in (2, MANY):
        with choose_executor(executor=f"dask:workers={workers}").open() as pool:
            while (there := pool.look()) is not None and there.ready < workers:
                time.sleep(0.5)
            idle.append(measure_idle())
    return max(0.0, idle[1] - idle[0]) / (2 * (MANY - 2))  # each twice a second


def measure_missing(path: Path) -> list[dict[str, Any]]:
    """Measure the engines that are not in the file yet; return all that are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    store = measure_store()
    for engine in engines():
        if engine in [one["engine"] for one in found]:
            continue
        tell(f"{engine}: costs and runs")
        try:
            found.append(measure(engine, store))
        except (InputError, WorkerError) as error:
            tell(f"{engine} is left out: {error}")
            continue
        path.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return found


def forecast(costs: Costs, seconds: float, workers: int) -> Run:
    """Return what comes of a run of cells that take so long, give or take, one in a stack."""
    rng = np.random.default_rng(0)
    cells = EACH[seconds] * workers
    each = seconds * rng.uniform(1 - SPREAD, 1 + SPREAD, cells)
    return simulate([[float(one)] for one in each], workers, costs)


def rows_of(measured: dict[str, Any]) -> list[Row]:
    """Return the costs, what the simulation said of real runs, and what it says of many workers."""
    engine, costs = measured["engine"], Costs(**measured["costs"])
    rows = [
        Row(f"{engine}: a {name}, of the writer's time", getattr(costs, name))
        for name in ("message", "cell", "store")
    ]
    rows.append(Row(f"{engine}: a message and its answer under way", costs.travel))
    rows += [
        Row(
            f"{engine}: {one['what']}, workers={one['workers']}",
            one["took"],
            "simulated",
            one["said"],
        )
        for one in measured["runs"]
    ]
    for seconds, words in DURATIONS.items():
        most = saturation(
            costs,
            seconds,
            MOST_STACKS
            if seconds * MOST_STACKS < costs.turn
            else max(1, int(costs.turn / seconds)),
        )
        rows.append(Row(f"{engine}: workers that saturate the writer, cells of {words}", most))
    for seconds, words in DURATIONS.items():
        for workers in (64, 512):
            found = forecast(costs, seconds, workers)
            rows.append(
                Row(
                    f"{engine}: efficiency of {workers} workers, cells of {words}", found.efficiency
                )
            )
            rows.append(
                Row(f"{engine}: cells a second of {workers} workers, cells of {words}", found.rate)
            )
    return rows


@styled
def draw(measured: Sequence[dict[str, Any]]) -> Figure:
    """Return efficiency by the number of workers, a panel an engine, a line a duration."""
    figure, panels = paired_panels(len(measured), 3.2, 2.4, sharex=True, sharey=True)
    for axes, one in zip(panels, measured, strict=True):
        costs = Costs(**one["costs"])
        for number, (seconds, words) in enumerate(DURATIONS.items()):
            runs = [forecast(costs, seconds, workers) for workers in WORKERS]
            look = {
                "color": COLOURS[number],
                "marker": MARKERS[number],
                "linestyle": DASHES[number % len(DASHES)],
            }
            axes.plot(WORKERS, [found.efficiency for found in runs], label=words, **look)
        axes.axhline(0.9, **DASHED)
        axes.set_title(one["engine"])
        axes.set_xscale("log", base=2)
        axes.set_ylim(0, 1.05)
        set_ticks(axes.xaxis, WORKERS[::3], lambda value: f"{value:,.0f}")
        axes.set_xlabel("workers")
        axes.set_ylabel("efficiency")
    panels[0].legend(title="a cell takes", frameon=False, fontsize=7.5, loc="lower left")
    return figure


def main() -> None:
    """Measure what is missing, simulate, and print or draw."""
    parser: argparse.ArgumentParser = parser_of("benchmarks.executors_scale", __doc__)
    parser.add_argument("--costs", type=Path, default=SAVED, help="file of what was measured")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw it there, as SVG")
    chosen = parser.parse_args()
    found = measure_missing(chosen.costs)
    if chosen.figure:
        chosen.figure.write_bytes(
            render(draw([one for one in found if one["engine"] != "processes"]), "svg")
        )
    print_rows([row for one in found for row in rows_of(one)], chosen.json)


if __name__ == "__main__":
    main()
