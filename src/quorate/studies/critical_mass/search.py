"""The critical mass by search: trainings where they tell most, and no more than needed."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from quorate import spec
from quorate.bring_your_own.import_paths import refusing
from quorate.errors import InputError
from quorate.executors.executor import Executor, Pool
from quorate.executors.serial import SERIAL
from quorate.runs.reading import as_stored
from quorate.runs.running import opened
from quorate.runs.store import Store
from quorate.runtime.device import use
from quorate.studies.critical_mass.neighbours import first_cells
from quorate.studies.critical_mass.result import CriticalMassSearch
from quorate.studies.critical_mass.result_of_several import CriticalMassSearches
from quorate.studies.critical_mass.rounds import (
    SEEDS,
    Bracket,
    Cell,
    Point,
    SearchEnd,
    close_in,
    validate_search,
)
from quorate.studies.curves import Curves, take_state
from quorate.studies.study import Study, make_study
from quorate.studies.sweep import check, run_trials
from quorate.studies.trial import (
    TRIAL,
    Outcome,
    Trial,
    draw_people,
    find_eligible,
    stored_outcomes,
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
    check([_cell(cell, 0.0, 0) for cell in cells])
    people = len(draw_people(cells[0].population, streams(0)[0]).train)
    with use(device), opened(out, executor) as (store, pool):
        runs = [_Run(cell, people, store, pool) for cell in cells]
        begins_with, spent = _begin(study, store, {"width": width, "budget": budget}, runs)
        found: list[CriticalMassSearch] = []
        for run, before in zip(runs, spent, strict=True):
            run.name = study.called(spec.text(run.cell.learner)) if len(runs) > 1 else ""
            run.take_stored(begins_with)
            given = [run.point(outcome) for outcome in run.outcomes.values()]
            start = first_cells([one.end for one in found], run.most(), width)
            limits = run.most(), target, width, budget
            end = close_in(run.measure, *limits, given, before, start)
            found.append(run.result(end, study, width))
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


class _Run:
    """Measures cells for the search of one learner, and keeps their outcomes."""

    name = ""  # of the learner, where there are several

    def __init__(self, cell: Trial, people: int, store: Store, pool: Pool) -> None:
        self.cell, self.people, self.store, self.pool = cell, people, store, pool
        self.outcomes: dict[Cell, Outcome] = {}
        self.refused: dict[int, str] = {}
        self._looked_at = {0}  # seed 0 is looked at before
        self._can_act: dict[int, int] = {}  # how many, by seed
        self.trainings = 0

    def point(self, outcome: Outcome) -> Point:
        """Return an outcome as the search sees it."""
        members = round(outcome.members * self.people / outcome.people)
        success = math.nan if outcome.success is None else outcome.success
        return Point(members, outcome.seed, success)

    def stored(self) -> dict[str, Outcome]:
        """Return the stored outcomes of these methods, of this version and state of the data."""
        ours = _without_place(self.cell.describe())
        return {
            one.id: one
            for one in stored_outcomes(self.store)
            if _without_place(one.description) == ours
        }

    def take_stored(self, ids: Sequence[str]) -> None:
        """Begin with these stored outcomes."""
        stored = self.stored()
        for outcome in (stored[id_] for id_ in sorted(ids) if id_ in stored):
            members, seed, _ = self.point(outcome)
            self.outcomes.setdefault((members, seed), outcome)

    def measure(self, cells: Sequence[Cell], bracket: Bracket | None) -> list[float]:
        """Return S of each cell, in order; NaN where the training failed."""
        fit = [
            (members, seed)
            for members, seed in cells
            if not self._refuses(seed) and members <= self._eligible(seed)
        ]
        wanted = [_cell(self.cell, members / self.people, seed) for members, seed in fit]
        trials = {trial.id: cell for trial, cell in zip(wanted, fit, strict=True)}
        self.trainings += len(trials.keys() - self.store.ids(TRIAL))
        if wanted:
            for outcome in run_trials(wanted, self.store, self.pool, self._under_way(bracket)):
                self.outcomes[trials[outcome.id]] = outcome
        known = {cell: self.point(self.outcomes[cell]).success for cell in fit}
        return [known.get(cell, math.nan) for cell in cells]

    def result(self, end: SearchEnd, study: Study, width: float) -> CriticalMassSearch:
        """Return what the search has come to."""
        return CriticalMassSearch(
            target=study.target,
            estimate=end.bracket.estimate / self.people,
            low=end.bracket.low / self.people,
            high=end.bracket.high / self.people,
            trainings=self.trainings,
            stopped=end.stopped,
            width=width,
            people=self.people,
            refused=self.refused,
            curves=Curves.of(self.outcomes.values(), study),
            end=end,
        )

    def _refuses(self, seed: int) -> bool:
        """Whether the methods do not fit the people of a seed; each seed is looked at once."""
        if seed not in self._looked_at:
            try:
                check([_cell(self.cell, 0.0, seed)])
            except InputError as error:
                self.refused[seed] = str(error.__cause__ or error)
            self._looked_at.add(seed)
        return seed in self.refused

    def most(self) -> int:
        """Return how many can be members, in each of the first seeds where not everyone can."""
        first = self._eligible(0)
        return first if first == self.people else min(map(self._eligible, range(SEEDS)))

    def _eligible(self, seed: int) -> int:
        """Return how many people of a seed can be members, of as many as seed 0 has."""
        if seed not in self._can_act:
            people = draw_people(self.cell.population, streams(seed)[0]).train
            among = find_eligible(people, self.cell.strategy, 0.0)
            share = 1.0 if among is None else float(among.mean())
            self._can_act[seed] = math.floor(share * self.people + 1e-9)
        return self._can_act[seed]

    def _under_way(self, bracket: Bracket | None) -> str:
        of = f"{self.name}: " if self.name else ""
        if bracket is None or bracket.fit is None:
            return f"{of}Looking for α*"
        low, high = (f"{100 * end / self.people:.3g}%" for end in (bracket.low, bracket.high))
        said = f"α* above {low}" if math.isinf(bracket.high) else f"α* in ({low}, {high}]"
        return of + said


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


def _cell(like: Trial, alpha: float, seed: int) -> Trial:
    return Trial(like.population, like.strategy, like.goal, like.learner, alpha, seed)


def _without_place(description: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in description.items() if key not in ("alpha", "seed")}


def _begin(
    study: Study, store: Store, limits: Mapping[str, Any], runs: Sequence[_Run]
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
