"""Categories as one number a column, for trees, which need no one-hot features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from quorate.table import Array, Column, Labels, Table

Numbers = npt.NDArray[np.float32]


class RowEncoding(Protocol):
    """How an estimator is handed people's features."""

    @property
    def categorical(self) -> tuple[int, ...]:
        """Which of the columns hold codes that are in no order."""

    def encode(self, x: Array) -> Numbers:
        """Return one row a person, (n, C)."""


@dataclass(frozen=True)
class FlatRows:
    """Features as they are, (n, d): numbers, pixels, and categories one-hot encoded."""

    categorical: tuple[int, ...] = ()

    def encode(self, x: Array) -> Numbers:
        """Return one row of d features a person, (n, d)."""
        return x.reshape(len(x), -1)


@dataclass(frozen=True, eq=False)
class CategoryCodes:
    """One number a column, (n, C): a number as it is, a category as the code of its value.

    A one-hot block that a strategy has left with several entries counts as its largest.

    Args:
        columns: the C columns of the table.
        codes: the code of each value, in the order of ``Column.values``, one array a category; None
            for a number.
        categorical: which of the columns hold codes that are in no order.
    """

    columns: tuple[Column, ...]
    codes: tuple[Numbers | None, ...]
    categorical: tuple[int, ...] = ()

    @classmethod
    def of(cls, people: Table, most: int = 0) -> CategoryCodes:
        """Return codes 0, 1, 2, ... of each category's values, in an order by labels or in none.

        A split of an order by labels into below and above is, for two labels, the one that a tree
        would choose first among all splits into two sets (Breiman, Friedman, Olshen, Stone 1984);
        for more labels, values stand in the order of the first principal component of their label
        frequencies (Coppersmith, Hong, Hosking 1999). They are ordered once, on all people that the
        model is fitted to (Wright, König 2019, arXiv:1807.04982, compare this with an order anew in
        each node). Values that nobody has stand in the middle.

        Args:
            people: whom the model is fitted to.
            most: categories of so many values or fewer are left in no order.
        """
        codes: list[Numbers | None] = []
        for column in people.columns:
            values = len(column.values)
            if not values:
                codes.append(None)
            elif values <= most:
                codes.append(np.arange(values, dtype=np.float32))
            else:
                at = people.x[:, column.start : column.stop].argmax(axis=1)  # (n,)
                codes.append(rank_values(at, people.y, values, people.k))
        unordered = (c for c, one in enumerate(people.columns) if 0 < len(one.values) <= most)
        return cls(people.columns, tuple(codes), tuple(unordered))

    def encode(self, x: Array) -> Numbers:
        """Return one number a column for each person, (n, C)."""
        found = np.empty((len(x), len(self.columns)), dtype=np.float32)  # (n, C)
        for c, (column, code) in enumerate(zip(self.columns, self.codes, strict=True)):
            block = x[:, column.start : column.stop]
            found[:, c] = block[:, 0] if code is None else code[block.argmax(axis=1)]
        return found


def rank_values(at: Labels, y: Labels, values: int, k: int) -> Numbers:
    """Return the rank of each value of a category by the labels of those who have it, (values,).

    Args:
        at: index of each person's value, (n,).
        y: index of each person's label, (n,).
        values, k: numbers of values and labels.

    >>> rank_values(np.array([0, 0, 1, 1, 2, 2]), np.array([1, 0, 1, 1, 0, 0]), 3, 2)
    array([1., 2., 0.], dtype=float32)
    """
    counts = np.bincount(at * k + y, minlength=values * k).reshape(values, k)  # (values, k)
    people = counts.sum(axis=1)  # (values,)
    seen = people > 0
    rates = counts[seen] / people[seen, None]  # (seen, k)
    score = np.zeros(values)
    score[seen] = rates[:, 1] if k == 2 else _first_component(rates, people[seen])
    score[~seen] = np.median(score[seen]) if seen.any() else 0.0
    order = np.argsort(score, kind="stable")
    rank = np.empty(values, dtype=np.float32)
    rank[order] = np.arange(values)
    return rank


def _first_component(
    rates: npt.NDArray[np.float64], people: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return where each value's label frequencies lie on their first principal component.

    Args:
        rates: frequency of each label among those who have each value, (values, k).
        people: how many have it, (values,): its weight.
    """
    centred = rates - np.average(rates, axis=0, weights=people)
    _, vectors = np.linalg.eigh((centred * people[:, None]).T @ centred)
    first = vectors[:, -1]
    sign = 1 if first[np.abs(first).argmax()] > 0 else -1  # eigenvectors have none of their own
    projected: npt.NDArray[np.float64] = centred @ first * sign
    return projected
