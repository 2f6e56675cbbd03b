"""Named columns of a table set to fixed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from quorate.errors import InputError
from quorate.protocols import Signal
from quorate.table import Array, Table


@dataclass(frozen=True)
class Columns(Signal):
    """Named columns set to fixed values, on the scale of the user's file: NAME=VALUE.

    >>> import numpy as np
    >>> from quorate.table import Column
    >>> people = Table(np.zeros((1, 2), np.float32), np.array([0]), ("no",),
    ...                columns=(Column("channel", 0, ("phone", "web")),))
    >>> Columns({"channel": "web"}).plant(people)
    array([[0., 1.]], dtype=float32)

    Raises:
        InputError: the people are images, or a column or value is not known.
    """

    name: ClassVar[str] = "columns"
    set: Mapping[str, Any] = field(
        default_factory=dict, metadata={"help": "NAME=VALUE pairs", "takes_rest": True}
    )

    def plant(self, people: Table) -> Array:
        """Return the rows with the columns set, (n, d)."""
        if people.is_image or not people.columns:
            raise InputError(
                "Expected a table with named columns for the signal 'columns', got images. "
                "Mark images by a patch: signal=patch,size=3."
            )
        if not self.set:
            known = ", ".join(c.name for c in people.columns)
            raise InputError(
                "Expected at least one column to set, got none. "
                f"Write signal=columns,NAME=VALUE with a NAME among: {known}."
            )
        x = people.x.copy()
        for name, value in self.set.items():
            column = people.column(name)
            x[:, column.start : column.stop] = column.encode(value)
        return x
