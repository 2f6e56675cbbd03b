"""Does the 95% interval of the search hold α*, and how many trainings does it take?

``python -m benchmarks.critical_mass`` prints a table, ``--json`` one JSON object. Worlds with a
known α* are searched again and again, to the width that a grid of 15 sizes × 5 seeds gets there.
``--neighbours`` searches three neighbouring worlds together, each beginning where those
before lead to, and one by one. Figures, not tests; they hold on any machine.
"""

from __future__ import annotations

import functools
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.critical_mass_neighbours import FACTORS, USUAL_WORLDS, print_neighbours
from benchmarks.critical_mass_worlds import NEAR, SHAPES, TARGET, World
from benchmarks.rows import Row, parser_of, print_rows
from quorate.intervals import Floats
from quorate.runtime.progress import status
from quorate.studies.critical_mass.estimate import critical_mass
from quorate.studies.critical_mass.rounds import close_in
from quorate.studies.study import make_study
from quorate.studies.sweep import run_study

GRID = np.geomspace(0.001, 1, 15)  # α, what one would try who does not know α*
GRID_SEEDS = 5
POPULATION = {
    "population": "gaussian:n=1000,held_out=1000",
    "strategy": "planting:signal=columns,x2=3",
    "learner": "sgd:model=logistic",
}


@dataclass(frozen=True)
class Searches(Row):
    """How searches of one kind of world went, beside the grid's: trainings are counted, not timed.

    Args:
        world: the kind.
        repetitions: searches.
        width: high/low that was asked for; the median of the grid's own unless chosen.
        coverage: part of the searches whose interval holds α*.
        narrow: part of the searches that ended narrow, not by the budget.
        plateau: part of the searches that ended at a plateau, within noise of the target.
        trainings_mean, trainings_95: mean and 95th percentile.
        grid_coverage: the grid's.
        grid_trainings: the grid's.
    """

    world: str = ""
    repetitions: int = 0
    width: float = math.nan
    coverage: float = math.nan
    narrow: float = math.nan
    plateau: float = math.nan
    trainings_mean: float = math.nan
    trainings_95: float = math.nan
    grid_coverage: float = math.nan
    grid_trainings: int = len(GRID) * GRID_SEEDS


def study(
    name: str, worlds: Callable[[int], World], repetitions: int, width: float | None, budget: int
) -> Searches:
    """Return how ``repetitions`` searches went, each in a world of its own."""
    grid = [_grid(worlds(number)) for number in range(min(repetitions, 100))]
    chosen = width or float(np.median([high / low if low else math.inf for low, high, _ in grid]))
    started = time.perf_counter()
    trainings, holds, stopped = [], [], []
    with status(f"{repetitions} searches, {name}"):
        for number in range(repetitions):
            world = worlds(number)
            found = close_in(world.measure, world.people, TARGET, chosen, budget)
            trainings.append(len(found.asked))
            holds.append(world.holds(found.bracket.low, found.bracket.high))
            stopped.append(found.stopped)
    return Searches(
        work=f"search for α*: {name}",
        ours_seconds=(time.perf_counter() - started) / repetitions,
        peer=f"grid of {len(GRID)} sizes × {GRID_SEEDS} seeds",
        world=name,
        repetitions=repetitions,
        width=chosen,
        coverage=float(np.mean(holds)),
        narrow=stopped.count("width") / repetitions,
        plateau=stopped.count("plateau") / repetitions,
        trainings_mean=float(np.mean(trainings)),
        trainings_95=float(np.quantile(trainings, 0.95)),
        grid_coverage=float(np.mean([covered for *_, covered in grid])),
    )


def _grid(world: World) -> tuple[float, float, bool]:
    """Return the interval of a grid of 15 sizes × 5 seeds, and whether it holds α*."""
    sizes = sorted({round(float(alpha) * world.people) for alpha in GRID})
    success = [[world.success(size, seed) for seed in range(GRID_SEEDS)] for size in sizes]
    mass = critical_mass([size / world.people for size in sizes], success, TARGET)
    slack = 1e-9  # sizes are whole numbers of members over n
    alpha = world.truth / world.people
    return mass.low, mass.high, mass.low - slack < alpha <= mass.high + slack


@functools.cache
def pool(seeds: int = 200, sizes: int = 45) -> tuple[Floats, Floats, int]:
    """Return sizes in members, (a,), S of each seed there, (a, s), and n, of a real sweep."""
    people = 1000
    members = sorted({0, *np.geomspace(1, people, sizes).round().astype(int).tolist()})
    alphas = [size / people for size in members]
    curves = run_study(make_study(**POPULATION, alphas=alphas, seeds=seeds))
    (curve,) = curves
    return np.array(members, dtype=np.float64), curve.success, curve.people


def pooled_world(number: int) -> World:
    """Return a world whose seeds are those of the pool, in random order.

    Between two measured sizes, S of a seed is on the straight line. α* is that of the pool's mean.
    """
    members, success, people = pool()
    order = np.random.default_rng([number, 10]).permutation(success.shape[1])
    short = np.interp(np.arange(people + 1), members, success.mean(axis=1)) < TARGET
    truth = int(np.flatnonzero(short)[-1]) + 1

    def measured(size: int, seed: int) -> float:
        return float(np.interp(size, members, success[:, order[seed]]))

    return World(people, truth, measured)


def rows(
    names: Sequence[str], repetitions: int, width: float | None, budget: int
) -> Iterator[Searches]:
    """Yield one row a kind of world."""
    for name in names:
        shape = {**SHAPES, **NEAR}.get(name)
        worlds = pooled_world if shape is None else shape.world
        yield study(name, worlds, repetitions, width or (shape.width if shape else None), budget)


def print_table(found: Sequence[Searches]) -> None:
    """Print the rows for people."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"S* = {TARGET:g}; a grid of 15 sizes × 5 seeds is 75 trainings")
    table.add_column("world")
    for name in (
        *(
            "searches",
            "high/low",
            "holds α*",
            "ends narrow",
            "at a plateau",
            "trainings",
            "95% of them",
        ),
        *("grid holds α*", "seconds"),
    ):
        table.add_column(name, justify="right")
    for row in found:
        table.add_row(
            *(row.world, str(row.repetitions), f"{row.width:.2f}", f"{row.coverage:.3f}"),
            *(
                f"{row.narrow:.2f}",
                f"{row.plateau:.2f}",
                f"{row.trainings_mean:.1f}",
                f"{row.trainings_95:.0f}",
            ),
            *(f"{row.grid_coverage:.2f}", f"{row.ours_seconds:.2f}"),
        )
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def main() -> None:
    """Search, and print."""
    parser = parser_of("benchmarks.critical_mass", __doc__)
    parser.add_argument("--repetitions", type=int, default=100, help="searches of each world")
    parser.add_argument("--width", type=float, help="high/low to stop at; else the grid's own")
    parser.add_argument("--budget", type=int, default=60, help="trainings of one search")
    parser.add_argument("--neighbours", action="store_true", help="three worlds in one call")
    parser.add_argument(
        "--factor",
        type=float,
        action="append",
        help="of α* between neighbours; else 1, 1.5, 3 and 10; repeatable",
    )
    parser.add_argument(
        "--world",
        action="append",
        choices=[*SHAPES, *NEAR, "gaussian"],
        help="else all; repeatable",
    )
    given = parser.parse_args()
    if given.neighbours:
        limits = given.repetitions, given.width or 1.5, given.budget
        print_neighbours(given.world or USUAL_WORLDS, given.factor or FACTORS, limits, given.json)
        return
    names = given.world or [*SHAPES, *NEAR, "gaussian"]
    found = list(rows(names, given.repetitions, given.width, given.budget))
    if given.json:
        print_rows(found, as_json=True)
    else:
        print_table(found)


if __name__ == "__main__":
    main()
