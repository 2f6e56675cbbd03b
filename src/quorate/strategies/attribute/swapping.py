"""Swapping: a value from somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from quorate.strategies.attribute.column_change import ColumnStrategy
from quorate.table import Array, Column, Rng


@dataclass(frozen=True)
class Swapping(ColumnStrategy):
    """Swapping: each member takes a random member's values in the columns that tell the label most.

    All from the same person, so that they fit together; that person's draw knows nothing of one's
    own label, the attribute that is hidden. Data swapping (Dalenius, Reiss 1982,
    doi:10.1016/0378-3758(82)90058-1), with replacement.

    Raises:
        InputError: people have no such columns, or how_many is below 1.
    """

    name: ClassVar[str] = "swapping"

    def change(self, x: Array, pool: Array, columns: Sequence[Column], rng: Rng) -> Array:
        """Return rows whose columns hold what one random person of the pool has there."""
        changed = x.copy()
        giver = rng.integers(len(pool), size=len(x))  # (m,)
        for column in columns:
            part = slice(column.start, column.stop)
            changed[:, part] = pool[giver, part]
        return changed
