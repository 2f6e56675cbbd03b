"""People whose sensitive attribute is kept apart from what the platform infers it from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.table import Column, Labels, Mask, Split, Table
from quorate.validate import unknown

LARGEST = 50  # values of an attribute; more are an id


@dataclass(frozen=True, eq=False)
class People:
    """n people, and their attribute apart.

    Args:
        table: features without the attribute, and the label that the platform is useful for.
        attribute: index of each person's value among ``values``, (n,).
        values: the k values of the attribute.
    """

    table: Table
    attribute: Labels
    values: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.table)

    def take(self, rows: npt.NDArray[np.integer] | Mask) -> People:
        """Return the people in ``rows``."""
        return replace(self, table=self.table.take(rows), attribute=self.attribute[rows])

    def to_infer(self) -> Table:
        """Return the same rows, with the attribute as what is predicted."""
        table = self.table
        return Table(table.x, self.attribute, self.values, columns=table.columns)

    @property
    def base_rate(self) -> npt.NDArray[np.float64]:
        """Fraction of the people with each value, (k,)."""
        counts = np.bincount(self.attribute, minlength=len(self.values))
        return np.asarray(counts / len(self))


def set_apart(split: Split, attribute: str, value: str | None) -> tuple[People, People]:
    """Return the people to learn from and those held out, with the attribute set apart.

    A column of numbers is cut at its median among those learned from: who is above it?

    Args:
        split: people with named columns.
        attribute: the column's name.
        value: this value is told from all others; None tells every value.

    Raises:
        InputError: there is no such column or value, everybody has the same, or nothing is left to
            infer it from.
    """
    train = split.train
    if not train.columns:
        raise InputError(
            f"Expected people with named columns, to infer {attribute} from, got none. Use a "
            "population such as adult, or a table of your own."
        )
    column = train.column(attribute)
    cut = float(np.median(train.x[:, column.start]))
    kept = [one for one in train.columns if one.name != attribute]
    if not kept:
        raise InputError(
            f"Expected columns to infer {attribute} from, got that one alone. Use people of whom "
            "more is known."
        )
    found = []
    for table in (train, split.held_out):
        codes, values = _codes(table, column, cut, value)
        found.append(People(_without(table, column, kept), codes, values))
    present = np.unique(found[0].attribute)
    if len(present) < 2:
        raise InputError(
            f"Expected two values or more of {attribute} to tell apart, got "
            f"{found[0].values[present[0]]!r} alone. Name another attribute."
        )
    return found[0], found[1]


def _codes(
    table: Table, column: Column, cut: float, value: str | None
) -> tuple[Labels, tuple[str, ...]]:
    """Return the code of everyone's value, (n,), and the values."""
    x = table.x[:, column.start : column.stop]
    values: tuple[str, ...] = column.values or ("at most the median", "above it")
    codes = (x.argmax(axis=1) if column.values else x[:, 0] > cut).astype(np.int64)
    if len(values) > LARGEST:
        raise InputError(
            f"Expected an attribute of at most {LARGEST} values, got {len(values)} of "
            f"{column.name}. Tell one from the others: value=NAME."
        )
    if value is None:
        return codes, values
    if value not in values:
        raise unknown(f"value of {column.name}", value, values)
    return (codes == values.index(value)).astype(np.int64), ("others", value)


def _without(table: Table, gone: Column, kept: Sequence[Column]) -> Table:
    """Return the table without one column."""
    width = gone.stop - gone.start
    columns = tuple(
        replace(one, start=one.start - width) if one.start > gone.start else one for one in kept
    )
    x = np.delete(table.x, np.s_[gone.start : gone.stop], axis=1)
    return Table(x, table.y, table.classes, columns=columns)


def check_groups(held_out: People, margin: float, seeds: int) -> None:
    """Raise unless there are enough people of every value to tell an advantage from none.

    The rate at which a value is recognised is known to ± ``margin`` with (z/(2·margin))² people,
    z = 1.96 of a 95% interval, over all seeds together.

    Raises:
        InputError: there are fewer; the message says how many are needed.
    """
    needed = math.ceil((1.96 / (2 * margin)) ** 2 / seeds)
    counts = np.bincount(held_out.attribute, minlength=len(held_out.values))
    rarest = int(counts.argmin())
    if counts[rarest] < needed:
        raise InputError(
            f"Expected at least {needed} people held out of every value of the attribute, to "
            f"measure to ±{margin:g} over {seeds} seeds, got {counts[rarest]} of "
            f"{held_out.values[rarest]!r}. Hold out more people, use more seeds, or tell one value "
            "from the others: value=NAME."
        )
