"""One cell of a sweep: one collective of one size against one platform, once."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from quorate import spec
from quorate.adapter import apply_strategy, draw_split, find_who_can, learn_of
from quorate.dependencies import find_dependencies, stamp
from quorate.errors import FitFailedError, InputError
from quorate.plain import as_plain
from quorate.protocols import Goal, Learner, Population, Strategy
from quorate.runs.cell import Cell, Record
from quorate.runs.reading import as_stored
from quorate.runs.store import Store
from quorate.runtime.seeds import check_seed, stream
from quorate.table import Mask, Rng, Split, Submission, Table
from quorate.validate import LARGEST, in_interval, match_value, shown, unknown
from quorate.version import __version__

TRIAL = "trial"  # the kind of their records in a store
ANYONE = "anyone"  # a collective whose members may be of any group


@dataclass(frozen=True)
class Trial(Cell):
    """One cell: who, does what, judged how, against whom, how many, with which seed.

    Args:
        population, strategy, goal, learner: the methods.
        alpha: fraction of the platform's data that the collective controls, in [0, 1].
        seed: of the four streams draw, enlist, fit and test; at least 0.
        collective: the group that members come from, by what is true of them before they act.

    Raises:
        InputError: alpha or the seed is out of range.
    """

    population: Population
    strategy: Strategy
    goal: Goal
    learner: Learner
    alpha: float
    seed: int
    collective: str = ANYONE

    def __post_init__(self) -> None:
        in_interval("alpha", self.alpha, 0, 1, "To act with everyone, use alpha=1.")
        check_seed(self.seed)
        for name in ("alpha", "seed"):
            object.__setattr__(self, name, as_plain(getattr(self, name)))

    def describe(self) -> dict[str, Any]:
        """Return the cell as plain data: all that its outcome depends on."""
        of_a_group = {} if self.collective == ANYONE else {"collective": self.collective}
        data = self.population.fingerprint()
        methods = self.population, self.strategy, self.goal, self.learner
        return (
            of_a_group
            | find_dependencies(methods, data)
            | {
                "version": __version__,
                "population": spec.describe(self.population),
                "data": data,
                "strategy": spec.describe(self.strategy),
                "goal": spec.describe(self.goal),
                "learner": spec.describe(self.learner),
                "alpha": self.alpha,
                "seed": self.seed,
            }
        )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_number_or_none(value: Any) -> bool:
    no_number = value is None or (isinstance(value, float) and math.isnan(value))
    return no_number or _is_number(value)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


FITTING: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("id", "population", "strategy", "goal", "learner", "version"), _is_text),
    **dict.fromkeys(("alpha", "seconds"), _is_number),
    **dict.fromkeys(("seed", "members", "people"), _is_count),
    **dict.fromkeys(
        ("success", "accuracy", "worst_group_accuracy", "xi", "gap"), _is_number_or_none
    ),
    **dict.fromkeys(("record", "provenance", "description"), _is_table),
    "epsilon": lambda value: value == math.inf or _is_number_or_none(value),
    "error": lambda value: value is None or _is_text(value),
    "group_accuracy": lambda value: (
        value is None or (_is_table(value) and all(map(_is_number, value.values())))
    ),
    "exact_law": lambda value: value is None or isinstance(value, bool),
    "stored_at": _is_text,
}


@dataclass(frozen=True)
class Outcome:
    """What came of one cell, with where it came from. None where there is no value.

    Args:
        id: content id of the cell.
        success: S(α) on held-out people, in [0, 1].
        accuracy: on honest held-out people, in [0, 1]; what the action costs others.
        worst_group_accuracy: the lowest over their groups.
        group_accuracy: that of each group by its name, as far as anyone held out is of it.
        members, people: how many acted, of how many the platform learned from.
        epsilon: privacy budget achieved; None for a learner that is not private, inf for none.
        seconds: of planting, training and measuring; an equal part of its stack's.
        error: why the training failed.
        xi, gap, exact_law: ξ and Δ of the goal's signal, and whether from the exact law.
        record: what the training says of itself.
        provenance, description: where it ran, and the whole cell as plain data.
        stored_at: UTC time at which it was stored; empty until then.
    """

    id: str
    population: str
    strategy: str
    goal: str
    learner: str
    alpha: float
    seed: int
    members: int
    people: int
    seconds: float
    version: str
    success: float | None = None
    accuracy: float | None = None
    worst_group_accuracy: float | None = None
    group_accuracy: dict[str, float] | None = None
    epsilon: float | None = None
    error: str | None = None
    xi: float | None = None
    gap: float | None = None
    exact_law: bool | None = None
    record: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    description: dict[str, Any] = field(default_factory=dict)
    stored_at: str = ""

    @classmethod
    def of(cls, cell: Trial, **values: Any) -> Outcome:
        """Return what came of a cell: its names and description, and ``values`` for the rest."""
        methods: dict[str, Any] = {
            name: spec.text(getattr(cell, name))
            for name in ("population", "strategy", "goal", "learner")
        }
        return cls(
            id=cell.id,
            alpha=cell.alpha,
            seed=cell.seed,
            version=__version__,
            description=cell.describe(),
            **methods,
            **values,
        )

    @property
    def collective(self) -> str:
        """The group that members come from; "anyone" where they may be of any."""
        return str(self.description.get("collective", ANYONE))

    def to_record(self) -> Record:
        """Return the outcome as it is stored."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        return Record(self.id, {key: plain[key] for key in plain if key != "stored_at"})

    @classmethod
    def from_record(cls, record: Record) -> Outcome:
        """Return the outcome that a record holds.

        Raises:
            StoreError: it is no outcome, or a value is none that a trial can have.
        """
        with as_stored(f"the trial {record.id[:12]}"):
            found = cls(**record.plain, stored_at=record.stored_at)
            found.check()
            return found

    def check(self) -> None:
        """Raise a ValueError unless every value is of its type, and no number is infinite but ε."""
        for name, fits in FITTING.items():
            if not fits(getattr(self, name)):
                raise ValueError(f"{name}={shown(getattr(self, name), 40)}")

    @property
    def place(self) -> tuple[Any, ...]:
        """Where the outcome stands among others: by its methods, then by size and seed."""
        names = (self.population, self.strategy, self.goal, self.learner)
        return *names, self.alpha, self.seed, self.id


def stored_outcomes(store: Store) -> list[Outcome]:
    """Return all outcomes that a store holds, in the order of their places."""
    found = [Outcome.from_record(record) for record in store.records(TRIAL)]
    return sorted(found, key=lambda outcome: outcome.place)


@functools.lru_cache(maxsize=1024)
def streams(seed: int) -> tuple[np.random.SeedSequence, ...]:
    """Return the four streams of a seed: draw, enlist, fit and test."""
    return tuple(stream(seed, number) for number in range(4))


def enlist(n: int, alpha: float, rng: Rng, among: Mask | None = None) -> Mask:
    """Return who is a member, (n,): the round(αn) people whose uniform draws are lowest.

    One draw per person, whatever α: the collective at α = .05 is inside the one at .1. Where
    members can only be some of the people, ``among`` (n,), the draws of the others do not count.

    >>> small, large = (enlist(10, a, np.random.default_rng(0)) for a in (0.2, 0.5))
    >>> int(small.sum()), int(large.sum()), bool((small <= large).all())
    (2, 5, True)
    """
    draws = rng.random(n)  # (n,)
    member = np.zeros(n, dtype=bool)  # (n,)
    order = np.argsort(draws, kind="stable")
    if among is not None:
        order = order[among[order]]
    member[order[: round(alpha * n)]] = True
    return member


def find_eligible(
    people: Table, strategy: Strategy, alpha: float, collective: str = ANYONE
) -> Mask | None:
    """Return who of the people, (n,), can be a member; None means anyone.

    Members must be of the collective's group and eligible for the strategy.

    Raises:
        InputError: people have no such group, or fewer can be members than a fraction alpha of all.
    """
    can = {
        f"collective={collective}": _of_group(people, collective),
        f"strategy={strategy.name}": find_who_can(strategy, people),
    }
    asked = {name: mask for name, mask in can.items() if mask is not None}
    if not asked:
        return None
    among: Mask = np.logical_and.reduce(list(asked.values()))  # (n,)
    if round(alpha * len(people)) > among.sum():
        leave = "" if collective == ANYONE else ", or leave collective out"
        raise InputError(
            f"Expected at most alpha={among.mean():.4g} for {' and '.join(asked)}: "
            f"{among.sum()} of {len(people)} people can be members. Got alpha={alpha:g}, "
            f"{round(alpha * len(people))} members. Use smaller alphas{leave}."
        )
    return among


def _of_group(people: Table, collective: str) -> Mask | None:
    """Return who is of the group that members come from, (n,); None where that is anyone."""
    if collective == ANYONE:
        return None
    if people.group is None:
        raise InputError(
            f"Expected people with groups for collective={collective}, got none. Name the group "
            "column of the population (group=COLUMN), or leave collective out."
        )
    named = match_value("group", collective, people.groups)
    if named is None:
        raise unknown("group for collective", collective, [ANYONE, *people.groups])
    of_group: Mask = people.group == named
    return of_group


def submit(
    honest: Table,
    strategy: Strategy,
    alpha: float,
    stream: np.random.SeedSequence,
    collective: str = ANYONE,
) -> Submission:
    """Return what the platform receives when a fraction alpha of all people act.

    Raises:
        InputError: too few can be members, as ``find_eligible``; or as the strategy.
    """
    rng = np.random.default_rng(stream)
    among = find_eligible(honest, strategy, alpha, collective)
    return submit_from(honest, strategy, enlist(len(honest), alpha, rng, among), rng)


def submit_from(honest: Table, strategy: Strategy, member: Mask, rng: Rng) -> Submission:
    """Return what the platform receives when these members, (n,), act.

    Where they withhold their data, it receives the honest rows of the others and no member's.

    Raises:
        InputError: as the strategy.
        FitFailedError: everyone withholds their data.
    """
    if strategy.withholds:
        if member.all():
            raise FitFailedError(
                "Expected people left to learn from, got none: everyone withholds their data. Use "
                "a smaller alpha."
            )
        return Submission.without_collective(honest.take(~member))
    known = learn_of(strategy, honest, member, rng)
    return Submission(honest, apply_strategy(strategy, known.own, known, rng), member)


_last_drawn: tuple[tuple[object, ...], Split] | None = None


def draw_people(population: Population, stream: np.random.SeedSequence) -> Split:
    """Return the people of one seed; the last ones are kept, as a sweep asks for them in a row."""
    global _last_drawn
    key = (population, stamp(population), stream.entropy, stream.spawn_key)
    if _last_drawn is None or _last_drawn[0] != key:
        _last_drawn = None  # let go of the old people before the new ones are made
        _last_drawn = (key, draw_split(population, np.random.default_rng(stream)))
    return _last_drawn[1]
