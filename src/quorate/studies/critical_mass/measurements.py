"""What a search measures: outcomes by members and seed, stored and found again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from quorate.errors import InputError
from quorate.executors.executor import Pool
from quorate.runs.store import Store
from quorate.studies.critical_mass.rounds import SEEDS, Bracket, Cell, Point
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


class Measurements:
    """Measures cells for the search of one learner, and keeps their outcomes.

    Args:
        cell: the methods; its size and seed do not count.
        people: n, whom the platform learns from.
        store: where outcomes are kept.
        pool: the workers.
        name: of what is searched, where there are several.
    """

    def __init__(self, cell: Trial, people: int, store: Store, pool: Pool, name: str = "") -> None:
        self.name = name
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
        wanted = [cell_at(self.cell, members / self.people, seed) for members, seed in fit]
        trials = {trial.id: cell for trial, cell in zip(wanted, fit, strict=True)}
        self.trainings += len(trials.keys() - self.store.ids(TRIAL))
        if wanted:
            for outcome in run_trials(wanted, self.store, self.pool, self._under_way(bracket)):
                self.outcomes[trials[outcome.id]] = outcome
        known = {cell: self.point(self.outcomes[cell]).success for cell in fit}
        return [known.get(cell, math.nan) for cell in cells]

    def _refuses(self, seed: int) -> bool:
        """Whether the methods do not fit the people of a seed; each seed is looked at once."""
        if seed not in self._looked_at:
            try:
                check([cell_at(self.cell, 0.0, seed)])
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


def cell_at(like: Trial, alpha: float, seed: int) -> Trial:
    """Return the same methods with another size and seed."""
    return Trial(like.population, like.strategy, like.goal, like.learner, alpha, seed)


def _without_place(description: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in description.items() if key not in ("alpha", "seed")}
