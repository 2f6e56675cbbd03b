"""Running a study: only the cells that are missing, stored one by one as they come."""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from quorate import spec
from quorate.errors import InputError
from quorate.executors.processes import run_here, run_in_processes
from quorate.protocols import Goal, Learner, Population, StackedLearner, Strategy
from quorate.runtime.device import use
from quorate.runtime.progress import bar, status
from quorate.studies.curves import Curves
from quorate.studies.store import Store, stored_ids
from quorate.studies.study import Study
from quorate.studies.trial import ANYONE, Outcome, Trial, draw_people, may_join, streams
from quorate.studies.trial_work import run_cells
from quorate.table import Array, Labels, Table
from quorate.validate import at_least
from quorate.version import __version__

STACK_BYTES = 2**29  # of a stack's rows, which are in memory twice, as drawn and as its pool


def run_study(
    study: Study, out: str | Path | None = None, jobs: int = 1, device: str = "auto"
) -> Curves:
    """Run the cells of a study that are not stored yet, and return its curves.

    Args:
        study: what to run.
        out: folder of the store; None keeps the outcomes in memory only.
        jobs: worker processes, at least 1; the outcomes do not depend on it.
        device: where networks are trained: cpu, cuda, or auto for a GPU where there is one.

    Raises:
        InputError: the methods do not fit together, or there is no such device; found before any
            training.
        StoreError: the store cannot be read or written; what it holds is kept.
        WorkerError: a worker process died; what is stored is kept.
    """
    at_least("jobs", jobs, 1, "Use one worker or more.")
    cells = study.cells()
    with use(device):
        if out is None:
            check(cells)
            return Curves.of(fill(cells, None, jobs), study)
        known = stored_ids(out)
        check([cell for cell in cells if cell.id not in known])
        with Store(out, write=True) as store:
            store.add_study({**study.describe(), "data": study.fingerprints()}, __version__)
            return Curves.of(fill(cells, store, jobs), study)


def fill(
    cells: Sequence[Trial], store: Store | None, jobs: int, what: str = "Training"
) -> list[Outcome]:
    """Run the cells that are not stored yet, and return the outcome of every cell.

    Args:
        cells: what is wanted; equal cells are run once.
        store: where outcomes are kept, one by one as they come; None keeps them in memory only.
        jobs: worker processes, at least 1.
        what: is under way, in words, for the progress bar.
    """
    wanted = {cell.id: cell for cell in cells}
    if store is None:
        return list(itertools.chain(*_run(list(wanted.values()), jobs, what)))
    stored = store.ids()
    missing = [cell for id_, cell in wanted.items() if id_ not in stored]
    with closing(_run(missing, jobs, what)) as results:
        for outcomes in results:
            for outcome in outcomes:
                store.add(outcome)
    return store.outcomes(wanted)


def check(cells: Sequence[Trial]) -> None:
    """Raise InputError if any of the cells' methods do not fit together, before any training.

    Learners, and collectives of one group, are tried on the people of every seed: a rare group may
    be empty or too small in one of them.
    """
    checked: set[tuple[str, ...]] = set()
    methods = {id(method): method for cell in cells for method in _methods_of(cell)}
    text = {key: spec.text(method) for key, method in methods.items()}
    for cell in sorted(cells, key=lambda cell: (text[id(cell.population)], cell.seed)):
        population, strategy, goal, learner = (text[id(method)] for method in _methods_of(cell))
        draw, enlist, _, test = streams(cell.seed)
        acts, learns = (population, strategy, goal), (population, learner, str(cell.seed))
        joins = (population, cell.collective, str(cell.seed), str(cell.alpha))
        try:
            if acts not in checked:
                people = draw_people(cell.population, draw)
                two, few = (
                    side.take(np.arange(min(2, len(side)))) for side in vars(people).values()
                )
                cell.strategy.apply(two, np.random.default_rng(enlist))
                cell.goal.success(_Nobody(), few, np.random.default_rng(test))
            if cell.collective != ANYONE and joins not in checked:
                may_join(draw_people(cell.population, draw).train, cell.collective, cell.alpha)
            if learns not in checked:
                with status(f"Checking {learner}"):
                    cell.learner.check(draw_people(cell.population, draw).train)
        except InputError as error:
            where = f"{population} (seed {cell.seed}), {strategy}, {learner}"
            raise InputError(f"{error} This came from {where}.") from error
        checked |= {acts, learns, joins}


def _methods_of(cell: Trial) -> tuple[Population, Strategy, Goal, Learner]:
    return cell.population, cell.strategy, cell.goal, cell.learner


def stacks(cells: Sequence[Trial], jobs: int) -> list[list[Trial]]:
    """Return the cells in stacks: those of one learner and population train together.

    A stack is as large as its learner is best at, but fits in memory, and leaves work for every
    job.
    """
    groups: dict[tuple[str, str], list[Trial]] = {}
    for cell in cells:
        groups.setdefault((spec.text(cell.population), spec.text(cell.learner)), []).append(cell)
    found: list[list[Trial]] = []
    for group in groups.values():
        first, size, memory = group[0], 1, _Memory(0, True)
        if isinstance(first.learner, StackedLearner):
            people = draw_people(first.population, streams(first.seed)[0]).train
            size = min(first.learner.stack_size(people), math.ceil(len(group) / jobs))
            memory = _Memory(people.x.nbytes, _drawn_anew(people, group))
        for cell in group:
            if memory.models and memory.models < size and memory.holds(cell):
                found[-1].append(cell)
            else:
                memory.clear()
                found.append([cell])
            memory.add(cell)
    return found


class _Memory:
    """What a stack's people take: honest rows once a seed, and the members' rows of every cell.

    Args:
        people: bytes of everyone's features.
        drawn_anew: whether each seed has people of its own.
    """

    def __init__(self, people: int, drawn_anew: bool) -> None:
        self._people, self._drawn_anew = people, drawn_anew
        self.clear()

    def clear(self) -> None:
        self.models, self._bytes, self._seeds = 0, 0.0, set[int]()

    def holds(self, cell: Trial) -> bool:
        return self._bytes + self._of(cell) <= STACK_BYTES

    def add(self, cell: Trial) -> None:
        self._bytes += self._of(cell)
        self._seeds.add(self._draw(cell))
        self.models += 1

    def _of(self, cell: Trial) -> float:
        return self._people * (cell.alpha + (self._draw(cell) not in self._seeds))

    def _draw(self, cell: Trial) -> int:
        return cell.seed if self._drawn_anew else 0


def _drawn_anew(people: Table, cells: Sequence[Trial]) -> bool:
    """Whether another seed has other people: all seeds of a fixed data set share one table."""
    other = next((cell for cell in cells if cell.seed != cells[0].seed), None)
    if other is None:
        return True
    return draw_people(other.population, streams(other.seed)[0]).train is not people


class _Nobody:
    """A classifier that knows nothing: it tells whether a goal can be measured at all."""

    record: Mapping[str, Any] = MappingProxyType({})

    def predict(self, x: Array) -> Labels:
        return np.zeros(len(x), dtype=np.int64)


def _run(cells: Sequence[Trial], jobs: int, what: str) -> Generator[list[Outcome], None, None]:
    """Yield the outcomes of each stack as they come, with a progress bar."""
    groups = stacks(cells, jobs)
    with bar(len(cells), what) as advance:
        parallel = jobs > 1 and len(groups) > 1
        found = (
            run_in_processes(run_cells, groups, jobs) if parallel else run_here(run_cells, groups)
        )
        with closing(found) as results:
            for outcomes in results:
                yield outcomes
                advance(len(outcomes))
