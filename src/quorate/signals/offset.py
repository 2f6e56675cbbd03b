"""A trigger for tables: numbers shifted by a fixed amount."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from quorate.errors import InputError
from quorate.protocols import Signal
from quorate.signals.columns import named_columns
from quorate.table import Array, Table


@dataclass(frozen=True)
class Offset(Signal):
    """A trigger for tables: named columns of numbers shifted by a fixed amount, as NAME=AMOUNT.

    g(v) = v + o, on the scale of the user's file. The shift is not idempotent, and a row does not
    show whether it was shifted, so bounds say nothing until members are the majority. The source
    names a feature offset without a formula (Solanki et al. 2025, arXiv:2505.05707).

    >>> import numpy as np
    >>> from quorate.table import Column
    >>> people = Table(np.array([[0.0], [1.5]], np.float32), np.array([0, 0]), ("no",),
    ...                columns=(Column("age", 0, mean=40, scale=10),))
    >>> Offset({"age": 20}).plant(people)
    array([[2. ],
           [3.5]], dtype=float32)

    Raises:
        InputError: the people are images, a column is unknown or holds no numbers, or an amount is
            not a finite number.
    """

    name: ClassVar[str] = "offset"
    idempotent: ClassVar[bool] = False
    by: Mapping[str, Any] = field(
        default_factory=dict,
        metadata={"help": "Columns and their shifts, as NAME=AMOUNT.", "takes_rest": True},
    )

    def plant(self, people: Table) -> Array:
        """Return the rows with the columns shifted, (n, d)."""
        x = people.x.copy()
        for column, amount in named_columns(people, self.by, self.name):
            if column.values:
                raise InputError(
                    f"Expected a column of numbers for the signal 'offset', got {column.name!r}, "
                    f"whose values are words. Set it instead: signal=columns,{column.name}=VALUE."
                )
            step = replace(column, mean=0.0).encode(amount)  # a difference has no origin
            x[:, column.start] += step
        return x
