"""Running a study: only the cells that are missing, stored one by one as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from quorate import spec
from quorate.adapter import find_who_can, measure_success
from quorate.errors import InputError
from quorate.executors.executor import Executor, Pool
from quorate.executors.serial import SERIAL
from quorate.protocols import Goal, Learner, Population, Strategy
from quorate.runs.running import opened, run_missing
from quorate.runs.store import Store, stored_ids
from quorate.runtime.device import use
from quorate.runtime.progress import status
from quorate.studies.curves import Curves
from quorate.studies.study import Study
from quorate.studies.trial import (
    Outcome,
    Trial,
    draw_people,
    find_eligible,
    streams,
    submit_from,
)
from quorate.studies.trial_work import TrialWork
from quorate.table import Array, Labels, Mask, Table
from quorate.version import __version__

TRIALS = TrialWork()


def run_study(
    study: Study,
    out: str | Path | None = None,
    executor: Executor = SERIAL,
    device: str = "auto",
) -> Curves:
    """Run the trials of a study that are not stored yet, and return its curves.

    Args:
        study: what to run.
        out: folder of the store; None keeps the outcomes in memory only.
        executor: where trials are computed; the outcomes do not depend on it.
        device: where networks are trained: cpu, cuda, or auto for a GPU where there is one.

    Raises:
        InputError: the methods do not fit together, or there is no such device; found before any
            training.
        StoreError: the store cannot be read or written; what it holds is kept.
        WorkerError: workers died again and again; what is stored is kept.
    """
    (curves,) = run_studies([study], out, executor, device)
    return curves


def run_studies(
    studies: Sequence[Study],
    out: str | Path | None = None,
    executor: Executor = SERIAL,
    device: str = "auto",
) -> list[Curves]:
    """Run several studies with one store and the same workers, and return the curves of each.

    All of them are checked before any training. Arguments and errors are those of ``run_study``.
    """
    with use(device), spec.reading_once():
        known = set[str]() if out is None else stored_ids(out, TRIALS.kind)
        cells = [study.cells() for study in studies]
        for some in cells:
            check([cell for cell in some if cell.id not in known])
        found = []
        with opened(out, executor) as (store, pool):
            for study, some in zip(studies, cells, strict=True):
                store.add_study({**study.describe(), **study.state()}, __version__)
                found.append(Curves.of(run_trials(some, store, pool), study))
    return found


def run_trials(
    cells: Sequence[Trial], store: Store, pool: Pool, what: str = "Training"
) -> list[Outcome]:
    """Return the outcome of every trial, once each, in the order of their places.

    Args:
        cells: what is wanted; what is stored is not computed again.
        store: where outcomes are kept, one by one as they come.
        pool: the workers.
        what: is under way, in words, for the progress bar.
    """
    records = run_missing(TRIALS, cells, store, pool, what)
    outcomes = {record.id: Outcome.from_record(record) for record in records}
    return sorted(outcomes.values(), key=lambda outcome: outcome.place)


def check(cells: Sequence[Trial]) -> None:
    """Raise InputError if any of the cells' methods do not fit together, before any training.

    They are tried on the people of every seed: a rare group may be empty or too small in one.
    """
    checked: set[tuple[str, ...]] = set()
    methods = {id(method): method for cell in cells for method in _methods_of(cell)}
    text = {key: spec.text(method) for key, method in methods.items()}
    for cell in sorted(cells, key=lambda cell: (text[id(cell.population)], cell.seed)):
        population, strategy, goal, learner = (text[id(method)] for method in _methods_of(cell))
        draw, enlist, _, test = streams(cell.seed)
        of_seed = population, str(cell.seed)
        acts, learns = (*of_seed, strategy, goal), (*of_seed, learner)
        joins = (*of_seed, strategy, cell.collective, str(cell.alpha))
        try:
            people = draw_people(cell.population, draw)
            if joins not in checked:
                find_eligible(people.train, cell.strategy, cell.alpha, cell.collective)
            if acts not in checked:
                two = _first_members(people.train, cell.strategy)
                submit_from(people.train, cell.strategy, two, np.random.default_rng(enlist))
                few = _one_of_each(people.held_out)
                measure_success(cell.goal, _Nobody(), few, np.random.default_rng(test))
            if learns not in checked:
                with status(f"Checking {learner}"):
                    cell.learner.check(people.train)
        except InputError as error:
            where = f"{population} (seed {cell.seed}), {strategy}, {learner}"
            raise InputError(f"{error} This came from {where}.") from error
        checked |= {acts, learns, joins}


def _first_members(people: Table, strategy: Strategy) -> Mask:
    """Return the first two who can act by a strategy, (n,): it is tried on them."""
    eligible = find_who_can(strategy, people)
    member = np.zeros(len(people), dtype=bool)  # (n,)
    member[np.flatnonzero(~member if eligible is None else eligible)[:2]] = True
    return member


def _one_of_each(people: Table) -> Table:
    """Return one person of each label and group there is: a goal is tried on them."""
    kinds = people.y if people.group is None else people.y + people.k * people.group  # (n,)
    return people.take(np.sort(np.unique(kinds, return_index=True)[1]))


def _methods_of(cell: Trial) -> tuple[Population, Strategy, Goal, Learner]:
    return cell.population, cell.strategy, cell.goal, cell.learner


class _Nobody:
    """A classifier that knows nothing: it tells whether a goal can be measured at all."""

    record: Mapping[str, Any] = MappingProxyType({})

    def predict(self, x: Array) -> Labels:
        return np.zeros(len(x), dtype=np.int64)
