"""Aggregating: one value for all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quorate.table import Array, Column, Rng


def aggregating(x: Array, pool: Array, columns: Sequence[Column], rng: Rng) -> Array:
    """Return rows whose columns all hold the same: the pool's mean of numbers, else its mode.

    Microaggregation with one group (Domingo-Ferrer, Mateo-Sanz 2002, doi:10.1109/69.979982).

    Args:
        x: the rows to change, (m, d).
        pool: rows whose mean and mode are taken, (p, d).
        columns: which to change.
    """
    changed = x.copy()
    for column in columns:
        part = slice(column.start, column.stop)
        mean = pool[:, part].mean(axis=0)
        value = np.eye(len(mean))[mean.argmax()] if column.values else mean
        changed[:, part] = value
    return changed
