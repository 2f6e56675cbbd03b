"""Aggregating: one value for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.strategies.attribute.column_change import ColumnStrategy
from quorate.table import Array, Column, Rng


@dataclass(frozen=True)
class Aggregating(ColumnStrategy):
    """Aggregating: in the columns most telling of the label, all members hold the same value.

    The members' mean of numbers, else their most common value: microaggregation with one group
    (Domingo-Ferrer, Mateo-Sanz 2002, doi:10.1109/69.979982).

    Raises:
        InputError: people have no such columns, or how_many is below 1.
    """

    name: ClassVar[str] = "aggregating"

    def change(self, x: Array, pool: Array, columns: Sequence[Column], rng: Rng) -> Array:
        """Return rows whose columns hold the pool's mean or mode."""
        changed = x.copy()
        for column in columns:
            part = slice(column.start, column.stop)
            mean = pool[:, part].mean(axis=0)
            changed[:, part] = np.eye(len(mean))[mean.argmax()] if column.values else mean
        return changed
