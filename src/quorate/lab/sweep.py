"""Running a study: only the cells that are missing, stored one by one as they come."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from quorate import spec
from quorate.lab.curves import Curves
from quorate.lab.executors import run_here, run_in_processes
from quorate.lab.store import Store
from quorate.lab.study import Study
from quorate.lab.trial import Outcome, Trial, draw_people, streams
from quorate.progress import bar, status
from quorate.table import Array, Labels
from quorate.validate import at_least
from quorate.version import __version__


def run_study(study: Study, out: str | Path | None = None, jobs: int = 1) -> Curves:
    """Run the cells of a study that are not stored yet, and return its curves.

    Args:
        study: what to run.
        out: folder of the store; None keeps the outcomes in memory only.
        jobs: worker processes, at least 1; the outcomes do not depend on it.

    Raises:
        InputError: the methods do not fit together; found before any training.
        StoreError: the store cannot be read or written; what it holds is kept.
        WorkerError: a worker process died; what is stored is kept.
    """
    at_least("jobs", jobs, 1, "Use one worker or more.")
    cells = {cell.id: cell for cell in study.cells()}
    if out is None:
        check(list(cells.values()))
        return Curves.of(list(_run(list(cells.values()), jobs)), study)
    with Store(out, write=True) as store:
        stored = store.ids()
        missing = [cell for id_, cell in cells.items() if id_ not in stored]
        check(missing)
        store.add_study({**study.describe(), "data": study.fingerprints()}, __version__)
        with closing(_run(missing, jobs)) as outcomes:
            for outcome in outcomes:
                store.add(outcome)
        return Curves.of(store.outcomes(cells), study)


def check(cells: Sequence[Trial]) -> None:
    """Raise InputError if any of the cells' methods do not fit together, before any training."""
    checked = set()
    for cell in cells:
        parts = (cell.population, cell.strategy, cell.goal, cell.learner)
        key = tuple(map(spec.text, parts))
        if key in checked:
            continue
        checked.add(key)
        draw, enlist, _, test = streams(cell.seed)
        people = draw_people(cell.population, draw)
        some = slice(0, 2)
        rows = np.arange(len(people.train))[some]
        cell.strategy.apply(people.train.take(rows), np.random.default_rng(enlist))
        few = people.held_out.take(np.arange(len(people.held_out))[some])
        cell.goal.success(_Nobody(), few, np.random.default_rng(test))
        with status(f"Checking {key[-1]}"):
            cell.learner.check(people.train)


class _Nobody:
    """A classifier that knows nothing: it tells whether a goal can be measured at all."""

    record: Mapping[str, Any] = MappingProxyType({})

    def predict(self, x: Array) -> Labels:
        return np.zeros(len(x), dtype=np.int64)


def _run(cells: Sequence[Trial], jobs: int) -> Generator[Outcome, None, None]:
    """Yield the outcomes as they come, with a progress bar."""
    with bar(len(cells), "Training") as advance:
        parallel = jobs > 1 and len(cells) > 1
        with closing(run_in_processes(cells, jobs) if parallel else run_here(cells)) as outcomes:
            for outcome in outcomes:
                yield outcome
                advance(1)
