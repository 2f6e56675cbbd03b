"""The least budget that closes the gap, chosen on members' photos that no change was crafted on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.errors import InputError
from quorate.intervals import Estimate
from quorate.table import Labels
from quorate.test_time.perturbations.budget import Norm, levels_of

APART = 5  # one of so many photos is kept apart, to choose on
FEWEST = 50  # photos of a collective: ten of them kept apart
L2_STEPS = 8  # budgets that are tried under L2; under L∞ every level is


@dataclass(frozen=True)
class ParityChoice:
    """The budget that was chosen.

    Args:
        epsilon: the least budget found to close the gap; where none that was tried does, the one
            with which most photos are read rightly.
        closes: whether it closes the gap on the photos kept apart.
        accuracy: accuracy on the photos kept apart with the change of that budget.
        others: accuracy of people outside the subgroup, which is aimed for.
        photos: number of photos kept apart.
        queries: answered rows that it took to choose.
    """

    epsilon: float
    closes: bool
    accuracy: Estimate
    others: float
    photos: int
    queries: int

    def to_plain(self) -> dict[str, Any]:
        """Return the choice as plain data."""
        return {**vars(self), "accuracy": self.accuracy.to_json()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> ParityChoice:
        """Return the choice that plain data hold."""
        return cls(**{**plain, "accuracy": Estimate(**plain["accuracy"])})


def keep_apart(held: Labels) -> tuple[Labels, Labels]:
    """Return the photos that changes are crafted on, and every fifth, which is kept apart.

    >>> keep_apart(np.arange(7))
    (array([0, 1, 2, 3, 5, 6]), array([4]))
    """
    apart = np.arange(len(held)) % APART == APART - 1
    return held[~apart], held[apart]


def check_photos(members: int, photos: int) -> None:
    """Raise InputError unless a collective holds enough photos to keep some apart."""
    if members * photos < FEWEST:
        raise InputError(
            f"Expected {FEWEST} photos of a collective or more for aim=parity, which chooses on "
            f"every fifth, got {members * photos}: {photos} of each of {members} members. Enlist "
            "more members, or use aim=most."
        )


def budgets_within(epsilon: float, norm: Norm) -> list[float]:
    """Return the budgets that are tried, from the least to the whole one.

    >>> budgets_within(3.5 / 255, "linf") == [1 / 255, 2 / 255, 3.5 / 255]
    True
    """
    if norm == "l2":
        parts = [epsilon * step / L2_STEPS for step in range(1, L2_STEPS)]
        return [part for part in parts if levels_of(part) >= 1] + [epsilon]
    return [level / 255 for level in range(1, levels_of(epsilon))] + [epsilon]


def choose_budget(
    budgets: list[float], accuracy_with: Callable[[float], Estimate], others: float, photos: int
) -> ParityChoice:
    """Return the least budget whose accuracy reaches that of the others, found by bisection.

    Where the whole budget does not reach it, half of it is tried, and so on: a large change may do
    harm. Below a budget that reaches it, a larger one is taken to close more of the gap. Where none
    that was tried reaches it, the best of them is chosen, the largest where several are.

    Args:
        budgets: from the least to the largest.
        accuracy_with: accuracy on the photos kept apart with a change of a budget.
        others: accuracy that is aimed for.
        photos: number of photos kept apart.
    """
    found: dict[int, Estimate] = {}  # by the place of a budget

    def closes(place: int) -> bool:
        found[place] = accuracy_with(budgets[place])
        return found[place].value >= others

    low, high = 0, len(budgets) - 1
    while not (closed := closes(high)) and high > 0:
        high //= 2
    while closed and low < high:
        middle = (low + high) // 2
        if closes(middle):
            high = middle
        else:
            low = middle + 1
    chosen = high if closed else max(found, key=lambda place: (found[place].value, place))
    asked = photos * len(found)
    return ParityChoice(budgets[chosen], closed, found[chosen], others, photos, asked)
