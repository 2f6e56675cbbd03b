"""Swapping: a value from somebody else."""

from __future__ import annotations

from collections.abc import Sequence

from quorate.table import Array, Column, Rng


def swapping(x: Array, pool: Array, columns: Sequence[Column], rng: Rng) -> Array:
    """Return rows whose columns hold what one random person of the pool has there.

    All from the same person, so that they fit together; that person's draw knows nothing of one's
    own attribute. Data swapping (Dalenius, Reiss 1982, doi:10.1016/0378-3758(82)90058-1), with
    replacement.

    Args:
        x: the rows to change, (m, d).
        pool: rows that values are taken from, (p, d).
        columns: which to change.
    """
    changed = x.copy()
    giver = rng.integers(len(pool), size=len(x))  # (m,)
    for column in columns:
        part = slice(column.start, column.stop)
        changed[:, part] = pool[giver, part]
    return changed
