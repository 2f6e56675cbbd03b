"""What is done with trials: people, submission, training, measuring."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np

from quorate import spec
from quorate.adapter import fit_model, fit_models, measure_success
from quorate.errors import FitFailedError
from quorate.protocols import Classifier, Learner, StackedLearner
from quorate.runs.cell import Record, Work
from quorate.runtime.provenance import with_reading
from quorate.studies.stacking import stack_trials
from quorate.studies.trial import TRIAL, Outcome, Trial, draw_people, streams, submit
from quorate.table import Mask, Rng, Split, Submission, Table
from quorate.theory.planting import SignalEstimate, estimate_signal


@dataclass(frozen=True)
class TrialWork(Work[Trial]):
    """Plants, trains and measures trials; those of one population and learner stand together."""

    kind: ClassVar[str] = TRIAL

    def stacks(self, cells: Sequence[Trial], workers: int) -> list[list[Trial]]:
        """Return the trials in stacks that train at once: see ``stack_trials``."""
        return stack_trials(cells, workers)

    def prepare(self, stack: Sequence[Trial]) -> None:
        """Load the libraries, the learner's own among them.

        Raises:
            InputError: the learner cannot be fitted to these people.
            DataUnavailableError: the population's data cannot be had.
        """
        super().prepare(stack)
        first = stack[0]
        first.learner.check(draw_people(first.population, streams(first.seed)[0]).train)

    def compute(self, stack: Sequence[Trial]) -> list[Record]:
        """Return the outcomes as records."""
        return [outcome.to_record() for outcome in run_trials(stack)]


def run_trials(cells: Sequence[Trial]) -> list[Outcome]:
    """Return what came of each trial; the trials have one learner and one population in common.

    A learner that can trains all their models at once. A training that failed is an outcome with
    its ``error``.

    Raises:
        InputError: the methods do not fit together, or not these people.
    """
    people = _people(cells)
    started = time.perf_counter()
    handed_in = [_hand_in(cell, split) for cell, split in zip(cells, people, strict=True)]
    submissions = [one for one in handed_in if isinstance(one, Submission)]
    rngs = [np.random.default_rng(streams(cell.seed)[2]) for cell in cells]
    acting = [rng for rng, one in zip(rngs, handed_in, strict=True) if isinstance(one, Submission)]
    fitted = iter(fit_each(cells[0].learner, submissions, acting))
    models = [next(fitted) if isinstance(one, Submission) else one for one in handed_in]
    measured = [
        _measure(cell, model, split)
        for cell, model, split in zip(cells, models, people, strict=True)
    ]
    seconds = (time.perf_counter() - started) / len(cells)
    return [
        Outcome.of(
            cell,
            members=round(cell.alpha * len(split.train)),
            people=len(split.train),
            seconds=seconds,
            provenance=with_reading(split.train.notes),
            **_law_of(cell, split),
            **values,
        )
        for cell, split, values in zip(cells, people, measured, strict=True)
    ]


def _people(cells: Sequence[Trial]) -> list[Split]:
    """Return the people of each cell of one population; those of one seed are drawn once."""
    drawn: dict[int, Split] = {}
    for cell in cells:
        if cell.seed not in drawn:
            drawn[cell.seed] = draw_people(cell.population, streams(cell.seed)[0])
    return [drawn[cell.seed] for cell in cells]


def _hand_in(cell: Trial, people: Split) -> Submission | FitFailedError:
    """Return what the platform receives, or why members could not train a model of their own."""
    try:
        stream = streams(cell.seed)[1]
        return submit(people.train, cell.strategy, cell.alpha, stream, cell.collective)
    except FitFailedError as failure:
        return failure


def fit_each(
    learner: Learner, data: Sequence[Submission], rngs: Sequence[Rng]
) -> Sequence[Classifier | FitFailedError]:
    """Return one model per submission, or why its training failed; all at once where it can."""
    alike = len({(one.honest.x.shape, one.honest.classes) for one in data}) == 1
    if len(data) > 1 and alike and isinstance(learner, StackedLearner):
        return fit_models(learner, data, rngs)
    models: list[Classifier | FitFailedError] = []
    for one, rng in zip(data, rngs, strict=True):
        try:
            models.append(fit_model(learner, one, rng))
        except FitFailedError as failure:
            models.append(failure)
    return models


def _measure(cell: Trial, model: Classifier | FitFailedError, people: Split) -> dict[str, Any]:
    """Return success, what it costs honest people, and what the training says of itself."""
    if isinstance(model, FitFailedError):
        return {"error": str(model)}
    held_out, test = people.held_out, np.random.default_rng(streams(cell.seed)[3])
    try:
        correct = model.predict(held_out.x) == held_out.y  # (n,)
        success = measure_success(cell.goal, model, held_out, test)
    except FitFailedError as failure:
        return {"error": str(failure)}
    epsilon = model.record.get("epsilon")
    return {
        "success": success,
        "accuracy": float(correct.mean()),
        **_by_group(correct, held_out),
        "epsilon": None if epsilon is None else float(epsilon),
        "record": dict(model.record),
    }


def _by_group(correct: Mask, people: Table) -> dict[str, Any]:
    """Return the accuracy of each group that has people, and the worst; nothing without groups."""
    if people.group is None:
        return {}
    sizes = np.bincount(people.group, minlength=len(people.groups))  # (m,)
    right = np.bincount(people.group, weights=correct, minlength=len(people.groups))  # (m,)
    each = {people.groups[at]: float(right[at] / sizes[at]) for at in np.flatnonzero(sizes)}
    return {"worst_group_accuracy": min(each.values()), "group_accuracy": each}


# What was found of the people who are still in memory: the cells of one seed share theirs.
_laws: WeakKeyDictionary[Table, dict[tuple[str, str], SignalEstimate]] = WeakKeyDictionary()


def _law_of(cell: Trial, people: Split) -> dict[str, Any]:
    """Return ξ and Δ where the goal plants a signal: what section 2 of the theory needs."""
    signal, target = getattr(cell.goal, "signal", None), getattr(cell.goal, "target", None)
    if signal is None:
        return {}
    known = _laws.setdefault(people.train, {})
    key = spec.text(cell.population), spec.text(cell.goal)
    if key not in known:
        known[key] = estimate_signal(people.train, cell.population.law(), signal, target)
    return {"xi": known[key].xi, "gap": known[key].delta, "exact_law": known[key].exact}
