"""Who is trained on and who is held out for testing: shared by populations of real rows."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from quorate.errors import InputError
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Labels, Rng, Split, Table
from quorate.validate import at_least, in_interval

# What the parameters n and held_out mean: of an official split, and of a random one.
REDRAWN_N = "Number of training people, redrawn for each seed; by default all of them."
REDRAWN_HELD_OUT = "Number of test people, redrawn for each seed; by default all of them."
REMAINING_N = "Number of training people; by default everyone who is not held out."
HELD_OUT_FRACTION = "Fraction of people held out as the test set, in (0, 1)."


def check_held_out(fraction: float) -> None:
    """Raise InputError unless the fraction held out is in (0, 1)."""
    fix = "Use a fraction such as 0.25."
    in_interval("held_out", fraction, 0, 1, fix, open_low=True, open_high=True)


@dataclass(frozen=True)
class DrawnPopulation(Population):
    """Base of populations whose people are independent draws from a law."""

    n: int = param(2000, "Number of training people.")
    held_out: int = param(2000, "Number of people held out as the test set.")

    def __post_init__(self) -> None:
        at_least("n", self.n, 1, "Draw at least one person.")
        at_least("held_out", self.held_out, 1, "Hold out at least one person.")

    @abstractmethod
    def draw(self, n: int, rng: Rng) -> Table:
        """Return n people."""

    def split(self, rng: Rng) -> Split:
        """Return independent draws from the law."""
        return Split(self.draw(self.n, rng), self.draw(self.held_out, rng))


def split_at_random(people: Table, n: int | None, held_out: float, rng: Rng) -> Split:
    """Return a random split: a fraction ``held_out`` for testing, and n (default all) of the rest.

    Raises:
        InputError: fewer than n people remain, or either side would be empty.
    """
    order = rng.permutation(len(people))
    out = round(held_out * len(people))
    if not 0 < out < len(people):
        raise InputError(
            f"Expected people on both sides of the split, got {len(people)} people with "
            f"held_out={held_out:g}. Use a held_out such as 0.25, or more people."
        )
    return Split(people.take(_first(order[out:], n, "n")), people.take(order[:out]))


def subsample(people: Table, n: int | None, rng: Rng, name: str) -> Table:
    """Return n people drawn without replacement; if n is None, everyone in their own order."""
    if n is None:
        return people
    return people.take(_first(rng.permutation(len(people)), n, name))


def subsample_both(split: Split, n: int | None, held_out: int | None, rng: Rng) -> Split:
    """Return n training and ``held_out`` test people, drawn without replacement; None takes all."""
    train = subsample(split.train, n, rng, "n")
    return Split(train, subsample(split.held_out, held_out, rng, "held_out"))


def _first(order: Labels, n: int | None, name: str) -> Labels:
    if n is None:
        return order
    if not 1 <= n <= len(order):
        raise InputError(
            f"Expected {name}={n} between 1 and the {len(order)} people there are. Leave {name} "
            "out to take everyone."
        )
    return order[:n]
