"""People on whom no cell of a study measures anything: for choosing what a platform trains with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from quorate.adapter import draw_split
from quorate.errors import InputError
from quorate.populations.digits import Digits
from quorate.populations.same_people import KnownRows
from quorate.protocols import Population
from quorate.runtime.seeds import check_seed, stream
from quorate.spec import param
from quorate.table import Mask, Rng, Split, Table

DRAW = 0  # the stream of a seed that draws a study's people
TESTED = 0.2  # the least share to test on
LEAST = 20  # people to test on: fewer tell no two step sizes apart


@dataclass(frozen=True)
class Unmeasured(Population):
    """People of another population who are never held out in a study (public people).

    What a platform trains with, such as its step size, can be chosen on them without looking at
    anyone whom the study measures on. Whoever is held out in one of the seeds is left out, by what
    is in the rows. The others are split at random: as many train as in the study, or four fifths of
    them where they are too few. They may be among the people whom the study's platforms learn from.
    Where fixed data are split anew for each seed, a share (1 − h)^s is left of s seeds that hold
    out a share h each. Of a law that is known, people are independent draws, and all are left.
    Of ``composite`` a person is a pair of pictures: other pairs of the same pictures are other
    people. Numbers of a table keep the scale of the population's split. Derived.

    Raises:
        InputError: fewer than 20 people would be left to test on, or as the population.
    """

    name: ClassVar[str] = "unmeasured"
    population: Population = param(
        Digits(),
        "Population of the study; its parameters can be given here.",
        kind="populations",
    )
    seeds: tuple[int, ...] = param((0, 1, 2, 3, 4), "Seeds of the study.")

    def __post_init__(self) -> None:
        for seed in self.seeds:
            check_seed(seed)

    def split(self, rng: Rng) -> Split:
        """Return a random split of those who are held out in no seed."""
        split = draw_split(self.population, rng)
        if self.population.law() is not None:
            return split
        measured = [self._measured(seed) for seed in self.seeds]
        sides = split.train, split.held_out
        free = [_nowhere(side, measured) for side in sides]
        if all(side.all() for side in free):
            return split
        left = _joined(*(side.take(who) for side, who in zip(sides, free, strict=True)))
        everyone = sum(map(len, sides))
        out = max(round(TESTED * len(left)), len(left) - len(split.train))
        if out < LEAST:
            raise InputError(
                f"Expected at least {LEAST} people to test on whom none of the {len(self.seeds)} "
                f"seeds holds out, got {out} ({len(left):,} of {everyone:,} people are held out "
                "nowhere). Use fewer seeds, hold out fewer people, or name what would be chosen "
                "on them, such as learning_rate=0.1."
            )
        order = rng.permutation(len(left))
        return Split(left.take(order[out:]), left.take(order[:out]))

    def _measured(self, seed: int) -> KnownRows:
        people = draw_split(self.population, np.random.default_rng(stream(seed, DRAW)))
        return KnownRows.of(people.held_out)

    def fingerprint(self) -> str | None:
        """Return the population's fingerprint."""
        return self.population.fingerprint()

    def notes(self) -> tuple[str, ...]:
        """Return the population's."""
        return self.population.notes()


def _nowhere(people: Table, measured: list[KnownRows]) -> Mask:
    """Return who of the people, (n,), is in none of the tables."""
    found = np.zeros(len(people), dtype=bool)  # (n,)
    for rows in measured:
        found |= rows.among(people)
    return ~found


def _joined(one: Table, two: Table) -> Table:
    """Return the people of both sides of a split."""
    x, y = (np.concatenate([getattr(of, key) for of in (one, two)]) for key in ("x", "y"))
    group = None
    if one.group is not None and two.group is not None:
        group = np.concatenate([one.group, two.group])
    return replace(one, x=x, y=y, group=group)
