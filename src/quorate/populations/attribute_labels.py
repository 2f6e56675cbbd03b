"""People of whom an attribute is inferred from everything else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from quorate.adapter import draw_split
from quorate.errors import InputError
from quorate.populations.correlated_columns import CorrelatedColumns
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Column, Labels, Rng, Split, Table
from quorate.validate import find_value

Classes = tuple[str, ...]
LARGEST = 50  # values of an attribute; more are an id


@dataclass(frozen=True)
class AttributeLabels(Population):
    """Another population, in which the label is a column, a sensitive attribute.

    The platform learns to infer the attribute from the other columns; the population's own label is
    left out. A number is cut at its median among the people to learn from: who is above it?

    Raises:
        InputError: there is no such column or value, everybody has the same, or nothing is left to
            infer it from; or as the population.
    """

    name: ClassVar[str] = "attribute-labels"
    attribute: str = param("attribute", "Sensitive column that becomes the label.", shown=True)
    value: str | None = param(
        None, "Value to tell from all others; by default every value is told apart."
    )
    population: Population = param(
        CorrelatedColumns(),
        "Population that the column belongs to; its parameters can be given here.",
        kind="populations",
    )

    def split(self, rng: Rng) -> Split:
        """Return the population's split with the attribute as the label."""
        return label_by_attribute(draw_split(self.population, rng), self.attribute, self.value)

    def fingerprint(self) -> str | None:
        """Return the population's."""
        return self.population.fingerprint()

    def notes(self) -> tuple[str, ...]:
        """Return the population's."""
        return self.population.notes()


def label_by_attribute(split: Split, attribute: str, value: str | None) -> Split:
    """Return the same people, labelled as ``AttributeLabels`` and without the attribute's column.

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
    if len(train.columns) == 1:
        raise InputError(
            f"Expected columns to infer {attribute} from, got that one alone. Use people of whom "
            "more is known."
        )
    both = train, split.held_out
    found = [_without(table, column, *_codes(table, column, cut, value)) for table in both]
    present = np.unique(found[0].y)
    if len(present) < 2:
        raise InputError(
            f"Expected two values or more of {attribute} to tell apart, got "
            f"{found[0].classes[present[0]]!r} alone. Name another attribute."
        )
    return Split(found[0], found[1])


def _codes(table: Table, column: Column, cut: float, value: str | None) -> tuple[Labels, Classes]:
    """Return the code of everyone's value, (n,), and the values."""
    x = table.x[:, column.start : column.stop]
    values: Classes = column.values or ("at most the median", "above it")
    codes = (x.argmax(axis=1) if column.values else x[:, 0] > cut).astype(np.int64)
    if len(values) > LARGEST:
        raise InputError(
            f"Expected an attribute of at most {LARGEST} values, got {len(values)} of "
            f"{column.name}. Tell one from the others: value=NAME."
        )
    if value is None:
        return codes, values
    at = find_value(f"value of {column.name}", value, values)
    return (codes == at).astype(np.int64), ("others", values[at])


def _without(table: Table, gone: Column, y: Labels, classes: Classes) -> Table:
    """Return the people without one column, labelled by y, (n,)."""
    width, kept = gone.stop - gone.start, [one for one in table.columns if one != gone]
    moved = (replace(one, start=one.start - width * (one.start > gone.start)) for one in kept)
    x = np.delete(table.x, np.s_[gone.start : gone.stop], axis=1)
    return Table(x, y, classes, columns=tuple(moved))
