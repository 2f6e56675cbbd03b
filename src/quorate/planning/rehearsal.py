"""Rehearse a plan: train a learner on half of the members' rows, and measure it on the others.

What a rehearsal says holds for one learner, trained on so many rows of which such a share acts. It
needs no cells: numbers stay numbers, and there may be any number of columns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate import catalog, spec
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.planning.certify import Objective
from quorate.planning.held_members import MembersHalves, hold
from quorate.planning.members import Members
from quorate.planning.rehearsal_rows import people_of
from quorate.planning.simulate import FEWEST_ROWS, strategy_of
from quorate.populations.tables.table_files import LARGEST_ALPHABET
from quorate.protocols import Learner
from quorate.signals.columns import Columns
from quorate.studies.study import Study
from quorate.studies.sweep import run_studies
from quorate.studies.trial import Outcome
from quorate.theory.certificates.counts import Floats, failure
from quorate.theory.rehearsal import rehearsed_success

Counts = npt.NDArray[np.int64]
# A linear platform and one of trees: quick to train, as it is done RUNS times at each share.
REHEARSED = ("logistic", "boosting:max_iter=50")
RUNS = 20  # splits of the members; a limit at δ/20 each
# With more, coverage was no better and trees took most of the time.
MOST_TRAINED = 2000
MOST_HELD_OUT = 4000
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)  # of those trained on, beside that of today
APART = 1.2  # ratio of other shares to that of today, at least
MOST_SHARES = 5  # all of them pay for each other
SIMULATED = 93  # of 100: the least coverage for another platform in benchmarks/rehearsal.py
CLEAR = 2  # standard errors of a difference that is called one


@dataclass(frozen=True)
class RehearsedSuccess:
    """What rehearsals with one learner say at one share of members who act.

    Args:
        learner: as text.
        share: of those trained on who act, in (0, 1].
        acting, trained_on, held_out: people in each run.
        success: the share of all people that every run's platform gives what is wanted at least,
            with the plan's confidence over all shares of the learner; 0 says nothing.
        mean, lowest: of the runs' measured successes, failed ones counted as 0.
        is_today: whether this is the share that the members of today are of the platform.
    """

    learner: str
    share: float
    acting: int
    trained_on: int
    held_out: int
    success: float
    mean: float
    lowest: float
    is_today: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return dict(vars(self))


@dataclass(frozen=True)
class RehearsalTrend:
    """How success goes with the number of rows trained on, at one share of members who act.

    Args:
        learner: as text.
        share: of those trained on who act.
        rows: numbers of rows trained on, the second twice the first.
        means: mean success over the runs at each.
        without: mean success if nobody acts, at the larger number of rows.
        clear: whether the difference of the means is larger than twice its standard error.
    """

    learner: str
    share: float
    rows: tuple[int, int]
    means: tuple[float, float]
    without: float
    clear: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "rows": list(self.rows), "means": list(self.means)}


@dataclass(frozen=True)
class Rehearsal:
    """The rehearsals of a plan.

    Args:
        rows: one per learner and share, the smallest first.
        trends: one per learner.
        runs: R, splits of the members.
        confidence: with which all rows of one learner hold together.
        notes: caveats.
    """

    rows: tuple[RehearsedSuccess, ...] = ()
    trends: tuple[RehearsalTrend, ...] = ()
    runs: int = RUNS
    confidence: float = 0.95
    notes: tuple[str, ...] = ()

    @property
    def today(self) -> tuple[RehearsedSuccess, ...]:
        """The rows at the share of today; none if that is nobody of those trained on."""
        return tuple(row for row in self.rows if row.is_today)

    def least_share(self, learner: str, target: float) -> RehearsedSuccess | None:
        """Return the row with the smallest share from which on a learner reaches the target."""
        found = None
        rows = [row for row in self.rows if row.learner == learner]
        for row in sorted(rows, key=lambda row: -row.share):
            if row.success < target:
                break
            found = row
        return found


def rehearse(
    members: Members,
    objective: Objective,
    learners: Sequence[str] = REHEARSED,
    *,
    executor: Executor = SERIAL,
    device: str = "auto",
) -> Rehearsal:
    """Return what platforms do that are trained on half of the members' rows, with the plan.

    The members are split RUNS times. Of one half, at most MOST_TRAINED people, a share acts and the
    learner is trained on them all; the other half says how many of all people its model gives what
    is wanted. One share is n/N, that of the members of today; others are larger, or smaller where
    there are few larger ones. The limits are those of ``rehearsed_success``; the first of them
    holds for all shares together.

    Args:
        members: their rows as they are now.
        objective: what they want to achieve; its ε and reading play no part.
        learners: of the platform that is in mind; each alone.
        executor: where trainings are computed; the numbers do not depend on it.
        device: where networks are trained.

    Raises:
        InputError: a learner is unknown, or its parameters cannot be used.
    """
    built = _learners(learners)
    why_not = _why_not(members, objective)
    if why_not:
        return Rehearsal(notes=(f"Nothing was rehearsed: {why_not}",))
    n = len(members)
    trained, held_out = min(n - n // 2, MOST_TRAINED), min(n // 2, MOST_HELD_OUT)
    today = n / objective.platform_size
    shares = rehearsed_shares(today, trained)
    try:
        people, signal = people_of(members, objective)
    except InputError as error:  # of numbers that no learner could tell apart
        return Rehearsal(notes=(f"Nothing was rehearsed. {error}",))
    target = None if objective.target is None else people.classes[members.label(objective.target)]
    held = hold(people)
    whole = Study(
        populations=(MembersHalves(held, trained, held_out),),
        strategies=(strategy_of(objective, signal, target),),
        learners=built,
        alphas=(0.0, *shares),
        seeds=tuple(range(RUNS)),
    )
    # That of today, or the smallest, if somebody acts among half as many as well.
    first = [share for share in (today, *shares) if share in shares]
    compared = next(share for share in first if round(share * (trained // 2)))
    fewer = Study(
        populations=(MembersHalves(held, trained // 2, held_out),),
        strategies=whole.strategies,
        learners=built,
        alphas=(compared,),
        seeds=whole.seeds,
    )
    found = run_studies([whole, fewer], None, executor, device)
    measured, smaller = (_by_learner(curves.outcomes) for curves in found)
    delta = failure(objective.confidence)

    def limit(won: Counts) -> float:
        return rehearsed_success(won, held_out, trained / n, delta, len(shares))

    rows = [
        _row(name, share, runs, (trained, held_out), limit, share == today)
        for name, by_share in measured.items()
        for share, runs in by_share.items()
        if share
    ]
    trends = [
        _trend(name, compared, smaller[name], by_share, trained)
        for name, by_share in measured.items()
    ]
    notes = [
        *_notes_on_bins(members, objective, signal),
        *_notes(objective, (trained, held_out), today, shares),
    ]
    failed = [one for curves in found for one in curves.outcomes if one.error is not None]
    if failed:
        notes.append(f"{len(failed)} trainings of rehearsals failed and count as a success of 0.")
    return Rehearsal(tuple(rows), tuple(trends), RUNS, objective.confidence, tuple(notes))


def rehearsed_shares(today: float, trained_on: int) -> tuple[float, ...]:
    """Return the shares that are rehearsed: today's if somebody acts then, larger, then smaller.

    >>> rehearsed_shares(0.06, 150), rehearsed_shares(0.003, 150), rehearsed_shares(0.4, 150)
    ((0.06, 0.1, 0.2, 0.3, 0.5), (0.01, 0.02, 0.05, 0.1, 0.2), (0.1, 0.2, 0.3, 0.4, 0.5))
    """
    acting = [share for share in sorted({today, *SHARES}) if round(share * trained_on)]
    first = [share for share in acting if share == today]
    larger = [share for share in acting if share > APART * today]
    smaller = [share for share in reversed(acting) if APART * share < today]
    return tuple(sorted([*first, *larger, *smaller][:MOST_SHARES]))


def _learners(texts: Sequence[str]) -> tuple[Learner, ...]:
    if not texts:
        raise InputError("Expected at least one learner to rehearse with, got none. Name one.")
    built = {spec.text(one): one for one in (catalog.build("learners", text) for text in texts)}
    return tuple(built.values())


def _why_not(members: Members, objective: Objective) -> str:
    """Return why nothing can be rehearsed, or an empty text."""
    if len(members) < FEWEST_ROWS:
        return f"{len(members)} rows are too few to train on; {FEWEST_ROWS} would do."
    if len(set(members.labels.tolist())) < 2:
        return "all members have one label, so there is nothing to learn."
    names = (c for c in members.columns if c.name not in members.numbers)
    wide = [c.name for c in names if len(c.values) > LARGEST_ALPHABET]
    if wide:
        return f"a column has more than {LARGEST_ALPHABET} values: {', '.join(wide)}."
    return ""


def _by_learner(outcomes: Sequence[Outcome]) -> dict[str, dict[float, Floats]]:
    """Return the measured successes of each learner and share, by seed, (R,); 0 if it failed."""
    found: dict[str, dict[float, dict[int, float]]] = {}
    for one in outcomes:
        success = 0.0 if one.success is None or math.isnan(one.success) else one.success
        found.setdefault(one.learner, {}).setdefault(one.alpha, {})[one.seed] = success
    return {
        learner: {
            share: np.array([success for _, success in sorted(runs.items())])
            for share, runs in sorted(by_share.items())
        }
        for learner, by_share in found.items()
    }


def _row(
    learner: str,
    share: float,
    runs: Floats,
    people: tuple[int, int],
    limit: Callable[[Counts], float],
    is_today: bool,
) -> RehearsedSuccess:
    trained, held_out = people
    # Shares of those held out, so that these are whole but for rounding.
    success = limit(np.rint(runs * held_out).astype(np.int64))
    mean, lowest = float(runs.mean()), float(runs.min())
    acting = round(share * trained)
    return RehearsedSuccess(
        learner, share, acting, trained, held_out, success, mean, lowest, is_today
    )


def _trend(
    learner: str,
    share: float,
    smaller: dict[float, Floats],
    larger: dict[float, Floats],
    trained: int,
) -> RehearsalTrend:
    before, after = smaller[share], larger[share]
    step = after - before  # (R,): of the same splits
    error = float(step.std(ddof=1)) / math.sqrt(len(step))
    means = float(before.mean()), float(after.mean())
    clear = abs(float(step.mean())) > CLEAR * error
    without = float(larger[0.0].mean())
    return RehearsalTrend(learner, share, (trained // 2, trained), means, without, clear)


def _notes_on_bins(members: Members, objective: Objective, signal: Columns) -> Iterator[str]:
    """Yield which number stands for each bin that the signal names."""
    for name, value in objective.signal.items():
        column = members.columns[members.position(name)]
        bins = set(column.values) - {column.missing}
        if name in members.numbers and column.edges and value in bins:
            yield f"In rehearsal, {name} at {value!r} is {float(signal.set[name]):g}."


def _notes(
    objective: Objective,
    people: tuple[int, int],
    today: float,
    shares: Sequence[float],
) -> list[str]:
    trained, held_out = people
    notes = [
        f"Rehearsed: the members were split {RUNS} times at random, {trained:,} rows to train on "
        f"and {held_out:,} to measure on. What is said of a learner holds for all of its {RUNS} "
        "platforms together and for all shares of its table, over the draw of members. Another "
        "platform, trained in the same way on as many other people, reached it in at least "
        f"{SIMULATED} of 100 simulated cases in each setting that was tried; one that trains "
        "otherwise, or on more rows, may not. Each learner holds by itself.",
    ]
    if today not in shares:
        notes.append(
            f"The members of today are {100 * today:.3g}% of the platform. Of {trained:,} rows "
            "that is nobody, so that only larger shares could be rehearsed."
        )
    if objective.goal in ("unplant", "erase"):
        notes.append(
            "In rehearsal, members choose the label that they hand in by their own rows as the "
            "table has them, where claims.csv goes by the values of the certificate."
        )
    return notes
