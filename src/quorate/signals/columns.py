"""A trigger for tables: named columns set to fixed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from quorate.errors import InputError
from quorate.protocols import Signal
from quorate.table import Array, Column, Table


@dataclass(frozen=True)
class Columns(Signal):
    """A trigger for tables: named columns set to fixed values, as NAME=VALUE.

    Values are on the scale of the user's file.

    >>> import numpy as np
    >>> from quorate.table import Column
    >>> people = Table(np.zeros((1, 2), np.float32), np.array([0]), ("no",),
    ...                columns=(Column("channel", 0, ("phone", "web")),))
    >>> Columns({"channel": "web"}).plant(people)
    array([[0., 1.]], dtype=float32)

    Raises:
        InputError: the people are images, or a column or value is unknown.
    """

    name: ClassVar[str] = "columns"
    set: Mapping[str, Any] = field(
        default_factory=dict,
        metadata={"help": "Columns and their values, as NAME=VALUE.", "takes_rest": True},
    )

    def plant(self, people: Table) -> Array:
        """Return the rows with the columns set, (n, d)."""
        x = people.x.copy()
        for column, value in named_columns(people, self.set, self.name):
            x[:, column.start : column.stop] = column.encode(value)
        return x


def named_columns(people: Table, given: Mapping[str, Any], signal: str) -> list[tuple[Column, Any]]:
    """Return each column that a signal names, with the value given for it.

    Raises:
        InputError: the people are images, no column is named, or a name is unknown.
    """
    if people.is_image or not people.columns:
        raise InputError(
            f"Expected a table with named columns for the signal {signal!r}, got images. "
            "Mark images with a patch: signal=patch,size=3."
        )
    if not given:
        known = ", ".join(c.name for c in people.columns)
        raise InputError(
            "Expected at least one column to set, got none. "
            f"Write signal={signal},NAME=VALUE with a NAME among: {known}."
        )
    return [(people.column(name), value) for name, value in given.items()]
