"""Three neighbouring learners searched in one call, beside one by one: trainings and coverage."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.critical_mass_worlds import NEAR, SHAPES, TARGET, Shape
from benchmarks.rows import Row, print_rows
from quorate.runtime.progress import status
from quorate.studies.critical_mass.neighbours import first_cells
from quorate.studies.critical_mass.rounds import SearchEnd, close_in

FACTORS = (1.0, 1.5, 3.0, 10.0)  # of α* from one neighbour to the next
USUAL_WORLDS = ("typical", "shallow", "steep", "own ceilings")
NEIGHBOURS = 3
Limits = tuple[int, float, int]  # repetitions, width, budget of one search


@dataclass(frozen=True)
class Neighbours(Row):
    """How searches of three neighbours went: trainings of the three, counted.

    Args:
        world: the kind.
        factor: of α* from one to the next.
        repetitions: calls, of three searches each.
        width: high/low that was asked for.
        coverage, coverage_alone: part of the searches whose interval holds α*: in one call, and one
            by one.
        trainings, trainings_alone: mean of the three together.
        error: standard error of the mean difference between the two.
    """

    world: str = ""
    factor: float = math.nan
    repetitions: int = 0
    width: float = math.nan
    coverage: float = math.nan
    coverage_alone: float = math.nan
    trainings: float = math.nan
    trainings_alone: float = math.nan
    error: float = math.nan


def study(name: str, factor: float, limits: Limits) -> Neighbours:
    """Return how three neighbours were searched, in worlds of their own each time."""
    shape = replace({**SHAPES, **NEAR}[name], shift=math.log(factor))
    started, repetitions = time.perf_counter(), limits[0]
    with status(f"{repetitions} × {NEIGHBOURS} searches, {name}, factor {factor:g}"):
        pairs = [
            [_call(shape, number, limits, way) for way in (True, False)]
            for number in range(repetitions)
        ]
    counts = np.array([[trainings for trainings, _ in pair] for pair in pairs])  # (r, 2)
    holds = np.array([[held for _, held in pair] for pair in pairs])  # (r, 2)
    difference = counts[:, 0] - counts[:, 1]
    return Neighbours(
        work=f"search for α* of {NEIGHBOURS} neighbours: {name}, factor {factor:g}",
        ours_seconds=(time.perf_counter() - started) / repetitions,
        world=name,
        factor=factor,
        repetitions=repetitions,
        width=limits[1],
        coverage=float(holds[:, 0].mean()),
        coverage_alone=float(holds[:, 1].mean()),
        trainings=float(counts[:, 0].mean()),
        trainings_alone=float(counts[:, 1].mean()),
        error=float(difference.std(ddof=1) / math.sqrt(repetitions))
        if repetitions > 1
        else math.nan,
    )


def _call(shape: Shape, number: int, limits: Limits, together: bool) -> tuple[int, float]:
    """Return the trainings of three neighbours, and the part of them whose interval holds α*."""
    ends: list[SearchEnd] = []
    held = 0
    for neighbour in range(NEIGHBOURS):
        world = shape.world(number, neighbour)
        start = first_cells(ends if together else [], world.people, limits[1])
        end = close_in(world.measure, world.people, TARGET, *limits[1:], start=start)
        held += world.holds(end.bracket.low, end.bracket.high)
        ends.append(end)
    return sum(len(end.asked) for end in ends), held / NEIGHBOURS


def rows(names: Sequence[str], factors: Sequence[float], limits: Limits) -> Iterator[Neighbours]:
    """Yield one row a kind of world and factor."""
    for name in names:
        for factor in factors:
            yield study(name, factor, limits)


def print_neighbours(
    names: Sequence[str], factors: Sequence[float], limits: Limits, as_json: bool
) -> None:
    """Search, and print: a table for people, or one JSON object."""
    found = list(rows(names, factors, limits))
    if as_json:
        print_rows(found, as_json=True)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"S* = {TARGET:g}, high/low {limits[1]:g}: {NEIGHBOURS} neighbours")
    table.add_column("world")
    for column in ("factor", "calls", "trainings, one by one", "in one call", "difference ±"):
        table.add_column(column, justify="right")
    for column in ("holds α*, one by one", "in one call"):
        table.add_column(column, justify="right")
    for row in found:
        table.add_row(
            *(row.world, f"{row.factor:g}", str(row.repetitions)),
            *(f"{row.trainings_alone:.1f}", f"{row.trainings:.1f}", f"{row.error:.1f}"),
            *(f"{row.coverage_alone:.3f}", f"{row.coverage:.3f}"),
        )
    Console(width=None if sys.stdout.isatty() else 120).print(table)
