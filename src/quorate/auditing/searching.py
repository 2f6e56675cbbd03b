"""The search for one α*, in instalments, and the purse that pays for all of them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from quorate.executors.executor import Pool
from quorate.runs.store import Store
from quorate.studies.critical_mass.measurements import Measurements, cell_at
from quorate.studies.critical_mass.rounds import Point, SearchEnd, close_in
from quorate.studies.sweep import run_trials
from quorate.studies.trial import Outcome, Trial, draw_people, streams

INSTALMENT = 8  # trainings of one search before another may have the next
FLAT = math.log(4)  # of high/low, above which a wider interval has no more claim to trainings
FARTHEST = 2.0  # times everyone: where an end lies that is not reached


@dataclass
class Purse:
    """What an audit may spend: trainings, and time.

    Args:
        trainings: how many at most.
        minutes: for how long at most; None for as long as it takes.
    """

    trainings: int
    minutes: float | None = None
    spent: int = 0
    _began: float = field(default_factory=time.monotonic)

    def left(self) -> int:
        """Return how many trainings are left; 0 once time is up."""
        late = self.minutes is not None and time.monotonic() - self._began > 60 * self.minutes
        return 0 if late else max(self.trainings - self.spent, 0)

    def used(self) -> float:
        """Return which part of the trainings or of the time is gone, whichever is more."""
        time_gone = 0.0 if self.minutes is None else (time.monotonic() - self._began) / 60
        return max(self.spent / self.trainings, time_gone / (self.minutes or math.inf))

    def take(self, wanted: int) -> int:
        """Return how many of the trainings that are wanted may be done, and count them."""
        granted = min(wanted, self.left())
        self.spent += granted
        return granted


class AlphaSearch:
    """The search for the critical mass of one attack on one learner.

    Args:
        cell: the methods; its size and seed do not count.
        store: where outcomes are kept.
        pool: the workers.
        name: what is searched, in words.
    """

    def __init__(self, cell: Trial, store: Store, pool: Pool, name: str) -> None:
        self.cell, self.store, self.pool = cell, store, pool
        self.people = len(draw_people(cell.population, streams(0)[0]).train)
        self.measured = Measurements(cell, self.people, store, pool, name)
        self.target = math.nan
        self.end: SearchEnd | None = None
        self._points: tuple[Point, ...] = ()

    def measure(self, alpha: float, seeds: int, purse: Purse) -> list[Outcome]:
        """Return the outcomes of one size with the first seeds, as far as the purse allows."""
        wanted = [cell_at(self.cell, alpha, seed) for seed in range(purse.take(seeds))]
        return run_trials(wanted, self.store, self.pool, self.measured.name) if wanted else []

    def begin(self, target: float, outcomes: list[Outcome]) -> None:
        """Set S*, and begin with what is known."""
        self.target = target
        self._points = tuple(self.measured.point(one) for one in outcomes)

    def go_on(self, purse: Purse, width: float) -> None:
        """Spend an instalment."""
        budget = min(INSTALMENT, purse.left())
        if budget:
            limits = self.measured.most(), self.target, width, budget
            self.end = close_in(self.measured.measure, *limits, self._points)
            self._points = self.end.points
            purse.take(len(self.end.asked))

    @property
    def is_over(self) -> bool:
        """Whether more trainings would tell little: the interval is narrow, or all fail."""
        return self.end is not None and (self.end.stopped != "budget" or not self.end.asked)

    @property
    def doubt(self) -> float:
        """Log of high/low of the interval; inf where nothing is known."""
        if self.end is None:
            return math.inf
        low, high = self.members[1:]
        return math.log(min(high, FARTHEST * self.people) / max(low, 0.5))

    @property
    def promise(self) -> float:
        """How much the next training may tell: the doubt that is left, by those it has taken.

        Doubt counts up to ``FLAT``: where success hardly changes with the size, an interval stays
        wide however many trainings it takes, and others would never have their turn.
        """
        return min(self.doubt, FLAT) / max(len(self._points), 1)

    @property
    def members(self) -> tuple[float, float, float]:
        """The critical mass in members of the trained people: estimate, low and high."""
        if self.end is None:
            return math.nan, 0.0, math.inf
        bracket = self.end.bracket
        return bracket.estimate, bracket.low, bracket.high

    @property
    def trainings(self) -> int:
        """How many points it rests on."""
        return len(self._points)
