"""The critical mass by search: trainings where they tell most, and no more than needed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from quorate import spec
from quorate.bring_your_own.import_paths import refusing
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.runs.reading import as_stored
from quorate.runs.running import opened
from quorate.runs.store import Store
from quorate.runtime.device import use
from quorate.studies.critical_mass.measurements import Measurements, cell_at
from quorate.studies.critical_mass.neighbours import first_cells
from quorate.studies.critical_mass.result import CriticalMassSearch
from quorate.studies.critical_mass.result_of_several import CriticalMassSearches
from quorate.studies.critical_mass.rounds import (
    SearchEnd,
    close_in,
    validate_search,
)
from quorate.studies.curves import Curves
from quorate.studies.loading import take_state
from quorate.studies.study import Study, make_study
from quorate.studies.sweep import check
from quorate.studies.trial import (
    draw_people,
    streams,
)
from quorate.version import __version__

METHODS = ("population", "strategy", "goal", "learner")
DESIGN = 2  # of the rounds: another asks for other cells
TITLE = "α*, the critical mass, by search"


def find_critical_mass(
    population: Any,
    learner: Any,
    strategy: Any = "planting",
    goal: Any = None,
    target: float = 0.9,
    width: float = 1.15,
    budget: int = 60,
    out: str | Path | None = None,
    executor: Executor = SERIAL,
    device: str = "auto",
) -> CriticalMassSearch | CriticalMassSearches:
    """Return α* = min{ α : S(α′) ≥ S* for every α′ ≥ α } with a 95% interval, for each learner.

    Sizes are whole numbers of members, spread over 1 to n and then around α*, where anyone can be
    a member; else up to all those who can, in each of the first seeds. Seeds are 0, 1, 2,
    ... as many as it takes. Every stored cell of these methods counts, of any size and seed. The
    same call again goes on where it stopped and ends with the same answer; another target, width
    or budget begins with all that is stored. How rounds are chosen and how the interval is made:
    ``rounds.close_in`` and ``monotone_fit.fit_monotone`` beside this file. Several learners are
    searched one after the other, in the order given, each beginning where those before lead to
    (``neighbours.first_cells``); all are checked before any training.

    Args:
        population, strategy, goal: the methods, as text, plain data or objects; without a goal, the
            strategy's own.
        learner: likewise, or a list of several, or a mapping from what they are to be called.
        target: S*, in [0, 1].
        width: the search ends when high/low is at most this, above 1, or when no whole member lies
            between them.
        budget: the search of each learner ends after this many trainings, at least 1.
        out: folder of the store; None keeps the outcomes in memory only.
        executor: where trials are computed; the outcomes do not depend on it.
        device: where networks are trained: cpu, cuda, or auto for a GPU where there is one.

    Returns:
        The search of one learner; of several learners, their searches in one result.

    Raises:
        InputError: a name or a value is not known or out of range, or the methods do not fit the
            people of seed 0; found before any training. Further seeds that they do not fit (a rare
            group may be empty in one) are skipped, and count as trainings that failed.
        StoreError: the store cannot be read or written; what it holds is kept.
        WorkerError: a worker process died; what is stored is kept.
    """
    target, width = (
        spec.convert(value, float, name) for name, value in (("target", target), ("width", width))
    )
    budget = spec.whole(budget, "budget")
    validate_search(target, width, budget)
    study = _study(target, population=population, strategy=strategy, goal=goal, learner=learner)
    cells = study.cells()  # one a learner
    check([cell_at(cell, 0.0, 0) for cell in cells])
    people = len(draw_people(cells[0].population, streams(0)[0]).train)
    with use(device), opened(out, executor) as (store, pool):
        runs = [Measurements(cell, people, store, pool) for cell in cells]
        begins_with, spent = _begin(study, store, {"width": width, "budget": budget}, runs)
        found: list[CriticalMassSearch] = []
        for run, before in zip(runs, spent, strict=True):
            run.name = study.called(spec.text(run.cell.learner)) if len(runs) > 1 else ""
            run.take_stored(begins_with)
            given = [run.point(outcome) for outcome in run.outcomes.values()]
            start = first_cells([one.end for one in found], run.most(), width)
            limits = run.most(), target, width, budget
            end = close_in(run.measure, *limits, given, before, start)
            found.append(_result(run, end, study, width))
    return found[0] if len(found) == 1 else CriticalMassSearches(tuple(found))


def last_search(folder: str | Path) -> str | None:
    """Return the command that prints the search run last in a folder; None if it was no search.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    with as_stored(folder), Store(folder) as store:
        return _last_search(folder, store.studies())


def _last_search(folder: str | Path, studies: Sequence[tuple[dict[str, Any], str]]) -> str | None:
    plain = studies[-1][0] if studies else {}
    search = plain.pop("search", None)
    if search is None:
        return None
    take_state(plain)
    with refusing("a stored result"):
        study = make_study(**plain)
    words = ["quorate", "critical-mass"]
    for method in METHODS:
        for text in dict.fromkeys(spec.text(getattr(cell, method)) for cell in study.cells()):
            words += [f"--{method}", text]
    limits = {"target": study.target, "width": search["width"], "budget": search["budget"]}
    for name, limit in limits.items():
        words += [f"--{name}", f"{limit!r}"]
    return shlex.join([*words, "--out", str(folder)])


def _result(run: Measurements, end: SearchEnd, study: Study, width: float) -> CriticalMassSearch:
    """Return what the search has come to."""
    return CriticalMassSearch(
        target=study.target,
        estimate=end.bracket.estimate / run.people,
        low=end.bracket.low / run.people,
        high=end.bracket.high / run.people,
        trainings=run.trainings,
        stopped=end.stopped,
        width=width,
        people=run.people,
        refused=run.refused,
        curves=Curves.of(run.outcomes.values(), study),
        end=end,
    )


def _study(target: float, **methods: Any) -> Study:
    """Return the study of one curve a learner; all else must be one."""
    given = {name: method for name, method in methods.items() if method is not None}
    study = make_study(**given, alphas=0.0, seeds=1, target=target, title=TITLE)
    for name, several in (
        ("population", study.populations),
        ("strategy", study.strategies),
        ("goal", study.goals),
    ):
        if len(several) > 1:
            raise InputError(
                f"Expected one {name}, got {len(several)}. Search once for each of them."
            )
    return study


def _begin(
    study: Study, store: Store, limits: Mapping[str, Any], runs: Sequence[Measurements]
) -> tuple[list[str], list[int]]:
    """Note the search in the store; return the ids of the cells it begins with, and how much of
    the budget of each run they took.

    Where the last study of these methods is this very search, it goes on: it begins with what it
    began with then, asks for the same cells, and finds those it has measured already. One of an
    older design, which asked for other cells, begins with all that is stored, and what it trained
    counts.
    """
    plain = {**study.describe(), **study.state()}
    before = [
        (last, version)
        for last, version in store.studies()
        if all(one in last.get(key, ()) for key in METHODS for one in plain[key])
    ]
    stored = [set(run.stored()) for run in runs]
    given = sorted(set[str]().union(*stored))
    if before:
        last, version = before[-1]
        search = last.get("search", {})
        if version == __version__ and last == {**plain, "search": {**search, **limits}}:
            if search.get("design") == DESIGN:
                return list(search["given"]), [0] * len(runs)
            return given, [len(one - set(search["given"])) for one in stored]
    store.add_study({**plain, "search": {**limits, "given": given, "design": DESIGN}}, __version__)
    return given, [0] * len(runs)
