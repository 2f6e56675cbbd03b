"""How many people are drawn, and who is held out: shared by the populations made of real rows."""

from __future__ import annotations

from quorate.errors import InputError
from quorate.table import Labels, Rng, Split, Table


def split_at_random(people: Table, n: int | None, held_out: float, rng: Rng) -> Split:
    """Return a random split: a fraction ``held_out`` of the people, and n (default all) others.

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
    """Return n people drawn without replacement; everyone, in their own order, if n is None."""
    if n is None:
        return people
    return people.take(_first(rng.permutation(len(people)), n, name))


def subsample_both(split: Split, n: int | None, held_out: int | None, rng: Rng) -> Split:
    """Return n people to learn from and ``held_out`` others, drawn likewise; None takes all."""
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
